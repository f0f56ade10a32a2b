//! What `job-runner` can be asked to do: `work` in a pod, `convert` on a desk.

pub mod convert;
pub mod work;
