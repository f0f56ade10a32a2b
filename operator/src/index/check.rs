//! Checks what the indices of a source or of a run are made of, before workers start: component templates and a
//! lifecycle policy that must exist, and names that are indices and not data streams.

use docmill_clients::elastic::{Distribution, Elastic, ElasticError};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enrichment_run::{EnrichmentMode, EnrichmentRunSpec};
use docmill_crds::api::index_options::IndexOptions;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::template::Template;

use crate::outcome::not_ready::NotReady;
use crate::stores::ask_elastic;
use crate::stores::circuit_breaker::EndpointClient;

/// Checks what `spec.index` of a source names in its cluster, whose client is `elastic`.
pub async fn check(
    spec: &IngestSourceSpec,
    elastic: Option<&Elastic>,
    endpoint_client: &EndpointClient,
) -> Result<(), NotReady> {
    let (Some(index), Some(cluster), Some(elastic)) = (&spec.index, spec.index_cluster(), elastic) else {
        return Ok(());
    };
    let cluster = IndexCluster { field: "spec.index", cluster, elastic, endpoint_client };
    cluster.check(&index.name, index.options()).await
}

/// Checks what `spec.to.index` of a run names in its cluster, whose client is `elastic`. A run that stores nothing
/// creates no index.
pub async fn check_target(
    spec: &EnrichmentRunSpec,
    elastic: &Elastic,
    endpoint_client: &EndpointClient,
) -> Result<(), NotReady> {
    if spec.dry_run || spec.mode == EnrichmentMode::Compare {
        return Ok(());
    }
    let (index, cluster) = (&spec.to.index, &spec.to.elasticsearch);
    let cluster = IndexCluster { field: "spec.to.index", cluster, elastic, endpoint_client };
    cluster.check(&index.name, index.options()).await
}

/// The cluster with the documents.
struct IndexCluster<'a> {
    /// Path of the field of the resource that names the indices.
    field: &'static str,
    cluster: &'a ElasticsearchCluster,
    elastic: &'a Elastic,
    endpoint_client: &'a EndpointClient,
}

impl IndexCluster<'_> {
    /// The answer to a request, or `None` if it failed: the credentials may lack the privilege for it. Then the
    /// worker meets what is wrong, if anything is.
    async fn ask<T>(&self, request: impl Future<Output = Result<T, ElasticError>> + Send) -> Option<T> {
        ask_elastic(self.endpoint_client, self.cluster, request).await.ok()
    }

    async fn check(&self, name: &str, options: IndexOptions<'_>) -> Result<(), NotReady> {
        self.check_name(name).await?;
        self.check_component_templates(options.composed_of).await?;
        match options.lifecycle_policy {
            Some(policy) => self.check_lifecycle_policy(policy).await,
            None => Ok(()),
        }
    }

    async fn check_name(&self, name: &str) -> Result<(), NotReady> {
        let Ok(template) = Template::parse(name) else { return Ok(()) };
        let pattern = template.wildcard();
        if self.ask(self.elastic.is_data_stream(&pattern)).await != Some(true) {
            return Ok(());
        }
        let message = format!(
            "{}.name: {pattern} matches a data stream, or an index template of higher priority that makes data \
             streams; a data stream only takes new documents, while Docmill replaces and deletes documents by their \
             ids; name other indices, or change that template",
            self.field
        );
        Err(NotReady::user("IndexIsDataStream", message))
    }

    async fn check_component_templates(&self, names: &[String]) -> Result<(), NotReady> {
        for name in names {
            if self.ask(self.elastic.has_component_template(name)).await == Some(false) {
                let message = format!(
                    "{}.composedOf: the cluster has no component template {name:?}; create it, or correct its name",
                    self.field
                );
                return Err(NotReady::user("ComponentTemplateNotFound", message));
            }
        }
        Ok(())
    }

    async fn check_lifecycle_policy(&self, policy: &str) -> Result<(), NotReady> {
        let info = self.ask(self.elastic.info()).await;
        if info.is_some_and(|info| info.distribution == Distribution::OpenSearch) {
            let message = format!(
                "{}.lifecyclePolicy: the cluster is an OpenSearch, where a policy of index state management names its \
                 indices itself; add ism_template with the pattern of the indices to the policy, and leave \
                 lifecyclePolicy out",
                self.field
            );
            return Err(NotReady::user("LifecyclePolicyNotSupported", message));
        }
        if self.ask(self.elastic.has_lifecycle_policy(policy)).await == Some(false) {
            let message = format!(
                "{}.lifecyclePolicy: the cluster has no lifecycle policy {policy:?}; create it, or correct its name",
                self.field
            );
            return Err(NotReady::user("LifecyclePolicyNotFound", message));
        }
        Ok(())
    }
}
