//! Worker pods: their spec, their work order, the queue of their Jobs, and the status they report.

pub mod backpressure;
pub mod obstacle;
pub mod order;
pub mod pod_state;
pub mod queue;
pub mod worker_pod;
pub mod worker_status;
