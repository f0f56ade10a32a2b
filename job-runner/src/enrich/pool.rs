//! Which documents a run can take: the operator counts them and cuts them into slices, a worker goes through those of its
//! slice. Both ask by the same queries. No I/O.

use docmill_crds::enrichment_run::{Bounds, Matching};
use serde_json::{Map, Value, json};

use super::work::Reason;

/// Where the documents of a run are looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Index, alias or pattern.
    pub index: String,
    /// The date that slices are cut by.
    pub time_field: String,
    /// What has to hold besides the bounds.
    filter: Vec<Value>,
}

impl Pool {
    /// The articles of an index: those that match a query, and what a run asks for besides.
    #[must_use]
    pub fn articles(
        index: &str,
        time_field: &str,
        query: Option<&Map<String, Value>>,
        matching: Option<&Matching>,
    ) -> Self {
        let mut filter: Vec<Value> = query.cloned().map(Value::Object).into_iter().collect();
        if let Some(matching) = matching {
            filter.extend(matching.query.clone().map(Value::Object));
            filter.extend(matching.ids.as_ref().map(|ids| json!({"ids": {"values": ids}})));
        }
        Self { index: index.to_owned(), time_field: time_field.to_owned(), filter }
    }

    /// The records of documents that failed on their way to a target.
    #[must_use]
    pub fn failures(enrichments_index: &str, target: &str) -> Self {
        Self {
            index: enrichments_index.to_owned(),
            time_field: "articleTime".to_owned(),
            filter: vec![json!({"term": {"kind": "failure"}}), json!({"term": {"target": target}})],
        }
    }

    /// Those of them that may fare better another time: not those of documents that had nothing to give a model. Another
    /// version of such a document is indexed anew and found by that, and so is each if its model or outputs change.
    #[must_use]
    pub fn failures_to_retry(enrichments_index: &str, target: &str) -> Self {
        let mut pool = Self::failures(enrichments_index, target);
        pool.filter.push(json!({"bool": {"must_not": {"term": {"reason": Reason::EmptyInput.as_str()}}}}));
        pool
    }

    /// The query for all of them.
    #[must_use]
    pub fn all(&self) -> Value {
        json!({"bool": {"filter": self.filter}})
    }

    /// The query for those within bounds: everything after `after` and up to `until`.
    #[must_use]
    pub fn within(&self, bounds: &Bounds) -> Value {
        let mut range = json!({"lte": bounds.until.0.to_string()});
        if let Some(after) = &bounds.after {
            range["gt"] = json!(after.0.to_string());
        }
        let mut filter = vec![json!({"range": {&self.time_field: range}})];
        filter.extend(self.filter.iter().cloned());
        json!({"bool": {"filter": filter}})
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::recipe::tests::recipe;

    #[test]
    fn the_lower_bound_is_left_out_and_the_upper_one_is_not() {
        let mut recipe = recipe();
        let filter = |recipe: &super::super::recipe::Recipe| {
            recipe.articles().within(&recipe.bounds)["bool"]["filter"].clone()
        };
        let range = json!({"gt": "2026-01-01T00:00:00Z", "lte": "2026-02-01T00:00:00Z"});
        assert_eq!(filter(&recipe), json!([{"range": {"_docmill.indexedTime": range}}]));
        recipe.bounds.after = None;
        let range = json!({"lte": "2026-02-01T00:00:00Z"});
        assert_eq!(filter(&recipe), json!([{"range": {"_docmill.indexedTime": range}}]));
    }

    #[test]
    fn all_that_the_run_asks_for_has_to_hold() {
        let mut recipe = recipe();
        recipe.time_field = "@timestamp".into();
        recipe.from_query = json!({"term": {"language": "en"}}).as_object().cloned();
        recipe.matching =
            serde_json::from_value(json!({"ids": ["a"], "query": {"exists": {"field": "x"}}})).unwrap();
        let filter = recipe.articles().within(&recipe.bounds)["bool"]["filter"].clone();
        assert!(filter[0]["range"]["@timestamp"].is_object());
        assert_eq!(filter[1], json!({"term": {"language": "en"}}));
        assert_eq!(filter[2], json!({"exists": {"field": "x"}}));
        assert_eq!(filter[3], json!({"ids": {"values": ["a"]}}));
    }
}
