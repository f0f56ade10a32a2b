//! Trouble of one index: what makes it, where a setting of the whole cluster would be needed by words alone.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::Rig;
use crate::articles::Article;

/// How the ids of late articles end.
const LATE: &str = ":late";

/// An article of a series that belongs into the index of a year before.
pub fn late_article(series: &str, number: usize) -> Article {
    let article = Article::generated(series, number);
    Article { published: "2025-01-15T12:00:00Z".into(), guid: format!("{}{LATE}", article.guid), ..article }
}

/// Answers the items of late articles in a bulk in place of what became of them.
pub fn answer_late(answer: &mut Value, status: u16, kind: &str, reason: &str) {
    for item in answer["items"].as_array_mut().into_iter().flatten() {
        for result in item.as_object_mut().into_iter().flat_map(|item| item.values_mut()) {
            if result["_id"].as_str().is_some_and(|id| id.ends_with(LATE)) {
                result["status"] = status.into();
                result["error"] = json!({"type": kind, "reason": reason});
            }
        }
    }
}

/// Answers late articles as Elasticsearch does at the limit of shards (`cluster.max_shards_per_node`).
pub fn at_the_limit(answer: &mut Value) {
    let reason = "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;";
    answer_late(answer, 400, "validation_exception", reason);
}

impl Rig {
    /// The index of late articles.
    pub fn old_index(&self) -> String {
        format!("articles-{}-2025.01", self.name)
    }

    /// Puts somebody else's template in the place of the source's own, which is refused from then on. Gives its name.
    pub async fn take_the_pattern(&self) -> Result<String> {
        let own = format!("_index_template/docmill-{}", self.articles().replace('*', "+"));
        let mut answer = self.elastic.expect(Method::GET, &own, None).await?;
        let mut template = answer["index_templates"][0]["index_template"].take();
        if let Some(template) = template.as_object_mut() {
            template.retain(|name, _| !name.contains("_date"));
        }
        self.elastic.expect(Method::DELETE, &own, None).await?;
        let foreign = format!("foreign-{}", self.name);
        self.elastic.expect(Method::PUT, &format!("_index_template/{foreign}"), Some(template)).await?;
        Ok(foreign)
    }
}
