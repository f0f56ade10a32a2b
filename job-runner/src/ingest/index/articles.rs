//! The cluster that stores the articles, and the template of their indices. A new index, for example at
//! midnight, is created by its first document and takes its mapping from the template; so the worker puts the
//! template again before that, as somebody may have deleted it since the worker started.

use std::collections::BTreeSet;

use docmill_clients::elastic::{Elastic, ElasticError, ErrorCause};
use docmill_crds::api::ingest_source::Index;
use docmill_crds::conversion::Model;
use docmill_crds::error_class::{Classify as _, ErrorClass};

use super::bulk_policy::SharedIndexHealth;
use super::existing;
use super::known_names::SeenIndexNames;
use super::template::{ArticleTemplate, Occasion};
use super::write_window::SeenAllocations;

/// The cluster that stores the articles.
#[derive(Debug)]
pub struct Articles {
    /// The cluster.
    pub elastic: Elastic,
    /// What is known of its indices.
    pub index_health: SharedIndexHealth,
    /// Where their shards were when documents went into them.
    pub(crate) allocations: SeenAllocations,
    template: ArticleTemplate,
    seen: SeenIndexNames,
}

/// Indices that must not be created now.
#[derive(Debug, Default)]
pub struct UncreatableIndices {
    /// Their names.
    pub indices: BTreeSet<String>,
    /// Why the cluster rejects their template.
    pub fault: Option<ErrorCause>,
}

impl Articles {
    /// A cluster for documents of a model, in indices with these options that match a pattern.
    pub fn new(elastic: Elastic, pattern: String, model: Model, index: Index) -> Self {
        let template = ArticleTemplate::new(pattern, model, index);
        let index_health = SharedIndexHealth::default();
        let (allocations, seen) = (SeenAllocations::default(), SeenIndexNames::default());
        Self { elastic, index_health, allocations, template, seen }
    }

    /// The pattern that its indices match.
    pub fn pattern(&self) -> &str {
        &self.template.pattern
    }

    /// Creates the template when a worker starts. If the cluster rejects it (another template has the same
    /// pattern and priority, for example), new indices cannot be created, but writing into existing ones goes
    /// on.
    pub async fn ensure_template_at_start(&self) -> Result<(), ElasticError> {
        match self.template.ensure(&self.elastic, Occasion::Start).await {
            Err(error) if error.class() == ErrorClass::Permanent => {
                tracing::error!(%error, pattern = self.pattern(), "the cluster rejects the index template; documents for new indices wait");
                Ok(())
            }
            result => result,
        }
    }

    /// Must be called before documents go into these indices: puts the template again if one of them is new
    /// to this worker. Returns the indices that must not be created now because the cluster rejects their
    /// template, and why.
    pub async fn ensure_template_before(
        &self,
        indices: &BTreeSet<&str>,
    ) -> Result<UncreatableIndices, ElasticError> {
        let mut new = self.seen.unseen(indices.iter().copied());
        if new.is_empty() {
            return Ok(UncreatableIndices::default());
        }
        let uncreatable = match self.template.ensure(&self.elastic, Occasion::NewIndex).await {
            Ok(()) => UncreatableIndices::default(),
            Err(ElasticError::Refused(fault)) if fault.class() == ErrorClass::Permanent => {
                UncreatableIndices { indices: self.missing(&new).await?, fault: Some(fault) }
            }
            Err(error) => return Err(error),
        };
        new.retain(|index| !uncreatable.indices.contains(*index));
        self.seen.remember(new.into_iter());
        Ok(uncreatable)
    }

    /// Returns those of the indices that do not exist.
    pub async fn missing(&self, indices: &[&str]) -> Result<BTreeSet<String>, ElasticError> {
        let mut missing = BTreeSet::new();
        for index in indices {
            if !self.exists(index).await? {
                missing.insert((*index).to_owned());
            }
        }
        Ok(missing)
    }

    /// Whether an index exists. If the cluster does not say, because of a block or for lack of permission,
    /// the index counts as existing.
    pub async fn exists(&self, index: &str) -> Result<bool, ElasticError> {
        existing::exists(&self.elastic, index).await
    }

    /// Forgets an index that was seen and is no longer there, or never was.
    pub fn forget(&self, index: &str) {
        self.seen.forget(index);
    }
}
