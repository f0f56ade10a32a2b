//! The records of runs in one index.

use docmill_clients::elastic::{Elastic, ElasticError};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// Maximum number of runs that one search returns, oldest first.
const RUNS: usize = 200;
/// Maximum number of runs that one search excludes; an index accepts 65,536 terms by default.
const KNOWN: usize = 60_000;
/// Records of a run that are removed in one request; the largest run has fewer.
const RECORDS: usize = 1000;

/// The records of runs in one index. Other records in it stay.
pub struct IndexRecords<'a> {
    /// The cluster.
    pub elastic: &'a Elastic,
    /// The index.
    pub index: &'a str,
    /// The kinds of records that are removed with their run.
    pub kinds: &'static [&'static str],
}

impl IndexRecords<'_> {
    /// UIDs of runs for which nothing was written since `before`, except those that are known to exist.
    pub async fn runs(&self, known: &[String], before: Timestamp) -> Result<Vec<String>, ElasticError> {
        Ok(read(&self.elastic.search(self.index, &query(self.kinds, known)).await?, before))
    }

    /// Removes the records of a run.
    pub async fn remove(&self, run: &str) -> Result<(), ElasticError> {
        let query = json!({"bool": {"filter": [{"term": {"run": run}}, {"terms": {"kind": self.kinds}}]}});
        let search = json!({"size": RECORDS, "_source": false, "query": query});
        let answer = self.elastic.search(self.index, &search).await?;
        let hits = answer.pointer("/hits/hits").and_then(Value::as_array);
        let ids = hits.into_iter().flatten().filter_map(|hit| hit.get("_id")?.as_str());
        self.elastic.delete_docs(self.index, ids).await
    }
}

fn query(kinds: &[&str], known: &[String]) -> Value {
    let known = &known[..known.len().min(KNOWN)];
    json!({
        "size": 0,
        "query": {"bool": {"filter": [{"terms": {"kind": kinds}}], "must_not": [{"terms": {"run": known}}]}},
        "aggs": {"runs": {
            "terms": {"field": "run", "size": RUNS, "order": {"newest": "asc"}},
            "aggs": {"newest": {"max": {"field": "updatedTime"}}},
        }},
    })
}

/// The runs in an answer. Without an index there are none.
fn read(answer: &Value, before: Timestamp) -> Vec<String> {
    let runs = answer.pointer("/aggregations/runs/buckets").and_then(Value::as_array);
    let quiet = |run: &&Value| {
        let newest = run.pointer("/newest/value").and_then(Value::as_f64);
        // Records without a time are written before the first pod starts.
        newest.is_none_or(|newest| newest < milliseconds(before))
    };
    let runs = runs.into_iter().flatten().filter(quiet);
    runs.filter_map(|run| Some(run.get("key")?.as_str()?.to_owned())).collect()
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit for 280,000 years")]
fn milliseconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    use super::{KNOWN, query, read};

    #[test]
    fn only_runs_of_which_nothing_was_written_lately_are_told() {
        let run = |key: &str, newest| json!({"key": key, "doc_count": 2, "newest": {"value": newest}});
        let buckets = [run("old", json!(1_000.0)), run("new", json!(9_000.0)), run("limits", json!(null))];
        let answer = json!({"aggregations": {"runs": {"buckets": buckets}}});
        assert_eq!(read(&answer, Timestamp::from_millisecond(5_000).unwrap()), ["old", "limits"]);
        assert!(read(&json!({"hits": {"hits": []}}), Timestamp::now()).is_empty());
    }

    #[test]
    fn a_search_stays_below_what_an_index_takes() {
        let known = vec!["uid".to_owned(); KNOWN + 5];
        let query = query(&["run"], &known);
        let terms = query.pointer("/query/bool/must_not/0/terms/run").and_then(|terms| terms.as_array());
        assert_eq!(terms.map(Vec::len), Some(KNOWN));
    }
}
