use docmill_crds::api::connection_ref::ConnectionKind;
use docmill_crds::api::enricher::Builtin;
use docmill_crds::{ClusterConnection, Connection, IngestSource};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

use super::{ClusterViews, Connections, users};
use crate::controllers::enrichment_run::tests::run;
use crate::controllers::ingest_source::tests::source;
use crate::outcome::not_ready::NotReady;
use crate::testing::{connections, view_of};

/// A Connection of the namespace `news`, in which the resources of these tests are.
fn connection(name: &str, spec: &Value) -> Connection {
    serde_json::from_value(json!({"metadata": {"name": name, "namespace": "news"}, "spec": spec})).unwrap()
}

/// Only this `Connection`.
fn with(spec: &Value) -> Connections {
    Connections { namespaced: [view_of(connection("one", spec))].into_iter().collect(), ..connections() }
}

/// Only this `ClusterConnection`, and the namespace `news` with the label `team: press`.
fn with_cluster(spec: &Value) -> Connections {
    let cluster: ClusterConnection =
        serde_json::from_value(json!({"metadata": {"name": "one"}, "spec": spec})).unwrap();
    let (namespaces, mut writer) = reflector::store();
    let news: PartialObjectMeta<Namespace> =
        serde_json::from_value(json!({"metadata": {"name": "news", "labels": {"team": "press"}}})).unwrap();
    writer.apply_watcher_event(&Event::Apply(news));
    let cluster = Some(ClusterViews { connections: view_of(cluster), namespaces });
    Connections { cluster, ..connections() }
}

fn elasticsearch() -> Value {
    json!({"elasticsearch": {"urls": ["https://es:9200"], "secretRef": {"name": "es"}}})
}

fn named(kind: &str) -> Value {
    json!({"connectionRef": {"name": "one", "kind": kind}})
}

/// The source with another value at a place.
fn source_with(place: &str, value: &Value) -> IngestSource {
    let mut changed = json!(source());
    *changed.pointer_mut(place).unwrap() = value.clone();
    serde_json::from_value(changed).unwrap()
}

/// A source whose index is in the connection of this kind.
fn indexed_in(kind: &str) -> IngestSource {
    source_with("/spec/index/elasticsearch", &named(kind))
}

fn fault(connections: &Connections, source: &IngestSource) -> NotReady {
    connections.resolve(source).map(drop).unwrap_err()
}

#[test]
fn every_place_of_a_source_gets_what_its_connection_states() {
    let store = json!({"region": "r", "endpoint": "http://s3:7070", "forcePathStyle": true});
    let queue = json!({"queueURL": "http://sqs:9324/1/wire", "credentialsSecretRef": {"name": "sqs"}});
    for (place, spec, expected) in [
        ("/spec/index/elasticsearch", elasticsearch(), elasticsearch()["elasticsearch"].clone()),
        ("/spec/storage", json!({"objectStore": store}), store.clone()),
        ("/spec/trigger/sqs", json!({"queue": queue}), queue.clone()),
    ] {
        let resolved = with(&spec).resolve(&source_with(place, &named("Connection"))).unwrap();
        assert_eq!(resolved, source_with(place, &expected), "{place}");
    }
    let mut apart = source();
    apart.spec.ledger = serde_json::from_value(json!({"elasticsearch": named("Connection")})).unwrap();
    let ledger = with(&elasticsearch()).resolve(&apart).unwrap().spec.ledger.unwrap();
    assert_eq!(json!(ledger), elasticsearch());
}

#[test]
fn one_bucket_serves_for_all_locations_whether_or_not_its_connection_is_known() {
    let source: IngestSource = serde_json::from_value(json!({
        "metadata": {"name": "wire", "namespace": "news"},
        "spec": {
            "storage": {"connectionRef": {"name": "one"}, "bucket": "news", "prefix": "wire/"},
            "trigger": {"poll": {"intervalSeconds": 60}},
            "conversion": {"preset": "nitf"},
        },
    }))
    .unwrap();
    for (connections, region) in [(with(&json!({"objectStore": {"region": "r"}})), "r"), (connections(), "")]
    {
        let (resolved, connected) = connections.try_resolve(&source);
        assert_eq!(connected.is_ok(), region == "r");
        let spec = resolved.spec;
        assert_eq!((spec.storage.region.as_str(), spec.storage.bucket.as_deref()), (region, Some("news")));
        for (bucket, prefix, expected) in [
            (spec.raw.bucket, spec.raw.prefix, "wire/raw/"),
            (spec.snapshots.bucket, spec.snapshots.prefix, "wire/snapshots/"),
            (spec.errors.bucket, spec.errors.prefix, "wire/errors/"),
        ] {
            assert_eq!((bucket.as_str(), prefix.as_str()), ("news", expected));
        }
    }
}

#[test]
fn the_digest_tells_whether_connections_state_the_same() {
    let digest = |connections: &Connections| {
        let (_, connected) = connections.try_resolve(&indexed_in("Connection"));
        connected.unwrap().expect("a digest")
    };
    let one = digest(&with(&elasticsearch()));
    assert_eq!(one, digest(&with(&elasticsearch())));
    assert_ne!(one, digest(&with(&json!({"elasticsearch": {"urls": ["https://other:9200"]}}))));
    assert_eq!(with(&elasticsearch()).try_resolve(&source()).1, Ok(None), "it refers to none");
}

#[test]
fn an_operator_that_watches_single_namespaces_has_no_cluster_connections() {
    let namespaced = Connections { cluster: None, ..with(&elasticsearch()) };
    assert!(namespaced.resolve(&indexed_in("Connection")).is_ok());
    let refused = fault(&namespaced, &indexed_in("ClusterConnection"));
    assert_eq!(refused.reason, "ClusterConnectionNotAvailable");
    assert!(refused.message.contains("create a Connection in this namespace"), "{}", refused.message);
}

#[test]
fn every_place_of_an_enrichment_gets_what_its_connection_states() {
    let mut spec = json!(run().spec);
    spec["to"]["elasticsearch"] = named("Connection");
    spec["from"] = json!({"elasticsearch": named("Connection"), "index": {"name": "articles-*"}});
    let mut enrichment = run();
    enrichment.spec = serde_json::from_value(spec).unwrap();
    let resolved = json!(with(&elasticsearch()).resolve(&enrichment).unwrap().spec);
    for place in ["/to/elasticsearch", "/from/elasticsearch"] {
        assert_eq!(resolved.pointer(place), elasticsearch().get("elasticsearch"), "{place}");
    }
    let mut spec = json!(run().spec);
    spec["enrichers"][0]["connectionRef"] = json!({"name": "one"});
    spec["enrichers"][0]["openInference"] = json!({"model": "sentiment"});
    let mut enrichment = run();
    enrichment.spec = serde_json::from_value(spec).unwrap();
    let model = json!({"model": {"url": "http://models:8080", "secretRef": {"name": "m"}}});
    let resolved = with(&model).resolve(&enrichment).unwrap();
    let enricher = &resolved.spec.enrichers[0];
    assert_eq!(enricher.open_inference.as_ref().unwrap().url, "http://models:8080");
    assert_eq!(json!(enricher.secret_ref), json!({"name": "m"}));
    assert_eq!(enricher.connection_ref, None);
}

#[test]
fn a_connection_that_is_missing_or_elsewhere_is_named_with_the_field() {
    for kind in ["Connection", "ClusterConnection"] {
        let missing = fault(&connections(), &indexed_in(kind));
        assert_eq!(missing.reason, "ConnectionNotFound");
        let words = format!("spec.index.elasticsearch.connectionRef: there is no {kind} \"one\"");
        assert!(missing.message.starts_with(&words), "{}", missing.message);
    }
    let mut elsewhere = indexed_in("Connection");
    elsewhere.metadata.namespace = Some("sport".to_owned());
    assert_eq!(fault(&with(&elasticsearch()), &elsewhere).reason, "ConnectionNotFound");
}

#[test]
fn a_connection_of_another_type_is_refused() {
    let store = with(&json!({"objectStore": {"region": "r"}}));
    let other = fault(&store, &indexed_in("Connection"));
    assert_eq!(other.reason, "ConnectionKind");
    assert!(other.message.contains("type ObjectStore") && other.message.contains("spec.elasticsearch"));
}

#[test]
fn a_connection_that_cannot_be_read_is_told_from_one_that_is_missing() {
    let guard: DeserializeGuard<Connection> =
        serde_json::from_value(json!({"metadata": {"name": "one", "namespace": "news"}, "spec": 5})).unwrap();
    let (view, mut writer) = reflector::store();
    writer.apply_watcher_event(&Event::Apply(guard));
    let broken = Connections { namespaced: [view].into_iter().collect(), ..connections() };
    assert_eq!(fault(&broken, &indexed_in("Connection")).reason, "ConnectionUnreadable");
}

#[test]
fn a_cluster_connection_is_for_the_namespaces_that_it_selects() {
    let selecting = |selector: Value| {
        let mut spec = elasticsearch();
        spec["namespaceSelector"] = selector;
        with_cluster(&spec)
    };
    let expression = |operator: &str| json!({"matchExpressions": [{"key": "team", "operator": operator}]});
    for connections in [
        with_cluster(&elasticsearch()),
        selecting(json!({})),
        selecting(json!({"matchLabels": {"team": "press"}})),
        selecting(expression("Exists")),
    ] {
        let resolved = connections.resolve(&indexed_in("ClusterConnection")).unwrap();
        assert_eq!(json!(resolved.spec.index.unwrap().elasticsearch), elasticsearch()["elasticsearch"]);
    }
    for connections in [
        selecting(json!({"matchLabels": {"team": "sport"}})),
        selecting(expression("DoesNotExist")),
        selecting(expression("Like")),
    ] {
        let refused = fault(&connections, &indexed_in("ClusterConnection"));
        assert_eq!(refused.reason, "ConnectionNotAllowed");
        assert!(refused.message.contains("\"news\""), "{}", refused.message);
    }
}

#[test]
fn where_connections_are_required_an_address_is_refused() {
    let required = Connections { required: true, ..with(&elasticsearch()) };
    let inline = fault(&required, &source());
    assert_eq!(inline.reason, "InlineAddressNotAllowed");
    assert!(inline.message.starts_with("spec.storage: "), "{}", inline.message);
    let mut builtin = run();
    builtin.spec.to.elasticsearch = serde_json::from_value(named("Connection")).unwrap();
    assert_eq!(required.resolve(&builtin).unwrap_err().reason, "InlineAddressNotAllowed", "of the model");
    builtin.spec.enrichers[0].open_inference = None;
    builtin.spec.enrichers[0].builtin = Some(Builtin::Language);
    assert!(required.resolve(&builtin).is_ok(), "a builtin has no address");
}

#[test]
fn the_queue_of_another_source_is_known_by_its_connection() {
    let connections = with(&json!({"queue": {"queueURL": "http://sqs:9324/1/wire"}}));
    let other = source_with("/spec/trigger/sqs", &named("Connection"));
    assert_eq!(connections.queue_url(&other).as_deref(), Some("http://sqs:9324/1/wire"));
    assert_eq!(connections.queue_url(&source()).as_deref(), source().spec.trigger.queue_url());
    assert_eq!(self::connections().queue_url(&other), None);
}

#[test]
fn a_change_of_a_connection_concerns_those_that_refer_to_it() {
    let users_of = |source: IngestSource, kind: ConnectionKind, connection: Connection| {
        users::<IngestSource, Connection>(view_of(source), kind)(DeserializeGuard(Ok(connection))).len()
    };
    let one = || connection("one", &elasticsearch());
    assert_eq!(users_of(indexed_in("Connection"), ConnectionKind::Connection, one()), 1);
    assert_eq!(users_of(indexed_in("ClusterConnection"), ConnectionKind::Connection, one()), 0);
    assert_eq!(users_of(source(), ConnectionKind::Connection, one()), 0);
    let mut elsewhere = one();
    elsewhere.metadata.namespace = Some("sport".to_owned());
    assert_eq!(users_of(indexed_in("Connection"), ConnectionKind::Connection, elsewhere), 0);
    let cluster: ClusterConnection =
        serde_json::from_value(json!({"metadata": {"name": "one"}, "spec": elasticsearch()})).unwrap();
    let all = users::<IngestSource, ClusterConnection>(
        view_of(indexed_in("ClusterConnection")),
        ConnectionKind::ClusterConnection,
    );
    assert_eq!(all(DeserializeGuard(Ok(cluster))).len(), 1);
}
