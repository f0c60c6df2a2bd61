//! A form that calls a server function, with or without JavaScript.

use leptos::prelude::*;
use web_sys::SubmitEvent;

use super::form_data::sent_by;

/// Calls the function with what was sent: names and values, in their order.
pub(crate) type Call = Box<dyn Fn(Vec<(String, String)>)>;

/// A form with `content`. Without JavaScript the browser sends it to `url`; with it, `send` is
/// given what would be sent.
///
/// Leptos's own `ActionForm` reads the arguments back from a query string, for each function with
/// a parser of its own.
#[component]
pub(crate) fn FunctionForm(url: &'static str, send: Call, content: AnyView) -> impl IntoView {
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        send(sent_by(&event));
    };
    view! {
        <form method="post" action=url on:submit=on_submit>
            {content}
        </form>
    }
}

/// Names a request that is sent by a form without JavaScript, so that sending it twice does what it
/// asks for once. In the browser nothing is needed: there a form is not sent while it is under way.
pub(crate) fn request_id() -> String {
    #[cfg(feature = "ssr")]
    return uuid::Uuid::now_v7().to_string();
    #[cfg(not(feature = "ssr"))]
    String::new()
}
