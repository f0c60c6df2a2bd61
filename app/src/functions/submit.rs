//! Submitting what was typed into a form.

use std::collections::BTreeMap;

use glassworks_protocol::TaskId;
use leptos::prelude::*;

use crate::codec::Json;
use crate::refused::Refused;

#[cfg(feature = "ssr")]
use {
    crate::form::{Form, Typed, new_task},
    crate::query,
    crate::refused::{is_plain_form, refuse, refuse_error},
    glassworks_protocol::{Problem, ProblemCode},
    leptos::server_fn::ServerFn,
    leptos::server_fn::error::ServerFnUrlError,
};

/// Submits what was typed into the form of `kind`, and leads to the new task's page.
#[server(prefix = "/fn", endpoint = "submit_task", output = Json)]
pub(crate) async fn submit_task(
    kind: String,
    #[server(default)] payload: BTreeMap<String, String>,
    #[server(default)] options: BTreeMap<String, String>,
) -> Result<TaskId, Refused> {
    let typed = Typed::sent(&payload, &options);
    match submit(&kind, &typed).await {
        Ok(id) => {
            leptos_axum::redirect(&format!("/tasks/{id}"));
            Ok(id)
        }
        Err(refused) => {
            if is_plain_form() {
                let kind = [("kind", kind.as_str())];
                back_to_form("/submit", SubmitTask::PATH, kind, &typed, &refused);
            }
            Err(refused)
        }
    }
}

impl SubmitTask {
    /// What a form sends: each control with its name.
    pub(crate) fn of(sent: Vec<(String, String)>) -> Self {
        let mut task = Self {
            kind: String::new(),
            payload: BTreeMap::new(),
            options: BTreeMap::new(),
        };
        for (name, value) in sent {
            match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                Some(("payload", key)) => {
                    task.payload.insert(key.to_owned(), value);
                }
                Some(("options", key)) => {
                    task.options.insert(key.to_owned(), value);
                }
                _ if name == "kind" => task.kind = value,
                _ => {}
            }
        }
        task
    }
}

#[cfg(feature = "ssr")]
pub(super) async fn submit(kind: &str, typed: &Typed) -> Result<TaskId, Refused> {
    let engine = super::engine()?;
    let Some(info) = engine.kinds().iter().find(|info| info.kind == kind) else {
        let detail = format!("There is no kind `{kind}`.");
        return Err(refuse(
            Problem::new(ProblemCode::Invalid).with_detail(detail),
        ));
    };
    let new = new_task(kind, &Form::of(info), typed)
        .map_err(|errors| refuse(Problem::new(ProblemCode::Invalid).with_errors(errors)))?;
    match engine.submit(new).await {
        Ok(submitted) => Ok(submitted.task.id),
        Err(error) => Err(refuse_error(&error)),
    }
}

/// Without JavaScript a refused form leads back to its `page`, which is told in the URL what was
/// typed, beside `known`, and what is wrong with it. Servers and proxies take URLs of some kilobytes
/// only.
#[cfg(feature = "ssr")]
pub(super) fn back_to_form<'a>(
    page: &str,
    function: &str,
    known: impl IntoIterator<Item = (&'a str, &'a str)>,
    typed: &'a Typed,
    refused: &Refused,
) {
    const MAX_TYPED_BYTES: usize = 6 * 1024;
    let mut pairs = typed.fitting(MAX_TYPED_BYTES);
    pairs.extend(known);
    let page = format!("http://localhost{page}?{}", query::encode(pairs));
    let error = ServerFnUrlError::new(function, refused.clone());
    if let Ok(url) = error.to_url(&page) {
        let query = url.query().unwrap_or_default();
        leptos_axum::redirect(&format!("{}?{query}", url.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::SubmitTask;

    #[test]
    fn what_a_form_sends_is_sorted_by_its_names() {
        let sent = [
            ("kind", "sleep"),
            ("payload[a[0]]", "1"),
            ("options[queue]", "q"),
            ("other", "x"),
        ];
        let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let task = SubmitTask::of(sent.into());
        assert_eq!(task.kind, "sleep");
        let pairs = task.payload.iter().chain(&task.options);
        let pairs: Vec<_> = pairs.map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(pairs, [("a[0]", "1"), ("queue", "q")]);
    }
}
