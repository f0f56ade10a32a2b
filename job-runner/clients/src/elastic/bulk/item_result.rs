//! Reads the response to a bulk request, item by item.
//!
//! A bulk responds 200 whatever became of its items, so each item has to be checked. Statuses:
//! <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>.
//!
//! - 2xx: stored; 409: a newer version is stored; both are settled.
//! - 429, 5xx, a block, missing permissions: [`ItemResult::Retry`]. The item is sent again, after the pause of
//!   [`retry`](crate::retry).
//!   If code of the cluster cannot cope with one item (500, `OF_CODE`), `progress`
//!   rejects it when the patience ends.
//! - other 4xx, and what an ingest pipeline makes of the document alone (500, `OF_DOCUMENT`): the document is rejected
//!   permanently.

use std::borrow::Cow;

use docmill_crds::contract::IndexTrouble;
use docmill_crds::error_class::ErrorClass;
use serde::Deserialize;
use serde_json::Value;

use crate::elastic::client::parse_as;
use crate::elastic::error::{ElasticError, ErrorCause};

/// Exceptions that Elasticsearch reports with 500 although they are about what one document contains: an ingest pipeline
/// rejects it, or fails at its values. Sent again, it would fail again, and hold up the others of its bulk.
const OF_DOCUMENT: [&str; 8] = [
    "fail_processor_exception",
    "arithmetic_exception",
    "array_index_out_of_bounds_exception",
    "class_cast_exception",
    "date_time_exception",
    "date_time_parse_exception",
    "index_out_of_bounds_exception",
    "string_index_out_of_bounds_exception",
];

/// Exceptions with 500 that code throws which cannot cope with something: a document, if others of its index are accepted, or
/// the node.
const OF_CODE: [&str; 5] = [
    "negative_array_size_exception",
    "no_such_element_exception",
    "null_pointer_exception",
    "stack_overflow_error",
    "unsupported_operation_exception",
];

/// The final outcome of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It is stored (or, for a delete, gone), as durably as Elasticsearch promises.
    Done,
    /// A newer version is stored already: this one arrived late, and there is nothing to do.
    Superseded,
    /// Elasticsearch rejects the document; sending it again cannot help.
    Rejected(ErrorCause),
    /// Its index has trouble of its own, and the sender of the bulk does not wait for that: nothing was
    /// written.
    Held(IndexTrouble, ErrorCause),
}

/// What one response says about an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemResult {
    /// It is settled.
    Final(ItemOutcome),
    /// It is not the document's fault (backpressure, an outage, a block, missing permissions): it has to be
    /// sent again.
    Retry(ErrorCause),
}

impl ItemResult {
    /// The server's objection to the item.
    pub(crate) fn fault(&self) -> Option<&ErrorCause> {
        match self {
            Self::Retry(fault) | Self::Final(ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault)) => {
                Some(fault)
            }
            Self::Final(ItemOutcome::Done | ItemOutcome::Superseded) => None,
        }
    }
}

/// Whether an item that is refused like this again and again, while others of its index are accepted, is at fault itself.
pub(crate) fn may_be_of_document(fault: &ErrorCause) -> bool {
    fault.status == 500 && OF_CODE.contains(&fault.kind.as_str())
}

/// A response, as far as it is read: it has as many items as the bulk, so it is not built as a tree.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    items: Option<Vec<Item<'a>>>,
}

/// An item is an object of one key, the action: `{"index": {"_id": …, "status": …, "error": …}}`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Item<'a> {
    #[serde(borrow)]
    Create(Entry<'a>),
    #[serde(borrow)]
    Index(Entry<'a>),
    #[serde(borrow)]
    Delete(Entry<'a>),
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(rename = "_id", borrow)]
    id: Option<Cow<'a, str>>,
    status: Option<u16>,
    error: Option<Value>,
}

/// Reads the verdicts of the items that were sent, in their order. A response with another number of items or
/// with other ids is discarded as a whole: a verdict must never reach the wrong document.
pub fn read<'a>(
    answer: &[u8],
    sent: impl ExactSizeIterator<Item = &'a str>,
) -> Result<Vec<ItemResult>, ElasticError> {
    let answer: Answer<'_> = parse_as("bulk", answer)?;
    let items = answer.items.ok_or_else(|| unreadable("no items"))?;
    if items.len() != sent.len() {
        return Err(unreadable(&format!("{} items for {} sent", items.len(), sent.len())));
    }
    items.into_iter().zip(sent).map(|(item, id)| read_item(item, id)).collect()
}

fn unreadable(text: &str) -> ElasticError {
    ElasticError::Unreadable(format!("bulk: {text}"))
}

fn read_item(item: Item<'_>, sent_id: &str) -> Result<ItemResult, ElasticError> {
    let (Entry { id, status, error }, is_delete) = match item {
        Item::Create(entry) | Item::Index(entry) => (entry, false),
        Item::Delete(entry) => (entry, true),
    };
    if id.as_deref() != Some(sent_id) {
        return Err(unreadable("an item that was not sent in its place"));
    }
    let status = status.ok_or_else(|| unreadable("an item without a status"))?;
    Ok(verdict(is_delete, status, error.as_ref()))
}

fn verdict(is_delete: bool, status: u16, error: Option<&Value>) -> ItemResult {
    match (status, error) {
        (200..=299, None) => return ItemResult::Final(ItemOutcome::Done),
        // The document to be deleted does not exist: that is the desired result.
        (404, None) if is_delete => return ItemResult::Final(ItemOutcome::Done),
        _ => {}
    }
    let fault = ErrorCause::of_error(status, error.unwrap_or(&Value::Null));
    if fault.kind == "version_conflict_engine_exception" {
        return ItemResult::Final(ItemOutcome::Superseded);
    }
    if status == 500 && OF_DOCUMENT.contains(&fault.kind.as_str()) {
        return ItemResult::Final(ItemOutcome::Rejected(fault));
    }
    match fault.class() {
        ErrorClass::Transient | ErrorClass::User => ItemResult::Retry(fault),
        ErrorClass::Permanent => ItemResult::Final(ItemOutcome::Rejected(fault)),
    }
}

#[cfg(test)]
mod tests;
