//! How operator and worker reach external systems: the same addresses, credentials, limits and error texts in
//! both.
//!
//! - [`elastic`]: Elasticsearch and OpenSearch; [`aws`]: object store and queue; [`model_server`]: models;
//! - [`secrets`]: the credentials for them; [`outbound`]: which endpoints are allowed at all, and how much of
//!   a response is read;
//! - [`listener`]: where operator and workers themselves listen;
//! - [`retry`]: backoff; [`concurrency`], [`rate`]: how many requests are in flight, and how many are sent;
//!   [`store_health`]: what requests wait for;
//! - [`telemetry`]: logs, and the metrics of a process; [`cause`], [`clock`], [`escaping`]: error texts, times and URLs
//!   as they are written.

pub mod aws;
pub mod cause;
pub mod clock;
pub mod concurrency;
pub mod elastic;
pub mod escaping;
pub mod listener;
pub mod model_server;
pub mod outbound;
pub mod rate;
pub mod retry;
pub mod secrets;
pub mod store_health;
pub mod telemetry;
