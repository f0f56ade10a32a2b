//! The work order of a slice, read and checked once, so that nothing is parsed per document. No I/O.

use docmill_crds::contract::EnrichOrder;
use docmill_crds::enrichment_ledger::{enrichments_index, model_digest};
use docmill_crds::enrichment_run::{Bounds, Enricher, Select};
use docmill_crds::template::Template;

use super::EnrichError;

/// What is to be done with the documents of a slice.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// UID of the run.
    pub run: String,
    /// Number of the slice.
    pub slice: i32,
    /// Index, alias or pattern that the documents are read from.
    pub from_index: String,
    /// Which of them are looked at.
    pub bounds: Bounds,
    /// Which of those are taken.
    pub select: Select,
    /// Name of the target index.
    pub target: Template,
    /// Index that holds the progress.
    pub enrichments_index: String,
    /// The models, in order.
    pub models: Vec<Model>,
}

/// One enricher, ready for use.
#[derive(Clone, Debug)]
pub struct Model {
    /// The enricher as the user wrote it.
    pub enricher: Enricher,
    /// Digest of what decides its results.
    pub digest: String,
    /// The templates of its inputs, in order.
    pub inputs: Vec<Template>,
}

impl Recipe {
    /// Reads an order for one of its slices.
    pub fn read(order: &EnrichOrder, slice: i32) -> Result<Self, EnrichError> {
        let bounds = usize::try_from(slice).ok().and_then(|slice| order.slices.get(slice));
        let bounds = bounds.ok_or(EnrichError::NoSlice(slice))?.clone();
        Ok(Self {
            run: order.run_uid.clone(),
            slice,
            from_index: order.from_index.clone(),
            bounds,
            select: order.select,
            target: template("spec.to.name", &order.to.name)?,
            enrichments_index: enrichments_index(&order.namespace),
            models: order.enrichers.iter().map(Model::read).collect::<Result<_, _>>()?,
        })
    }
}

impl Model {
    fn read(enricher: &Enricher) -> Result<Self, EnrichError> {
        let inputs = enricher.inputs.iter().map(|input| {
            template(&format!("spec.enrichers[{}].inputs[{}]", enricher.name, input.name), &input.template)
        });
        Ok(Self {
            digest: model_digest(enricher),
            inputs: inputs.collect::<Result<_, _>>()?,
            enricher: enricher.clone(),
        })
    }

    /// Name of the enricher, by which its provenance is kept.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.enricher.name
    }
}

fn template(field: &str, text: &str) -> Result<Template, EnrichError> {
    Template::parse(text).map_err(|error| EnrichError::Template { field: field.to_owned(), error })
}

#[cfg(test)]
pub(super) mod tests {
    use docmill_crds::contract::EnrichOrder;
    use serde_json::{Value, json};

    use super::Recipe;
    use crate::enrich::EnrichError;

    /// An order of one slice with the models `topic` (text and number) and `embedding` (vector).
    pub(in crate::enrich) fn order() -> EnrichOrder {
        let model = |name: &str, outputs: Value| {
            json!({
                "name": name,
                "openInference": {"url": "http://models:8080", "model": format!("{name}-model")},
                "inputs": [{"name": "text", "template": "{headline}. {body}"}],
                "outputs": outputs,
                "batchSize": 4,
                "timeoutSeconds": 5,
            })
        };
        serde_json::from_value(json!({
            "namespace": "news",
            "run": "daily",
            "runUid": "run-1",
            "from": {"urls": ["http://es:9200"]},
            "fromIndex": "articles-*",
            "to": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "enriched-{publishedAt:%Y}"},
            "select": "New",
            "enrichers": [
                model("topic", json!([{"tensor": "label", "field": "topic", "type": "String"},
                                      {"tensor": "score", "field": "topicScore", "type": "Number"}])),
                model("embedding", json!([{"tensor": "vector", "field": "embedding", "type": "Vector"}])),
            ],
            "slices": [{"after": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}],
        }))
        .expect("an order")
    }

    pub(in crate::enrich) fn recipe() -> Recipe {
        Recipe::read(&order(), 0).expect("a recipe")
    }

    #[test]
    fn an_order_is_read_for_one_of_its_slices() {
        let recipe = recipe();
        assert_eq!(recipe.target.wildcard(), "enriched-*");
        assert_eq!(recipe.models[1].name(), "embedding");
        for slice in [-1, 1] {
            assert!(matches!(Recipe::read(&order(), slice), Err(EnrichError::NoSlice(_))));
        }
    }

    #[test]
    fn a_broken_template_is_named() {
        let mut order = order();
        order.enrichers[1].inputs[0].template = "{headline".into();
        let error = Recipe::read(&order, 0).unwrap_err().to_string();
        assert!(error.contains("spec.enrichers[embedding].inputs[text]"), "{error}");
    }
}
