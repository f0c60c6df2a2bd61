//! The document around every page, and which page a path leads to.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

/// Where the browser finds the built files; `js` is empty when there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetUrls {
    /// The JavaScript that loads the wasm.
    pub js: String,
    /// The wasm.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

/// The whole HTML document.
pub fn shell(assets: &AssetUrls) -> impl IntoView + use<> {
    let AssetUrls { js, wasm, css } = assets.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="stylesheet" href=css/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                {(!js.is_empty()).then(|| view! { <Hydration js wasm/> })}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Loads the wasm, once. Leptos's own script would put the nonce where `crossorigin` belongs,
/// and browsers would then fetch the wasm twice.
#[component]
fn Hydration(js: String, wasm: String) -> impl IntoView {
    let nonce = use_nonce();
    let script = format!(
        "import init, {{ hydrate }} from {js:?};\n\
         init({{ module_or_path: {wasm:?} }}).then(hydrate);"
    );
    view! {
        <link rel="modulepreload" href=js nonce=nonce.clone()/>
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" nonce=nonce.clone()/>
        <script type="module" nonce=nonce inner_html=script></script>
    }
}

/// The application: header, and the page that the path names.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Title text="Glassworks"/>
            <main>
                <FlatRoutes fallback=|| "Not found">
                    <Route path=path!("/") view=Board ssr=SsrMode::Async/>
                </FlatRoutes>
            </main>
        </Router>
    }
}

#[component]
fn Board() -> impl IntoView {
    let stats = Resource::new(|| (), |()| crate::functions::load_stats());
    view! {
        <Suspense>
            {move || Suspend::new(async move { stats.await.map(|stats| stats.node).ok() })}
        </Suspense>
    }
}
