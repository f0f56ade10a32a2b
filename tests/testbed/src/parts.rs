//! What runs in the cluster, and how each part is built: into the cache, once, under a name that holds its version.

pub(crate) mod cargo;
pub(crate) mod cargo_deny;
pub(crate) mod dns;
pub(crate) mod elasticmq;
pub(crate) mod elasticsearch;
pub(crate) mod go;
pub(crate) mod image;
pub(crate) mod maven;
pub(crate) mod model_server;
pub(crate) mod opensearch;
pub(crate) mod pod;
pub(crate) mod product;
pub(crate) mod release_image;
pub(crate) mod stores;
