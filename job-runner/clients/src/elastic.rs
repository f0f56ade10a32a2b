//! The only module of the product that talks to Elasticsearch or OpenSearch.
//!
//! - [`Elastic`] (`client`, `connection`): one cluster with its credentials, one request at a time, without
//!   hidden retries except one with a Secret that has changed;
//! - `admin`, `documents`, `search`: what the product needs of a cluster, each a small method of [`Elastic`];
//!   `search_batch`: searches that share a request; `privileges`: what the credentials may do;
//! - [`mapping`]: how documents of the product are mapped; [`index_template`], `templates`: how new indices are made;
//!   `ownership`: indices of the product, and their owners;
//! - `bulk`: builds a bulk, sends it until every item has its final [`ItemOutcome`], and reads its response item
//!   by item;
//! - `error`: what went wrong and who has to act; `index_trouble`: whether one index or the cluster is affected.
//!
//! Elasticsearch 8.x and 9.x and OpenSearch 2.x and 3.x get the same requests: plain `application/json`, and
//! ids in bodies and never in paths, so that no id has to be escaped. Only points in time differ, see
//! `search`.

mod admin;
mod bulk;
mod client;
mod cluster_info;
mod connection;
mod documents;
mod error;
pub mod index_template;
mod index_trouble;
pub mod mapping;
mod ownership;
mod privileges;
mod search;
mod search_batch;
mod templates;

pub use bulk::{Address, BulkBody, BulkPolicy, ConcurrencyToken, ItemOutcome, SkipBlocked};
pub use client::Elastic;
pub use cluster_info::{ClusterInfo, Distribution};
pub use documents::StoredDocument;
pub use error::{ElasticError, ErrorCause, SKEWED};
pub use ownership::OwnershipError;
pub use search::{Pit, search_hits};
pub use search_batch::pending_searches::JoinedSearch;
