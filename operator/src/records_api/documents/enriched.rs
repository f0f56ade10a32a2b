//! The enriched copies of a document: one in each target of the namespace's `EnrichmentRun`s that take documents of its
//! source.

use std::collections::HashSet;

use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_crds::EnrichmentRun;
use docmill_crds::api::enrichment_run::EnrichmentMode;
use docmill_crds::records::enrichments::key::{
    DOCMILL, ENRICHED_TIME, ENRICHMENT, INPUT_DIGEST, MODEL, MODEL_DIGEST, RAW_DIGEST, VERSION,
};
use docmill_crds::records::enrichments::{FailureRecord, enrichments_index, target_key};
use docmill_crds::records_api::stage::{EnrichedStage, EnrichmentFailure, EnrichmentResult};
use docmill_crds::template::Template;
use futures::future::join_all;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use crate::records_api::answer::Failure;
use crate::records_api::answer::store_failure::of_elastic;
use crate::records_api::sources::{OpenSource, Sources};

/// Targets that are asked at most, those of the latest runs.
const MOST_TARGETS: usize = 8;

/// The runs of a namespace, the latest first.
pub struct Enrichments(Vec<EnrichmentRun>);

impl Enrichments {
    /// Lists them.
    pub async fn of(sources: &Sources, namespace: &str) -> Result<Self, Failure> {
        sources.enrichment_runs(namespace).await.map(Self)
    }

    /// The latest run of each target that takes documents of a source.
    fn targets(&self, source: &OpenSource) -> Vec<&EnrichmentRun> {
        let mut seen = HashSet::new();
        let enrich = self.0.iter().filter(|run| run.spec.mode == EnrichmentMode::Enrich);
        let targets = enrich.filter(|run| takes(run, source)).filter(|run| {
            let to = &run.spec.to;
            seen.insert((json!(to.elasticsearch).to_string(), to.index.name.clone()))
        });
        targets.take(MOST_TARGETS).collect()
    }
}

/// Whether a run takes documents of a source: by its name, or since it reads the same indices of a cluster.
fn takes(run: &EnrichmentRun, source: &OpenSource) -> bool {
    let (from, index) = (&run.spec.from, &source.source.spec.index);
    match (&from.source_ref, &from.elasticsearch, index) {
        (Some(named), _, _) => named.name == source.name,
        (None, Some(cluster), Some(index)) => *cluster == index.elasticsearch,
        _ => false,
    }
}

/// The copies of a document, and what could not be asked. `raw_digest` is that of the indexed version.
pub async fn copies(
    sources: &Sources,
    enrichments: &Enrichments,
    source: &OpenSource,
    id: &str,
    raw_digest: Option<&str>,
) -> (Vec<EnrichedStage>, Vec<String>) {
    let asked = enrichments.targets(source).into_iter().map(|run| async move {
        let (target, pattern) = open(sources, run, source).await?;
        let failed = |error: &ElasticError| of_elastic("the enriched index", error);
        let search = body(id, &json!([DOCMILL]));
        let copy = target.search(&pattern, &search).await.map_err(|error| failed(&error))?;
        let failure = match run.spec.from.origin(source.source.spec.index.as_ref()) {
            Some(from) => {
                let failure = FailureRecord::id(&target_key(&from, &run.spec), id);
                target
                    .get(&enrichments_index(&source.namespace), &failure)
                    .await
                    .map_err(|error| failed(&error))?
            }
            None => None,
        };
        let failure = failure.map(|failure| Value::Object(failure.source));
        Ok::<_, Failure>(stage(&run.name_any(), &copy, failure.as_ref(), raw_digest))
    });
    let (mut copies, mut warnings) = (Vec::new(), Vec::new());
    for answer in join_all(asked).await {
        match answer {
            Ok(copy) => copies.push(copy),
            Err(failure) => warnings.push(failure.message),
        }
    }
    (copies, warnings)
}

/// The whole copy of a document: in the target of a run, or in the only target that has one.
pub async fn content(
    sources: &Sources,
    source: &OpenSource,
    id: &str,
    run: Option<&str>,
) -> Result<Value, Failure> {
    let enrichments = Enrichments::of(sources, &source.namespace).await?;
    let runs = match run {
        Some(name) => {
            enrichments.0.iter().filter(|run| run.name_any() == name && takes(run, source)).collect()
        }
        None => enrichments.targets(source),
    };
    let mut found = Vec::new();
    for run in runs {
        let (target, pattern) = open(sources, run, source).await?;
        let answer = target.search(&pattern, &body(id, &json!(true))).await;
        let answer = answer.map_err(|error| of_elastic("the enriched index", &error))?;
        found.extend(answer.pointer("/hits/hits/0/_source").cloned());
    }
    match (found.pop(), found.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Failure::not_found(format!("there is no enriched copy of the document {id:?}"))),
        (Some(_), Some(_)) => {
            Err(Failure::bad_request("several targets have a copy; name an EnrichmentRun: ?run=NAME"))
        }
    }
}

async fn open(
    sources: &Sources,
    run: &EnrichmentRun,
    source: &OpenSource,
) -> Result<(Elastic, String), Failure> {
    let (name, to) = (run.name_any(), &run.spec.to);
    let unusable = |reason: &str| {
        Failure::unavailable(format!(
            "the target of the EnrichmentRun {name:?} cannot be used ({reason}); its conditions say why"
        ))
    };
    let pattern = Template::parse(&to.index.name).map_err(|_| unusable("InvalidTemplate"))?.wildcard();
    let target = sources.enriched(&source.namespace, &to.elasticsearch).await;
    Ok((target.map_err(|fault| unusable(fault.reason))?, pattern))
}

fn body(id: &str, fields: &Value) -> Value {
    json!({"size": 1, "query": {"ids": {"values": [id]}}, "_source": fields})
}

/// What an enriched index and the records of failures say of a document.
fn stage(run: &str, copy: &Value, failure: Option<&Value>, raw_digest: Option<&str>) -> EnrichedStage {
    let hit = copy.pointer("/hits/hits/0");
    let docmill = hit.and_then(|hit| hit.get("_source")).and_then(|source| source.get(DOCMILL));
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let results = docmill.and_then(|docmill| docmill.get(ENRICHMENT)).and_then(Value::as_object);
    let results = results.into_iter().flatten().map(|(name, result)| EnrichmentResult {
        name: name.clone(),
        model: text(result, MODEL),
        version: text(result, VERSION),
        model_digest: text(result, MODEL_DIGEST),
        input_digest: text(result, INPUT_DIGEST),
        enriched_time: text(result, ENRICHED_TIME),
    });
    let copied = docmill.and_then(|docmill| text(docmill, RAW_DIGEST));
    EnrichedStage {
        run: run.to_owned(),
        index: hit.and_then(|hit| text(hit, "_index")),
        is_current: copied.zip(raw_digest).map(|(copied, indexed)| copied == indexed),
        results: results.collect(),
        failure: failure.map(|failure| EnrichmentFailure {
            reason: text(failure, "reason").unwrap_or_default(),
            attempts: failure.get("attempts").and_then(Value::as_i64).unwrap_or_default(),
            updated_time: text(failure, "updatedTime").unwrap_or_default(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::stage;

    #[test]
    fn a_copy_tells_its_models_and_whether_it_is_of_the_indexed_version() {
        let tone = json!({"model": "tone", "version": "v1", "enrichedTime": "2026-01-02T00:00:00Z"});
        let docmill = json!({"rawDigest": "aa", "enrichment": {"tone": tone}});
        let copy = json!({"hits": {"hits": [{"_index": "enriched-1", "_source": {"_docmill": docmill}}]}});
        let told = stage("run-1", &copy, None, Some("aa"));
        assert_eq!((told.index.as_deref(), told.is_current), (Some("enriched-1"), Some(true)));
        assert_eq!(told.results[0].model.as_deref(), Some("tone"));
        assert_eq!(stage("run-1", &copy, None, Some("bb")).is_current, Some(false));
    }

    #[test]
    fn a_failure_is_told_without_its_sentence() {
        let failure =
            json!({"reason": "ModelRefused", "attempts": 3, "updatedTime": "t", "message": "hunter2"});
        let told = stage("run-1", &json!({"hits": {"hits": []}}), Some(&failure), Some("aa"));
        assert_eq!((told.index.as_deref(), told.is_current, told.results.len()), (None, None, 0));
        assert_eq!(told.failure.as_ref().map(|failure| failure.attempts), Some(3));
        assert!(!serde_json::to_string(&told).unwrap().contains("hunter2"));
    }
}
