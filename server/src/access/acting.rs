//! The engine, as a route uses it: for its caller.

use axum::extract::FromRequestParts;
use glassworks_engine::{Caller, Engine};
use http::request::Parts;

use crate::error::ApiError;
use crate::node::Node;

/// The engine acting for whoever calls a route: it shows and changes what they may see, and the audit
/// log tells who they are.
pub(crate) struct Acting(pub(crate) Engine);

impl FromRequestParts<Node> for Acting {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, node: &Node) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>();
        // Never: a route that asks for nothing has nothing to do with the engine's tasks.
        let caller = caller.ok_or_else(|| ApiError::internal("the route has no caller"))?;
        Ok(Self(node.engine.acting(caller.clone())))
    }
}
