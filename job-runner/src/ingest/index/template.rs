//! The index template of a source's articles, and the mapping of the indices that exist already.
//!
//! A template makes new indices only. So when the model maps other fields than before, they are first added to
//! existing indices, as far as these take them; then the template is put, and says in its `_meta` which mapping
//! was applied and which fields were not taken. Ingestion never waits for that: an index that keeps its own
//! mapping of a field is written to as before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use docmill_clients::elastic::mapping::template_name;
use docmill_clients::elastic::{Elastic, ElasticError, index_template};
use docmill_crds::api::ingest_source::Index;
use docmill_crds::conversion::Model;
use docmill_crds::error_class::{Classify as _, ErrorClass};
use docmill_crds::records::applied_mapping::AppliedMapping;
use serde_json::{Map, Value};

use super::existing;
use super::mapping;

/// How long existing indices may take for new fields, since documents wait meanwhile. A cluster changes
/// thousands of indices in less.
const APPLIED_WITHIN: Duration = Duration::from_secs(30);

/// When a template is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A worker starts: fields that existing indices did not take are tried again.
    Start,
    /// Documents are about to go into an index that may not exist.
    NewIndex,
}

/// The template of a source's articles.
#[derive(Debug)]
pub(super) struct ArticleTemplate {
    /// The pattern that the indices match.
    pub(super) pattern: String,
    name: String,
    model: Model,
    index: Index,
    /// Existing indices could not be changed at all: the next worker tries again.
    gave_up: AtomicBool,
}

impl ArticleTemplate {
    /// The template for documents of a model, in indices that match a pattern.
    pub(super) fn new(pattern: String, model: Model, index: Index) -> Self {
        let name = template_name(&pattern);
        Self { pattern, name, model, index, gave_up: AtomicBool::new(false) }
    }

    /// Creates the template, or replaces it. If the cluster has it already, that changes nothing.
    pub(super) async fn ensure(&self, elastic: &Elastic, occasion: Occasion) -> Result<(), ElasticError> {
        let cluster = elastic.info().await?;
        let fields = mapping::properties(&self.model, cluster.distribution);
        let applied = self.apply_to_existing(elastic, &fields, occasion).await?;
        let custom = elastic.custom_template(&self.name, cluster).await?;
        let (options, custom) = (self.index.options(), custom.as_deref());
        let body = index_template::body(&self.pattern, &fields, options, cluster, custom, applied.as_ref());
        elastic.put_index_template(&self.name, &body).await
    }

    /// Adds the fields to existing indices, unless they have them. Returns what is applied now; `None` if that
    /// is unknown.
    async fn apply_to_existing(
        &self,
        elastic: &Elastic,
        fields: &Map<String, Value>,
        occasion: Occasion,
    ) -> Result<Option<AppliedMapping>, ElasticError> {
        let known = match elastic.index_template_meta(&self.name).await {
            Ok(meta) => AppliedMapping::read(&meta).filter(|known| known.is_of(fields)),
            Err(error) if error.class() == ErrorClass::Transient => return Err(error),
            Err(_) => None,
        };
        let is_final = |known: &AppliedMapping| known.conflicts.is_empty() || occasion == Occasion::NewIndex;
        if self.gave_up.load(Ordering::Relaxed) || known.as_ref().is_some_and(is_final) {
            return Ok(known);
        }
        let add = existing::add_fields(elastic, &self.pattern, fields);
        let conflicts = match tokio::time::timeout(APPLIED_WITHIN, add).await {
            Ok(Ok(conflicts)) => Some(conflicts),
            Ok(Err(error)) => {
                tracing::warn!(%error, said = error.said(), pattern = self.pattern, "existing indices keep their mapping; the next worker tries again");
                None
            }
            Err(_) => {
                tracing::warn!(
                    pattern = self.pattern,
                    "existing indices took too long to change their mapping; the next worker tries again"
                );
                None
            }
        };
        self.gave_up.store(conflicts.is_none(), Ordering::Relaxed);
        Ok(conflicts.map(|conflicts| AppliedMapping::new(fields, conflicts)))
    }
}
