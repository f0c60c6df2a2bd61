//! Who may do what: keys and sessions, known by the hashes of their secrets.

mod caller;
mod directory;
mod following;
mod key;
mod offline;
mod secret;
mod session;

pub use caller::Caller;
pub use directory::Denied;
pub(crate) use directory::{Directory, SESSION_IDLE};
pub(crate) use following::Following;
pub(crate) use key::{admin_key, checked, listed};
pub use offline::{Direct, DirectError};
pub use secret::{AdminKey, InvalidAdminKey, SecretText};
pub(crate) use session::new_session;
