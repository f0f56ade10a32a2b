//! The work order of a slice, read and checked once, so that nothing is parsed per document. No I/O.

use docmill_clients::model_server::protocol::{self, AnswerError};
use docmill_convert::IndexWindow;
use docmill_crds::api::enricher::{Enricher, HtmlInput, Input, ObjectInput, Protocol};
use docmill_crds::api::enrichment_run::{Bounds, DocumentSelector, OnModelChange, TargetIndex};
use docmill_crds::contract::{EnrichOrder, EnrichStep};
use docmill_crds::records::enrichment_query::DocumentQuery;
use docmill_crds::records::enrichments::enrichments_index;
use docmill_crds::template::Template;
use serde_json::{Map, Value};

use super::error::EnrichError;

/// What is to be done with the documents of a slice.
#[derive(Clone, Debug)]
pub struct SlicePlan {
    /// UID of the run.
    pub run: String,
    /// Number of the slice.
    pub slice: i32,
    /// What is to be done.
    pub step: EnrichStep,
    /// Index, alias or pattern that the documents are read from.
    pub from_index: String,
    /// If set, only documents that match this query.
    pub from_query: Option<Map<String, Value>>,
    /// The field by which they are selected.
    pub time_field: String,
    /// Which of them are looked at.
    pub bounds: Bounds,
    /// Which of those are taken.
    pub select: DocumentSelector,
    /// Name of the target index.
    pub target: Template,
    /// How its new indices are made, and how many there may be.
    pub target_index: TargetIndex,
    /// Which dates may name one.
    pub window: IndexWindow,
    /// Names source and target in the records.
    pub target_key: String,
    /// Index that holds the records.
    pub enrichments_index: String,
    /// The models, in order.
    pub models: Vec<PlannedEnricher>,
    /// What happens when one of them reports another version.
    pub on_model_change: OnModelChange,
    /// How many pods share the limits of a model.
    pub pods: u32,
    /// Whether calls have to be taken from a budget.
    pub has_budget: bool,
    /// Maximum number of documents that the run may work on.
    pub max_documents: Option<i64>,
}

/// One enricher, ready for use.
#[derive(Clone, Debug)]
pub struct PlannedEnricher {
    /// The enricher as the user wrote it.
    pub enricher: Enricher,
    /// The version that its server reported when the run was planned.
    pub version: Option<String>,
    /// Digest of what decides its results.
    pub digest: String,
    /// Its inputs, in order.
    pub inputs: Vec<InputPart>,
}

/// One input of a model.
#[derive(Clone, Debug, PartialEq)]
pub enum InputPart {
    /// A text rendered from fields.
    Text {
        /// How it is rendered.
        template: Template,
        /// It is HTML, of which the model gets the plain text.
        is_html: bool,
        /// The most characters that the model gets.
        most: usize,
    },
    /// The raw object.
    Object(ObjectInput),
}

impl SlicePlan {
    /// Reads an order for one of its slices.
    pub fn read(order: &EnrichOrder, slice: i32) -> Result<Self, EnrichError> {
        let bounds = usize::try_from(slice).ok().and_then(|slice| order.slices.get(slice));
        let bounds = bounds.ok_or(EnrichError::NoSlice(slice))?.clone();
        let model = |enricher| PlannedEnricher::read(enricher, order);
        Ok(Self {
            run: order.run_uid.clone(),
            slice,
            step: order.step.clone(),
            from_index: order.from_index.clone(),
            from_query: order.from_query.clone(),
            time_field: order.time_field.clone(),
            bounds,
            select: order.select.clone(),
            target: template("spec.to.index.name", &order.to.index.name)?,
            target_index: order.to.index.clone(),
            window: IndexWindow::of(&order.to.index.window)?,
            target_key: order.target.clone(),
            enrichments_index: enrichments_index(&order.namespace),
            models: order.enrichers.iter().map(model).collect::<Result<_, _>>()?,
            on_model_change: order.on_model_change,
            pods: u32::try_from(order.pods).unwrap_or(1).max(1),
            has_budget: order.has_budget,
            max_documents: order.max_documents,
        })
    }

    /// The articles that the run may take.
    pub fn articles(&self) -> DocumentQuery {
        DocumentQuery::articles(&self.from_index, &self.time_field, self.from_query.as_ref(), &self.select)
    }

    /// The records of documents that failed before.
    pub fn failures(&self) -> DocumentQuery {
        DocumentQuery::failures(&self.enrichments_index, &self.target_key)
    }

    /// The failure records whose documents are retried.
    pub fn failures_to_retry(&self) -> DocumentQuery {
        DocumentQuery::failures_to_retry(&self.enrichments_index, &self.target_key)
    }
}

impl PlannedEnricher {
    fn read(enricher: &Enricher, order: &EnrichOrder) -> Result<Self, EnrichError> {
        let version = order.versions.get(&enricher.name).cloned();
        Ok(Self {
            digest: enricher.model_digest(version.as_deref()),
            version,
            inputs: enricher.inputs.iter().map(|input| part(enricher, input)).collect::<Result<_, _>>()?,
            enricher: enricher.clone(),
        })
    }

    /// Name of the enricher, under which its provenance is kept.
    pub fn name(&self) -> &str {
        &self.enricher.name
    }

    /// The protocol. The schema guarantees that there is one.
    pub fn protocol(&self) -> Result<Protocol<'_>, AnswerError> {
        protocol::protocol(&self.enricher)
    }

    /// Name of the model, for people.
    pub fn model(&self) -> &str {
        self.enricher.protocol().map_or("", Protocol::model)
    }
}

fn part(enricher: &Enricher, input: &Input) -> Result<InputPart, EnrichError> {
    match (&input.object, &input.template) {
        (Some(object), _) => Ok(InputPart::Object(object.clone())),
        (None, text) => {
            let field = format!("spec.enrichers[{}].inputs[{}]", enricher.name, input.name);
            let most = input.max_characters.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
            let template = template(&field, text.as_deref().unwrap_or_default())?;
            Ok(InputPart::Text { template, is_html: input.html == Some(HtmlInput::Text), most })
        }
    }
}

fn template(field: &str, text: &str) -> Result<Template, EnrichError> {
    Template::parse(text).map_err(|error| EnrichError::Template { field: field.to_owned(), error })
}

#[cfg(test)]
pub(crate) mod tests {
    use docmill_crds::contract::EnrichOrder;
    use serde_json::{Value, json};

    use super::super::EnrichError;
    use super::SlicePlan;

    /// An order of one slice with the models `topic` (text and number) and `embedding` (vector).
    pub(crate) fn order() -> EnrichOrder {
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
            "cluster": "cluster-1",
            "from": {"urls": ["http://es:9200"]},
            "fromIndex": "articles-*",
            "to": {"elasticsearch": {"urls": ["http://es:9200"]}, "index": {"name": "enriched-{publishedAt:%Y}"}},
            "step": "enrich",
            "timeField": "_docmill.indexedTime",
            "target": "target-1",
            "select": {"state": "New"},
            "onModelChange": "Stop",
            "pods": 1,
            "versions": {"topic": "v7"},
            "enrichers": [
                model("topic", json!([{"from": "label", "field": "topic", "type": "String"},
                                      {"from": "score", "field": "topicScore", "type": "Number"}])),
                model("embedding", json!([{"from": "vector", "field": "embedding", "type": "Vector"}])),
            ],
            "slices": [{"after": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}],
        }))
        .expect("an order")
    }

    pub(crate) fn slice_plan() -> SlicePlan {
        SlicePlan::read(&order(), 0).expect("a recipe")
    }

    #[test]
    fn an_order_is_read_for_one_of_its_slices() {
        let slice_plan = slice_plan();
        assert_eq!(slice_plan.target.wildcard(), "enriched-*");
        assert_eq!(slice_plan.models[1].name(), "embedding");
        for slice in [-1, 1] {
            assert!(matches!(SlicePlan::read(&order(), slice), Err(EnrichError::NoSlice(_))));
        }
    }

    #[test]
    fn a_broken_template_is_named() {
        let mut order = order();
        order.enrichers[1].inputs[0].template = Some("{headline".into());
        let error = SlicePlan::read(&order, 0).unwrap_err().to_string();
        assert!(error.contains("spec.enrichers[embedding].inputs[text]"), "{error}");
    }

    #[test]
    fn the_lower_bound_is_left_out_and_the_upper_one_is_not() {
        let mut slice_plan = slice_plan();
        let filter = |slice_plan: &SlicePlan| {
            slice_plan.articles().within(&slice_plan.bounds)["bool"]["filter"].clone()
        };
        let range = json!({"gt": "2026-01-01T00:00:00Z", "lte": "2026-02-01T00:00:00Z"});
        assert_eq!(filter(&slice_plan), json!([{"range": {"_docmill.indexedTime": range}}]));
        slice_plan.bounds.after = None;
        let range = json!({"lte": "2026-02-01T00:00:00Z"});
        assert_eq!(filter(&slice_plan), json!([{"range": {"_docmill.indexedTime": range}}]));
    }

    #[test]
    fn all_that_the_run_asks_for_has_to_hold() {
        let mut slice_plan = slice_plan();
        slice_plan.time_field = "@timestamp".into();
        slice_plan.from_query = json!({"term": {"language": "en"}}).as_object().cloned();
        let range = json!({"from": "2026-01-02T00:00:00Z", "until": "2026-01-03T00:00:00Z"});
        slice_plan.select = serde_json::from_value(json!({
            "state": "All", "indexedTime": range, "ids": ["a"], "query": {"exists": {"field": "x"}}}))
        .unwrap();
        let filter = slice_plan.articles().within(&slice_plan.bounds)["bool"]["filter"].clone();
        assert!(filter[0]["range"]["@timestamp"].is_object());
        assert_eq!(filter[1], json!({"term": {"language": "en"}}));
        let range = json!({"gte": "2026-01-02T00:00:00Z", "lt": "2026-01-03T00:00:00Z"});
        assert_eq!(filter[2], json!({"range": {"@timestamp": range}}));
        assert_eq!(filter[3], json!({"exists": {"field": "x"}}));
        assert_eq!(filter[4], json!({"ids": {"values": ["a"]}}));
    }
}
