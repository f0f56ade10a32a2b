//! The target: its template, the copies that are there, and the copies that are written.

use docmill_crds::error_class::{Classify, ErrorClass};
use serde_json::Map;
use tokio_util::sync::CancellationToken;

use super::recipe::Recipe;
use super::standing::key;
use super::{EnrichError, PATIENCE, target};
use crate::elastic::{Address, BulkBody, Elastic, ElasticError, Outcome, StoredDocument, mapping};
use crate::retry::persist;

/// A bulk is sent when it has so many bytes: large enough to be worth a request, small enough for every cluster.
const BULK_BYTES: usize = 4 * 1024 * 1024;

/// The cluster that enriched documents are written to.
pub(super) struct Store {
    cluster: Elastic,
    /// The fields of a copy that tell whether it can be used again.
    fields: Vec<String>,
}

/// A copy on its way into the target.
pub(super) struct Copy<'a> {
    /// Where it belongs.
    pub(super) address: Address<'a>,
    /// Version of the article.
    pub(super) version: u64,
    /// The document as JSON.
    pub(super) source: Vec<u8>,
}

impl Store {
    /// Sees to it that what will be written is mapped: new indices by a template that takes over the fields of the
    /// source, existing ones by the fields that the models add.
    pub(super) async fn prepare(
        recipe: &Recipe,
        from: &Elastic,
        to: &Elastic,
        stop: &CancellationToken,
    ) -> Result<Self, EnrichError> {
        let cluster = persist(PATIENCE, stop, async || to.info().await).await.map_err(EnrichError::target)?;
        let added = target::added_fields(recipe, cluster.distribution);
        let mut fields =
            persist(PATIENCE, stop, async || from.fields(&recipe.from_index).await).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the mapping of the source cannot be read; new indices map its fields by default");
                Map::new()
            });
        fields.extend(added.clone());
        let pattern = recipe.target.wildcard();
        let template = mapping::index_template_with(&pattern, &fields, &target::settings(recipe, cluster));
        let name = mapping::template_name(&pattern);
        persist(PATIENCE, stop, async || to.put_index_template(&name, &template).await)
            .await
            .map_err(EnrichError::target)?;
        match persist(PATIENCE, stop, async || to.add_fields(&pattern, &added).await).await {
            // The user mapped a field in another way, for example as a dense_vector: that stands.
            Err(error) if error.class() == ErrorClass::Permanent => {
                tracing::info!(%error, "existing indices of the target keep their own mapping");
            }
            result => result.map_err(EnrichError::target)?,
        }
        let outputs = recipe.models.iter().flat_map(|model| &model.enricher.outputs);
        let outputs = outputs.map(|output| output.field.clone());
        let known = [key::DOCMILL.to_owned(), recipe.time_field.clone()];
        Ok(Self { cluster: to.clone(), fields: outputs.chain(known).collect() })
    }

    /// The copies that are stored already, in the order of the addresses.
    pub(super) async fn copies(
        &self,
        addresses: &[Address<'_>],
        stop: &CancellationToken,
    ) -> Result<Vec<Option<StoredDocument>>, EnrichError> {
        persist(PATIENCE, stop, async || self.cluster.mget(addresses, &self.fields).await)
            .await
            .map_err(EnrichError::target)
    }

    /// Writes copies; gives what became of each, in their order. They are made one after the other, so that no more
    /// than one bulk of them is in memory.
    pub(super) async fn write<'a>(
        &self,
        copies: impl Iterator<Item = Copy<'a>> + Send,
        stop: &CancellationToken,
    ) -> Result<Vec<Outcome>, EnrichError> {
        let mut outcomes = Vec::new();
        let mut body = BulkBody::default();
        for copy in copies {
            body.push_index(copy.address, Some(copy.version), &copy.source);
            if body.byte_len() >= BULK_BYTES {
                outcomes.extend(self.send(std::mem::take(&mut body), stop).await?);
            }
        }
        outcomes.extend(self.send(body, stop).await?);
        Ok(outcomes)
    }

    async fn send(&self, body: BulkBody, stop: &CancellationToken) -> Result<Vec<Outcome>, EnrichError> {
        match self.cluster.bulk_all(body, PATIENCE, stop).await {
            Err(ElasticError::Stopped) => Err(EnrichError::Stopped),
            result => result.map_err(EnrichError::target),
        }
    }
}
