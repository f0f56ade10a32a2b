//! Worker pods: what they look like, what they are told, and what they tell.

pub mod backpressure;
pub mod order;
pub mod pod_view;
pub mod worker_pod;
pub mod worker_status;
