use docmill_crds::api::connection_ref::{ConnectionKind, ConnectionRef};
use docmill_crds::{Connection, EnrichmentRun, IngestRun, IngestSource};
use serde_json::{Value, json};

use super::{User, clients, enrichment_user, ingest_user, of_source, source_user};
use crate::connections::Connections;
use crate::context::Context;
use crate::controllers::{enrichment_run, ingest_source};
use crate::testing::{self, view_of};

fn named(name: &str) -> ConnectionRef {
    ConnectionRef { name: name.into(), kind: ConnectionKind::Connection }
}

fn user(namespace: &str, pods: i32, is_source: bool, used: &[&str]) -> User {
    User { namespace: namespace.into(), pods, is_source, used: used.iter().map(|name| named(name)).collect() }
}

/// The source of all tests, with its cluster by the connection `es`.
fn source(edit: impl Fn(&mut Value)) -> IngestSource {
    let mut written = json!(ingest_source::tests::source());
    written["spec"]["index"]["elasticsearch"] = json!({"connectionRef": {"name": "es"}});
    written["spec"]["workers"]["max"] = json!(4);
    edit(&mut written);
    serde_json::from_value(written).unwrap()
}

#[test]
fn a_limit_is_shared_by_the_pods_that_all_users_may_have() {
    let users = [
        user("news", 4, true, &["es", "s3"]),
        user("news", 3, false, &["es", "es"]),
        user("sport", 9, true, &["es"]),
    ];
    let count = |name: &str, max_workers| clients("news", &named(name), &users, max_workers);
    assert_eq!(count("es", 100), 4 + 2 * 3, "a pod that connects twice is two clients");
    assert_eq!(count("es", 2), 2 + 2 * 3, "sources have no more workers than there may be");
    assert_eq!((count("s3", 100), count("other", 100)), (4, 1));
    let anywhere = ConnectionRef { kind: ConnectionKind::ClusterConnection, ..named("es") };
    let everywhere: Vec<User> =
        users.into_iter().map(|user| User { used: vec![anywhere.clone()], ..user }).collect();
    assert_eq!(clients("news", &anywhere, &everywhere, 100), 4 + 3 + 9);
}

#[test]
fn what_has_no_pods_uses_nothing() {
    let pods = |edit: &dyn Fn(&mut Value)| source_user(&source(edit)).map(|user| user.pods);
    assert_eq!(pods(&|_| ()), Some(4));
    assert_eq!(pods(&|source| source["spec"]["suspend"] = json!(true)), None);
    let without_queue =
        |source: &mut Value| source["spec"]["trigger"] = json!({"poll": {"intervalSeconds": 60}});
    assert_eq!(pods(&without_queue), None);
}

#[test]
fn a_run_uses_the_connections_of_its_source_until_it_has_ended() {
    let source = source(|_| ());
    let run = |spec: Value, status: Value| -> IngestRun {
        let metadata = json!({"name": "again", "namespace": "news"});
        let mut all = json!({"sourceRef": {"name": "wire"}, "mode": "Process", "parallelism": 3});
        all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(json!({"metadata": metadata, "spec": all, "status": status})).unwrap()
    };
    let used = |run: &IngestRun| ingest_user(run, &[&source]).map(|user| (user.pods, user.used));
    assert_eq!(used(&run(json!({}), json!({}))), Some((3, vec![named("es")])));
    assert_eq!(used(&run(json!({"suspend": true}), json!({}))), None);
    let complete = json!({"type": "Complete", "status": "True", "reason": "Complete", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z"});
    assert_eq!(used(&run(json!({}), json!({"conditions": [complete]}))), None);
    assert_eq!(used(&run(json!({"sourceRef": {"name": "other"}}), json!({}))), None);
}

#[test]
fn an_enrichment_uses_its_own_connections_and_those_of_the_source_that_it_reads() {
    let mut written = json!(enrichment_run::tests::run());
    written["metadata"]["namespace"] = json!("news");
    written["spec"]["from"] = json!({"sourceRef": {"name": "wire"}});
    written["spec"]["to"]["elasticsearch"] = json!({"connectionRef": {"name": "enriched"}});
    let run: EnrichmentRun = serde_json::from_value(written).unwrap();
    let user = enrichment_user(&run, &[&source(|_| ())]).unwrap();
    assert_eq!((user.pods, user.used), (run.spec.parallelism, vec![named("es"), named("enriched")]));
}

#[tokio::test]
async fn workers_get_the_limits_of_their_connections_and_how_many_share_them() {
    let connection = |name: &str, spec: Value| -> Connection {
        let metadata = json!({"name": name, "namespace": "news"});
        serde_json::from_value(json!({"metadata": metadata, "spec": spec})).unwrap()
    };
    let limited = connection(
        "es",
        json!({
            "elasticsearch": {"urls": ["https://es:9200"]},
            "limits": {"requestsPerSecond": 100, "concurrency": 20},
            "timeouts": {"requestSeconds": 10},
        }),
    );
    let free = connection("free", json!({"elasticsearch": {"urls": ["https://es:9200"]}}));
    let (client, _) = testing::api(|_| testing::refusal(404, "NotFound"));
    let of = |connection: Connection, source: &IngestSource| {
        let namespaced = [view_of(connection)].into_iter().collect();
        let connections = Connections { namespaced, ..testing::connections() };
        let sources = [view_of(source.clone())].into_iter().collect();
        let context = Context { sources, connections, ..testing::context(&client, true) };
        json!(of_source(source, &context))
    };
    let index = json!({"requestsPerSecond": 100, "concurrency": 20, "requestSeconds": 10, "clients": 4});
    assert_eq!(of(limited, &source(|_| ())), json!({"index": index}));
    let other = source(|source| {
        source["spec"]["index"]["elasticsearch"]["connectionRef"]["name"] = json!("free");
    });
    assert_eq!(of(free, &other), json!({}));
}
