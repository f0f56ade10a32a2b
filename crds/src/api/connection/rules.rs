//! The rules of both kinds of connections.

use kube::core::Rule;

/// A connection is one endpoint.
pub(super) fn one_endpoint() -> Rule {
    Rule::new("[has(self.elasticsearch), has(self.objectStore), has(self.queue), has(self.model)].exists_one(set, set)")
        .message("exactly one of elasticsearch, objectStore, queue and model must be set")
}

/// A connection refers to no other one.
pub(super) fn own_address() -> Rule {
    Rule::new("(!has(self.elasticsearch) || !has(self.elasticsearch.connectionRef)) && (!has(self.objectStore) || !has(self.objectStore.connectionRef))")
        .message("a connection states an address of its own: leave out connectionRef")
}

/// A connection names no bucket.
pub(super) fn no_bucket() -> Rule {
    Rule::new("!has(self.objectStore) || !has(self.objectStore.bucket) && !has(self.objectStore.prefix)")
        .message("objectStore says how to reach the store; the resources that use it say which bucket: leave out bucket and prefix")
        .field_path(".objectStore")
}
