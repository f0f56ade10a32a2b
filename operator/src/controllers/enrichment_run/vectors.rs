//! Vectors of other models in the target: they are removed before new ones are stored, so that vectors of
//! different models are never mixed in one field.

use docmill_clients::elastic::Elastic;
use docmill_crds::EnrichmentRun;
use docmill_crds::records::enrichment_query::vectors_of_other_models;
use docmill_crds::records::enrichments::Versions;
use docmill_crds::template::Template;

use crate::outcome::not_ready::NotReady;
use crate::stores::elastic_fault;

/// Whether the target has vectors of other models.
pub async fn any_vectors_of_other_models(
    run: &EnrichmentRun,
    versions: &Versions,
    target: &Elastic,
) -> Result<bool, NotReady> {
    let Some(query) = vectors_of_other_models(&run.spec.enrichers, versions) else { return Ok(false) };
    let index = Template::parse(&run.spec.to.index.name)
        .map(|name| name.wildcard())
        .map_err(|error| NotReady::user("InvalidTemplate", format!("spec.to.index.name: {error}")))?;
    let counted = async {
        target.refresh(&index).await?;
        target.count(&index, &query).await
    };
    counted.await.map(|count| count > 0).map_err(|error| elastic_fault(&run.spec.to.elasticsearch, &error))
}
