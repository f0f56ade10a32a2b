//! What is asked of the ledger. Pure.

use docmill_crds::reason::SkipReason;
use docmill_crds::records::lineage::Day;
use docmill_crds::records::units::{EXPIRED_ID, UnitState};
use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::state::State;
use serde_json::{Value, json};

/// How many values a place in the order of units has.
pub const SORTED_BY: usize = 3;

/// Records of a page at most if they come with their documents, of which each can have 1000.
pub const MOST_WITH_DOCUMENTS: u32 = 200;

/// The search for a page of units, after a place in their order.
pub fn page(query: &UnitQuery, after: Option<Value>) -> Value {
    let mut body = json!({
        "size": query.page(),
        // The totals of retention are no unit.
        "query": {"bool": {"filter": filters(query), "must_not": [{"ids": {"values": [EXPIRED_ID]}}]}},
        "sort": [{"recordedTime": "desc"}, {"unit.key": "asc"}, {"unit.version": "asc"}],
        // A record names up to 1000 documents.
        "_source": {"excludes": ["documents", "overwrittenIds"]},
        "track_total_hits": false,
    });
    if let Some(after) = after {
        body["search_after"] = after;
    }
    body
}

/// The same for the units of a day, by key and version; of those of this bucket. With their documents, of which their digest
/// is made.
pub fn page_of_day(day: Day, bucket: &str, query: &UnitQuery, after: Option<Value>) -> Value {
    let mut body = page(query, after);
    body["size"] = query.page().min(MOST_WITH_DOCUMENTS).into();
    let others = body["query"].take();
    body["query"] = json!({"bool": {"filter": [day.units(bucket), others]}});
    body["sort"] = json!([{"unit.key": "asc"}, {"unit.version": "asc"}, {"recordedTime": "asc"}]);
    body["_source"] = json!({"excludes": ["overwrittenIds"]});
    body
}

/// The fields of a record but for those that a list leaves out.
pub fn fields() -> Vec<String> {
    let fields = [
        "source",
        "unit",
        "state",
        "reason",
        "attempts",
        "rawDigest",
        "documentCount",
        "overwrittenCount",
        "repairs",
        "documentsDigest",
        "snapshot",
        "revision",
        "lastModified",
        "recordedTime",
        "lagMillis",
        "runner",
        "run",
        "supersededBy",
    ];
    fields.map(str::to_owned).to_vec()
}

/// The search for the units of a document: those that have it, and all versions of the object that it comes from.
pub fn history(id: &str, key: Option<&str>, size: usize) -> Value {
    let mut any = vec![json!({"term": {"documents.id": id}})];
    any.extend(key.map(|key| json!({"term": {"unit.key": key}})));
    json!({
        "size": size,
        "query": {"bool": {"should": any, "minimum_should_match": 1}},
        "sort": [{"recordedTime": "desc"}, {"unit.key": "asc"}, {"unit.version": "asc"}],
        "_source": {"excludes": ["documents", "overwrittenIds"]},
        "track_total_hits": false,
    })
}

fn filters(query: &UnitQuery) -> Vec<Value> {
    let terms = [
        ("unit.key", &query.key),
        ("reason", &query.reason),
        ("revision", &query.revision),
        ("documents.id", &query.document_id),
    ];
    let mut filters: Vec<Value> = terms
        .into_iter()
        .filter_map(|(field, value)| value.as_ref().map(|value| json!({"term": {(field): value}})))
        .collect();
    filters.extend(query.prefix.as_ref().map(|prefix| json!({"prefix": {"unit.key": prefix}})));
    filters.extend(query.since.as_ref().map(|time| json!({"range": {"recordedTime": {"gte": time}}})));
    filters.extend(query.until.as_ref().map(|time| json!({"range": {"recordedTime": {"lt": time}}})));
    filters.extend(query.state.and_then(of_state));
    filters
}

/// Records of this state; those that are told apart from other skipped ones have a reason of their own.
fn of_state(state: State) -> Option<Value> {
    let recorded = |state: UnitState| json!({"term": {"state": state.as_str()}});
    let reason = |reason: SkipReason| json!({"term": {"reason": reason.as_str()}});
    let skipped_for =
        |skipped: SkipReason| json!({"bool": {"filter": [recorded(UnitState::Skipped), reason(skipped)]}});
    match state {
        State::Indexed => Some(recorded(UnitState::Indexed)),
        State::Converted => Some(recorded(UnitState::Converted)),
        State::Failed => Some(recorded(UnitState::Failed)),
        State::Superseded => Some(skipped_for(SkipReason::Superseded)),
        State::Removed => Some(skipped_for(SkipReason::ObjectRemoved)),
        State::Forgotten => Some(skipped_for(SkipReason::Forgotten)),
        State::Skipped => {
            let others = [SkipReason::Superseded, SkipReason::ObjectRemoved, SkipReason::Forgotten];
            let others = others.map(reason);
            Some(json!({"bool": {"filter": [recorded(UnitState::Skipped)], "must_not": others}}))
        }
        State::Pending | State::Enriched | State::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::lineage::Day;
    use docmill_crds::records_api::query::UnitQuery;
    use docmill_crds::records_api::state::State;
    use serde_json::json;

    use super::{filters, history, page, page_of_day};

    #[test]
    fn everything_that_is_set_has_to_hold() {
        let query = UnitQuery {
            key: Some("a".into()),
            reason: Some("WrongType".into()),
            since: Some("2026-01-02T00:00:00Z".into()),
            state: Some(State::Failed),
            limit: Some(10_000),
            ..UnitQuery::default()
        };
        let body = page(&query, Some(json!([1, "a", "v"])));
        assert_eq!(body["size"], 500);
        assert_eq!(body["search_after"], json!([1, "a", "v"]));
        let filters = body["query"]["bool"]["filter"].as_array().unwrap();
        assert_eq!(filters.len(), 4);
        assert!(filters.contains(&json!({"term": {"unit.key": "a"}})));
        assert!(filters.contains(&json!({"term": {"state": "Failed"}})));
        assert!(filters.contains(&json!({"range": {"recordedTime": {"gte": "2026-01-02T00:00:00Z"}}})));
        assert_eq!(page(&UnitQuery::default(), None).get("search_after"), None);
    }

    #[test]
    fn the_units_of_a_day_come_by_key_with_their_documents_and_a_few_at_a_time() {
        let query = UnitQuery { state: Some(State::Failed), limit: Some(500), ..UnitQuery::default() };
        let day = Day::parse("2026-11-29").unwrap();
        let body = page_of_day(day, "raw", &query, Some(json!(["a", "v", 1])));
        assert_eq!((&body["size"], &body["search_after"]), (&json!(200), &json!(["a", "v", 1])));
        assert_eq!(body["sort"][0], json!({"unit.key": "asc"}));
        assert_eq!(body["query"]["bool"]["filter"][0], day.units("raw"));
        assert!(body["query"].to_string().contains("Failed"));
        assert!(!body["_source"].to_string().contains("\"documents\""));
    }

    #[test]
    fn superseded_units_are_told_from_other_skipped_ones() {
        let of =
            |state| json!(filters(&UnitQuery { state: Some(state), ..UnitQuery::default() })).to_string();
        assert!(of(State::Superseded).contains("Superseded") && !of(State::Superseded).contains("must_not"));
        assert!(of(State::Skipped).contains("must_not"));
    }

    #[test]
    fn a_history_is_of_the_document_and_of_its_object() {
        let body = history("urn:1", Some("a.xml"), 7);
        assert_eq!(body["query"]["bool"]["should"].as_array().map(Vec::len), Some(2));
        assert_eq!(history("urn:1", None, 7)["query"]["bool"]["should"].as_array().map(Vec::len), Some(1));
    }
}
