//! What only the operator knows of an erasure: where enriched copies are, and which other erasure goes on. Pure.

use docmill_crds::api::enrichment_run::{EnrichmentMode, EnrichmentRunSpec};
use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::contract::EnrichedTarget;
use docmill_crds::records::enrichments::target_key;
use docmill_crds::template::Template;
use docmill_crds::{IngestRun, IngestSource};
use kube::ResourceExt;

use crate::controllers::run_status::has_ended;

/// Where enrichments write copies of documents of a source, each place once. `specs` are those of the namespace, with the
/// addresses of their connections, as is `source`.
pub fn targets<'a>(
    specs: impl IntoIterator<Item = &'a EnrichmentRunSpec>,
    source: &IngestSource,
) -> Vec<EnrichedTarget> {
    let mut targets: Vec<EnrichedTarget> = Vec::new();
    for spec in specs.into_iter().filter(|spec| takes(spec, source)) {
        // No copy was ever written by a template that cannot be parsed.
        let Ok(template) = Template::parse(&spec.to.index.name) else { continue };
        let (elasticsearch, pattern) = (&spec.to.elasticsearch, template.wildcard());
        let key = spec.from.origin(source.spec.index.as_ref()).map(|origin| target_key(&origin, spec));
        let known = targets
            .iter_mut()
            .find(|known| known.elasticsearch == *elasticsearch && known.pattern == pattern);
        match known {
            Some(known) => {
                let is_new = key.as_ref().is_some_and(|key| !known.target_keys.contains(key));
                known.target_keys.extend(key.filter(|_| is_new));
            }
            None => targets.push(EnrichedTarget {
                elasticsearch: elasticsearch.clone(),
                pattern,
                target_keys: key.into_iter().collect(),
            }),
        }
    }
    targets
}

/// Whether an enrichment stores copies of documents of a source: it names the source, or reads the same cluster.
fn takes(spec: &EnrichmentRunSpec, source: &IngestSource) -> bool {
    let from = &spec.from;
    let reads = match (&from.source_ref, &from.elasticsearch, source.spec.index_cluster()) {
        (Some(named), _, _) => named.name == source.name_any(),
        (None, Some(cluster), Some(index)) => cluster == index,
        _ => false,
    };
    reads && spec.mode == EnrichmentMode::Enrich
}

/// The erasure of the same source that this one has to wait for: two that rewrite the same pack could bring back what the
/// other one has erased.
pub fn in_progress<'r>(run: &IngestRun, all: impl IntoIterator<Item = &'r IngestRun>) -> Option<String> {
    let goes_first = |other: &IngestRun| {
        let has_started = other.status.as_ref().is_some_and(|status| status.start_time.is_some());
        has_started || (!other.spec.suspend && age(other) < age(run))
    };
    let is_rival = |other: &IngestRun| {
        let conditions = other.status.as_ref().map(|status| status.conditions.as_slice());
        erases(other)
            && other.uid() != run.uid()
            && other.namespace() == run.namespace()
            && other.spec.source_ref == run.spec.source_ref
            && !has_ended(conditions.unwrap_or_default())
    };
    let rival = all.into_iter().find(|other| is_rival(other) && goes_first(other));
    rival.filter(|_| erases(run)).map(ResourceExt::name_any)
}

fn erases(run: &IngestRun) -> bool {
    run.spec.mode == IngestMode::Forget && !run.spec.dry_run
}

/// By this, runs take turns.
fn age(run: &IngestRun) -> (Option<k8s_openapi::jiff::Timestamp>, Option<String>) {
    (run.creation_timestamp().map(|time| time.0), run.uid())
}

#[cfg(test)]
mod tests {
    use docmill_crds::{EnrichmentRun, IngestRun};
    use serde_json::{Value, json};

    use super::{in_progress, targets};

    fn enrichment(from: &Value, index: &str, query: &Value) -> EnrichmentRun {
        let mut from = from.clone();
        from["query"] = query.clone();
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "EnrichmentRun", "metadata": {"name": "tone"},
            "spec": {
                "from": from,
                "to": {"elasticsearch": {"urls": ["http://enriched:9200"]}, "index": {"name": index}},
                "enrichers": [],
            },
        }))
        .unwrap()
    }

    #[test]
    fn every_place_with_copies_is_named_once_with_all_that_is_recorded_there() {
        let source = crate::controllers::ingest_source::tests::source();
        let name = source.metadata.name.clone().unwrap();
        let own = json!({"sourceRef": {"name": name}});
        let of_another = json!({"sourceRef": {"name": "another"}});
        let none = Value::Null;
        let mut compare = enrichment(&own, "compared-{publishedAt:%Y}", &none);
        compare.spec.mode = serde_json::from_value(json!("Compare")).unwrap();
        let runs = [
            enrichment(&own, "enriched-{publishedAt:%Y}", &none),
            enrichment(&own, "enriched-{publishedAt:%Y}", &none),
            enrichment(&own, "enriched-{publishedAt:%Y}", &json!({"term": {"language": "en"}})),
            enrichment(&of_another, "others-{publishedAt:%Y}", &none),
            compare,
        ];
        let found = targets(runs.iter().map(|run| &run.spec), &source);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].pattern.as_str(), found[0].target_keys.len()), ("enriched-*", 2));
    }

    fn run(uid: &str, created: u32, status: &Value) -> IngestRun {
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestRun",
            "metadata": {"name": uid, "namespace": "news", "uid": uid,
                         "creationTimestamp": format!("2026-01-01T00:00:0{created}Z")},
            "spec": {"sourceRef": {"name": "wire"}, "mode": "Forget", "forget": {"keys": ["a"]}},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn one_erasure_goes_on_at_a_time() {
        let (first, second) = (run("a", 1, &json!({})), run("b", 2, &json!({})));
        let both = || [first.clone(), second.clone()];
        assert_eq!(in_progress(&first, &both()), None);
        assert_eq!(in_progress(&second, &both()).as_deref(), Some("a"));
        let started = run("b", 2, &json!({"startTime": "2026-01-01T00:01:00Z"}));
        assert_eq!(in_progress(&first, [&started]).as_deref(), Some("b"), "it has begun already");
        let ended = json!({"conditions": [{"type": "Complete", "status": "True", "reason": "Done", "message": "",
            "lastTransitionTime": "2026-01-01T00:02:00Z"}], "startTime": "2026-01-01T00:01:00Z"});
        assert_eq!(in_progress(&second, [&run("a", 1, &ended)]), None);
        let mut other = first.clone();
        other.spec.source_ref.name = "another".into();
        assert_eq!(in_progress(&second, [&other]), None);
    }
}
