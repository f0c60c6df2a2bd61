//! Who may use which route.
//!
//! [`table`] is the one table: each route says there what it asks of its caller, and the router, the
//! guard around it ([`guarded`]), the OpenAPI document and the tests are made from it. [`gate`]
//! knows who is calling.

mod acting;
mod attempts;
mod cookie;
mod gate;
mod guarded;
mod need;
mod peer;
mod rules;
pub(crate) mod table;
mod until;

pub(crate) use acting::Acting;
pub(crate) use cookie::SessionCookie;
pub(crate) use gate::{Gate, Unknown};
pub(crate) use guarded::Guarded;
pub use need::Need;
pub(crate) use peer::Peer;
pub(crate) use rules::Face;
pub use rules::Rule;
pub(crate) use table::Table;

/// Where the command line and `glassworks work` take the key from with which they ask a server.
pub const KEY_VARIABLE: &str = "GLASSWORKS_KEY";
