//! What a reconcile comes to: conditions, why something is not ready, and when to look again.

pub mod conditions;
pub mod not_ready;
pub mod requeue;
