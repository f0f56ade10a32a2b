//! Lookups in namespaces with several sources, against an API server that answers as one has answered.

use std::sync::{Arc, Mutex};

use axum::http::{Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::{Trace, find};
use crate::cluster::Cluster;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;

const RECORDS: &str = "/apis/records.docmill.io/v1alpha1/namespaces/news";

/// What was asked of the records API: path and query.
type Asked = Arc<Mutex<Vec<String>>>;

fn status(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": format!("{reason} is the answer")})
}

fn list(kind: &str, items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": format!("{kind}List"), "metadata": {}, "items": items})
}

fn unit(source: &str) -> Value {
    json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit", "metadata": {"name": "0b"},
        "source": source, "state": "Indexed", "raw": {"bucket": "raw", "key": "a.xml", "version": "1"}})
}

fn document(source: &str) -> Value {
    json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Document", "metadata": {"name": "a"},
        "id": "a", "source": source, "state": "Indexed"})
}

/// A namespace with so many sources, named `wire-0`, `wire-1` and so on, whose records are these.
fn cluster(sources: usize, records: fn(&str, &str) -> Value) -> (Cluster, Asked) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default());
        // Hyphens come percent-encoded.
        let query = &query.replace("%2D", "-");
        let content = if let Some(rest) = path.strip_prefix(RECORDS) {
            noted.lock().unwrap().push(format!("{rest}?{query}"));
            records(rest, query)
        } else {
            let named = |number| json!({"metadata": {"name": format!("wire-{number}")}});
            list("IngestSource", &(0..sources).map(named).collect::<Vec<_>>())
        };
        let code = content["code"].as_u64().map_or(200, |code| u16::try_from(code).unwrap());
        let content = Body::from(serde_json::to_vec(&content).unwrap());
        std::future::ready(Ok::<_, kube::Error>(Response::builder().status(code).body(content).unwrap()))
    });
    (Cluster::of_test(Client::new(service, "news"), "news"), asked)
}

async fn found(sources: usize, text: &str, records: fn(&str, &str) -> Value) -> Result<Trace, Failure> {
    find(&cluster(sources, records).0, text, None).await
}

#[tokio::test]
async fn many_sources_are_asked_one_by_one() {
    let records = |path: &str, query: &str| match path {
        "/documents" if !query.contains("source=") => status(400, "BadRequest"),
        "/documents" if query.contains("source=wire-18") => list("Document", &[document("wire-18")]),
        "/documents" => list("Document", &[]),
        _ => status(404, "NotFound"),
    };
    let trace = found(20, "a", records).await.unwrap();
    assert_eq!(trace.documents.first().map(|document| document.source.as_str()), Some("wire-18"));
    assert_eq!((trace.sources.len(), trace.exit_status()), (20, ExitStatus::Success));
}

#[tokio::test]
async fn a_source_that_cannot_be_asked_does_not_hide_what_another_knows() {
    let records = |path: &str, query: &str| match path {
        "/documents" => status(503, "ServiceUnavailable"),
        "/units" if query.contains("source=wire-0") => status(503, "ServiceUnavailable"),
        _ => list("Unit", &[unit("wire-1")]),
    };
    let trace = found(2, "a.xml", records).await.unwrap();
    assert_eq!(trace.units.len(), 1);
    assert!(trace.is_partial && !trace.notes.is_empty());
    assert_eq!(trace.exit_status(), ExitStatus::Success);
}

#[tokio::test]
async fn a_refusal_whose_evidence_cannot_be_read_is_shown_all_the_same() {
    let records = |path: &str, _: &str| match path {
        "/documents" => list("Document", &[]),
        "/units" => {
            let mut failed = unit("wire-0");
            failed["state"] = json!("Failed");
            let mut found = list("Unit", &[failed]);
            found["warnings"] = json!(["the bucket does not answer"]);
            found
        }
        _ => status(503, "ServiceUnavailable"),
    };
    let trace = found(1, "a.xml", records).await.unwrap();
    assert_eq!((trace.units.len(), trace.notes.len()), (1, 3), "{:?}", trace.notes);
    assert_eq!(trace.exit_status(), ExitStatus::Findings);
}

#[tokio::test]
async fn what_several_sources_tell_of_one_store_is_noted_once() {
    let records = |path: &str, _: &str| {
        if path == "/documents" {
            return list("Document", &[]);
        }
        let mut found = list("Unit", &[unit("wire-0")]);
        found["warnings"] = json!(["the bucket does not answer"]);
        found
    };
    assert_eq!(found(3, "a.xml", records).await.unwrap().notes, ["the bucket does not answer"]);
}

#[tokio::test]
async fn what_the_api_could_not_ask_is_told() {
    let records = |path: &str, _: &str| match path {
        "/documents" => {
            let mut found = list("Document", &[document("wire-0")]);
            found["warnings"] = json!(["the ledger of wire-1 is away"]);
            found
        }
        _ => status(404, "NotFound"),
    };
    let trace = found(2, "a", records).await.unwrap();
    assert_eq!((trace.notes, trace.is_partial), (vec!["the ledger of wire-1 is away".to_owned()], true));
}

#[tokio::test]
async fn the_only_source_that_cannot_be_asked_is_an_error() {
    let failure = found(1, "a.xml", |_, _| status(503, "ServiceUnavailable")).await.unwrap_err();
    assert_eq!(failure.code(), Some(503));
}

#[tokio::test]
async fn a_source_that_does_not_exist_is_no_source_that_knows_nothing() {
    let cluster = cluster(1, |_, _| status(404, "NotFound")).0;
    let failure = find(&cluster, "s3://raw/a.xml", Some("wier")).await.unwrap_err();
    assert_eq!(failure.code(), Some(404));
}

#[tokio::test]
async fn a_digest_is_looked_up_before_a_key() {
    let records = |path: &str, _: &str| match path {
        "/documents" => list("Document", &[]),
        "/units" => list("Unit", &[unit("wire-0")]),
        _ => status(404, "NotFound"),
    };
    let digest = "0123456789abcdef0123456789abcdef";
    let trace = found(1, digest, records).await.unwrap();
    assert_eq!(trace.units.len(), 1, "no unit has this digest, but an object may have this key");
}

#[tokio::test]
async fn where_nobody_answers_not_everybody_is_asked() {
    let (cluster, asked) = cluster(100, |_, _| status(503, "ServiceUnavailable"));
    let trace = find(&cluster, "s3://raw/a.xml", None).await.unwrap();
    assert_eq!((trace.exit_status(), asked.lock().unwrap().len()), (ExitStatus::Failed, 8));
    assert!(trace.notes.iter().any(|note| note.contains("not asked")), "{:?}", trace.notes);
}

#[tokio::test]
async fn a_key_of_another_bucket_is_not_the_one_that_is_meant() {
    let records = |_: &str, _: &str| list("Unit", &[unit("wire-0")]);
    assert_eq!(found(1, "s3://raw/a.xml", records).await.unwrap().units.len(), 1);
    let other = found(1, "arn:aws:s3:::old/a.xml", records).await.unwrap();
    assert_eq!((other.units.len(), other.exit_status()), (0, ExitStatus::Findings));
    assert!(other.notes.first().is_some_and(|note| note.contains("raw")), "{:?}", other.notes);
}
