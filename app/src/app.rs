//! The document around every page, and which page a path leads to.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::{Lazy, SsrMode, path};

use crate::access;
use crate::components::{Clock, Header};
use crate::live::Live;
use crate::pages::{
    BoardRoute, ChangeRoute, ExperimentRoute, LabRoute, NodesRoute, NotFoundPage, QueuesRoute,
    ScheduleFormRoute, SchedulesRoute, SubmitRoute, TaskRoute, TasksRoute, TryRoute,
};

/// Where the browser finds the built files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetUrls {
    /// The JavaScript that loads the wasm. Empty when there is none: pages then stay as the
    /// server sent them.
    pub js: String,
    /// The script that loads the code of single pages, which `js` imports.
    pub loader: String,
    /// The wasm.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

/// The whole HTML document of any page.
pub fn shell(assets: &AssetUrls) -> impl IntoView + use<> {
    let AssetUrls {
        js,
        loader,
        wasm,
        css,
    } = assets.clone();
    let scope = access::scope().as_str();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-scope=scope>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=css />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                {(!js.is_empty()).then(|| view! { <Hydration js loader wasm /> })}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Loads the wasm, once. Leptos's own script would put the nonce where `crossorigin` belongs,
/// and some browsers would then fetch the wasm twice. Browsers that run no scripts fetch nothing.
#[component]
fn Hydration(js: String, loader: String, wasm: String) -> impl IntoView {
    let nonce = use_nonce();
    let script = format!(
        "import init, {{ hydrate }} from {js:?};\n\
         init({{ module_or_path: {wasm:?} }}).then(hydrate);"
    );
    view! {
        <link rel="modulepreload" href=js media="(scripting)" nonce=nonce.clone() />
        {(!loader.is_empty())
            .then(|| {
                view! {
                    <link
                        rel="modulepreload"
                        href=loader
                        media="(scripting)"
                        nonce=nonce.clone()
                    />
                }
            })}
        <link
            rel="preload"
            href=wasm
            r#as="fetch"
            r#type="application/wasm"
            crossorigin="anonymous"
            media="(scripting)"
            nonce=nonce.clone()
        />
        <script type="module" nonce=nonce inner_html=script></script>
    }
}

/// The application: the header, and the page that the path names.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let clock = Clock::provide();
    let live = Live::provide();
    // Only in the browser is there something to take over.
    if let Some(Hydrated(hydrated)) = use_context() {
        Effect::new(move |_| {
            if hydrated.get() {
                clock.start();
                live.start();
                mark_hydrated();
            }
        });
    }
    view! {
        <Router>
            // `external`: the browser moves the focus, which the router would not.
            <a class="skip-link" href="#main" rel="external">
                "Skip to the content"
            </a>
            <Header />
            <main id="main" tabindex="-1">
                <FocusOnNavigation />
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view={Lazy::<BoardRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/tasks") view={Lazy::<TasksRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/tasks/change") view={Lazy::<ChangeRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/tasks/:id") view={Lazy::<TaskRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/submit") view={Lazy::<SubmitRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/try") view={Lazy::<TryRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/nodes") view={Lazy::<NodesRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/queues/:name?") view={Lazy::<QueuesRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/schedules/new") view={Lazy::<ScheduleFormRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/schedules/:id/edit") view={Lazy::<ScheduleFormRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/schedules/:id?") view={Lazy::<SchedulesRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/lab") view={Lazy::<LabRoute>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/lab/:experiment") view={Lazy::<ExperimentRoute>::new()} ssr=SsrMode::Async />
                </FlatRoutes>
            </main>
        </Router>
    }
}

/// Whether the page that the server sent has been taken over.
#[derive(Clone)]
struct Hydrated(ArcRwSignal<bool>);

/// Takes over the page that the server sent. Its code may still be on its way.
#[cfg(feature = "hydrate")]
pub(crate) fn hydrate() {
    use leptos::mount::hydrate_from_async;
    use wasm_bindgen::JsCast as _;

    let hydrated = ArcRwSignal::new(false);
    let app = {
        let hydrated = Hydrated(hydrated.clone());
        move || {
            provide_context(hydrated);
            App()
        }
    };
    // Leptos's own `spawn_local` is there once it has begun to hydrate.
    wasm_bindgen_futures::spawn_local(async move {
        // Cannot fail: a document has a body once scripts of type `module` run.
        let Some(body) = document().body() else {
            return;
        };
        // It has all pages in it: too large to be moved about.
        Box::pin(hydrate_from_async(body.unchecked_into(), app))
            .await
            .forget();
        hydrated.set(true);
        crate::prefetch::watch_links();
    });
}

/// Tells style sheets and tests that the page answers to clicks now.
fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        // Cannot fail: the name is a valid one.
        let _ = root.set_attribute("data-hydrated", "");
    }
}

/// Moves the focus to the new page, as a browser does when it loads one.
#[component]
fn FocusOnNavigation() -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path)
            && let Some(main) = document().get_element_by_id("main")
        {
            use wasm_bindgen::JsCast;
            if let Some(main) = main.dyn_ref::<web_sys::HtmlElement>() {
                let _ = main.focus();
            }
        }
        path
    });
}
