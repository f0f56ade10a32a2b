//! The template of the articles' indices. An index that comes up, at midnight for example, is made by the first document
//! for it, and takes its mapping from the template; so the template is put again before that, as somebody may have
//! deleted it since the worker's start.

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

/// The template of the articles' indices.
#[derive(Debug)]
pub struct ArticlesTemplate {
    pattern: String,
    model: Model,
    body: OnceCell<Value>,
    met: Mutex<HashSet<String>>,
}

impl ArticlesTemplate {
    /// For the indices that match a pattern, and documents of a model.
    #[must_use]
    pub fn new(pattern: String, model: Model) -> Self {
        Self { pattern, model, body: OnceCell::new(), met: Mutex::default() }
    }

    /// Creates the template, or replaces it. To the cluster it is no change where it is there already.
    pub async fn put(&self, elastic: &Elastic) -> Result<(), ElasticError> {
        let body = self
            .body
            .get_or_try_init(|| async {
                let fields = mapping::properties(&self.model, elastic.info().await?.distribution);
                Ok::<_, ElasticError>(elastic_mapping::index_template(&self.pattern, &fields))
            })
            .await?;
        elastic.put_index_template(&elastic_mapping::template_name(&self.pattern), body).await
    }

    /// To be called before documents go into these indices: puts the template again where one of them is new to this
    /// worker.
    pub async fn ensure_before(
        &self,
        elastic: &Elastic,
        indices: BTreeSet<&str>,
    ) -> Result<(), ElasticError> {
        let new: Vec<&str> = {
            let met = self.lock();
            indices.into_iter().filter(|index| !met.contains(*index)).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        self.put(elastic).await?;
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
