//! The rules (CEL) of the resources, evaluated as the API server does, on resources as it stores them: with the
//! schema's defaults.

#![allow(clippy::expect_used, reason = "a test ends by it")]

use docmill_crds::{
    ClusterConnection, Connection, ConversionModel, EnrichmentRun, IngestRun, IngestSource, manifests,
};
use serde_json::{Value, json};

fn source() -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "IngestSource",
        "metadata": {"name": "wire"},
        "spec": {
            "storage": {"region": "r"},
            "raw": {"bucket": "raw"},
            "trigger": {"sqs": {"queueURL": "http://sqs/1/q"}},
            "conversion": {"preset": "nitf"},
            "snapshots": {"bucket": "json"},
            "errors": {"bucket": "errors"},
            "index": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "a-{publishedAt:%Y}", "id": "{guid}"},
        },
    })
}

fn run() -> Value {
    let outputs = json!([{"from": "t", "field": "f", "type": "Number"}]);
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "EnrichmentRun",
        "metadata": {"name": "run"},
        "spec": {
            "from": {"sourceRef": {"name": "wire"}},
            "to": {"elasticsearch": {"urls": ["http://es:9200"]}, "index": {"name": "e-{publishedAt:%Y}"}},
            "enrichers": [{
                "name": "e",
                "openInference": {"url": "http://m:8080", "model": "m"},
                "inputs": [{"name": "text", "template": "{headline}"}],
                "outputs": outputs,
            }],
        },
    })
}

/// What the rules say against a source that was changed at one place.
fn source_fault(place: &str, value: Value) -> Option<String> {
    let mut changed = source();
    let (parent, name) = place.rsplit_once('/').expect("a place");
    changed.pointer_mut(parent).expect("a parent")[name] = value;
    let source: IngestSource = serde_json::from_value(changed).expect("a source");
    source.validate_cel().err().map(|errors| format!("{errors:?}"))
}

#[test]
fn sound_resources_are_taken() {
    assert_eq!(source_fault("/spec/suspend", json!(true)), None);
    let run: EnrichmentRun = serde_json::from_value(run()).expect("a run");
    assert!(run.validate_cel().is_ok());
}

#[test]
fn aliases_are_other_names_than_those_of_indices() {
    for (place, value, expected) in [
        ("/spec/index/aliases", json!(["news", "a-{publishedAt:%Y}"]), "another name than the index"),
        ("/spec/index/aliases", json!(["news", "docmill-units-news.wire"]), "must not start with docmill-"),
    ] {
        let fault = source_fault(place, value).expect("a fault");
        assert!(fault.contains(expected), "{fault}");
    }
    assert_eq!(source_fault("/spec/index/aliases", json!(["news"])), None);
    assert_eq!(source_fault("/spec/index/settings", json!({"analysis": {"analyzer": {}}})), None);
}

#[test]
fn aliases_of_enriched_indices_are_other_names_too() {
    let fault = |aliases: Value| {
        let mut changed = run();
        changed["spec"]["to"]["index"]["aliases"] = aliases;
        let run: EnrichmentRun = serde_json::from_value(changed).expect("a run");
        run.validate_cel().err().map(|errors| format!("{errors:?}"))
    };
    for (aliases, expected) in [
        (json!(["e-{publishedAt:%Y}"]), "another name than the index"),
        (json!(["docmill-enriched"]), "must not start with docmill-"),
    ] {
        let fault = fault(aliases).expect("a fault");
        assert!(fault.contains(expected), "{fault}");
    }
    assert_eq!(fault(json!(["enriched"])), None);
}

#[test]
fn snapshots_and_errors_lie_outside_of_raw() {
    for place in ["/spec/snapshots", "/spec/errors"] {
        let fault = source_fault(place, json!({"bucket": "raw"})).expect("a fault");
        assert!(fault.contains("must lie outside raw"), "{fault}");
    }
}

#[test]
fn one_bucket_with_prefixes_that_do_not_contain_each_other_is_taken() {
    let mut source = source();
    source["spec"]["raw"]["prefix"] = json!("in/");
    source["spec"]["snapshots"] = json!({"bucket": "raw", "prefix": "json/"});
    let source: IngestSource = serde_json::from_value(source).expect("a source");
    assert!(source.validate_cel().is_ok());
}

#[test]
fn without_an_index_the_ledger_needs_a_cluster_of_its_own() {
    let mut converting = source();
    converting["spec"].as_object_mut().expect("a spec").remove("index");
    let checked = |source: &Value| {
        let source: IngestSource = serde_json::from_value(source.clone()).expect("a source");
        source.validate_cel().map_err(|errors| format!("{errors:?}"))
    };
    let fault = checked(&converting).expect_err("nobody would keep the records");
    assert!(fault.contains("ledger.elasticsearch must say"), "{fault}");
    converting["spec"]["ledger"] = json!({"adopt": true});
    let fault = checked(&converting).expect_err("nobody would keep the records");
    assert!(fault.contains("ledger.elasticsearch must say"), "{fault}");
    assert_eq!(source_fault("/spec/ledger", json!({"adopt": true})), None);
    converting["spec"]["ledger"] = json!({"elasticsearch": {"urls": ["http://es:9200"]}});
    assert_eq!(checked(&converting), Ok(()));
    assert_eq!(source_fault("/spec/ledger", converting["spec"]["ledger"].clone()), None);
}

#[test]
fn a_retention_says_which_records_expire() {
    let fault = |retention: Value| source_fault("/spec/ledger", json!({"retention": retention}));
    assert_eq!(fault(json!({"supersededSeconds": 60})), None);
    assert_eq!(fault(json!({"removedSeconds": 60})), None);
    assert!(fault(json!({})).expect("a fault").contains("set supersededSeconds, removedSeconds, or both"));
}

#[test]
fn what_is_signed_for_is_one_endpoint_of_a_known_service() {
    let signed =
        |urls: Value, service: &str| json!({"urls": urls, "aws": {"region": "r", "service": service}});
    let fault = |cluster: Value| source_fault("/spec/index/elasticsearch", cluster);
    assert_eq!(fault(signed(json!(["https://a"]), "es")), None);
    assert_eq!(fault(signed(json!(["https://a"]), "aoss")), None);
    assert!(fault(signed(json!(["https://a", "https://b"]), "es")).expect("a fault").contains("one URL"));
    let other = serde_json::from_value::<docmill_crds::api::elasticsearch::ElasticsearchCluster>(signed(
        json!([]),
        "s3",
    ));
    assert!(other.is_err());
}

#[test]
fn names_of_indices_and_long_names_of_resources_are_refused() {
    assert!(source_fault("/spec/index/name", json!("Articles")).expect("a fault").contains("lower case"));
    let own = source_fault("/spec/index/name", json!("docmill-units-news.{guid}")).expect("a fault");
    assert!(own.contains("must not start with docmill-"), "{own}");
    let mut run = run();
    run["spec"]["to"]["index"]["name"] = json!("docmill-enrichments-{guid}");
    let run: EnrichmentRun = serde_json::from_value(run).expect("a run");
    assert!(format!("{:?}", run.validate_cel()).contains("must not start with docmill-"));
    assert!(source_fault("/spec/index/id", json!("guid")).expect("a fault").contains("at least one field"));
    assert!(
        source_fault("/metadata/name", json!("a".repeat(53))).expect("a fault").contains("52 characters")
    );
}

#[test]
fn constraints_are_for_types_that_they_fit() {
    let fault = |properties: Value| {
        let mut field = json!({"name": "a", "path": ["a"]});
        field.as_object_mut().expect("a field").extend(properties.as_object().expect("properties").clone());
        source_fault("/spec/conversion/fields", json!([field]))
    };
    for (properties, expected) in [
        (json!({"type": "integer", "pattern": "a"}), "pattern, minLength and maxLength are for"),
        (json!({"type": "dateTime", "maxLength": 1}), "pattern, minLength and maxLength are for"),
        (json!({"minimum": 1}), "minimum and maximum are for"),
        (json!({"type": "boolean", "maximum": "x"}), "minimum and maximum are for"),
        (json!({"minItems": 1}), "minItems and maxItems are for"),
        (json!({"type": "date", "timeZone": "UTC"}), "timeZone is for"),
        (json!({"type": "uri", "formats": ["%F"]}), "formats is for"),
        (json!({"earliest": "now-1d"}), "earliest and latest are for"),
        (
            json!({"type": "object", "enum": ["a"], "fields": [{"name": "b", "path": ["b"]}]}),
            "an object has no enum",
        ),
    ] {
        let found = fault(properties.clone()).unwrap_or_default();
        assert!(found.contains(expected), "{properties}: {found}");
    }
    for sound in [
        json!({"type": "language", "pattern": "a", "minLength": 1, "enum": ["en"]}),
        json!({"type": "dateTime", "timeZone": "UTC", "formats": ["%F"], "minimum": "2026-01-02T00:00:00Z"}),
        json!({"type": "date", "earliest": "2026-01-02", "latest": "now+7d"}),
        json!({"type": "integer", "maximum": 5, "repeated": true, "maxItems": 2}),
    ] {
        assert_eq!(fault(sound), None);
    }
}

#[test]
fn a_binary_source_says_nothing_of_what_is_in_its_objects() {
    let fault = |conversion: Value| source_fault("/spec/conversion", conversion);
    assert_eq!(fault(json!({"format": "Binary"})), None);
    assert_eq!(fault(json!({"format": "Binary", "limits": {"maxObjectBytes": 1000}})), None);
    for part in [
        json!({"preset": "nitf"}),
        json!({"record": "/a"}),
        json!({"emptyIf": ["/a"]}),
        json!({"namespaces": {"a": "b"}}),
        json!({"defaultNamespaces": [""]}),
        json!({"fields": [{"name": "a", "path": ["a"]}]}),
        json!({"extra": "Keep"}),
        json!({"timeZone": "UTC"}),
        json!({"base": ["/a"]}),
        json!({"entities": "Named"}),
        json!({"repairs": ["LeadingSpace"]}),
        json!({"encoding": "utf-8"}),
        json!({"concatenated": true}),
        json!({"blocks": ["P"]}),
        json!({"lines": ["P"]}),
        json!({"cells": ["P"]}),
        json!({"inline": ["P"]}),
        json!({"archive": {"members": ["*.xml"]}}),
    ] {
        let mut conversion = json!({"format": "Binary"});
        conversion.as_object_mut().expect("a model").extend(part.as_object().expect("a part").clone());
        let found = fault(conversion).unwrap_or_default();
        assert!(found.contains("leave out preset, record"), "{part}: {found}");
    }
    let limited = fault(json!({"format": "Binary", "limits": {"maxNodes": 5}})).expect("a fault");
    assert!(limited.contains("only maxObjectBytes is for them"), "{limited}");
    assert!(fault(json!({"format": "Xml"})).expect("a fault").contains("name a preset"));
    assert_eq!(fault(json!({"preset": "nitf", "limits": {"maxNodes": 5}})), None);
}

#[test]
fn how_xml_is_read_is_not_for_json() {
    let fault = |part: Value| {
        let mut conversion =
            json!({"format": "Json", "record": "$", "fields": [{"name": "a", "path": ["a"]}]});
        conversion.as_object_mut().expect("a model").extend(part.as_object().expect("a part").clone());
        source_fault("/spec/conversion", conversion)
    };
    assert_eq!(fault(json!({"concatenated": false})), None);
    assert_eq!(fault(json!({"archive": {"members": ["*.json"], "maxMembers": 10}})), None);
    for part in [
        json!({"entities": "Named"}),
        json!({"repairs": ["LeadingSpace"]}),
        json!({"encoding": "utf-8"}),
        json!({"concatenated": true}),
        json!({"blocks": ["P"]}),
        json!({"lines": ["P"]}),
        json!({"cells": ["P"]}),
        json!({"inline": ["P"]}),
    ] {
        let found = fault(part.clone()).unwrap_or_default();
        assert!(found.contains("are for Xml"), "{part}: {found}");
    }
}

#[test]
fn a_conversion_refers_to_a_model_or_states_one() {
    let fault = |conversion: Value| source_fault("/spec/conversion", conversion);
    assert_eq!(fault(json!({"modelRef": {"name": "nitf-eu"}})), None);
    for part in [
        json!({"format": "Json"}),
        json!({"preset": "nitf"}),
        json!({"record": "/a"}),
        json!({"emptyIf": ["/a"]}),
        json!({"namespaces": {"a": "b"}}),
        json!({"defaultNamespaces": [""]}),
        json!({"fields": [{"name": "a", "path": ["a"]}]}),
        json!({"extra": "Keep"}),
        json!({"timeZone": "UTC"}),
        json!({"base": ["/a"]}),
        json!({"entities": "Named"}),
        json!({"repairs": ["LeadingSpace"]}),
        json!({"encoding": "utf-8"}),
        json!({"concatenated": true}),
        json!({"blocks": ["P"]}),
        json!({"lines": ["P"]}),
        json!({"cells": ["P"]}),
        json!({"inline": ["P"]}),
        json!({"archive": {}}),
        json!({"limits": {"maxNodes": 5}}),
    ] {
        let mut conversion = json!({"modelRef": {"name": "nitf-eu"}});
        conversion.as_object_mut().expect("a model").extend(part.as_object().expect("a part").clone());
        let found = fault(conversion).unwrap_or_default();
        assert!(found.contains("leave out every other field"), "{part}: {found}");
    }
    assert!(fault(json!({})).expect("a fault").contains("or name a ConversionModel"));
}

#[test]
fn a_model_is_a_conversion_that_refers_to_no_other() {
    let fault = |spec: Value| {
        let model = json!({
            "apiVersion": "docmill.io/v1beta1",
            "kind": "ConversionModel",
            "metadata": {"name": "nitf-eu"},
            "spec": spec,
        });
        let model: ConversionModel = serde_json::from_value(model).expect("a model");
        model.validate_cel().err().map(|errors| format!("{errors:?}"))
    };
    assert_eq!(fault(json!({"preset": "nitf"})), None);
    assert_eq!(fault(json!({"format": "Binary"})), None);
    let unstated = fault(json!({"record": "/a"})).expect("a fault");
    assert!(unstated.contains("preset, or record and fields"), "{unstated}");
    let manifests = manifests::all().expect("definitions");
    let (_, definition) =
        manifests.iter().find(|(name, _)| name == "conversionmodels.yaml").expect("its file");
    assert!(!definition.contains("modelRef:") && !definition.contains("self.modelRef"), "{definition}");
    assert!(!unstated.contains("or name a ConversionModel"), "{unstated}");
}

#[test]
fn a_run_has_one_origin() {
    let mut both = run();
    both["spec"]["from"]["elasticsearch"] = json!({"urls": ["http://es:9200"]});
    both["spec"]["from"]["index"] = json!({"name": "a-*"});
    let both: EnrichmentRun = serde_json::from_value(both).expect("a run");
    assert!(format!("{:?}", both.validate_cel()).contains("exactly one of sourceRef and elasticsearch"));
}

#[test]
fn conditions_on_documents_go_with_all_of_them() {
    let fault = |select: Value| {
        let run: EnrichmentRun =
            serde_json::from_value(with(run(), &json!({"select": select}))).expect("a run");
        run.validate_cel().err().map(|errors| format!("{errors:?}"))
    };
    let from = json!({"from": "2026-01-01T00:00:00Z"});
    for sound in [
        json!({}),
        json!({"state": "Failed"}),
        json!({"state": "All"}),
        json!({"state": "All", "indexedTime": from, "ids": ["a"], "query": {"exists": {"field": "a"}}}),
    ] {
        assert_eq!(fault(sound.clone()), None, "{sound}");
    }
    for (select, expected) in [
        (json!({"ids": ["a"]}), "go with state All"),
        (json!({"state": "New", "query": {"match_all": {}}}), "go with state All"),
        (json!({"state": "Failed", "indexedTime": from}), "go with state All"),
        (json!({"state": "All", "indexedTime": {}}), "set from, until, or both"),
    ] {
        let found = fault(select.clone()).unwrap_or_default();
        assert!(found.contains(expected), "{select}: {found}");
    }
}

#[test]
fn a_source_has_at_least_one_trigger() {
    assert!(source_fault("/spec/trigger", json!({})).expect("a fault").contains("set sqs, poll, or both"));
    let poll = json!({"intervalSeconds": 10, "lexicographicalOrdering": true});
    assert_eq!(source_fault("/spec/trigger", json!({"poll": poll})), None);
    assert_eq!(
        source_fault("/spec/trigger", json!({"poll": poll, "sqs": {"queueURL": "http://s/1/q"}})),
        None
    );
}

/// An ingest run of a mode with these fields.
fn ingest_run(mode: &str, fields: &Value) -> Value {
    let run = json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "IngestRun",
        "metadata": {"name": "run"},
        "spec": {"sourceRef": {"name": "wire"}, "mode": mode},
    });
    with(run, fields)
}

/// A resource with other values for these fields of its spec; null takes a field out.
fn with(mut resource: Value, fields: &Value) -> Value {
    let spec = resource["spec"].as_object_mut().expect("a spec");
    spec.extend(fields.as_object().expect("fields").clone());
    spec.retain(|_, value| !value.is_null());
    resource
}

/// What the rules say against an ingest run of a mode with these fields.
fn run_fault(mode: &str, fields: &Value) -> Option<String> {
    let run: IngestRun = serde_json::from_value(ingest_run(mode, fields)).expect("a run");
    run.validate_cel().err().map(|errors| format!("{errors:?}"))
}

#[test]
fn each_mode_takes_what_it_is_for() {
    let shadow = || json!({"conversion": {"preset": "nitf"}});
    for (mode, fields) in [
        ("Process", json!({"select": {"prefix": "wire/", "modifiedTime": {"from": "2026-01-01T00:00:00Z"}}})),
        ("Process", json!({"select": {"keys": ["wire/a.xml"]}, "dryRun": true, "maxUnitsPerSecond": 5})),
        (
            "Replay",
            json!({"select": {"failed": {"reasons": ["MissingField"], "since": "2026-01-01T00:00:00Z"}}}),
        ),
        ("Reconvert", json!({"select": {"revisionNot": "Current"}})),
        ("Shadow", shadow()),
        ("Shadow", json!({"conversion": {"modelRef": {"name": "nitf-eu"}}})),
        ("Audit", json!({"repair": true})),
        ("Audit", json!({"repair": true, "maxDeletedUnits": 0})),
        ("Manifest", json!({})),
        ("Manifest", json!({"day": "2026-11-29"})),
        ("Forget", json!({"forget": {"documents": ["urn:a"]}})),
        ("Forget", json!({"forget": {"keys": ["wire/a.xml"], "raw": true}, "dryRun": true})),
    ] {
        assert_eq!(run_fault(mode, &fields), None, "{mode} with {fields}");
    }
    for (mode, fields, expected) in [
        ("Process", json!({"select": {"failed": {}}}), "select.failed is for mode Replay"),
        ("Audit", json!({"day": "2026-11-29"}), "day is for mode Manifest"),
        ("Manifest", json!({"dryRun": true}), "mode Manifest tells of all units of a day"),
        ("Manifest", json!({"select": {"prefix": "a"}}), "mode Manifest tells of all units of a day"),
        ("Manifest", json!({"maxUnitsPerSecond": 5}), "mode Manifest tells of all units of a day"),
        ("Replay", json!({"select": {"revisionNot": "Current"}}), "revisionNot is for mode Reconvert"),
        ("Shadow", json!({}), "conversion goes with mode Shadow"),
        ("Reconvert", shadow(), "conversion goes with mode Shadow"),
        ("Process", json!({"repair": true}), "repair is for mode Audit"),
        ("Audit", json!({"maxDeletedUnits": 5}), "maxDeletedUnits goes with repair"),
        ("Audit", json!({"dryRun": true}), "dryRun is not for mode Audit"),
        ("Audit", json!({"maxUnitsPerSecond": 5}), "maxUnitsPerSecond is for the modes Process"),
        ("Audit", json!({"select": {"prefix": "a"}}), "select is not for mode Audit"),
        ("Forget", json!({}), "forget goes with mode Forget"),
        ("Process", json!({"forget": {"keys": ["a"]}}), "forget goes with mode Forget"),
        ("Forget", json!({"forget": {}}), "name what is to be forgotten"),
        ("Forget", json!({"forget": {"keys": ["a"]}, "select": {"keys": ["a"]}}), "leave out select"),
        ("Forget", json!({"forget": {"keys": ["a"]}, "maxUnitsPerSecond": 5}), "leave out select"),
        ("Process", json!({"select": {"keys": ["a"], "prefix": "a"}}), "keys names the objects"),
        ("Process", json!({"select": {"modifiedTime": {}}}), "set from, until, or both"),
        (
            "Process",
            json!({"select": {"modifiedTime": {"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}}}),
            "from must be before until",
        ),
    ] {
        let found = run_fault(mode, &fields).unwrap_or_default();
        assert!(found.contains(expected), "{mode} with {fields}: {found}");
    }
}

/// What can be changed about a run of either kind.
const CHANGEABLE: [&str; 3] = ["suspend", "parallelism", "ttlSecondsAfterFinished"];

/// Checks that these changes are taken, each also back again.
fn can_change(fault: impl Fn(&Value, &Value) -> Option<String>, old: &Value, changes: &[Value]) {
    for change in changes {
        let new = with(old.clone(), change);
        assert_eq!(fault(old, &new), None, "{change}");
        assert_eq!(fault(&new, old), None, "{change} back again");
    }
}

/// Checks that these changes are refused in these words, each also back again.
fn cannot_change(
    fault: impl Fn(&Value, &Value) -> Option<String>,
    old: &Value,
    changes: &[Value],
    words: &str,
) {
    for change in changes {
        let new = with(old.clone(), change);
        for (old, new) in [(old, &new), (&new, old)] {
            let found = fault(old, new).unwrap_or_default();
            assert!(found.contains(words), "{change}: {found}");
        }
    }
}

#[test]
fn an_ingest_run_can_be_suspended_and_given_other_pods_and_another_time_to_live() {
    let fault = |old: &Value, new: &Value| {
        let [old, new]: [IngestRun; 2] =
            [old, new].map(|run| serde_json::from_value(run.clone()).expect("a run"));
        new.validate_cel_update(&old).err().map(|errors| format!("{errors:?}"))
    };
    let run = ingest_run("Reconvert", &json!({"select": {"prefix": "wire/"}, "activeDeadlineSeconds": 60}));
    let changes = [
        json!({}),
        json!({"suspend": true}),
        json!({"parallelism": 9}),
        json!({"ttlSecondsAfterFinished": 5}),
        json!({"suspend": true, "parallelism": 2, "ttlSecondsAfterFinished": 0}),
    ];
    can_change(fault, &run, &changes);
    let changes = [
        json!({"sourceRef": {"name": "other"}}),
        json!({"mode": "Process"}),
        json!({"select": {"prefix": "other/"}}),
        json!({"select": null}),
        json!({"dryRun": true}),
        json!({"backoffLimit": 0}),
        json!({"activeDeadlineSeconds": 61}),
        json!({"activeDeadlineSeconds": null}),
        json!({"maxUnitsPerSecond": 5}),
        json!({"parallelism": 2, "backoffLimit": 0}),
    ];
    let words = "immutable but for suspend, parallelism and ttlSecondsAfterFinished";
    cannot_change(fault, &run, &changes, words);
    let shadow = ingest_run("Shadow", &json!({"conversion": {"preset": "nitf"}}));
    cannot_change(fault, &shadow, &[json!({"conversion": {"preset": "newsml-g2"}})], words);
    cannot_change(fault, &ingest_run("Audit", &json!({})), &[json!({"repair": true})], words);
    let audit = ingest_run("Audit", &json!({"repair": true, "maxDeletedUnits": 5}));
    cannot_change(fault, &audit, &[json!({"maxDeletedUnits": 6}), json!({"maxDeletedUnits": null})], words);
    let forget = ingest_run("Forget", &json!({"forget": {"keys": ["a"]}}));
    cannot_change(fault, &forget, &[json!({"forget": {"keys": ["b"]}})], words);
}

#[test]
fn an_enrichment_run_can_be_suspended_and_given_another_budget_other_pods_and_another_time_to_live() {
    let fault = |old: &Value, new: &Value| {
        let [old, new]: [EnrichmentRun; 2] =
            [old, new].map(|run| serde_json::from_value(run.clone()).expect("a run"));
        new.validate_cel_update(&old).err().map(|errors| format!("{errors:?}"))
    };
    let changes = [
        json!({}),
        json!({"suspend": true}),
        json!({"budget": {"calls": 1}}),
        json!({"parallelism": 9}),
        json!({"ttlSecondsAfterFinished": 5}),
    ];
    can_change(fault, &run(), &changes);
    let changes = [
        json!({"select": {"state": "All"}}),
        json!({"backoffLimit": 0}),
        json!({"activeDeadlineSeconds": 60}),
        json!({"maxDocuments": 5}),
        json!({"dryRun": true}),
        json!({"podTemplate": {"spec": {"priorityClassName": "low"}}}),
    ];
    let words = "immutable but for suspend, budget, parallelism and ttlSecondsAfterFinished";
    cannot_change(fault, &run(), &changes, words);
}

#[test]
fn every_other_field_of_a_run_is_named_by_the_rule_that_keeps_it() {
    let definitions = manifests::all().expect("definitions");
    for (kind, changeable) in
        [("ingestruns", CHANGEABLE.to_vec()), ("enrichmentruns", [&CHANGEABLE[..], &["budget"]].concat())]
    {
        let (_, text) = definitions.iter().find(|(name, _)| name.starts_with(kind)).expect("a definition");
        let definition: Value = serde_saphyr::from_str(text).expect("YAML");
        let schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema").expect("a schema");
        let rules = schema["x-kubernetes-validations"].as_array().expect("rules");
        let mut rules = rules.iter().filter_map(|rule| rule["rule"].as_str());
        let rule = rules.find(|rule| rule.contains("oldSelf")).expect("a rule");
        for field in schema["properties"]["spec"]["properties"].as_object().expect("fields").keys() {
            let kept = rule.contains(&format!("self.spec.{field} == oldSelf.spec.{field}"));
            assert_eq!(kept, !changeable.contains(&field.as_str()), "{kind}: spec.{field}");
        }
    }
}

#[test]
fn fields_that_rules_read_without_asking_have_a_default_in_the_schema() {
    let definitions = manifests::all().expect("definitions");
    let (_, text) =
        definitions.iter().find(|(name, _)| name.starts_with("ingestsources")).expect("a definition");
    let definition: Value = serde_saphyr::from_str(text).expect("YAML");
    for place in ["raw", "snapshots", "errors"] {
        let schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
        let default = definition.pointer(&format!("{schema}/{place}/properties/prefix/default"));
        assert_eq!(default, Some(&json!("")), "spec.{place}.prefix");
    }
}

/// What the rules say against a source whose worker pods have these settings.
fn pod_fault(settings: &Value) -> Option<String> {
    source_fault("/spec/workers", json!({"podTemplate": {"spec": settings}}))
}

#[test]
fn a_volume_has_one_kind_and_a_mount_names_a_volume() {
    let mount = |name: &str| json!([{"name": name, "mountPath": "/mnt/a"}]);
    let empty = json!([{"name": "a", "emptyDir": {}}]);
    assert_eq!(pod_fault(&json!({"volumes": empty})), None);
    assert_eq!(pod_fault(&json!({"volumes": empty, "volumeMounts": mount("a")})), None);
    let all = json!({"sources": [{"secret": {"name": "s"}}, {"downwardAPI": {"items": []}}]});
    for volume in [
        json!({"name": "a", "configMap": {"name": "c"}}),
        json!({"name": "a", "secret": {"secretName": "s"}}),
        json!({"name": "a", "persistentVolumeClaim": {"claimName": "c"}}),
        json!({"name": "a", "csi": {"driver": "d"}}),
        json!({"name": "a", "projected": all}),
    ] {
        assert_eq!(pod_fault(&json!({"volumes": [volume]})), None, "{volume}");
    }
    let several = json!({"sources": [{"secret": {"name": "s"}, "configMap": {"name": "c"}}]});
    for (settings, expected) in [
        (json!({"volumes": [{"name": "a"}]}), "exactly one of configMap, secret, emptyDir"),
        (
            json!({"volumes": [{"name": "a", "emptyDir": {}, "configMap": {"name": "c"}}]}),
            "exactly one of configMap, secret, emptyDir",
        ),
        (
            json!({"volumes": [{"name": "a", "projected": {"sources": [{}]}}]}),
            "exactly one of configMap, secret and downwardAPI",
        ),
        (
            json!({"volumes": [{"name": "a", "projected": several}]}),
            "exactly one of configMap, secret and downwardAPI",
        ),
        (json!({"volumeMounts": mount("a")}), "each of volumeMounts must name"),
        (json!({"volumes": empty, "volumeMounts": mount("b")}), "each of volumeMounts must name"),
    ] {
        let found = pod_fault(&settings).unwrap_or_default();
        assert!(found.contains(expected), "{settings}: {found}");
    }
}

#[test]
fn a_variable_has_one_value() {
    let secret = json!({"secretKeyRef": {"name": "s", "key": "k"}});
    let both =
        json!({"secretKeyRef": {"name": "s", "key": "k"}, "configMapKeyRef": {"name": "c", "key": "k"}});
    let env = |variable: Value| pod_fault(&json!({"env": [variable]}));
    for sound in [
        json!({"name": "A"}),
        json!({"name": "A", "value": "a"}),
        json!({"name": "A", "valueFrom": secret}),
        json!({"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}),
    ] {
        assert_eq!(env(sound.clone()), None, "{sound}");
    }
    for (variable, expected) in [
        (json!({"name": "A", "value": "a", "valueFrom": secret}), "value or valueFrom, not both"),
        (json!({"name": "A", "valueFrom": {}}), "exactly one of secretKeyRef and configMapKeyRef"),
        (json!({"name": "A", "valueFrom": both}), "exactly one of secretKeyRef and configMapKeyRef"),
    ] {
        let found = env(variable.clone()).unwrap_or_default();
        assert!(found.contains(expected), "{variable}: {found}");
    }
}

#[test]
fn a_seccomp_profile_of_the_node_is_named() {
    let fault = |profile: &Value| pod_fault(&json!({"securityContext": {"seccompProfile": profile}}));
    assert_eq!(fault(&json!({"type": "RuntimeDefault"})), None);
    assert_eq!(fault(&json!({"type": "Localhost", "localhostProfile": "docmill.json"})), None);
    for profile in
        [json!({"type": "Localhost"}), json!({"type": "RuntimeDefault", "localhostProfile": "docmill.json"})]
    {
        let found = fault(&profile).unwrap_or_default();
        assert!(found.contains("localhostProfile goes with type Localhost"), "{profile}: {found}");
    }
}

#[test]
fn lists_that_rules_of_pod_settings_read_have_bounds() {
    let definitions = manifests::all().expect("definitions");
    let (_, text) =
        definitions.iter().find(|(name, _)| name.starts_with("ingestsources")).expect("a definition");
    let definition: Value = serde_saphyr::from_str(text).expect("YAML");
    let schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/workers/properties\
                  /podTemplate/properties/spec/properties";
    for (place, bound) in [
        ("env", "maxItems"),
        ("env/items/properties/value", "maxLength"),
        ("volumes", "maxItems"),
        ("volumes/items/properties/name", "maxLength"),
        ("volumes/items/properties/projected/properties/sources", "maxItems"),
        ("volumes/items/properties/csi/properties/volumeAttributes", "maxProperties"),
        ("volumeMounts", "maxItems"),
        ("volumeMounts/items/properties/name", "maxLength"),
        ("securityContext/properties/supplementalGroups", "maxItems"),
    ] {
        let found = definition.pointer(&format!("{schema}/{place}/{bound}"));
        assert!(found.is_some_and(Value::is_u64), "{place} has no {bound}");
    }
    for (place, key) in [("env", "name"), ("volumes", "name"), ("volumeMounts", "mountPath")] {
        let found = definition.pointer(&format!("{schema}/{place}/x-kubernetes-list-map-keys"));
        assert_eq!(found, Some(&json!([key])), "{place}");
    }
    for id in ["runAsUser", "runAsGroup", "fsGroup"] {
        let least = definition.pointer(&format!("{schema}/securityContext/properties/{id}/minimum"));
        assert_eq!(least.and_then(Value::as_f64), Some(1.0), "{id} can be root's");
    }
}

#[test]
fn an_address_is_stated_or_referred_to_and_never_both() {
    let named = json!({"name": "one"});
    let whole = json!({"connectionRef": named});
    for place in ["/spec/storage", "/spec/trigger/sqs", "/spec/index/elasticsearch"] {
        assert_eq!(source_fault(place, whole.clone()), None, "{place}");
        let found = source_fault(place, json!({})).unwrap_or_default();
        assert!(found.contains("connectionRef must be set"), "{place}: {found}");
    }
    for (place, other) in [
        ("/spec/storage", json!({"connectionRef": named, "forcePathStyle": true})),
        ("/spec/storage", json!({"connectionRef": named, "credentialsSecretRef": {"name": "s"}})),
        ("/spec/trigger/sqs", json!({"connectionRef": named, "region": "r"})),
        (
            "/spec/index/elasticsearch",
            json!({"connectionRef": named, "tls": {"caConfigMapKeyRef": {"name": "c"}}}),
        ),
        ("/spec/index/elasticsearch", json!({"connectionRef": named, "secretRef": {"name": "s"}})),
    ] {
        let found = source_fault(place, other.clone()).unwrap_or_default();
        assert!(found.contains("leave out all other fields"), "{other}: {found}");
    }
    let located = json!({"connectionRef": named, "bucket": "news", "prefix": "wire/"});
    assert_eq!(source_fault("/spec/storage", located), None);
    let both = json!({"connectionRef": named, "region": "r"});
    let found = source_fault("/spec/storage", both).unwrap_or_default();
    assert!(found.contains("exactly one of region and connectionRef"), "{found}");
}

#[test]
fn a_model_has_a_url_or_a_connection() {
    let fault = |enricher: &Value| {
        let mut run = run();
        let fields = run["spec"]["enrichers"][0].as_object_mut().expect("an enricher");
        fields.extend(enricher.as_object().expect("fields").clone());
        fields.retain(|_, value| !value.is_null());
        let run: EnrichmentRun = serde_json::from_value(run).expect("a run");
        run.validate_cel().err().map(|errors| format!("{errors:?}")).unwrap_or_default()
    };
    let named = json!({"name": "one"});
    let bare = json!({"model": "m"});
    let builtin = json!("Language");
    assert_eq!(fault(&json!({"connectionRef": named, "openInference": bare})), "");
    assert_eq!(fault(&json!({"openInference": null, "builtin": builtin})), "");
    for (enricher, expected) in [
        (json!({"openInference": bare}), "exactly one of connectionRef and url"),
        (json!({"connectionRef": named}), "exactly one of connectionRef and url"),
        (
            json!({"connectionRef": named, "openInference": null, "builtin": builtin}),
            "exactly one of connectionRef and url",
        ),
        (
            json!({"connectionRef": named, "openInference": bare, "secretRef": {"name": "s"}}),
            "leave out secretRef and tls beside connectionRef",
        ),
    ] {
        let found = fault(&enricher);
        assert!(found.contains(expected), "{enricher}: {found}");
    }
}

#[test]
fn a_login_is_one_secret_or_its_single_keys() {
    let cluster = |fields: &Value| {
        let mut cluster = json!({"urls": ["https://es:9200"]});
        cluster.as_object_mut().expect("a cluster").extend(fields.as_object().expect("fields").clone());
        source_fault("/spec/index/elasticsearch", cluster)
    };
    let key = json!({"name": "s", "key": "k"});
    for sound in [
        json!({"username": "elastic", "passwordSecretKeyRef": key}),
        json!({"usernameSecretKeyRef": key, "passwordSecretKeyRef": {"name": "s"}}),
        json!({"apiKeySecretKeyRef": key, "tls": {"caSecretKeyRef": key}}),
        json!({"tls": {"clientCertificateSecretKeyRef": {"name": "s"}, "clientKeySecretKeyRef": key}}),
        json!({"secretRef": {"name": "s"}, "tls": {"caConfigMapKeyRef": {"name": "c"}}}),
    ] {
        assert_eq!(cluster(&sound), None, "{sound}");
    }
    for (fields, expected) in [
        (json!({"secretRef": {"name": "s"}, "apiKeySecretKeyRef": key}), "cannot go with secretRef or aws"),
        (json!({"aws": {"region": "r"}, "apiKeySecretKeyRef": key}), "cannot go with secretRef or aws"),
        (json!({"username": "elastic"}), "a user needs a password"),
        (json!({"passwordSecretKeyRef": key}), "a user needs a password"),
        (
            json!({"username": "u", "usernameSecretKeyRef": key, "passwordSecretKeyRef": key}),
            "username and usernameSecretKeyRef exclude each other",
        ),
        (
            json!({"username": "u", "passwordSecretKeyRef": key, "apiKeySecretKeyRef": key}),
            "apiKeySecretKeyRef and passwordSecretKeyRef exclude each other",
        ),
        (
            json!({"tls": {"caSecretKeyRef": key, "caConfigMapKeyRef": key}}),
            "caSecretKeyRef and caConfigMapKeyRef exclude each other",
        ),
        (
            json!({"tls": {"clientKeySecretKeyRef": key}}),
            "clientKeySecretKeyRef goes with clientCertificateSecretKeyRef",
        ),
    ] {
        let found = cluster(&fields).unwrap_or_default();
        assert!(found.contains(expected), "{fields}: {found}");
    }
}

#[test]
fn a_connection_has_one_endpoint_and_refers_to_no_other() {
    let faults = |spec: &Value| {
        let resource = json!({"metadata": {"name": "one"}, "spec": spec});
        let namespaced: Connection = serde_json::from_value(resource.clone()).expect("a connection");
        let cluster: ClusterConnection = serde_json::from_value(resource).expect("a connection");
        let in_words = |checked: Result<(), _>| checked.err().map(|errors| format!("{errors:?}"));
        [in_words(namespaced.validate_cel()), in_words(cluster.validate_cel())]
    };
    let model = json!({"url": "http://m:8080"});
    for sound in [
        json!({"elasticsearch": {"urls": ["http://es:9200"]}}),
        json!({"objectStore": {"region": "r"}}),
        json!({"queue": {"queueURL": "http://sqs/1/q"}}),
        json!({"model": model}),
        json!({"model": model, "limits": {"concurrency": 2}, "timeouts": {"requestSeconds": 30}}),
    ] {
        assert_eq!(faults(&sound), [None, None], "{sound}");
    }
    for (spec, expected) in [
        (json!({}), "exactly one of elasticsearch, objectStore, queue and model"),
        (
            json!({"model": model, "objectStore": {"region": "r"}}),
            "exactly one of elasticsearch, objectStore, queue and model",
        ),
        (json!({"elasticsearch": {"connectionRef": {"name": "other"}}}), "leave out connectionRef"),
        (json!({"objectStore": {"connectionRef": {"name": "other"}}}), "leave out connectionRef"),
        (json!({"objectStore": {"region": "r", "bucket": "news"}}), "leave out bucket and prefix"),
        (json!({"objectStore": {"region": "r", "prefix": "wire/"}}), "leave out bucket and prefix"),
    ] {
        for found in faults(&spec) {
            let found = found.unwrap_or_default();
            assert!(found.contains(expected), "{spec}: {found}");
        }
    }
}
