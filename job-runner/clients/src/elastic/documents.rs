//! Single documents by their addresses.

use std::borrow::Cow;

use bytes::Bytes;
use docmill_crds::contract::IndexTrouble;
use elasticsearch::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bulk::item_result::ItemResult;
use super::bulk::{Address, BulkBody, ConcurrencyToken, ItemOutcome};
use super::client::{Elastic, parse_as};
use super::error::{ElasticError, ErrorCause};
use crate::outbound::Cap;

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

/// The body of a multi-get. A worker sends one for each batch and for many lookups, so bodies and responses of these
/// are not built as trees.
#[derive(Serialize)]
struct MultiGet<'a> {
    docs: Vec<Wanted<'a>>,
}

#[derive(Serialize)]
struct Wanted<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    /// Left out: everything.
    #[serde(rename = "_source", skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [String],
}

/// The response to a multi-get.
#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    docs: Vec<Entry<'a>>,
}

/// What was found at one address. Numbers that are negative, or missing, say that there is none.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(rename = "_id", borrow)]
    id: Cow<'a, str>,
    #[serde(default)]
    found: bool,
    #[serde(rename = "_version", default)]
    version: i64,
    #[serde(rename = "_seq_no", default)]
    seq_no: i64,
    #[serde(rename = "_primary_term", default)]
    primary_term: i64,
    #[serde(rename = "_source")]
    source: Option<Map<String, Value>>,
    error: Option<Value>,
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
        self.mget_each(addresses, fields)
            .await?
            .into_iter()
            .map(|found| found.map_err(ElasticError::Refused))
            .collect()
    }

    /// The same, for documents whose indices are not Docmill's own: an index that cannot be read and will not recover by
    /// itself, for example a closed one, is the error of its documents alone.
    pub async fn mget_each(
        &self,
        addresses: &[Address<'_>],
        fields: &[String],
    ) -> Result<Vec<Result<Option<StoredDocument>, ErrorCause>>, ElasticError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let docs = addresses.iter().map(|address| Wanted { index: address.index, id: address.id, fields });
        let body = serde_json::to_vec(&MultiGet { docs: docs.collect() }).unwrap_or_default();
        let answer = self.send_bytes(Method::Post, "/_mget", Some(Bytes::from(body)), Cap::Page).await?;
        read_mget(&answer, addresses)
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

/// Reads the response to a multi-get: as many entries as were requested, in that order, or what is wrong with their indices.
fn read_mget(
    answer: &[u8],
    addresses: &[Address<'_>],
) -> Result<Vec<Result<Option<StoredDocument>, ErrorCause>>, ElasticError> {
    let found: Found<'_> = parse_as("multi-get", answer)?;
    if found.docs.len() != addresses.len() {
        let text = "multi-get: another number of documents than was asked for";
        return Err(ElasticError::Unreadable(text.to_owned()));
    }
    found.docs.into_iter().zip(addresses).map(|(entry, address)| read_entry(entry, address)).collect()
}

fn read_entry(
    entry: Entry<'_>,
    address: &Address<'_>,
) -> Result<Result<Option<StoredDocument>, ErrorCause>, ElasticError> {
    if entry.id != address.id {
        return Err(ElasticError::Unreadable("multi-get: a document that was not asked for".to_owned()));
    }
    if let Some(error) = entry.error {
        let fault = ErrorCause::of_error(500, &error);
        let missing = fault.kind == "index_not_found_exception";
        let lasts = fault.index_trouble().is_some_and(IndexTrouble::fails_in_the_end);
        return match (missing, lasts) {
            (true, _) => Ok(Ok(None)),
            (false, true) => Ok(Err(fault)),
            (false, false) => Err(ElasticError::Refused(fault)),
        };
    }
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Ok(entry.found.then(|| StoredDocument {
        version: number(entry.version),
        state: ConcurrencyToken { seq_no: number(entry.seq_no), primary_term: number(entry.primary_term) },
        // With a list of fields of which the document has none, some versions omit the source.
        source: entry.source.unwrap_or_default(),
    })))
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::IndexTrouble;
    use serde_json::json;

    use super::super::Address;
    use super::{MultiGet, Wanted, read_mget};

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
        let found = read_mget(answer.to_string().as_bytes(), &[a, b, c]).unwrap();
        let first = found[0].as_ref().unwrap().as_ref();
        assert_eq!(first.map(|doc| (doc.version, doc.source["x"].clone())), Some((7, json!(1))));
        assert_eq!(&found[1..], [Ok(None), Ok(None)]);
    }

    #[test]
    fn an_index_that_cannot_be_read_is_the_error_of_its_documents_alone() {
        let (a, b) = (Address { index: "closed", id: "a" }, Address { index: "open", id: "b" });
        let answer = json!({"docs": [
            {"_index": "closed", "_id": "a", "error": {"type": "index_closed_exception", "reason": "closed"}},
            {"_index": "open", "_id": "b", "found": false}]});
        let found = read_mget(answer.to_string().as_bytes(), &[a, b]).unwrap();
        let fault = found[0].as_ref().unwrap_err();
        assert_eq!(
            (fault.kind.as_str(), fault.index_trouble()),
            ("index_closed_exception", Some(IndexTrouble::Blocked))
        );
        assert_eq!(found[1], Ok(None));
    }

    #[test]
    fn fields_are_named_only_if_not_all_are_wanted() {
        let fields = ["state".to_owned()];
        let [some, all] = [&fields[..], &[][..]].map(|fields| Wanted { index: "i", id: "a\"b", fields });
        let body = serde_json::to_value(MultiGet { docs: vec![some, all] }).unwrap();
        assert_eq!(
            body,
            json!({"docs": [
                {"_index": "i", "_id": "a\"b", "_source": ["state"]},
                {"_index": "i", "_id": "a\"b"}]})
        );
    }

    #[test]
    fn ids_with_escapes_and_numbers_for_nothing_are_read() {
        let a = Address { index: "i", id: "ä\"\n" };
        let answer = json!({"docs": [{"_id": "ä\"\n", "_version": -1, "_seq_no": -2, "found": true}]});
        let found = read_mget(answer.to_string().as_bytes(), &[a]).unwrap();
        let first = found[0].as_ref().unwrap().as_ref();
        assert_eq!(first.map(|doc| (doc.version, doc.state.seq_no)), Some((0, 0)));
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
            assert!(read_mget(answer.to_string().as_bytes(), &[a]).is_err(), "{answer}");
        }
    }
}
