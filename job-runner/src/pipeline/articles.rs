//! The cluster that the articles go to, and the template of their indices. An index that comes up, at midnight for
//! example, is made by the first document for it, and takes its mapping from the template; so the template is put again
//! before that, as somebody may have deleted it since the worker's start.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use docmill_crds::conversion::Model;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::mapping;
use crate::elastic::{Elastic, ElasticError, mapping as elastic_mapping};

/// How many names are remembered. An archive of a lifetime has fewer days; beyond that, memory counts more than a
/// request.
const MOST_REMEMBERED: usize = 50_000;

/// The cluster that the articles go to.
#[derive(Debug)]
pub struct Articles {
    /// The cluster.
    pub elastic: Elastic,
    pattern: String,
    model: Model,
    template: OnceCell<Value>,
    met: Mutex<HashSet<String>>,
}

impl Articles {
    /// A cluster for documents of a model, whose indices match a pattern.
    #[must_use]
    pub fn new(elastic: Elastic, pattern: String, model: Model) -> Self {
        Self { elastic, pattern, model, template: OnceCell::new(), met: Mutex::default() }
    }

    /// What its indices match.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Creates the template, or replaces it. To the cluster it is no change where it is there already.
    pub async fn ensure_template(&self) -> Result<(), ElasticError> {
        let elastic = &self.elastic;
        let template = async || {
            let fields = mapping::properties(&self.model, elastic.info().await?.distribution);
            Ok::<_, ElasticError>(elastic_mapping::index_template(&self.pattern, &fields))
        };
        let template = self.template.get_or_try_init(template).await?;
        elastic.put_index_template(&elastic_mapping::template_name(&self.pattern), template).await
    }

    /// To be called before documents go into these indices: puts the template again where one of them is new to this
    /// worker.
    pub async fn ensure_template_before(&self, indices: BTreeSet<&str>) -> Result<(), ElasticError> {
        let new: Vec<&str> = {
            let met = self.lock();
            indices.into_iter().filter(|index| !met.contains(*index)).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        self.ensure_template().await?;
        let mut met = self.lock();
        if met.len() + new.len() > MOST_REMEMBERED {
            met.clear();
        }
        met.extend(new.into_iter().map(str::to_owned));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
