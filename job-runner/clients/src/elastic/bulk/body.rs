//! A bulk request, written item by item into one buffer.
//!
//! Format: <https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk>: one line for the
//! action, one line for the document, each terminated by a newline. Versions are `external_gte`: the same
//! version again overwrites itself (a redelivery), an older one is rejected (a late arrival).

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

/// Where a document is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address<'a> {
    /// Name of the index.
    pub index: &'a str,
    /// Id in that index, at most 512 bytes.
    pub id: &'a str,
}

/// Items of a bulk request in the order in which they were pushed.
#[derive(Debug, Default)]
pub struct BulkBody {
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// Names of the indices, each once.
    indices: Vec<String>,
}

#[derive(Clone, Debug)]
struct Item {
    id: String,
    end: usize,
    /// Position of its index among the names.
    index: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Action<'a> {
    Create(Meta<'a>),
    Index(Meta<'a>),
    Delete(Meta<'a>),
}

#[derive(Serialize)]
struct Meta<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_seq_no: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_primary_term: Option<u64>,
}

/// The state in which a document was read, from which a later write detects whether it has changed since
/// (<https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConcurrencyToken {
    /// `_seq_no`.
    pub seq_no: u64,
    /// `_primary_term`.
    pub primary_term: u64,
}

impl<'a> Meta<'a> {
    fn new(address: Address<'a>, version: Option<u64>) -> Self {
        let version_type = version.map(|_| "external_gte");
        let Address { index, id } = address;
        Self { index, id, version, version_type, if_seq_no: None, if_primary_term: None }
    }

    fn unless_changed(address: Address<'a>, token: ConcurrencyToken) -> Self {
        let (if_seq_no, if_primary_term) = (Some(token.seq_no), Some(token.primary_term));
        Self { if_seq_no, if_primary_term, ..Self::new(address, None) }
    }
}

impl BulkBody {
    /// Stores a document. `source` is its JSON and is copied unchanged, except for newlines between its
    /// tokens, which would end the line.
    pub fn push_index(&mut self, address: Address<'_>, version: Option<u64>, source: &[u8]) {
        self.push_index_pieces(address, version, &[source]);
    }

    /// The same for a JSON that is passed piece by piece.
    pub fn push_index_pieces(&mut self, address: Address<'_>, version: Option<u64>, source: &[&[u8]]) {
        self.push_action(&Action::Index(Meta::new(address, version)));
        self.push_source(address, source);
    }

    /// Reserves `bytes` more bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve_exact(bytes);
    }

    /// Stores a document only if it is unchanged since it was read (`if_unchanged`), or still missing if it
    /// was missing (`None`); otherwise the outcome is
    /// [`ItemOutcome::Superseded`](super::ItemOutcome::Superseded).
    pub fn push_compare_and_set(
        &mut self,
        address: Address<'_>,
        if_unchanged: Option<ConcurrencyToken>,
        source: &[u8],
    ) {
        self.push_action(&match if_unchanged {
            None => Action::Create(Meta::new(address, None)),
            Some(token) => Action::Index(Meta::unless_changed(address, token)),
        });
        self.push_source(address, &[source]);
    }

    fn push_source(&mut self, address: Address<'_>, source: &[&[u8]]) {
        let start = self.bytes.len();
        for piece in source {
            self.bytes.extend_from_slice(piece);
        }
        if self.bytes[start..].contains(&b'\n') {
            // JSON has newlines between tokens only; within strings they are escaped.
            self.bytes[start..].iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
        }
        self.bytes.push(b'\n');
        self.close_item(address);
    }

    /// Deletes a document, if it exists and is not newer than the version.
    pub fn push_delete(&mut self, address: Address<'_>, version: Option<u64>) {
        self.push_action(&Action::Delete(Meta::new(address, version)));
        self.close_item(address);
    }

    /// Deletes a document only if it is unchanged since it was read; otherwise, and if it is gone, the outcome is
    /// [`ItemOutcome::Superseded`](super::ItemOutcome::Superseded).
    pub fn push_delete_unless_changed(&mut self, address: Address<'_>, token: ConcurrencyToken) {
        self.push_action(&Action::Delete(Meta::unless_changed(address, token)));
        self.close_item(address);
    }

    fn push_action(&mut self, action: &Action<'_>) {
        // Strings and numbers into a Vec: serde_json cannot fail here.
        let _ = serde_json::to_writer(&mut self.bytes, action);
        self.bytes.push(b'\n');
    }

    fn close_item(&mut self, address: Address<'_>) {
        // Neighbouring items mostly belong to the same index.
        let known = self.indices.iter().rposition(|name| name == address.index);
        let index = known.unwrap_or(self.indices.len());
        if known.is_none() {
            self.indices.push(address.index.to_owned());
        }
        self.items.push(Item { id: address.id.to_owned(), end: self.bytes.len(), index });
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Length of the request in bytes.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Finishes writing.
    pub(crate) fn seal(self) -> Bulk {
        Bulk { bytes: Bytes::from(self.bytes), items: self.items.into(), indices: self.indices.into() }
    }
}

/// A written bulk request. Parts of it can be sent separately.
#[derive(Debug)]
pub(crate) struct Bulk {
    bytes: Bytes,
    items: Arc<[Item]>,
    indices: Arc<[String]>,
}

impl Bulk {
    /// Number of items.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Length of the request in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Ids of the items, in order.
    pub(crate) fn ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.items.iter().map(|item| item.id.as_str())
    }

    /// Names of the indices, each once.
    pub(crate) fn indices(&self) -> &[String] {
        &self.indices
    }

    /// The position of each item's index among the names, in the order of the items.
    pub(crate) fn index_of_items(&self) -> impl Iterator<Item = usize> {
        self.items.iter().map(|item| item.index)
    }

    /// The request as it is sent; shared, not copied.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// A bulk of some of the items, by their positions in ascending order. If it has all of them, nothing is
    /// copied.
    pub(crate) fn subset(&self, positions: &[usize]) -> Self {
        if positions.len() == self.items.len() {
            return Self {
                bytes: self.bytes(),
                items: Arc::clone(&self.items),
                indices: Arc::clone(&self.indices),
            };
        }
        let (mut bytes, mut items) = (Vec::new(), Vec::with_capacity(positions.len()));
        for &position in positions {
            let Some(item) = self.items.get(position) else { continue };
            let start = position.checked_sub(1).map_or(0, |before| self.items[before].end);
            bytes.extend_from_slice(&self.bytes[start..item.end]);
            items.push(Item { end: bytes.len(), ..item.clone() });
        }
        Self { bytes: bytes.into(), items: items.into(), indices: Arc::clone(&self.indices) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, BulkBody, ConcurrencyToken};

    fn three() -> BulkBody {
        let mut body = BulkBody::default();
        body.push_index(Address { index: "i", id: "a\"ü" }, Some(7), b"{\"x\":1}");
        body.push_delete(Address { index: "j", id: "b" }, None);
        body.push_index(Address { index: "i", id: "c" }, None, b"{\n\"y\": 2}");
        body
    }

    #[test]
    fn each_item_is_lines_of_its_own() {
        let (items, length) = (three().len(), three().byte_len());
        let text = String::from_utf8(three().seal().bytes().to_vec()).unwrap();
        assert_eq!(
            text,
            "{\"index\":{\"_index\":\"i\",\"_id\":\"a\\\"ü\",\"version\":7,\"version_type\":\"external_gte\"}}\n\
             {\"x\":1}\n\
             {\"delete\":{\"_index\":\"j\",\"_id\":\"b\"}}\n\
             {\"index\":{\"_index\":\"i\",\"_id\":\"c\"}}\n\
             { \"y\": 2}\n"
        );
        assert_eq!((items, length), (3, text.len()));
    }

    #[test]
    fn a_conditional_delete_names_the_state_that_was_read() {
        let mut body = BulkBody::default();
        let token = ConcurrencyToken { seq_no: 5, primary_term: 2 };
        body.push_delete_unless_changed(Address { index: "i", id: "a" }, token);
        let text = String::from_utf8(body.seal().bytes().to_vec()).unwrap();
        let expected =
            "{\"delete\":{\"_index\":\"i\",\"_id\":\"a\",\"if_seq_no\":5,\"if_primary_term\":2}}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_subset_has_the_bytes_of_its_items() {
        let whole = three().seal();
        let parts: Vec<u8> = (0..3).flat_map(|at| whole.subset(&[at]).bytes()).collect();
        assert_eq!(parts, whole.bytes());
        assert_eq!(whole.subset(&[0, 2]).ids().collect::<Vec<_>>(), ["a\"ü", "c"]);
        assert_eq!(whole.subset(&[0, 1, 2]).bytes(), whole.bytes());
    }
}
