//! Functions without a server.

use serde_json::{Value, json};

use super::bed::Bed;

const TEXTS: [&str; 3] = [
    "The Norwegian parliament voted on Tuesday to raise the fuel tax by two percent.",
    "Das norwegische Parlament stimmte am Dienstag für eine höhere Steuer auf Kraftstoff.",
    "12.5 %",
];

fn builtin(name: &str, outputs: &Value) -> Value {
    json!({"name": "own", "builtin": name, "inputs": [{"name": "text", "template": "{headline}"}],
        "outputs": outputs})
}

#[tokio::test]
async fn functions_of_its_own_need_no_server() {
    let language = builtin(
        "Language",
        &json!([
        {"field": "lang", "type": "Keyword", "optional": true},
        {"field": "langScript", "from": "script", "type": "Keyword", "optional": true}]),
    );
    let Some(bed) = Bed::with("language", &TEXTS).await else { return };
    let report = bed.run("run-1", &language, None).await.unwrap();
    assert_eq!((report.done, report.failed), (3, 0), "{:?}", report.error);
    let copies = bed.copies().await;
    assert_eq!((&copies[TEXTS[0]]["lang"], &copies[TEXTS[1]]["lang"]), (&json!("en"), &json!("de")));
    assert_eq!(copies[TEXTS[0]]["langScript"], "Latn");
    assert_eq!(copies[TEXTS[2]].get("lang"), None);
    let told = &copies[TEXTS[0]]["_docmill"]["enrichment"]["own"];
    assert_eq!((&told["model"], &told["version"]), (&json!("Language"), &json!("1")));
    assert_eq!(bed.run("run-2", &language, None).await.unwrap().done, 0);
}

#[tokio::test]
async fn lists_and_numbers_of_functions_are_stored_as_such() {
    let Some(bed) = Bed::with("lists", &TEXTS).await else { return };
    let keywords = builtin("Keywords", &json!([{"field": "tags", "type": "Keyword", "repeated": true}]));
    assert_eq!(bed.run("run-1", &keywords, None).await.unwrap().done, 3);
    let copies = bed.copies().await;
    let tags = copies[TEXTS[0]]["tags"].to_string();
    assert!(tags.contains("norwegian parliament") || tags.contains("fuel tax"), "{tags}");
    assert_eq!(copies[TEXTS[2]]["tags"], json!([]));

    let Some(bed) = Bed::with("bands", &TEXTS).await else { return };
    let simhash = builtin(
        "Simhash",
        &json!([{"field": "bands", "from": "bands", "type": "Keyword",
        "repeated": true, "optional": true}]),
    );
    assert_eq!(bed.run("run-1", &simhash, None).await.unwrap().done, 3);
    assert_eq!(bed.copies().await[TEXTS[0]]["bands"].as_array().unwrap().len(), 4);

    let Some(bed) = Bed::with("reading", &TEXTS).await else { return };
    let length = builtin("ReadingLength", &json!([{"field": "words", "from": "words", "type": "Integer"}]));
    assert_eq!(bed.run("run-1", &length, None).await.unwrap().done, 3);
    assert_eq!(bed.copies().await[TEXTS[0]]["words"], 14);
}
