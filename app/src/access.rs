//! What whoever looks at the pages may do.
//!
//! Told on the document, so that the browser draws what the server drew. It decides what is shown;
//! what may be done is the server's to say.

use glassworks_protocol::Scope;
use leptos::prelude::*;

/// The scope as the document tells it.
#[cfg(feature = "ssr")]
pub(crate) fn scope() -> Scope {
    // Nobody asks when the pages are listed.
    use_context().unwrap_or(Scope::Admin)
}

/// The scope as the document tells it.
#[cfg(not(feature = "ssr"))]
pub(crate) fn scope() -> Scope {
    let root = document().document_element();
    root.and_then(|root| root.get_attribute("data-scope")?.parse().ok())
        .unwrap_or(Scope::Admin)
}

/// Whether whoever looks at this may change the server: its queues, schedules and workers.
pub(crate) fn may_administer() -> bool {
    scope().allows(Scope::Admin)
}

/// Whether whoever looks at this may submit tasks and change them.
pub(crate) fn may_submit() -> bool {
    scope().allows(Scope::Submit)
}
