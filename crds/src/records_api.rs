//! The Records API, `records.docmill.io/v1alpha1`: what became of an object and of a document, as read-only resources that
//! the operator serves as an aggregated API.
//!
//! - [`unit`]: `units`, one version of one raw object each, by its digest; [`document`]: `documents`, one JSON article each,
//!   by its id, with every stage; [`stage`]: the stages of both; [`history`], [`error`]: what their subresources of that name
//!   answer; [`manifest`]: `manifests`, what became of the objects of a day, by that day;
//! - [`document_name`]: ids of documents as names; [`query`], [`search`], [`parameters`]: the parameters of requests; [`path`]:
//!   their URLs; [`schema`]: what `kubectl explain` tells of them.
//!
//! A request that fails is answered with a `Status` of Kubernetes. Times are RFC 3339 in UTC.

pub mod document;
pub mod document_name;
pub mod error;
pub mod history;
pub mod manifest;
pub mod parameters;
pub mod path;
pub mod query;
pub mod schema;
pub mod search;
pub mod stage;
pub mod state;
pub mod unit;

/// The API group.
pub const GROUP: &str = "records.docmill.io";
/// The version of the group.
pub const VERSION: &str = "v1alpha1";
/// Group and version, as in `apiVersion`.
pub const API_VERSION: &str = "records.docmill.io/v1alpha1";

/// Items of a list at most, whatever `limit` says.
pub const MAX_LIMIT: u32 = 500;
/// Items of a list without `limit`.
pub const DEFAULT_LIMIT: u32 = 100;
/// Bytes of content that a subresource answers at most; larger content is refused.
pub const MAX_CONTENT_BYTES: u64 = 8 * 1024 * 1024;
