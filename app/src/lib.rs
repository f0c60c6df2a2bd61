//! Glassworks.
