//! OpenAI's embeddings and Text Embeddings Inference.

use docmill_clients::model_server::protocol::{read_version, version_url};
use job_runner::enrich::EnrichError;
use serde_json::{Value, json};

use super::bed::Bed;
use super::server::{Request, Server};

const HEADLINES: [&str; 7] = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff", "ggggggg"];

/// A vector that tells to which text it belongs.
fn vector(text: &Value) -> Value {
    json!([text.as_str().unwrap().len(), 1])
}

fn texts<'r>(request: &'r Request, key: &str) -> &'r Vec<Value> {
    request.body[key].as_array().unwrap()
}

/// As OpenAI's, the last result first.
fn openai(request: &Request) -> (u16, Value) {
    assert_eq!(request.body["encoding_format"], "float");
    let results = texts(request, "input").iter().enumerate();
    let mut data: Vec<Value> =
        results.map(|(index, text)| json!({"index": index, "embedding": vector(text)})).collect();
    data.reverse();
    (200, json!({"object": "list", "data": data, "model": "lengths-2026"}))
}

fn enricher(protocol: &str, server: &Value) -> Value {
    json!({"name": "embedding", protocol: server, "batchSize": 3, "timeoutSeconds": 5,
        "inputs": [{"name": "text", "template": "{headline}"}],
        "outputs": [{"field": "embedding", "type": "Vector", "dimensions": 2}]})
}

async fn check_all(bed: &Bed, version: &str) {
    let copies = bed.copies().await;
    assert_eq!(copies.len(), HEADLINES.len());
    for (headline, copy) in copies {
        assert_eq!(copy["embedding"], json!([headline.len(), 1]), "{headline}");
        assert_eq!(copy["_docmill"]["enrichment"]["embedding"]["version"], version);
    }
}

#[tokio::test]
async fn vectors_of_an_openai_server_reach_their_documents_in_whatever_order_they_come() {
    let Some(bed) = Bed::with("openai", &HEADLINES).await else { return };
    let server = Server::start(openai).await;
    server.first([
        (500, "{\"error\": {\"message\": \"down\"}}"),
        (200, "{\"data\": [{\"index\": 0, \"embedding\": [1, 1]}, {\"index\": 0, \"embedding\": [2, 1]}]}"),
        (200, "{\"data\": ["),
    ]);
    let enricher =
        enricher("openAIEmbeddings", &json!({"url": format!("{}/v1", server.url), "model": "lengths"}));
    let report = bed.run("run-1", &enricher, None).await.unwrap();
    assert_eq!((report.done, report.failed), (7, 0), "{:?}", report.error);
    check_all(&bed, "lengths-2026").await;
    assert!(server.requests().iter().all(|request| request.path == "/v1/embeddings"));
}

#[tokio::test]
async fn a_model_of_another_length_ends_the_slice_before_documents_are_blamed() {
    let Some(bed) = Bed::with("length", &HEADLINES).await else { return };
    let server = Server::start(openai).await;
    let mut enricher = enricher("openAIEmbeddings", &json!({"url": server.url, "model": "lengths"}));
    enricher["outputs"][0]["dimensions"] = json!(384);
    let error = bed.run("run-1", &enricher, None).await.unwrap_err();
    assert!(matches!(error, EnrichError::ModelUnfit { .. }), "{error}");
    assert!(error.to_string().contains("do not fit the enricher"), "{error}");
}

#[tokio::test]
async fn another_model_behind_text_embeddings_inference_is_told_by_its_info_and_enriches_anew() {
    let Some(bed) = Bed::with("tei", &HEADLINES).await else { return };
    let server = Server::start(|request| match request.path.as_str() {
        "/info" => (200, json!({"model_id": "lengths", "model_sha": "b2"})),
        _ => (200, texts(request, "inputs").iter().map(vector).collect()),
    })
    .await;
    server.first([(200, "{\"model_id\": \"lengths\", \"model_sha\": \"a1\"}")]);
    let enricher = enricher("textEmbeddings", &json!({"url": server.url}));

    let first = info(&enricher).await;
    assert_eq!(first, "lengths@a1");
    server.first([(424, "{\"error\": \"Inference failed\"}"), (429, "{\"error\": \"Model is overloaded\"}")]);
    let report = bed.run("run-1", &enricher, Some(&first)).await.unwrap();
    assert_eq!((report.done, report.failed), (7, 0), "{:?}", report.error);
    check_all(&bed, "lengths@a1").await;
    assert_eq!(bed.run("run-2", &enricher, Some(&first)).await.unwrap().done, 0);

    let second = info(&enricher).await;
    assert_eq!(bed.run("run-3", &enricher, Some(&second)).await.unwrap().done, 7);
    check_all(&bed, "lengths@b2").await;
}

/// Asks the server for its version, as the operator does before a run.
async fn info(enricher: &Value) -> String {
    let enricher: docmill_crds::api::enricher::Enricher = serde_json::from_value(enricher.clone()).unwrap();
    let protocol = enricher.protocol().unwrap();
    let answer = reqwest::get(version_url(protocol).unwrap()).await.unwrap();
    read_version(protocol, &answer.bytes().await.unwrap()).unwrap().unwrap()
}

/// The server of the testbed, which has one model under both protocols.
#[tokio::test]
async fn a_real_model_gives_the_same_vectors_by_either_protocol() {
    let Ok(url) = std::env::var("EMBEDDINGS_URL") else {
        eprintln!("passed over, since EMBEDDINGS_URL names no server");
        return;
    };
    let long = "The parliament voted. ".repeat(200);
    let headlines = ["Parliament raises the fuel tax", "Wer zahlt die Steuer?", long.trim()];
    let by = |protocol: &str, server: Value| {
        let mut enricher = enricher(protocol, &server);
        enricher["outputs"][0]["dimensions"] = json!(384);
        enricher["outputs"][0]["similarity"] = json!("DotProduct");
        enricher
    };
    let openai = by("openAIEmbeddings", json!({"url": format!("{url}/v1"), "model": "all-MiniLM-L6-v2"}));
    let tei = by("textEmbeddings", json!({"url": url, "truncate": true}));
    let Some(bed) = Bed::with("real-openai", &headlines).await else { return };
    assert_eq!(bed.run("run-1", &openai, None).await.unwrap().done, 3);
    let first = bed.copies().await;
    let Some(bed) = Bed::with("real-tei", &headlines).await else { return };
    let version = info(&tei).await;
    assert_eq!(version, "all-MiniLM-L6-v2");
    assert_eq!(bed.run("run-1", &tei, Some(&version)).await.unwrap().done, 3);
    let second = bed.copies().await;
    for headline in headlines {
        let (a, b) = (numbers(&first[headline]), numbers(&second[headline]));
        assert!(a.len() == 384 && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4), "{headline}");
    }

    // Without truncation a long text is refused, and the others are not.
    let strict = by("textEmbeddings", json!({"url": url}));
    let Some(bed) = Bed::with("real-strict", &headlines).await else { return };
    let report = bed.run("run-1", &strict, Some(&version)).await.unwrap();
    assert_eq!((report.done, report.failed), (2, 1));
    let reason = bed.first_failure("run-1").await;
    assert!(reason.contains("status 413, inputs must have less than 256 tokens"), "{reason}");
}

fn numbers(copy: &Value) -> Vec<f64> {
    copy["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}
