//! The search for the documents of a slice, and its response. No I/O.

use docmill_clients::elastic::ElasticError;
use serde_json::{Map, Value, json};

/// Documents per page: few enough that a page of long articles with their vectors takes only a few megabytes.
pub(crate) const PAGE: usize = 100;

/// An article as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    /// Its id, also that of its enriched copy.
    pub id: String,
    /// Its version in the source index. The copy is stored with it, so that a newer article's copy is never
    /// overwritten by an older one's.
    pub version: u64,
    /// The document; empty if the index does not give it.
    pub source: Map<String, Value>,
    /// Whether the index gave the document: not if its mapping disables `_source`.
    pub has_source: bool,
}

/// The body of a search for the page after `last`, the sort values of the last document so far.
pub(crate) fn page_body(query: &Value, sort: &Value, last: Option<&Value>) -> Value {
    let mut body =
        json!({"query": query, "sort": sort, "size": PAGE, "version": true, "track_total_hits": false});
    if let Some(last) = last {
        body["search_after"] = last.clone();
    }
    body
}

/// The body of a search that starts a scroll, which has to count its hits.
pub(crate) fn scroll_body(query: &Value) -> Value {
    json!({"query": query, "sort": ["_doc"], "size": PAGE, "version": true})
}

/// Reads a page: its articles, and the sort values of the last one.
pub(crate) fn read_page(mut answer: Value) -> Result<(Vec<Article>, Option<Value>), ElasticError> {
    let unreadable = |text: &str| ElasticError::Unreadable(format!("search: {text}"));
    let Some(Value::Array(mut hits)) = answer.pointer_mut("/hits/hits").map(Value::take) else {
        return Err(unreadable("no hits"));
    };
    let last = match hits.last_mut() {
        None => return Ok((Vec::new(), None)),
        Some(hit) => hit.get_mut("sort").map(Value::take),
    };
    let last = last.ok_or_else(|| unreadable("a hit without sort values"))?;
    let articles: Option<Vec<Article>> = hits.into_iter().map(read_hit).collect();
    Ok((articles.ok_or_else(|| unreadable("a hit without id or version"))?, Some(last)))
}

/// Reads a page of the records of failures: ids of documents, and the sort values of the last one.
pub(crate) fn read_failures(answer: &Value) -> Result<(Vec<String>, Option<Value>), ElasticError> {
    let unreadable = |text: &str| ElasticError::Unreadable(format!("search: {text}"));
    let hits = answer.pointer("/hits/hits").and_then(Value::as_array).ok_or_else(|| unreadable("no hits"))?;
    let last = hits.last().and_then(|hit| hit.get("sort").cloned());
    let ids = hits.iter().map(|hit| Some(hit.pointer("/_source/document")?.as_str()?.to_owned()));
    let ids: Option<Vec<String>> = ids.collect();
    Ok((ids.ok_or_else(|| unreadable("a record of a failure without its document"))?, last))
}

fn read_hit(mut hit: Value) -> Option<Article> {
    let id = hit.get("_id")?.as_str()?.to_owned();
    let version = hit.get("_version")?.as_u64()?;
    match hit.get_mut("_source").map(Value::take) {
        Some(Value::Object(source)) => Some(Article { id, version, source, has_source: true }),
        None | Some(Value::Null) => Some(Article { id, version, source: Map::new(), has_source: false }),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{page_body, read_page};

    #[test]
    fn a_page_goes_on_after_the_last_document() {
        let answer = json!({"hits": {"hits": [
            {"_id": "a", "_version": 7, "_source": {"x": 1}, "sort": [1_767_225_600_000_i64, 0]},
            {"_id": "b", "_version": 8, "_source": {}, "sort": [1_767_225_600_000_i64, 4_294_967_296_i64]}]}});
        let (articles, last) = read_page(answer).unwrap();
        assert_eq!(
            articles.iter().map(|a| (a.id.as_str(), a.version)).collect::<Vec<_>>(),
            [("a", 7), ("b", 8)]
        );
        let body = page_body(&json!({}), &json!([]), last.as_ref());
        assert_eq!(body["search_after"], json!([1_767_225_600_000_i64, 4_294_967_296_i64]));
        assert!(page_body(&json!({}), &json!([]), None).get("search_after").is_none());
    }

    #[test]
    fn a_document_that_the_index_does_not_give_is_a_document_all_the_same() {
        let answer = json!({"hits": {"hits": [
            {"_id": "a", "_version": 7, "sort": [1]}, {"_id": "b", "_version": 8, "_source": {}, "sort": [2]}]}});
        let (articles, last) = read_page(answer).unwrap();
        let has_source: Vec<_> = articles.iter().map(|article| article.has_source).collect();
        assert_eq!((has_source, last), (vec![false, true], Some(json!([2]))));
    }

    #[test]
    fn the_end_is_an_empty_page_and_nothing_else() {
        assert_eq!(read_page(json!({"hits": {"hits": []}})).unwrap(), (vec![], None));
        for answer in [
            json!({}),
            json!({"hits": {"hits": [{"_id": "a", "_version": 1, "_source": {}}]}}),
            json!({"hits": {"hits": [{"_id": "a", "_source": {}, "sort": [1]}]}}),
            json!({"hits": {"hits": [{"_id": "a", "_version": 1, "_source": 5, "sort": [1]}]}}),
        ] {
            assert!(read_page(answer.clone()).is_err(), "{answer}");
        }
    }
}
