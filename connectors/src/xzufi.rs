//! xzufi
