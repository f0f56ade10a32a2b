//! Documents with more text than a server takes, and with none at all.

use serde_json::{Value, json};

use super::bed::Bed;
use super::server::{Request, Server};

/// As Text Embeddings Inference: texts of 32,000 characters are refused, whatever `truncate` says, and with them all of
/// their request. A vector tells how long its text was.
fn text_embeddings(request: &Request) -> (u16, Value) {
    assert_eq!(request.body["truncate"], true);
    let lengths: Vec<usize> = request.body["inputs"].as_array().unwrap().iter().map(characters).collect();
    match lengths.iter().find(|length| **length >= 32_000) {
        Some(long) => {
            let told = format!(
                "Input validation error: `inputs` must have less than 32000 characters. Given: {long}"
            );
            (413, json!({"error": told, "error_type": "Validation"}))
        }
        None => (200, lengths.iter().map(|length| json!([length, 1])).collect()),
    }
}

/// The same by a server that names no number.
fn without_a_number(request: &Request) -> (u16, Value) {
    match text_embeddings(request) {
        (413, _) => (422, json!({"error": "too long"})),
        answer => answer,
    }
}

fn characters(text: &Value) -> usize {
    text.as_str().unwrap().chars().count()
}

fn truncating(url: &str) -> Value {
    json!({"name": "embedding", "textEmbeddings": {"url": url, "truncate": true}, "batchSize": 16, "maxInFlight": 1,
        "inputs": [{"name": "text", "template": "{headline}"}],
        "outputs": [{"field": "embedding", "type": "Vector"}]})
}

/// Short headlines, and so many long ones, all of them different.
fn headlines(short: usize, long: usize) -> Vec<String> {
    let short = (0..short).map(|number| format!("A vote is called, number {number}"));
    short.chain((0..long).map(|number| format!("ü{number:02}{}", "x".repeat(66_997)))).collect()
}

#[tokio::test]
async fn a_text_that_is_too_long_for_a_server_which_truncates_is_enriched_from_its_beginning() {
    let headlines = headlines(19, 1);
    let headlines: Vec<&str> = headlines.iter().map(String::as_str).collect();
    let Some(bed) = Bed::with("long", &headlines).await else { return };
    let server = Server::start(text_embeddings).await;
    let report = bed.run("run-1", &truncating(&server.url), None).await.unwrap();
    assert_eq!((report.done, report.failed), (20, 0), "{:?}", report.error);
    let copies = bed.copies().await;
    assert_eq!(copies[headlines[19]]["embedding"], json!([31_999, 1]));
    assert_eq!(copies[headlines[0]]["embedding"], json!([headlines[0].len(), 1]));
    let calls = server.requests().len();
    assert!(calls <= 5, "{calls} calls for two batches and one text that is too long");
    let again = bed.run_selecting("All", "run-2", &truncating(&server.url), None).await.unwrap();
    assert_eq!((again.done, server.requests().len()), (20, calls), "the whole text is what is compared");
}

#[tokio::test]
async fn what_one_long_text_has_taught_holds_for_the_others_also_by_a_server_that_names_no_number() {
    let headlines = headlines(20, 12);
    let headlines: Vec<&str> = headlines.iter().map(String::as_str).collect();
    let Some(bed) = Bed::with("longs", &headlines).await else { return };
    let server = Server::start(without_a_number).await;
    let report = bed.run("run-1", &truncating(&server.url), None).await.unwrap();
    assert_eq!((report.done, report.failed), (32, 0), "{:?}", report.error);
    let copies = bed.copies().await;
    for long in &headlines[20..] {
        assert_eq!(copies[*long]["embedding"], json!([16_750, 1]));
    }
    let calls = server.requests().len();
    assert!(calls <= 7, "{calls} calls for two batches and twelve texts that are too long");
}

#[tokio::test]
async fn an_input_is_cut_where_the_enricher_says_so() {
    let Some(bed) = Bed::with("cut", &["Türkei wählt", "Oslo"]).await else { return };
    let server = Server::start(text_embeddings).await;
    let mut enricher = truncating(&server.url);
    enricher["inputs"][0]["maxCharacters"] = json!(6);
    assert_eq!(bed.run("run-1", &enricher, None).await.unwrap().done, 2);
    assert_eq!(server.requests()[0].body["inputs"], json!(["Türkei", "Oslo"]));
}

/// As OpenAI's: a text without anything is a bad request.
fn openai(request: &Request) -> (u16, Value) {
    let texts = request.body["input"].as_array().unwrap();
    if texts.iter().any(|text| text.as_str().unwrap().trim().is_empty()) {
        return (400, json!({"error": {"message": "'$.input' is invalid", "type": "invalid_request_error"}}));
    }
    let data: Vec<Value> =
        (0..texts.len()).map(|index| json!({"index": index, "embedding": [1, 2]})).collect();
    (200, json!({"data": data, "model": "m"}))
}

fn embedding(url: &str, optional: bool) -> Value {
    json!({"name": "embedding", "openAIEmbeddings": {"url": url, "model": "m"}, "batchSize": 4,
        "inputs": [{"name": "text", "template": "{headline}"}],
        "outputs": [{"field": "embedding", "type": "Vector", "optional": optional}]})
}

const TEN_TEXTS_AND_FIVE_PICTURES: [&str; 15] =
    ["a", "", "b", "c", " ", "d", "e", "\n\t", "f", "g", "\u{200b}", "h", "i", "\u{feff} ", "j"];

#[tokio::test]
async fn a_document_without_text_is_stored_without_the_field_and_no_model_is_asked() {
    let Some(bed) = Bed::with("void", &TEN_TEXTS_AND_FIVE_PICTURES).await else { return };
    let server = Server::start(openai).await;
    let report = bed.run("run-1", &embedding(&server.url, true), None).await.unwrap();
    assert_eq!((report.done, report.failed), (15, 0), "{:?}", report.error);
    let asked: usize = server.requests().iter().map(|one| one.body["input"].as_array().unwrap().len()).sum();
    assert_eq!(asked, 10);
    let copies = bed.copies().await;
    assert_eq!(copies.values().filter(|copy| copy.get("embedding").is_some()).count(), 10);
    assert!(copies[""]["_docmill"]["enrichment"]["embedding"]["modelDigest"].is_string());
    assert_eq!(bed.record("run-1").await.empty, 5);
    let again = bed.run("run-2", &embedding(&server.url, true), None).await.unwrap();
    assert_eq!((again.done, again.skipped, again.failed), (0, 15, 0));
}

#[tokio::test]
async fn a_document_without_text_whose_result_is_required_fails_once_and_is_not_tried_again() {
    let Some(bed) = Bed::with("void-required", &TEN_TEXTS_AND_FIVE_PICTURES).await else { return };
    let server = Server::start(openai).await;
    let report = bed.run("run-1", &embedding(&server.url, false), None).await.unwrap();
    assert_eq!((report.done, report.failed), (10, 5));
    let reason = bed.first_failure("run-1").await;
    assert!(reason.contains("no text") && reason.contains("\"embedding\" is not optional"), "{reason}");
    let calls = server.requests().len();
    let again = bed.run_selecting("Failed", "run-2", &embedding(&server.url, false), None).await.unwrap();
    assert_eq!((again.done, again.failed, server.requests().len()), (0, 0, calls));
}

/// Whatever the protocol, and whatever stands around the fields.
#[tokio::test]
async fn no_protocol_sends_what_is_not_there() {
    let url = "http://127.0.0.1:9";
    let outputs = |output: Value| json!([output]);
    let protocols = [
        (
            "openInference",
            json!({"url": url, "model": "m"}),
            json!({"from": "v", "field": "x", "type": "Vector"}),
        ),
        ("textEmbeddings", json!({"url": url}), json!({"field": "x", "type": "Vector"})),
        ("openAIChat", json!({"url": url, "model": "m"}), json!({"field": "x", "type": "String"})),
        (
            "http",
            json!({"url": url, "request": {"all": "$items"}, "item": {"t": "$user"}, "results": "/r"}),
            json!({"from": "/x", "field": "x", "type": "String"}),
        ),
    ];
    for (protocol, server, mut output) in protocols {
        let Some(bed) = Bed::with(&format!("void-{}", protocol.to_lowercase()), &["", " "]).await else {
            return;
        };
        output["optional"] = json!(true);
        let enricher = json!({"name": "m", protocol: server, "timeoutSeconds": 1,
            "inputs": [{"name": "user", "template": "Headline: {headline}. {body}"}], "outputs": outputs(output)});
        let report = bed.run("run-1", &enricher, None).await.unwrap();
        assert_eq!((report.done, report.failed), (2, 0), "{protocol}: {:?}", report.error);
    }
}
