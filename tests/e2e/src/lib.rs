//! What the end-to-end tests and the demo share: clients of a real cluster and of real stores, articles made to order,
//! and an auditor that judges what the product did from the stores alone.
//!
//! - [`env`](mod@env): where everything is, from the environment that `cargo testbed env` prints;
//! - [`cluster`], [`install`], [`mod@testbed`]: Kubernetes by its API, by kubectl and by Helm, the product in it, and how to make
//!   it fail;
//! - [`s3`], [`sqs`], [`elastic`], [`bridge`]: the stores;
//! - [`world`]: a namespace, buckets, a queue and indices of one test's own, taken away afterwards;
//! - [`rig`], [`faults`], [`cases`]: a source, or an enrichment, whose workers are processes of this machine, proxies that put faults
//!   between them and the stores, and many such cases side by side;
//! - [`archives`], [`articles`], [`bytes`], [`corpus`], [`notices`], [`resources`]: what is put into a world; [`mod@evidence`]: what is left of a refusal;
//! - [`ingest_runs`], [`enrichments`]: runs in a world;
//! - [`auditor`]: the verdict; [`mod@rights`]: what a service account may do; [`viewer`]: a user with roles of the chart;
//! - [`operator_metrics`]: what the operator tells of itself; [`cost`]: what the page about costs says;
//! - [`wait`], [`watch`], [`condition_recorder`], [`table`], [`diagnosis`]: waiting for a state, watching pods, listening to what a
//!   source says meanwhile, reading kubectl's tables, explaining a failure; [`process_status`]: what Linux tells of a process.

pub mod archives;
pub mod articles;
pub mod auditor;
pub mod bridge;
pub mod bytes;
pub mod cases;
pub mod cluster;
pub mod command;
pub mod condition_recorder;
pub mod corpus;
pub mod cost;
pub mod diagnosis;
pub mod elastic;
pub mod enrichments;
pub mod env;
pub mod evidence;
pub mod faults;
pub mod ingest_runs;
pub mod install;
pub mod malicious_servers;
pub mod notices;
pub mod opensearch;
pub mod operator_metrics;
pub mod process_status;
pub mod resources;
pub mod rig;
pub mod rights;
pub mod s3;
pub mod sqs;
pub mod table;
pub mod testbed;
pub mod tls_proxy;
pub mod viewer;
pub mod wait;
pub mod watch;
pub mod world;
