//! Plain HTTP calls, with credentials out of a Secret.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use docmill_crds::contract::{SECRETS_DIR_ENV, secret_mount};
use job_runner::enrich::EnrichError;
use serde_json::{Value, json};

use super::bed::Bed;
use super::server::{Request, Server};

const HEADLINES: [&str; 5] = ["Oslo", "Rome", "Paris", "Lima", "poison"];

/// A service of somebody's own: it wants a key, and answers with a list somewhere in its answer.
fn places(request: &Request) -> (u16, Value) {
    if request.headers.get("x-api-key").is_none_or(|key| key != "k-123") {
        return (401, json!({"detail": "no key"}));
    }
    assert_eq!(
        (request.path.as_str(), &request.headers["x-tenant"]),
        ("/v1/places", &"news".parse().unwrap())
    );
    assert_eq!(request.body["options"], json!({"top": 1, "currency": "$"}));
    let texts = request.body["documents"].as_array().unwrap();
    if texts.iter().any(|text| text["t"] == "poison") {
        return (422, json!({"detail": "poison is refused"}));
    }
    let place =
        |text: &Value| json!({"place": {"name": text["t"], "letters": text["t"].as_str().unwrap().len()}});
    let results: Vec<Value> = texts.iter().map(place).collect();
    (201, json!({"result": {"documents": results}, "model": {"version": 7}}))
}

fn enricher(url: &str) -> Value {
    json!({"name": "places", "secretRef": {"name": "places"}, "batchSize": 4,
        "http": {"url": format!("{url}/v1/places"), "headers": {"X-Tenant": "news"}, "model": "places",
            "request": {"documents": "$items", "options": {"top": 1, "currency": "$$"}}, "item": {"t": "$text"},
            "results": "/result/documents", "versionFrom": "/model/version"},
        "inputs": [{"name": "text", "template": "{headline}"}],
        "outputs": [{"field": "placeName", "from": "/place/name", "type": "Keyword"},
                    {"field": "place", "type": "Object"},
                    {"field": "letters", "from": "/place/letters", "type": "Integer"}]})
}

/// Runs a test of this program again, with a mounted Secret of the first enricher. A test cannot set its own
/// environment while others read it.
fn again_with_secret(test: &str, header: &str) {
    let folder = std::env::temp_dir().join(format!("docmill-protocols-{}", std::process::id()));
    let secret = folder.join(secret_mount::enricher(0));
    std::fs::create_dir_all(&secret).unwrap();
    std::fs::write(secret.join("header"), header).unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(SECRETS_DIR_ENV, &folder)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn a_mapped_call_is_authenticated_and_its_results_reach_their_documents() {
    if std::env::var_os(SECRETS_DIR_ENV).is_none() {
        let test = "protocols::calls::a_mapped_call_is_authenticated_and_its_results_reach_their_documents";
        return again_with_secret(test, "X-Api-Key: k-123\n");
    }
    let Some(bed) = Bed::with("call", &HEADLINES).await else { return };
    let server = Server::start(places).await;
    server.first([(200, "{\"error\": \"warming up\"}")]);
    let report = bed.run("run-1", &enricher(&server.url), None).await.unwrap();
    assert_eq!((report.done, report.failed), (4, 1), "{:?}", report.error);
    let reason = bed.first_failure("run-1").await;
    assert!(reason.contains("document 4") && reason.contains("poison is refused"), "{reason}");
    let mut copies = bed.copies().await;
    copies.remove("poison");
    assert_eq!(copies.len(), 4);
    for (headline, copy) in copies {
        assert_eq!((&copy["placeName"], &copy["letters"]), (&json!(headline), &json!(headline.len())));
        assert_eq!(copy["place"], json!({"name": headline, "letters": headline.len()}));
        let told = &copy["_docmill"]["enrichment"]["places"];
        assert_eq!((&told["model"], &told["version"]), (&json!("places"), &json!("7")));
        assert!(!copy.to_string().contains("k-123"));
    }
}

#[tokio::test]
async fn without_the_key_the_slice_ends_and_no_document_is_blamed() {
    let Some(bed) = Bed::with("nokey", &HEADLINES).await else { return };
    let server = Server::start(places).await;
    let error = bed.run("run-1", &enricher(&server.url), None).await.unwrap_err().to_string();
    // The server's own words are for the log: this error gets into a status.
    assert!(error.contains("status 401") && !error.contains("no key"), "{error}");
    // Two batches, each of them once.
    assert!(server.requests().len() <= 2);
}

/// A call for each document, whose answers have their results at `/result`.
fn one_by_one(url: &str) -> Value {
    json!({"name": "places", "http": {"url": url, "request": {"text": "$text"}, "results": "/result"},
        "inputs": [{"name": "text", "template": "{headline}"}],
        "outputs": [{"field": "placeName", "from": "/name", "type": "Keyword"}]})
}

#[tokio::test]
async fn an_answer_of_another_form_fails_its_document_after_others_were_as_they_should_be() {
    let Some(bed) = Bed::with("form", &HEADLINES).await else { return };
    let answered = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.body["text"].as_str() {
        Some("poison") if answered.load(Ordering::SeqCst) < HEADLINES.len() - 1 => (429, json!({})),
        Some("poison") => (200, json!({"message": "nothing found"})),
        text => {
            answered.fetch_add(1, Ordering::SeqCst);
            (200, json!({"result": {"name": text}}))
        }
    })
    .await;
    let report = bed.run("run-1", &one_by_one(&server.url), None).await.unwrap();
    assert_eq!((report.done, report.failed), (4, 1), "{:?}", report.error);
    let reason = bed.first_failure("run-1").await;
    assert!(reason.contains("nothing at results"), "{reason}");
}

#[tokio::test]
async fn a_service_whose_first_answer_has_another_form_ends_the_slice() {
    let Some(bed) = Bed::with("forms", &HEADLINES).await else { return };
    let server = Server::start(|_| (200, json!({"message": "this is another service"}))).await;
    let error = bed.run("run-1", &one_by_one(&server.url), None).await.unwrap_err();
    assert!(matches!(error, EnrichError::ModelUnfit { .. }), "{error}");
}
