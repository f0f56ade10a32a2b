//! One document on its way through the models. No I/O.

use std::collections::BTreeMap;

use docmill_clients::elastic::StoredDocument;
use docmill_clients::model_server::protocol::Reply;
use docmill_convert::is_index_name;
use docmill_crds::records::enrichments::{FailureReason, key};
use docmill_crds::template::Template;
use serde_json::{Map, Value};

use super::model::input::{self, ModelInput};
use super::model::provenance;
use super::selection::article_state;
use super::selection::hits::Article;
use super::slice_plan::PlannedEnricher;

/// What went wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentFailure {
    pub(crate) reason: FailureReason,
    pub(crate) message: String,
}

/// The index where an article's copy belongs.
pub(crate) fn target_index(target: &Template, article: &Article) -> Result<String, DocumentFailure> {
    if !article.has_source {
        return Err(DocumentFailure {
            reason: FailureReason::InvalidInput,
            message: "its index gives no _source of it; enable _source in the mapping, and index the document again"
                .to_owned(),
        });
    }
    let failure = |message| DocumentFailure { reason: FailureReason::InvalidTarget, message };
    let index = target
        .render(&article.source)
        .map_err(|error| failure(format!("spec.to.index.name cannot be filled: {error}")))?;
    if is_index_name(&index) {
        Ok(index)
    } else {
        Err(failure(format!("{index:?} cannot be the name of an index")))
    }
}

/// A document on its way through the models.
#[derive(Debug)]
pub(crate) struct ArticleWork {
    /// Where its copy belongs.
    pub(crate) index: String,
    /// The article, with the results so far.
    pub(crate) article: Article,
    /// The copy that is already stored, there or where the article belonged before.
    pub(crate) copy: Option<StoredDocument>,
    /// The index where the article belonged before; its copy there has to be deleted.
    pub(crate) moved_from: Option<String>,
    /// The results of each enricher, if the document itself has to stay as it is.
    separate_results: Option<BTreeMap<String, Map<String, Value>>>,
    /// The provenance of each enricher's result so far.
    enrichment: Map<String, Value>,
    called: bool,
    /// A model was not called, since the document had no input for it.
    had_empty_input: bool,
    failure: Option<DocumentFailure>,
}

/// A document's query to a model.
#[derive(Debug)]
pub(crate) struct ModelQuery {
    /// The inputs of the model.
    pub(crate) inputs: Vec<ModelInput>,
    digest: String,
}

impl ArticleWork {
    pub(crate) fn new(index: String, article: Article, copy: Option<StoredDocument>) -> Self {
        let enrichment = Map::new();
        Self {
            index,
            article,
            copy,
            moved_from: None,
            separate_results: None,
            enrichment,
            called: false,
            had_empty_input: false,
            failure: None,
        }
    }

    /// The copy is in the index where the article belonged before.
    pub(crate) fn moved(self, from: String) -> Self {
        Self { moved_from: Some(from), ..self }
    }

    /// Keeps the results of each enricher apart, for a comparison.
    pub(crate) fn compared(self) -> Self {
        Self { separate_results: Some(BTreeMap::new()), ..self }
    }

    /// The results of an enricher, if they are kept apart.
    pub(crate) fn result_of(&self, enricher: &str) -> Option<&Map<String, Value>> {
        self.separate_results.as_ref()?.get(enricher)
    }

    /// Records that a model would be called for it.
    pub(crate) fn record_call(&mut self) {
        self.called = true;
    }

    /// The query for the model; `None` if an earlier result can be reused (it is attached), if the
    /// document has no input for this model, or cannot be sent to it (it fails). `run` and `now` are for the
    /// provenance.
    pub(crate) fn prepare(&mut self, model: &PlannedEnricher, run: &str, now: &str) -> Option<ModelQuery> {
        if let Some(field) = provenance::conflict(&self.article.source, model) {
            let message = format!("the document has a field {field:?} of its own");
            self.fail(model, FailureReason::FieldConflict, &message);
            return None;
        }
        let inputs = input::model_inputs(model, &self.article.source).and_then(|inputs| {
            let digest = input::digest(&inputs, &self.article.source)?;
            Ok((inputs, digest))
        });
        let (inputs, digest) = match inputs {
            Ok(inputs) => inputs,
            Err(error) => {
                self.fail(model, FailureReason::InvalidInput, &error.to_string());
                return None;
            }
        };
        match self.copy.as_ref().and_then(|copy| article_state::earlier(copy, model, &digest)) {
            Some(earlier) => {
                self.attach(model, earlier.fields, earlier.provenance);
                None
            }
            // A built-in function returns something for an empty text too.
            None if model.enricher.builtin.is_none()
                && input::is_void(model, &inputs, &self.article.source) =>
            {
                self.leave_out(model, &digest, run, now);
                None
            }
            None => Some(ModelQuery { inputs, digest }),
        }
    }

    /// Skips the model, since there is no input for it. Its fields are left out if they may be.
    fn leave_out(&mut self, model: &PlannedEnricher, digest: &str, run: &str, now: &str) {
        if let Some(output) = model.enricher.outputs.iter().find(|output| !output.optional) {
            let message = format!(
                "the document has no text in any field that the inputs name, and the output {:?} is not optional",
                output.field
            );
            return self.fail(model, FailureReason::EmptyInput, &message);
        }
        let mut provenance = provenance::provenance(model, None, digest, run, now);
        // No run has called the model for it.
        provenance[key::RUN] = Value::Null;
        self.had_empty_input = true;
        self.attach(model, Map::new(), provenance);
    }

    /// Applies the model's reply to a query.
    pub(crate) fn answer(
        &mut self,
        model: &PlannedEnricher,
        query: &ModelQuery,
        reply: Reply,
        run: &str,
        now: &str,
    ) {
        match reply {
            Ok(answer) => {
                self.called = true;
                let provenance =
                    provenance::provenance(model, answer.version.as_deref(), &query.digest, run, now);
                self.attach(model, answer.fields, provenance);
            }
            Err(reason) => self.fail(model, FailureReason::ModelRefused, &reason),
        }
    }

    fn attach(&mut self, model: &PlannedEnricher, fields: Map<String, Value>, provenance: Value) {
        match &mut self.separate_results {
            Some(results) => drop(results.insert(model.name().to_owned(), fields)),
            None => self.article.source.extend(fields),
        }
        self.enrichment.insert(model.name().to_owned(), provenance);
    }

    /// Records that the document cannot be sent to a model.
    pub(crate) fn fail(&mut self, model: &PlannedEnricher, reason: FailureReason, message: &str) {
        let message = format!("{}: {message}", model.name());
        self.failure.get_or_insert(DocumentFailure { reason, message });
    }

    /// How many models have returned their result.
    pub(crate) fn result_count(&self) -> usize {
        self.enrichment.len()
    }

    /// Whether a model was called for it.
    pub(crate) fn called(&self) -> bool {
        self.called
    }

    /// Whether a model was not called since the document had no input for it.
    pub(crate) fn had_empty_input(&self) -> bool {
        self.had_empty_input
    }

    /// The first failure. The results of the other models are kept all the same.
    pub(crate) fn failure(&self) -> Option<&DocumentFailure> {
        self.failure.as_ref()
    }

    /// The enriched copy as JSON.
    pub(crate) fn sealed(&self, run: &str) -> Vec<u8> {
        let mut document = self.article.source.clone();
        provenance::seal(&mut document, self.enrichment.clone(), run);
        // A map of JSON values into a Vec: serde_json cannot fail here.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use docmill_clients::elastic::{ConcurrencyToken, StoredDocument};
    use docmill_clients::model_server::protocol::Answer;
    use serde_json::{Map, Value, json};

    use super::super::selection::hits::Article;
    use super::super::slice_plan::tests::slice_plan;
    use super::{ArticleWork, FailureReason, target_index};

    fn article() -> Article {
        let source = json!({"headline": "Vote", "publishedAt": "2026-01-02T00:00:00Z", "_docmill": {}});
        Article { id: "a".into(), version: 5, source: source.as_object().unwrap().clone(), has_source: true }
    }

    fn fields(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_result_is_used_again_when_the_copy_comes_back() {
        let slice_plan = slice_plan();
        let model = &slice_plan.models[0];
        let mut first = ArticleWork::new("i".into(), article(), None);
        let query = first.prepare(model, "run-1", "now").expect("a query");
        let answer = Answer { fields: fields(&json!({"topic": "politics", "topicScore": 1})), version: None };
        first.answer(model, &query, Ok(answer), "run-1", "2026-01-02T00:00:00.000Z");
        assert!(first.called() && first.failure().is_none());

        let stored: Value = serde_json::from_slice(&first.sealed("run-1")).unwrap();
        let copy = StoredDocument { version: 5, state: ConcurrencyToken::default(), source: fields(&stored) };
        let mut second = ArticleWork::new("i".into(), article(), Some(copy));
        assert!(second.prepare(model, "run-1", "now").is_none());
        assert_eq!((second.result_count(), second.called()), (1, false));
        let again: Value = serde_json::from_slice(&second.sealed("run-2")).unwrap();
        assert_eq!(again["topic"], "politics");
        assert_eq!(again["_docmill"]["enrichment"], stored["_docmill"]["enrichment"]);
        assert_eq!(again["_docmill"]["enrichmentRun"], "run-2");
    }

    #[test]
    fn one_failing_model_keeps_the_results_of_the_others() {
        let slice_plan = slice_plan();
        let mut work = ArticleWork::new("i".into(), article(), None);
        let query = work.prepare(&slice_plan.models[0], "run-1", "now").unwrap();
        work.answer(&slice_plan.models[0], &query, Err("status 400".into()), "run-1", "now");
        let query = work.prepare(&slice_plan.models[1], "run-1", "now").unwrap();
        let answer = Answer { fields: fields(&json!({"embedding": [1.0]})), version: None };
        work.answer(&slice_plan.models[1], &query, Ok(answer), "run-1", "now");
        assert_eq!((work.result_count(), work.failure().unwrap().message.as_str()), (1, "topic: status 400"));
    }

    #[test]
    fn nothing_to_read_is_no_question_and_no_failure_where_the_result_is_optional() {
        let mut slice_plan = slice_plan();
        let void = || Article { source: fields(&json!({"headline": " \n", "_docmill": {}})), ..article() };
        let mut work = ArticleWork::new("i".into(), void(), None);
        assert!(work.prepare(&slice_plan.models[0], "run-1", "now").is_none());
        assert_eq!(work.failure().map(|failure| failure.reason), Some(FailureReason::EmptyInput));

        slice_plan.models[0].enricher.outputs.iter_mut().for_each(|output| output.optional = true);
        let mut work = ArticleWork::new("i".into(), void(), None);
        assert!(work.prepare(&slice_plan.models[0], "run-1", "now").is_none());
        assert_eq!(
            (work.result_count(), work.called(), work.had_empty_input(), work.failure()),
            (1, false, true, None)
        );
        let stored: Value = serde_json::from_slice(&work.sealed("run-1")).unwrap();
        assert_eq!(stored["_docmill"]["enrichment"]["topic"]["modelDigest"], slice_plan.models[0].digest);
        assert!(stored.get("topic").is_none());
    }

    #[test]
    fn a_field_of_the_article_is_never_overwritten() {
        let mut article = article();
        article.source.insert("topic".into(), json!("mine"));
        let mut work = ArticleWork::new("i".into(), article, None);
        assert!(work.prepare(&slice_plan().models[0], "run-1", "now").is_none());
        assert!(work.failure().unwrap().message.contains("\"topic\""));
    }

    #[test]
    fn a_document_that_its_index_does_not_give_says_why() {
        let article = Article { source: Map::new(), has_source: false, ..article() };
        let failure = target_index(&slice_plan().target, &article).unwrap_err();
        assert_eq!(failure.reason, FailureReason::InvalidInput);
        assert!(failure.message.contains("_source"), "{}", failure.message);
    }

    #[test]
    fn a_document_without_a_target_says_why() {
        assert_eq!(target_index(&slice_plan().target, &article()).unwrap(), "enriched-2026");
        let mut undated = article();
        undated.source.remove("publishedAt");
        assert!(target_index(&slice_plan().target, &undated).unwrap_err().message.contains("publishedAt"));
    }
}
