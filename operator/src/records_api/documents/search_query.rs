//! What a search by words asks of an index, and what is read of its answer. Pure.

use docmill_clients::elastic::search_hits;
use docmill_crds::records::units::UnitId;
use serde_json::{Value, json};

/// Time limit of a search in each shard: below that of an answer, so that no search goes on for nobody.
const TIMEOUT: &str = "15s";
/// The operators that are on. Prefixes, fuzzy words, distances and parentheses are off: a few characters of them have a cluster
/// try thousands of words.
const OPERATORS: &str = "AND|OR|NOT|PHRASE|WHITESPACE";

/// A document that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: String,
    /// Name of its index.
    pub index: String,
    /// How well it matches; higher is better.
    pub score: f64,
    /// Digest of its unit, if `_docmill` names one.
    pub unit: Option<String>,
    /// What `_docmill` says of its unit and its time.
    pub docmill: Value,
}

/// The search for documents with all words of a text, the best match first. Others may write to the same indices: only
/// documents of the source with this full name, `<namespace>/<name>`, are found.
pub fn body(source: &str, text: &str, size: u32) -> Value {
    let words = json!({"simple_query_string": {
        "query": text,
        "flags": OPERATORS,
        "default_operator": "and",
        // A word is no fault of fields that are numbers or dates.
        "lenient": true,
        "analyze_wildcard": false,
    }});
    json!({
        "size": size,
        "query": {"bool": {"must": [words], "filter": [{"term": {"_docmill.source": source}}]}},
        "_source": ["_docmill.unit", "_docmill.indexedTime"],
        "timeout": TIMEOUT,
        "track_total_hits": false,
    })
}

/// The documents of an answer, in its order.
pub fn hits(answer: &Value) -> Vec<Hit> {
    search_hits(answer).iter().filter_map(hit).collect()
}

fn hit(hit: &Value) -> Option<Hit> {
    let text = |key: &str| hit.get(key).and_then(Value::as_str).map(str::to_owned);
    let docmill = hit.pointer("/_source/_docmill").cloned().unwrap_or_default();
    let unit = docmill.get("unit").and_then(|unit| serde_json::from_value::<UnitId>(unit.clone()).ok());
    Some(Hit {
        id: text("_id")?,
        index: text("_index")?,
        score: hit.get("_score").and_then(Value::as_f64).unwrap_or_default(),
        unit: unit.map(|unit| unit.digest()),
        docmill,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{body, hits};

    #[test]
    fn words_are_searched_for_without_the_operators_that_are_dear() {
        let body = body("news/wire", "a* /b/ c:d e~9 (f)", 20);
        let words = &body["query"]["bool"]["must"][0]["simple_query_string"];
        assert_eq!(words["query"], "a* /b/ c:d e~9 (f)");
        assert_eq!((&words["default_operator"], &words["lenient"]), (&json!("and"), &json!(true)));
        let flags: Vec<&str> = words["flags"].as_str().unwrap().split('|').collect();
        for off in ["ALL", "PREFIX", "FUZZY", "NEAR", "SLOP", "PRECEDENCE"] {
            assert!(!flags.contains(&off), "{off}");
        }
        assert!(flags.contains(&"WHITESPACE"), "without it, all words have to be in one field");
    }

    #[test]
    fn a_search_is_for_documents_of_one_source_and_takes_no_content() {
        let body = body("news/wire", "a", 20);
        assert_eq!(body["query"]["bool"]["filter"], json!([{"term": {"_docmill.source": "news/wire"}}]));
        assert_eq!(body["_source"], json!(["_docmill.unit", "_docmill.indexedTime"]));
        assert_eq!(body["size"], 20);
        assert!(body.get("highlight").is_none() && body["timeout"].is_string(), "{body}");
    }

    #[test]
    fn a_hit_has_the_digest_of_its_unit() {
        let unit = json!({"bucket": "raw", "key": "a.xml", "version": "v", "member": "b.xml"});
        let docmill = json!({"unit": unit, "indexedTime": "2026-01-02T00:00:00Z"});
        let source = json!({"_docmill": docmill});
        let own = json!({"_index": "articles-1", "_id": "a", "_score": 2.5, "_source": source});
        let foreign = json!({"_index": "articles-1", "_id": "b", "_score": 1, "_source": {}});
        let found = hits(&json!({"hits": {"hits": [own, foreign, {"_index": "articles-1"}]}}));
        assert_eq!(found.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found[0].unit.as_deref().map(str::len), Some(32));
        assert!(found[1].unit.is_none() && found[0].score > found[1].score, "{found:?}");
        assert!(hits(&json!({})).is_empty());
    }
}
