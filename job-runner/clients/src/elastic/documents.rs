//! Single documents by their addresses.

use elasticsearch::http::Method;
use serde_json::{Map, Value, json};

use super::bulk::item_result::ItemResult;
use super::bulk::{Address, BulkBody, ConcurrencyToken, ItemOutcome};
use super::client::Elastic;
use super::error::ElasticError;

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// Its version; external if it was written with one.
    pub version: u64,
    /// The state in which it was read.
    pub state: ConcurrencyToken,
    /// The document, or the requested fields of it.
    pub source: Map<String, Value>,
}

impl Elastic {
    /// Gets one document; `None` if there is no such document or no such index.
    pub async fn get(&self, index: &str, id: &str) -> Result<Option<StoredDocument>, ElasticError> {
        let mut found = self.mget(&[Address { index, id }], &[]).await?;
        Ok(found.pop().flatten())
    }

    /// Gets documents in the order of their addresses, whether or not they are visible to searches yet.
    /// `fields` selects fields (patterns are possible); empty: everything.
    pub async fn mget(
        &self,
        addresses: &[Address<'_>],
        fields: &[String],
    ) -> Result<Vec<Option<StoredDocument>>, ElasticError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let source = if fields.is_empty() { json!(true) } else { json!(fields) };
        let docs: Vec<Value> = addresses
            .iter()
            .map(|address| json!({"_index": address.index, "_id": address.id, "_source": source}))
            .collect();
        let answer = self.send(Method::Post, "/_mget", Some(&json!({"docs": docs}))).await?;
        read_mget(answer, addresses)
    }

    /// Stores one document. With a version, a document older than the stored one is dropped
    /// ([`ItemOutcome::Superseded`]).
    pub async fn index_doc(
        &self,
        address: Address<'_>,
        document: &Value,
        version: Option<u64>,
    ) -> Result<ItemOutcome, ElasticError> {
        let mut body = BulkBody::default();
        body.push_index(address, version, document.to_string().as_bytes());
        match self.bulk(&body.seal()).await?.pop() {
            Some(ItemResult::Final(outcome)) => Ok(outcome),
            Some(ItemResult::Retry(fault)) => Err(ElasticError::Refused(fault)),
            None => Err(ElasticError::Unreadable("a bulk of one document without a verdict".to_owned())),
        }
    }

    /// Deletes documents, whatever their versions; missing ones are not an error.
    pub async fn delete_docs<'a>(
        &self,
        index: &str,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ElasticError> {
        let mut body = BulkBody::default();
        ids.into_iter().for_each(|id| body.push_delete(Address { index, id }, None));
        if body.is_empty() {
            return Ok(());
        }
        for verdict in self.bulk(&body.seal()).await? {
            if let ItemResult::Retry(fault) | ItemResult::Final(ItemOutcome::Rejected(fault)) = verdict {
                return Err(ElasticError::Refused(fault));
            }
        }
        Ok(())
    }

    /// Sends conditional writes, once. Returns for each, in their order, whether it was carried out: `false` means that
    /// its document was changed meanwhile.
    pub async fn write_unless_changed(&self, body: BulkBody) -> Result<Vec<bool>, ElasticError> {
        if body.is_empty() {
            return Ok(Vec::new());
        }
        let results = self.bulk(&body.seal()).await?.into_iter();
        let written = results.map(|result| match result {
            ItemResult::Final(ItemOutcome::Done) => Ok(true),
            ItemResult::Final(ItemOutcome::Superseded) => Ok(false),
            ItemResult::Retry(fault)
            | ItemResult::Final(ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault)) => {
                Err(ElasticError::Refused(fault))
            }
        });
        written.collect()
    }
}

/// Reads the response to a multi-get: as many entries as were requested, in that order.
fn read_mget(
    mut answer: Value,
    addresses: &[Address<'_>],
) -> Result<Vec<Option<StoredDocument>>, ElasticError> {
    let unreadable = |text: &str| ElasticError::Unreadable(format!("multi-get: {text}"));
    let Some(Value::Array(entries)) = answer.get_mut("docs").map(Value::take) else {
        return Err(unreadable("no docs"));
    };
    if entries.len() != addresses.len() {
        return Err(unreadable("another number of documents than was asked for"));
    }
    entries.into_iter().zip(addresses).map(|(entry, address)| read_entry(entry, address)).collect()
}

fn read_entry(mut entry: Value, address: &Address<'_>) -> Result<Option<StoredDocument>, ElasticError> {
    if entry.get("_id").and_then(Value::as_str) != Some(address.id) {
        return Err(ElasticError::Unreadable("multi-get: a document that was not asked for".to_owned()));
    }
    if let Some(error) = entry.get("error") {
        let fault = super::error::ErrorCause::of_error(500, error);
        let missing = fault.kind == "index_not_found_exception";
        return if missing { Ok(None) } else { Err(ElasticError::Refused(fault)) };
    }
    if entry.get("found").and_then(Value::as_bool) != Some(true) {
        return Ok(None);
    }
    let number = |name: &str| entry.get(name).and_then(Value::as_u64).unwrap_or(0);
    let version = number("_version");
    let state = ConcurrencyToken { seq_no: number("_seq_no"), primary_term: number("_primary_term") };
    match entry.get_mut("_source").map(Value::take) {
        Some(Value::Object(source)) => Ok(Some(StoredDocument { version, state, source })),
        // With a list of fields of which the document has none, some versions omit the source.
        None => Ok(Some(StoredDocument { version, state, source: Map::new() })),
        Some(_) => Err(ElasticError::Unreadable("multi-get: a source that is no object".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Address;
    use super::read_mget;

    #[test]
    fn documents_come_in_the_order_that_was_asked_for() {
        let a = Address { index: "i", id: "a" };
        let b = Address { index: "none", id: "b" };
        let c = Address { index: "i", id: "c" };
        let answer = json!({"docs": [
            {"_index": "i", "_id": "a", "_version": 7, "_seq_no": 1, "_primary_term": 1, "found": true,
             "_source": {"x": 1}},
            {"_index": "none", "_id": "b", "error": {"type": "index_not_found_exception",
             "reason": "no such index [none]"}},
            {"_index": "i", "_id": "c", "found": false}]});
        let found = read_mget(answer, &[a, b, c]).unwrap();
        assert_eq!(found[0].as_ref().map(|doc| (doc.version, doc.source["x"].clone())), Some((7, json!(1))));
        assert_eq!(&found[1..], [None, None]);
    }

    #[test]
    fn other_answers_are_errors() {
        let a = Address { index: "i", id: "a" };
        for answer in [
            json!({}),
            json!({"docs": []}),
            json!({"docs": [{"_id": "b", "found": false}]}),
            json!({"docs": [{"_id": "a", "error": {"type": "no_shard_available_action_exception"}}]}),
            json!({"docs": [{"_id": "a", "found": true, "_source": [1]}]}),
        ] {
            assert!(read_mget(answer.clone(), &[a]).is_err(), "{answer}");
        }
    }
}
