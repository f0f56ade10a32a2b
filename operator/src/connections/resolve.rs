//! Replaces references to connections by what the connections state. No I/O: the views are in memory.

use std::borrow::Cow;

use docmill_crds::api::connection::{ConnectionKind, ConnectionRef, Endpoint};
use docmill_crds::api::ingest_source::SqsTrigger;
use docmill_crds::{ClusterConnection, ClusterConnectionSpec, Connection, ConnectionSpec, IngestSource};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt as _;
use kube::core::{DeserializeGuard, PartialObjectMeta, Selector, SelectorExt as _};
use kube::runtime::reflector::{ObjectRef, Store};

use super::addresses::{Address, Addressed};
use crate::not_ready::NotReady;

/// All connections, and who may use them.
#[derive(Clone)]
pub struct Connections {
    /// All `Connection`s.
    pub namespaced: Store<DeserializeGuard<Connection>>,
    /// All `ClusterConnection`s.
    pub cluster: Store<DeserializeGuard<ClusterConnection>>,
    /// The labels of all namespaces, which a `ClusterConnection` selects by.
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
    /// Whether resources must not state addresses themselves.
    pub required: bool,
}

impl Connections {
    /// The resource with the addresses of its connections in the place of references.
    pub fn resolve<K: Addressed>(&self, resource: &K) -> Result<K, NotReady> {
        let namespace = resource.meta().namespace.clone().unwrap_or_default();
        let mut resolved = resource.clone();
        for (field, address) in resolved.addresses() {
            self.fill_in(&namespace, &field, address)?;
        }
        Ok(resolved)
    }

    /// As [`resolve`](Self::resolve); and if a reference cannot be replaced, the resource as it is, and why.
    pub fn try_resolve<'a, K: Addressed>(&self, resource: &'a K) -> (Cow<'a, K>, Result<(), NotReady>) {
        match self.resolve(resource) {
            Ok(resolved) => (Cow::Owned(resolved), Ok(())),
            Err(fault) => (Cow::Borrowed(resource), Err(fault)),
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

    fn fill_in(&self, namespace: &str, field: &str, address: Address<'_>) -> Result<(), NotReady> {
        let Some(named) = address.connection() else { return self.check_inline(field) };
        let found = self.find(namespace, field, named)?;
        let other = wrong_type(field, named, address.type_name(), &found);
        match address {
            Address::Elasticsearch(cluster) => *cluster = found.elasticsearch.ok_or(other)?,
            Address::ObjectStore(storage) => *storage = found.object_store.ok_or(other)?,
            Address::Queue(trigger) => {
                let queue = found.queue.ok_or(other)?;
                *trigger = SqsTrigger {
                    queue_url: queue.queue_url,
                    connection_ref: None,
                    region: queue.region,
                    credentials_secret_ref: queue.credentials_secret_ref,
                };
            }
            Address::Model(enricher) => {
                let model = found.model.ok_or(other)?;
                if let Some(url) = enricher.url_mut() {
                    *url = model.url;
                }
                enricher.secret_ref = model.secret_ref;
                enricher.connection_ref = None;
            }
        }
        Ok(())
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
                let found = self.cluster.get(&ObjectRef::new(&named.name)).ok_or_else(|| {
                    not_found(field, named, "; correct the name, or ask the administrator to create it")
                })?;
                let connection = found.0.as_ref().map_err(|_| unreadable(field, named))?;
                self.check_namespace(namespace, field, named, &connection.spec)?;
                Ok(connection.spec.connection())
            }
        }
    }

    fn check_namespace(
        &self,
        namespace: &str,
        field: &str,
        named: &ConnectionRef,
        spec: &ClusterConnectionSpec,
    ) -> Result<(), NotReady> {
        let Some(selector) = &spec.namespace_selector else { return Ok(()) };
        let labels = self.namespaces.get(&ObjectRef::new(namespace));
        let labels = labels.and_then(|found| found.metadata.labels.clone()).unwrap_or_default();
        // A selector that cannot be read selects nothing; the status of the connection says so.
        let selects = Selector::try_from(selector.clone()).is_ok_and(|selector| selector.matches(&labels));
        if selects {
            return Ok(());
        }
        let text = format!(
            "{}: its namespaceSelector does not select the namespace {namespace:?}; name another connection, or ask the \
             administrator to label the namespace or to change the selector",
            reference(field, named)
        );
        Err(NotReady::user("ConnectionNotAllowed", text))
    }
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
