//! Determines from the stored copy of an article which work remains. No I/O.

use docmill_clients::elastic::StoredDocument;
use docmill_crds::api::enrichment_run::DocumentState;
use docmill_crds::records::enrichments::key;
use serde_json::{Map, Value};

use super::hits::Article;
use crate::enrich::slice_plan::{PlannedEnricher, SlicePlan};

/// The state of an article before any work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArticleState {
    /// It is enriched in this way, or a newer version of it is: nothing to do.
    Settled,
    /// This very run has done it, before its pod was restarted. `cached`: without a call to a model.
    DoneByThisRun {
        /// Whether no model was called for it.
        cached: bool,
    },
    /// It needs work.
    Open,
}

/// Determines the state of an article.
pub fn article_state(
    article: &Article,
    copy: Option<&StoredDocument>,
    slice_plan: &SlicePlan,
) -> ArticleState {
    let Some(copy) = copy else { return ArticleState::Open };
    if copy.version > article.version {
        return ArticleState::Settled;
    }
    let time = at_path(&article.source, &slice_plan.time_field);
    let same_article = time.is_some() && time == at_path(&copy.source, &slice_plan.time_field);
    let same_models = slice_plan.models.iter().all(|model| {
        provenance(&copy.source, model.name(), key::MODEL_DIGEST) == Some(model.digest.as_str())
    });
    if !same_article || !same_models {
        return ArticleState::Open;
    }
    if docmill(&copy.source, key::ENRICHMENT_RUN) == Some(&slice_plan.run) {
        let called = |model: &PlannedEnricher| {
            provenance(&copy.source, model.name(), key::RUN) == Some(slice_plan.run.as_str())
        };
        return ArticleState::DoneByThisRun { cached: !slice_plan.models.iter().any(called) };
    }
    match slice_plan.select.state {
        DocumentState::New | DocumentState::Failed => ArticleState::Settled,
        DocumentState::All => ArticleState::Open,
    }
}

/// A reusable result: the fields of the enricher, and their provenance.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierResult {
    /// Fields and their values.
    pub fields: Map<String, Value>,
    /// What is kept under `_docmill.enrichment.<name>`.
    pub provenance: Value,
}

/// The result that the copy holds for the same model and the same input.
pub fn earlier(copy: &StoredDocument, model: &PlannedEnricher, input_digest: &str) -> Option<EarlierResult> {
    let is_same = provenance(&copy.source, model.name(), key::MODEL_DIGEST) == Some(model.digest.as_str())
        && provenance(&copy.source, model.name(), key::INPUT_DIGEST) == Some(input_digest);
    if !is_same {
        return None;
    }
    let mut fields = Map::new();
    for output in &model.enricher.outputs {
        match copy.source.get(&output.field) {
            Some(value) => drop(fields.insert(output.field.clone(), value.clone())),
            None if output.optional => {}
            None => return None,
        }
    }
    let provenance = copy.source.get(key::DOCMILL)?.get(key::ENRICHMENT)?.get(model.name())?.clone();
    Some(EarlierResult { fields, provenance })
}

/// The value at a dotted path.
pub(crate) fn at_path<'a>(source: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = source.get(path) {
        return Some(value);
    }
    let (name, rest) = path.split_once('.')?;
    at_path(source.get(name)?.as_object()?, rest)
}

fn docmill<'a>(source: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    source.get(key::DOCMILL)?.get(key)?.as_str()
}

fn provenance<'a>(source: &'a Map<String, Value>, enricher: &str, key: &str) -> Option<&'a str> {
    source.get(key::DOCMILL)?.get(key::ENRICHMENT)?.get(enricher)?.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use docmill_clients::elastic::{ConcurrencyToken, StoredDocument};
    use docmill_crds::api::enrichment_run::DocumentState;
    use serde_json::{Value, json};

    use super::super::hits::Article;
    use super::{ArticleState, article_state, earlier};
    use crate::enrich::slice_plan::tests::slice_plan;

    fn article() -> Article {
        let source = json!({"headline": "h", "_docmill": {"indexedTime": "2026-01-02T00:00:00.000Z"}});
        Article { id: "a".into(), version: 5, source: source.as_object().unwrap().clone(), has_source: true }
    }

    fn copy(change: impl Fn(&mut Value)) -> StoredDocument {
        let slice_plan = slice_plan();
        let provenance_of = |at: usize| json!({"modelDigest": slice_plan.models[at].digest, "inputDigest": "i", "run": "run-0"});
        let mut source = json!({
            "topic": "sport", "topicScore": 0.5, "embedding": [1.0, 2.0],
            "_docmill": {
                "indexedTime": "2026-01-02T00:00:00.000Z",
                "enrichmentRun": "run-0",
                "enrichment": {"topic": provenance_of(0), "embedding": provenance_of(1)},
            },
        });
        change(&mut source);
        StoredDocument {
            version: 5,
            state: ConcurrencyToken::default(),
            source: source.as_object().unwrap().clone(),
        }
    }

    fn state_of_copy(copy: &StoredDocument) -> ArticleState {
        article_state(&article(), Some(copy), &slice_plan())
    }

    #[test]
    fn an_article_without_a_copy_is_open() {
        assert_eq!(article_state(&article(), None, &slice_plan()), ArticleState::Open);
    }

    #[test]
    fn a_copy_by_an_earlier_run_settles_it_unless_all_are_asked_for() {
        let copy = copy(|_| {});
        assert_eq!(state_of_copy(&copy), ArticleState::Settled);
        let mut all = slice_plan();
        all.select.state = DocumentState::All;
        assert_eq!(article_state(&article(), Some(&copy), &all), ArticleState::Open);
    }

    #[test]
    fn a_changed_article_or_model_opens_it() {
        for change in [
            |copy: &mut Value| copy["_docmill"]["indexedTime"] = json!("2026-01-01T00:00:00.000Z"),
            |copy: &mut Value| copy["_docmill"]["enrichment"]["embedding"]["modelDigest"] = json!("other"),
            |copy: &mut Value| copy["_docmill"]["enrichment"]["topic"] = Value::Null,
            |copy: &mut Value| copy["_docmill"] = json!("odd"),
        ] {
            assert_eq!(state_of_copy(&copy(change)), ArticleState::Open);
        }
    }

    #[test]
    fn the_copy_of_a_newer_version_is_left_alone() {
        let newer = StoredDocument { version: 6, ..copy(|copy| copy["_docmill"] = json!({})) };
        assert_eq!(state_of_copy(&newer), ArticleState::Settled);
    }

    #[test]
    fn what_this_run_did_before_a_restart_is_told_from_what_others_did() {
        let stored = copy(|copy| copy["_docmill"]["enrichmentRun"] = json!("run-1"));
        assert_eq!(state_of_copy(&stored), ArticleState::DoneByThisRun { cached: true });
        let called = copy(|copy| {
            copy["_docmill"]["enrichmentRun"] = json!("run-1");
            copy["_docmill"]["enrichment"]["embedding"]["run"] = json!("run-1");
        });
        assert_eq!(state_of_copy(&called), ArticleState::DoneByThisRun { cached: false });
    }

    #[test]
    fn a_result_is_used_again_for_the_same_input_only() {
        let slice_plan = slice_plan();
        let stored = copy(|_| {});
        let again = earlier(&stored, &slice_plan.models[0], "i").expect("a result");
        assert_eq!(json!(again.fields), json!({"topic": "sport", "topicScore": 0.5}));
        assert_eq!(again.provenance["run"], "run-0");
        assert_eq!(earlier(&stored, &slice_plan.models[0], "other"), None);
        let incomplete = copy(|copy| drop(copy.as_object_mut().unwrap().remove("topicScore")));
        assert_eq!(earlier(&incomplete, &slice_plan.models[0], "i"), None);
    }
}
