//! Taking an Elasticsearch bulk apart and its answers together again. Pure.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// One item of a bulk request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// `index`, `create`, `update` or `delete`.
    operation: String,
    /// Index and id, as the request names them.
    meta: Value,
    /// Its one or two lines, each with its line feed.
    text: String,
}

impl Item {
    /// The item as it was sent.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn throttled(&self) -> Value {
        json!({&self.operation: {
            "_index": self.meta["_index"], "_id": self.meta["_id"], "status": 429,
            "error": {"type": "es_rejected_execution_exception", "reason": "rejected by the test's proxy"},
        }})
    }
}

/// The items of a request's body.
pub(super) fn items(body: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut lines = body.split_inclusive('\n').filter(|line| !line.trim().is_empty());
    while let Some(line) = lines.next() {
        let action: Value = serde_json::from_str(line).context("an action of a bulk is not JSON")?;
        let (operation, meta) = action.as_object().and_then(|one| one.iter().next()).context("no action")?;
        let source = if operation == "delete" { "" } else { lines.next().context("no source")? };
        items.push(Item {
            operation: operation.clone(),
            meta: meta.clone(),
            text: format!("{line}{source}"),
        });
    }
    Ok(items)
}

/// Every second item, from the second one on, is to be throttled: those and the others, by their positions.
pub(super) fn is_throttled(position: usize) -> bool {
    position % 2 == 1
}

/// The body of a request for the items that are not throttled; empty if there are none.
pub(super) fn passed_on(items: &[Item]) -> String {
    let kept = items.iter().enumerate().filter(|(position, _)| !is_throttled(*position));
    kept.map(|(_, item)| item.text.as_str()).collect()
}

/// The answer to all items, from the store's answer to those that were passed on.
pub(super) fn merged(items: &[Item], answer: &[u8]) -> Result<Vec<u8>> {
    let mut answer: Value = serde_json::from_slice(answer).context("the answer to a bulk is not JSON")?;
    let given = answer["items"].as_array().cloned().context("a bulk was answered without items")?;
    let mut given = given.into_iter();
    let all: Option<Vec<Value>> = items
        .iter()
        .enumerate()
        .map(|(position, item)| if is_throttled(position) { Some(item.throttled()) } else { given.next() })
        .collect();
    answer["items"] = all.context("the bulk was answered with too few items")?.into();
    answer["errors"] = true.into();
    Ok(answer.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{items, merged, passed_on};

    const BODY: &str = "{\"index\":{\"_index\":\"a\",\"_id\":\"1\"}}\n{\"x\":1}\n\
        {\"delete\":{\"_index\":\"a\",\"_id\":\"2\"}}\n\
        {\"create\":{\"_index\":\"b\",\"_id\":\"3\"}}\n{\"x\":3}\n";

    #[test]
    fn a_bulk_is_taken_apart_by_items() {
        let items = items(BODY).expect("items");
        let texts: Vec<_> = items.iter().map(super::Item::text).collect();
        assert_eq!((texts.len(), texts.concat().as_str()), (3, BODY));
        assert_eq!(texts[1].lines().count(), 1);
        assert_eq!(passed_on(&items).lines().count(), 4);
        assert!(!passed_on(&items).contains("delete"));
    }

    #[test]
    fn answers_keep_the_order_of_the_items() {
        let answer = json!({"took": 1, "errors": false, "items": [{"index": {"status": 201}}, {"create": {"status": 200}}]});
        let merged = merged(&items(BODY).expect("items"), answer.to_string().as_bytes()).expect("an answer");
        let merged: Value = serde_json::from_slice(&merged).expect("JSON");
        assert_eq!(merged["errors"], true);
        let statuses: Vec<_> = ["/items/0/index", "/items/1/delete", "/items/2/create"]
            .map(|place| merged.pointer(&format!("{place}/status")).cloned())
            .into();
        assert_eq!(statuses, [Some(json!(201)), Some(json!(429)), Some(json!(200))]);
        assert_eq!(merged.pointer("/items/1/delete/_id"), Some(&json!("2")));
    }

    #[test]
    fn an_answer_with_too_few_items_is_noticed() {
        let answer = json!({"items": [{"index": {"status": 201}}]}).to_string();
        assert!(merged(&items(BODY).expect("items"), answer.as_bytes()).is_err());
    }
}
