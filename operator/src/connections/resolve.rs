//! Makes a resource as it works of the resource as it is written: with the addresses that connections state in the place
//! of references to them, and with what other fields imply. No I/O: the views are in memory.

use docmill_crds::api::connection::Endpoint;
use docmill_crds::api::connection_ref::{ConnectionKind, ConnectionRef};
use docmill_crds::api::ingest_source::SqsTrigger;
use docmill_crds::api::storage::Storage;
use docmill_crds::{ClusterConnectionSpec, Connection, ConnectionSpec, IngestSource};
use kube::ResourceExt as _;
use kube::core::{DeserializeGuard, Selector, SelectorExt as _};
use kube::runtime::reflector::ObjectRef;

use super::addresses::{Address, Addressed};
use super::cluster::ClusterViews;
use crate::k8s::view::View;
use crate::outcome::not_ready::NotReady;

/// All connections, and who may use them.
pub struct Connections {
    /// All `Connection`s.
    pub namespaced: View<DeserializeGuard<Connection>>,
    /// All `ClusterConnection`s; `None` if the operator watches single namespaces.
    pub cluster: Option<ClusterViews>,
    /// Whether resources must not state addresses themselves.
    pub required: bool,
}

impl Connections {
    /// The resource as it works.
    pub fn resolve<K: Addressed>(&self, resource: &K) -> Result<K, NotReady> {
        self.resolve_with_digest(resource).map(|(resolved, _)| resolved)
    }

    /// The resource as it works, and a digest of what the connections state that it refers to, if there are any. If one of
    /// them cannot be used, the addresses are as they are written, and the second part tells why.
    pub fn try_resolve<K: Addressed>(&self, resource: &K) -> (K, Result<Option<String>, NotReady>) {
        match self.resolve_with_digest(resource) {
            Ok((resolved, digest)) => (resolved, Ok(digest)),
            Err(fault) => (resource.clone().spelled_out(), Err(fault)),
        }
    }

    /// As [`resolve`](Self::resolve), for a run that refers to the source.
    pub fn resolve_source(&self, source: &IngestSource) -> Result<IngestSource, NotReady> {
        self.resolve(source).map_err(|fault| {
            let message = format!("the IngestSource {:?}: {}", source.name_any(), fault.message);
            NotReady { message, ..fault }
        })
    }

    /// URL of the queue of a source, if it has one that is known.
    pub fn queue_url(&self, source: &IngestSource) -> Option<String> {
        let SqsTrigger { queue_url, connection_ref, .. } = source.spec.trigger.sqs.as_ref()?;
        let Some(named) = connection_ref else { return Some(queue_url.clone()) };
        let namespace = source.namespace().unwrap_or_default();
        let found = self.find(&namespace, "spec.trigger.sqs", named).ok()?;
        Some(found.queue?.queue_url)
    }

    /// What a connection states that a resource in this namespace refers to, if it may use it.
    pub fn stated(&self, namespace: &str, named: &ConnectionRef) -> Option<ConnectionSpec> {
        self.find(namespace, "", named).ok()
    }

    fn resolve_with_digest<K: Addressed>(&self, resource: &K) -> Result<(K, Option<String>), NotReady> {
        let namespace = resource.meta().namespace.clone().unwrap_or_default();
        let mut resolved = resource.clone();
        let mut stated = Vec::new();
        for (field, address) in resolved.addresses() {
            stated.extend(self.fill_in(&namespace, &field, address)?);
        }
        let digest = (!stated.is_empty()).then(|| ConnectionSpec::digest(&stated));
        Ok((resolved.spelled_out(), digest))
    }

    /// Puts what a connection states in the place of the reference to it, and returns it.
    fn fill_in(
        &self,
        namespace: &str,
        field: &str,
        address: Address<'_>,
    ) -> Result<Option<ConnectionSpec>, NotReady> {
        let Some(named) = address.connection() else { return self.check_inline(field).map(|()| None) };
        let found = self.find(namespace, field, named)?;
        let stated = found.clone();
        let other = wrong_type(field, named, address.type_name(), &found);
        match address {
            Address::Elasticsearch(cluster) => *cluster = found.elasticsearch.ok_or(other)?,
            Address::ObjectStore(storage) => {
                let store = found.object_store.ok_or(other)?;
                let (bucket, prefix) = (storage.bucket.take(), std::mem::take(&mut storage.prefix));
                *storage = Storage { bucket, prefix, ..store };
            }
            Address::Queue(trigger) => {
                let queue = found.queue.ok_or(other)?;
                *trigger = SqsTrigger {
                    queue_url: queue.queue_url,
                    connection_ref: None,
                    region: queue.region,
                    credentials_secret_ref: queue.credentials_secret_ref,
                    tls: queue.tls,
                };
            }
            Address::Model(enricher) => {
                let model = found.model.ok_or(other)?;
                if let Some(url) = enricher.url_mut() {
                    *url = model.url;
                }
                (enricher.secret_ref, enricher.tls) = (model.secret_ref, model.tls);
                enricher.connection_ref = None;
            }
        }
        Ok(Some(stated))
    }

    fn check_inline(&self, field: &str) -> Result<(), NotReady> {
        if !self.required {
            return Ok(());
        }
        let text = format!(
            "{field}: the administrator allows addresses in Connections and ClusterConnections only; name one in connectionRef"
        );
        Err(NotReady::user("InlineAddressNotAllowed", text))
    }

    /// What a connection states, if a resource in this namespace may use it.
    fn find(&self, namespace: &str, field: &str, named: &ConnectionRef) -> Result<ConnectionSpec, NotReady> {
        match named.kind {
            ConnectionKind::Connection => {
                let place = ObjectRef::<DeserializeGuard<Connection>>::new(&named.name).within(namespace);
                let found = self.namespaced.get(&place).ok_or_else(|| {
                    let advice = format!(" in namespace {namespace:?}; create it, or correct the name");
                    not_found(field, named, &advice)
                })?;
                let connection = found.0.as_ref().map_err(|_| unreadable(field, named))?;
                Ok(connection.spec.clone())
            }
            ConnectionKind::ClusterConnection => {
                let cluster = self.cluster.as_ref().ok_or_else(|| not_available(field, named))?;
                let found = cluster.connections.get(&ObjectRef::new(&named.name)).ok_or_else(|| {
                    not_found(field, named, "; correct the name, or ask the administrator to create it")
                })?;
                let connection = found.0.as_ref().map_err(|_| unreadable(field, named))?;
                if !selects(&connection.spec, namespace, cluster) {
                    return Err(not_allowed(namespace, field, named));
                }
                Ok(connection.spec.connection())
            }
        }
    }
}

/// Whether resources of a namespace may use a connection.
fn selects(spec: &ClusterConnectionSpec, namespace: &str, cluster: &ClusterViews) -> bool {
    let Some(selector) = spec.namespace_selector.clone() else { return true };
    let found = cluster.namespaces.get(&ObjectRef::new(namespace));
    let labels = found.and_then(|found| found.metadata.labels.clone()).unwrap_or_default();
    // A selector that cannot be read selects nothing; the status of the connection says so.
    Selector::try_from(selector).is_ok_and(|selector| selector.matches(&labels))
}

/// The field and the connection that it names.
fn reference(field: &str, named: &ConnectionRef) -> String {
    format!("{field}.connectionRef: the {} {:?}", named.kind.as_str(), named.name)
}

/// The fault of a connection that does not exist. `advice` ends the sentence.
fn not_found(field: &str, named: &ConnectionRef, advice: &str) -> NotReady {
    let (kind, name) = (named.kind.as_str(), &named.name);
    let text = format!("{field}.connectionRef: there is no {kind} {name:?}{advice}");
    NotReady::user("ConnectionNotFound", text)
}

/// The fault of a reference to what an operator with `--watch-namespaces` cannot read.
fn not_available(field: &str, named: &ConnectionRef) -> NotReady {
    let text = format!(
        "{} cannot be used: this operator watches single namespaces, and has no right to read what belongs to the \
         whole cluster; create a Connection in this namespace, and name that one",
        reference(field, named)
    );
    NotReady::user("ClusterConnectionNotAvailable", text)
}

fn not_allowed(namespace: &str, field: &str, named: &ConnectionRef) -> NotReady {
    let text = format!(
        "{}: its namespaceSelector does not select the namespace {namespace:?}; name another connection, or ask the \
         administrator to label the namespace or to change the selector",
        reference(field, named)
    );
    NotReady::user("ConnectionNotAllowed", text)
}

fn unreadable(field: &str, named: &ConnectionRef) -> NotReady {
    let text = format!(
        "{} cannot be read, since it was created with another schema; create it again",
        reference(field, named)
    );
    NotReady::user("ConnectionUnreadable", text)
}

/// The fault of a connection that is of another type than the one that is needed.
fn wrong_type(field: &str, named: &ConnectionRef, needed: &str, found: &ConnectionSpec) -> NotReady {
    let type_name = found.endpoint().map_or("none", Endpoint::type_name);
    let text = format!("{} is of type {type_name}; name one that has spec.{needed}", reference(field, named));
    NotReady::user("ConnectionKind", text)
}
