//! Observes a connection: its credentials, and the server if it can be asked.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use docmill_clients::aws::{StoreError, s3_client, sqs_client};
use docmill_clients::model_server::link::ModelLink;
use docmill_crds::ConnectionSpec;
use docmill_crds::api::connection::{Endpoint, ModelConnection, QueueConnection};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::storage::Storage;
use docmill_crds::untrusted_text;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;

use super::AnyConnection;
use super::observation::{Checked, ConnectionObservation};
use crate::context::Context;
use crate::outcome::not_ready::NotReady;
use crate::stores::circuit_breaker::EndpointClient;
use crate::stores::{
    NOT_ALLOWED, SecretReader, ask_elastic, connect_elastic, model_link_fault, queue_fault, read_credentials,
    storage_secrets, store_fault,
};

/// Time limit for a queue to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Observes a connection.
pub async fn observe<K: AnyConnection>(
    resource: &K,
    spec: &ConnectionSpec,
    conditions: &[Condition],
    context: &Context,
) -> ConnectionObservation {
    let now = Timestamp::now();
    let endpoint_client = context.endpoint_client(resource, conditions);
    let namespace = resource.meta().namespace.as_deref();
    let checked = match (resource.check_spec(), spec.endpoint()) {
        (Err(fault), _) => Err(fault),
        (Ok(()), None) => {
            let text = "spec: set exactly one of elasticsearch, objectStore, queue and model";
            Err(NotReady::user("InvalidSpec", text))
        }
        (Ok(()), Some(endpoint)) if namespace.is_none() && depends_on_namespace(endpoint) => {
            Ok(Checked::Nothing)
        }
        (Ok(()), Some(endpoint)) => {
            let checker = Checker {
                reader: &context.reader,
                namespace: namespace.unwrap_or_default(),
                endpoint_client: &endpoint_client,
            };
            Box::pin(checker.check(endpoint)).await
        }
    };
    ConnectionObservation { now, checked }
}

/// Whether the credentials of an endpoint are those of a namespace: a Secret, a ConfigMap, or a cloud identity.
fn depends_on_namespace(endpoint: Endpoint<'_>) -> bool {
    match endpoint {
        Endpoint::Elasticsearch(cluster) => cluster.aws.is_some() || !cluster.credentials().is_empty(),
        Endpoint::ObjectStore(_) | Endpoint::Queue(_) => true,
        Endpoint::Model(model) => !model.credentials().is_empty(),
    }
}

/// Checks endpoints with the Secrets of a namespace.
struct Checker<'a> {
    reader: &'a SecretReader,
    namespace: &'a str,
    endpoint_client: &'a EndpointClient,
}

impl Checker<'_> {
    async fn check(&self, endpoint: Endpoint<'_>) -> Result<Checked, NotReady> {
        match endpoint {
            Endpoint::Elasticsearch(cluster) => self.elasticsearch(cluster).await,
            Endpoint::ObjectStore(storage) => self.object_store(storage).await,
            Endpoint::Queue(queue) => self.queue(queue).await,
            Endpoint::Model(model) => self.model(model).await,
        }
    }

    async fn elasticsearch(&self, cluster: &ElasticsearchCluster) -> Result<Checked, NotReady> {
        let elastic = connect_elastic(self.reader, self.namespace, cluster, self.endpoint_client).await?;
        let info = ask_elastic(self.endpoint_client, cluster, elastic.info()).await?;
        let version = untrusted_text::version(&info.version).to_owned();
        Ok(Checked::Reachable(Some(version)))
    }

    /// Only a user of the connection names a bucket, and listing all buckets takes rights that nobody else needs.
    async fn object_store(&self, storage: &Storage) -> Result<Checked, NotReady> {
        let secrets = storage_secrets(self.reader, self.namespace, storage).await?;
        let unusable = |error| store_fault(&error, "InvalidStorage", "correct spec.objectStore");
        s3_client(storage, &secrets).await.map_err(unusable)?;
        Ok(Checked::Credentials)
    }

    /// A queue without region or credentials of its own takes those of its users.
    async fn queue(&self, queue: &QueueConnection) -> Result<Checked, NotReady> {
        let (Some(region), Some(named)) = (&queue.region, &queue.credentials_secret_ref) else {
            return Ok(Checked::Nothing);
        };
        let storage = Storage {
            region: region.clone(),
            connection_ref: None,
            endpoint: None,
            force_path_style: false,
            credentials_secret_ref: Some(named.clone()),
            tls: queue.tls.clone(),
            bucket: None,
            prefix: String::new(),
        };
        let secrets = storage_secrets(self.reader, self.namespace, &storage).await?;
        let url = &queue.queue_url;
        let sqs = sqs_client(&storage, url, &secrets).await.map_err(|error| queue_fault(&error))?;
        let request = async {
            let attribute = Attribute::ApproximateNumberOfMessages;
            let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(attribute).send().await;
            let fault = |error| queue_fault(&StoreError::from_sdk(format!("check the queue {url}"), &error));
            asked.map(drop).map_err(fault)
        };
        let timeout_fault =
            NotReady::transient("QueueUnreachable", format!("the queue {url} does not answer"));
        self.endpoint_client.ask(url, TIMEOUT, timeout_fault, request).await?;
        Ok(Checked::Reachable(None))
    }

    /// Protocols differ in what they answer, and some do so only to a call that costs something.
    async fn model(&self, model: &ModelConnection) -> Result<Checked, NotReady> {
        let secrets = read_credentials(self.reader, self.namespace, &model.credentials()).await?;
        let link = ModelLink::new(&secrets).map_err(|error| model_link_fault("spec.model", &error))?;
        let url = &model.url;
        link.check(url)
            .map_err(|fault| NotReady::user(NOT_ALLOWED, format!("spec.model: {url}: {fault}")))?;
        Ok(Checked::Credentials)
    }
}
