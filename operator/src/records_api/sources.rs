//! The source that a request is about, and clients for its stores, by the same rules and with the same credentials as the
//! controllers have theirs. Every replica reads what it needs itself, as any of them may answer, and keeps Secrets and clients
//! for a while: a request costs the API server the source, and the question whether its user may.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use docmill_clients::cause::with_causes;
use docmill_clients::elastic::Elastic;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::{EnrichmentRun, IngestSource};
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, Client, ResourceExt as _};

use super::answer::Failure;
use crate::args::Args;
use crate::connections::Connections;
use crate::k8s::rules::Rules;
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::CircuitBreaker;
use crate::stores::storage_clients::StorageClients;
use crate::stores::{SecretReader, connect_elastic, open_source, storage_secrets};

/// How old a Secret, or the last answer of a cluster, may be.
const CONTENT_WITH: Duration = Duration::from_mins(1);
/// Sources of a namespace that a list of documents asks at most.
const MOST_SOURCES: usize = 16;
/// Runs of a namespace that are read for their targets at most.
const MOST_RUNS: u32 = 500;

/// Finds sources, and opens their stores.
pub struct Sources {
    client: Client,
    reader: SecretReader,
    connections: Connections,
    storages: StorageClients,
    circuit_breaker: CircuitBreaker,
    ignored_namespaces: Vec<String>,
    /// Namespaces of which a store could not be used: their Secrets are read again, as they may have changed.
    in_doubt: Mutex<HashSet<String>>,
}

/// A source with the addresses of its connections, and clients for its stores.
pub struct OpenSource {
    /// The source.
    pub source: IngestSource,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The cluster with its records.
    pub ledger: Elastic,
    /// The cluster with its documents, if they are indexed.
    pub index: Option<Elastic>,
    s3: Result<aws_sdk_s3::Client, Failure>,
}

impl OpenSource {
    /// The object store.
    pub fn s3(&self) -> Result<&aws_sdk_s3::Client, Failure> {
        self.s3.as_ref().map_err(Clone::clone)
    }

    /// `<namespace>/<name>`, as records name it.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl Sources {
    /// Opens stores as far as the operator's flags allow.
    pub fn new(args: &Args, client: Client, connections: Connections) -> Self {
        let rules = Arc::new(Rules::new(&args.rules));
        Self {
            reader: SecretReader::new(client.clone(), rules).content_with(CONTENT_WITH),
            client,
            connections,
            storages: StorageClients::default(),
            circuit_breaker: CircuitBreaker::default(),
            ignored_namespaces: args.scope.ignore_namespaces.clone(),
            in_doubt: Mutex::default(),
        }
    }

    /// Has the next request to a namespace read its Secrets again, since a store could not be used.
    pub fn doubt(&self, namespace: &str) {
        self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner).insert(namespace.to_owned());
    }

    fn reader_of(&self, namespace: &str) -> SecretReader {
        let is_in_doubt = self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner).remove(namespace);
        if is_in_doubt { self.reader.content_with(Duration::ZERO) } else { self.reader.clone() }
    }

    /// Opens the stores of a source; of the namespace's only one, if none is named.
    pub async fn open(&self, namespace: &str, name: Option<&str>) -> Result<OpenSource, Failure> {
        let source = match name {
            Some(name) => self.named(namespace, name).await?,
            None => self.only(namespace).await?,
        };
        Box::pin(self.open_stores(source)).await
    }

    /// The sources of a namespace, or the one that is named. Those that cannot be read are left out; more than can be asked
    /// for one request are an error.
    pub async fn all(&self, namespace: &str, name: Option<&str>) -> Result<Vec<IngestSource>, Failure> {
        if let Some(name) = name {
            return Ok(vec![self.named(namespace, name).await?]);
        }
        let all = self.list(namespace).await?;
        if all.len() > MOST_SOURCES {
            return Err(Failure::bad_request(format!(
                "there are more than {MOST_SOURCES} IngestSources in namespace {namespace:?}; name one: ?source=NAME"
            )));
        }
        Ok(all)
    }

    /// Clients for the stores of a source. An object store that cannot be used does not keep the records from being read.
    pub async fn open_stores(&self, source: IngestSource) -> Result<OpenSource, Failure> {
        let (namespace, name) = (source.namespace().unwrap_or_default(), source.name_any());
        let source = self.connections.resolve_source(&source).map_err(|fault| unusable(&name, &fault))?;
        let (spec, reader) = (&source.spec, self.reader_of(&namespace));
        let clusters = open_source(&reader, &namespace, spec).await;
        let clusters = clusters.map_err(|fault| unusable(&name, &fault))?;
        let s3 = async {
            let secrets = storage_secrets(&reader, &namespace, &spec.storage).await;
            let secrets = secrets.map_err(|fault| unusable(&name, &fault))?;
            let opened = self.storages.open(&namespace, &spec.storage, secrets, None).await;
            opened.map(|pair| pair.s3).map_err(|_| unusable(&name, &NotReady::user("InvalidStorage", "")))
        };
        let s3 = s3.await;
        Ok(OpenSource { namespace, name, ledger: clusters.ledger, index: clusters.index, s3, source })
    }

    /// A client for a cluster that enrichments write to.
    pub async fn enriched(
        &self,
        namespace: &str,
        cluster: &ElasticsearchCluster,
    ) -> Result<Elastic, NotReady> {
        let endpoint_client = self.circuit_breaker.client(namespace, true);
        connect_elastic(&self.reader, namespace, cluster, &endpoint_client).await
    }

    /// The `EnrichmentRun`s of a namespace with the addresses of their connections, the latest first. Those whose connections
    /// cannot be used are left out.
    pub async fn enrichment_runs(&self, namespace: &str) -> Result<Vec<EnrichmentRun>, Failure> {
        let runs = Api::<DeserializeGuard<EnrichmentRun>>::namespaced(self.client.clone(), namespace);
        let found = runs.list(&ListParams::default().limit(MOST_RUNS)).await;
        let found = found.map_err(|error| unreadable("list the EnrichmentRuns", &error))?;
        let runs = found.items.into_iter().filter_map(|run| run.0.ok());
        let mut runs: Vec<_> = runs.filter_map(|run| self.connections.resolve(&run).ok()).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.creation_timestamp().map(|time| time.0)));
        Ok(runs)
    }

    async fn named(&self, namespace: &str, name: &str) -> Result<IngestSource, Failure> {
        self.check_namespace(namespace)?;
        let sources = Api::<DeserializeGuard<IngestSource>>::namespaced(self.client.clone(), namespace);
        let found =
            sources.get_opt(name).await.map_err(|error| unreadable("read the IngestSource", &error))?;
        let found = found.ok_or_else(|| {
            let text = "list them by kubectl get ingestsources";
            Failure::not_found(format!(
                "there is no IngestSource {name:?} in namespace {namespace:?}; {text}"
            ))
        })?;
        found.0.map_err(|_| {
            let text = "its schema is another version's; apply it again";
            Failure::unavailable(format!("the IngestSource {name:?} cannot be read: {text}"))
        })
    }

    async fn only(&self, namespace: &str) -> Result<IngestSource, Failure> {
        let mut found = self.list(namespace).await?;
        match (found.pop(), found.pop()) {
            (Some(only), None) => Ok(only),
            (None, _) => {
                Err(Failure::not_found(format!("there is no IngestSource in namespace {namespace:?}")))
            }
            (Some(_), Some(_)) => Err(Failure::bad_request(format!(
                "there are several IngestSources in namespace {namespace:?}; name one: ?source=NAME"
            ))),
        }
    }

    async fn list(&self, namespace: &str) -> Result<Vec<IngestSource>, Failure> {
        self.check_namespace(namespace)?;
        let sources = Api::<DeserializeGuard<IngestSource>>::namespaced(self.client.clone(), namespace);
        let most = u32::try_from(MOST_SOURCES + 1).unwrap_or(u32::MAX);
        let found = sources.list(&ListParams::default().limit(most)).await;
        let found = found.map_err(|error| unreadable("list the IngestSources", &error))?;
        Ok(found.items.into_iter().filter_map(|source| source.0.ok()).collect())
    }

    fn check_namespace(&self, namespace: &str) -> Result<(), Failure> {
        if self.ignored_namespaces.iter().any(|ignored| ignored == namespace) {
            return Err(Failure::not_found(format!(
                "the namespace {namespace:?} belongs to another release of Docmill, which serves no Records API"
            )));
        }
        Ok(())
    }
}

/// The words of a fault may have addresses: the status of the source shows them to whoever may read the source.
fn unusable(name: &str, fault: &NotReady) -> Failure {
    Failure::unavailable(format!(
        "the stores of the IngestSource {name:?} cannot be used ({}); its conditions say why",
        fault.reason
    ))
}

fn unreadable(action: &str, error: &kube::Error) -> Failure {
    tracing::warn!(error = with_causes(error), "failed to {action} for the Records API");
    Failure::unavailable(format!("failed to {action}; repeat the request"))
}
