//! What operator and worker reach the world by: the same addresses, credentials, caps and words for errors in both.
//!
//! - [`elastic`]: Elasticsearch and OpenSearch; [`aws`]: object store and queue; [`model_server`]: models;
//! - [`secrets`]: the credentials for them; [`outbound`]: what may be asked at all, and how much is read of an answer;
//! - [`retry`]: backoff; [`concurrency`]: how many requests are in flight; [`store_health`]: what requests wait for;
//! - [`telemetry`]: logs, and the metrics of a process; [`cause`], [`clock`]: words for errors, times as they are written.

pub mod aws;
pub mod cause;
pub mod clock;
pub mod concurrency;
pub mod elastic;
pub mod model_server;
pub mod outbound;
pub mod retry;
pub mod secrets;
pub mod store_health;
pub mod telemetry;
