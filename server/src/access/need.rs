//! What a route asks of its caller.

use glassworks_protocol::Scope;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: health checks, the sign-in page, the browser's files.
    Nothing,
    /// A scope.
    Scope(Scope),
    /// The scope `read`, unless the operator has made figures public.
    Figures,
}

impl Need {
    /// Tasks are seen.
    pub const READ: Self = Self::Scope(Scope::Read);
    /// Tasks are submitted or changed.
    pub const SUBMIT: Self = Self::Scope(Scope::Submit);
    /// Tasks are leased, and their attempts made.
    pub const WORK: Self = Self::Scope(Scope::Work);
    /// The server is changed.
    pub const ADMIN: Self = Self::Scope(Scope::Admin);

    /// The scope that is needed, where figures are public or not.
    pub fn scope(self, public_metrics: bool) -> Option<Scope> {
        match self {
            Self::Nothing => None,
            Self::Scope(scope) => Some(scope),
            Self::Figures => (!public_metrics).then_some(Scope::Read),
        }
    }
}
