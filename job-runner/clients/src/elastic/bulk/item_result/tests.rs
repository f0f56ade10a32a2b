use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ItemOutcome, ItemResult, read};

fn read_ids(answer: &Value, ids: &[&str]) -> Result<Vec<ItemResult>, String> {
    read(answer.to_string().as_bytes(), ids.iter().copied()).map_err(|error| error.to_string())
}

fn refused(status: u16, kind: &str, reason: &str) -> Value {
    json!({"index": {"_index": "i", "_id": "a", "status": status, "error": {"type": kind, "reason": reason}}})
}

fn only(item: &Value) -> ItemResult {
    read_ids(&json!({"took": 3, "errors": true, "items": [item]}), &["a"]).unwrap().remove(0)
}

#[test]
fn each_item_has_its_own_verdict() {
    let answer = json!({"took": 30, "errors": true, "items": [
        {"index": {"_index": "articles-2026.01.01", "_id": "a", "_version": 2, "result": "created",
            "_shards": {"total": 2, "successful": 1, "failed": 0}, "_seq_no": 0, "_primary_term": 1, "status": 201}},
        {"index": {"_index": "articles-2026.01.01", "_id": "b", "_version": 2, "result": "updated", "status": 200}},
        {"index": {"_index": "articles-2026.01.01", "_id": "c", "status": 409, "error": {
            "type": "version_conflict_engine_exception",
            "reason": "[c]: version conflict, current version [9] is higher than the one provided [8]",
            "index_uuid": "aAsFqTI0Tc2W0LCWgPNrOA", "shard": "0", "index": "articles-2026.01.01"}}},
        {"index": {"_index": "articles-2026.01.01", "_id": "d", "status": 429, "error": {
            "type": "es_rejected_execution_exception",
            "reason": "rejected execution of primary operation [coordinating_and_primary_bytes=250000]"}}},
        {"index": {"_index": "articles-2026.01.01", "_id": "e", "status": 400, "error": {
            "type": "document_parsing_exception",
            "reason": "[1:30] failed to parse field [publishedAt] of type [date] in document with id 'e'",
            "caused_by": {"type": "illegal_argument_exception", "reason": "failed to parse date field [soon]"}}}},
        {"delete": {"_index": "articles-2025.12.31", "_id": "f", "result": "not_found", "status": 404}},
    ]});
    let verdicts = read_ids(&answer, &["a", "b", "c", "d", "e", "f"]).unwrap();
    assert_eq!(verdicts[0], ItemResult::Final(ItemOutcome::Done));
    assert_eq!(verdicts[1], ItemResult::Final(ItemOutcome::Done));
    assert_eq!(verdicts[2], ItemResult::Final(ItemOutcome::Superseded));
    assert!(matches!(&verdicts[3], ItemResult::Retry(fault) if fault.status == 429));
    assert!(
        matches!(&verdicts[4], ItemResult::Final(ItemOutcome::Rejected(fault)) if fault.reason.contains("[soon]")),
        "{:?}",
        verdicts[4]
    );
    assert_eq!(verdicts[5], ItemResult::Final(ItemOutcome::Done));
}

#[test]
fn what_is_not_the_documents_fault_is_sent_again() {
    for (status, kind) in [
        (403, "cluster_block_exception"),
        (403, "security_exception"),
        (404, "index_not_found_exception"),
        (400, "validation_exception"),
        (500, "exception"),
        (500, "i_o_exception"),
        (503, "fail_processor_exception"),
        (503, "unavailable_shards_exception"),
    ] {
        let verdict = only(&refused(status, kind, "because"));
        assert!(matches!(verdict, ItemResult::Retry(_)), "{status} {kind}: {verdict:?}");
    }
}

#[test]
fn what_is_the_documents_fault_is_rejected() {
    for (status, kind) in [
        (400, "mapper_parsing_exception"),
        (400, "strict_dynamic_mapping_exception"),
        (400, "illegal_argument_exception"),
        (500, "fail_processor_exception"),
        (500, "class_cast_exception"),
    ] {
        let verdict = only(&refused(status, kind, "because"));
        assert!(matches!(verdict, ItemResult::Final(ItemOutcome::Rejected(_))), "{kind}: {verdict:?}");
    }
}

#[test]
fn a_success_with_an_error_is_no_success() {
    let item = json!({"index": {"_id": "a", "status": 200, "error": {"type": "odd", "reason": "odd"}}});
    assert_ne!(only(&item), ItemResult::Final(ItemOutcome::Done));
}

#[test]
fn answers_that_do_not_fit_what_was_sent_are_not_believed() {
    let done = |id: &str| json!({"index": {"_id": id, "status": 201}});
    for (answer, because) in [
        (json!({}), "no items"),
        (json!({"items": [done("a")]}), "1 items for 2 sent"),
        (json!({"items": [done("a"), done("b"), done("c")]}), "3 items for 2 sent"),
        (json!({"items": [done("b"), done("a")]}), "not sent in its place"),
        (json!({"items": [done("a"), {}]}), "not of its form"),
        (json!({"items": [done("a"), {"update": {"_id": "b", "status": 200}}]}), "not of its form"),
        (json!({"items": [done("a"), {"index": {"_id": "b"}}]}), "without a status"),
    ] {
        let error = read_ids(&answer, &["a", "b"]).unwrap_err();
        assert!(error.contains(because), "{error}");
    }
    assert!(read(b"{\"items\": [", ["a"].into_iter()).is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof!["[a-c]", Just("version_conflict_engine_exception".to_owned())].prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("items".to_owned()),
        Just("index".to_owned()),
        Just("status".to_owned()),
        Just("error".to_owned()),
        Just("_id".to_owned()),
        Just("caused_by".to_owned()),
        "[a-c]",
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(answer in any_json()) {
        if let Ok(verdicts) = read_ids(&answer, &["a", "b"]) {
            prop_assert_eq!(verdicts.len(), 2);
        }
    }

    #[test]
    fn a_verdict_never_reaches_another_document(
        mut items in prop::collection::vec(("[a-e]", any_json()), 1..6),
        order in any::<prop::sample::Index>(),
    ) {
        let ids: Vec<String> = items.iter().map(|(id, _)| id.clone()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let turn = order.index(items.len());
        items.rotate_left(turn);
        let answer: Vec<Value> = items
            .iter()
            .map(|(id, error)| json!({"index": {"_id": id, "status": 400, "error": error}}))
            .collect();
        let moved = items.iter().map(|(id, _)| id.as_str()).ne(ids.iter().copied());
        prop_assert_eq!(read_ids(&json!({"items": answer}), &ids).is_err(), moved);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes, ["a"].into_iter()).is_err());
    }
}
