//! What many watch at the same time: asked of the store once for all who do, and only while
//! somebody does.
//!
//! Rooms, lowest first: `topics` (who watches what), `lists` (tasks that match a filter), `figures`
//! (the node's figures).

mod figures;
mod lists;
mod topics;

pub(crate) use figures::Figures;
pub use lists::ListNews;
pub(crate) use lists::Lists;
