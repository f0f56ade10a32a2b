//! Documents of one object with the same id: the last one wins, as if each had come in an object of its own,
//! and the record of the unit says how many were overwritten, and names the first of them. Pure.
//!
//! The snapshot keeps them all. Ids are remembered as 64-bit hashes with random keys, so an object of a
//! million documents takes 16 MB for them while it is converted.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use docmill_crds::records::units::{DocumentsDigest, MAX_OVERWRITTEN_IDS, RecordedDocument};

use super::document::AddressedDocument;

/// The ids of a unit's documents, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    hash: RandomState,
    /// Hash and number of each document.
    seen: Vec<(u64, u32)>,
    documents: u32,
}

/// Which documents of a unit remain. By default all of them do.
#[derive(Debug, Default)]
pub struct Overwritten {
    hash: RandomState,
    /// For each id that came more than once, by its hash, the number of the document that remains.
    last: HashMap<u64, u32>,
    count: i64,
    /// The first ids of documents that did not remain.
    ids: Vec<String>,
    digest: Option<String>,
}

impl Ids {
    /// Adds the id of the next document; an empty one does not count.
    pub(crate) fn push(&mut self, id: &str) {
        if !id.is_empty() {
            self.seen.push((self.hash.hash_one(id), self.documents));
        }
        self.documents = self.documents.saturating_add(1);
    }

    /// Determines which documents remain. `digest` computes the digest of all of them.
    pub(crate) fn finish(mut self, digest: impl FnOnce() -> String) -> Overwritten {
        self.seen.sort_unstable();
        let duplicates =
            self.seen.chunk_by(|(one, _), (next, _)| one == next).filter(|duplicates| duplicates.len() > 1);
        let mut count = 0;
        let mut last = HashMap::new();
        for duplicates in duplicates {
            count += i64::try_from(duplicates.len() - 1).unwrap_or(i64::MAX);
            last.extend(duplicates.last().copied());
        }
        let digest = (count > 0).then(digest);
        Overwritten { hash: self.hash, last, count, ids: Vec::new(), digest }
    }
}

impl Overwritten {
    /// How many documents were overwritten.
    pub const fn count(&self) -> i64 {
        self.count
    }

    /// The ids of those that were met so far, up to [`MAX_OVERWRITTEN_IDS`], each once.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The digest over all documents, including overwritten ones; `None` if none was overwritten.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Keeps only the documents that remain; the first of them is the unit's document number `first`.
    pub(crate) fn leave_standing(&mut self, documents: &mut Vec<AddressedDocument>, first: u32) {
        let Self { hash, last, ids, .. } = self;
        if last.is_empty() {
            return;
        }
        let mut number = first;
        documents.retain(|document| {
            let id = &document.recorded.id;
            let remains = last.get(&hash.hash_one(id)).is_none_or(|last| *last == number);
            if !remains && ids.len() < MAX_OVERWRITTEN_IDS && !ids.contains(id) {
                ids.push(id.clone());
            }
            number = number.saturating_add(1);
            remains
        });
    }
}

/// Keeps only the documents that remain, and returns how many do not.
pub(crate) fn leave_standing(documents: &mut Vec<AddressedDocument>) -> Overwritten {
    let mut ids = Ids::default();
    for document in documents.iter() {
        ids.push(&document.recorded.id);
    }
    let all = || DocumentsDigest::of(documents.iter().map(|document| &document.recorded));
    let mut overwritten = ids.finish(all);
    overwritten.leave_standing(documents, 0);
    overwritten
}

/// Keeps only the last document of each id.
pub fn leave_last(documents: &mut Vec<AddressedDocument>) {
    let mut seen = HashSet::new();
    let last = |document: &RecordedDocument| document.id.is_empty() || seen.insert(document.id.clone());
    let mut remain: Vec<bool> = documents.iter().rev().map(|document| &document.recorded).map(last).collect();
    documents.retain(|_| remain.pop().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::units::{DocumentsDigest, MAX_OVERWRITTEN_IDS, RecordedDocument};
    use proptest::prelude::*;

    use super::super::document::AddressedDocument;
    use super::{Ids, leave_last, leave_standing};

    fn document(number: usize, id: &str) -> AddressedDocument {
        let digest = number.to_string();
        let recorded = RecordedDocument { index: "i".into(), id: id.into(), digest };
        AddressedDocument { recorded, line: Vec::new() }
    }

    fn documents(ids: &[String]) -> Vec<AddressedDocument> {
        ids.iter().enumerate().map(|(number, id)| document(number, id)).collect()
    }

    fn numbers(documents: &[AddressedDocument]) -> Vec<&str> {
        documents.iter().map(|document| document.recorded.digest.as_str()).collect()
    }

    #[test]
    fn the_last_of_each_id_stands_and_the_digest_is_over_all() {
        let ids = ["a", "b", "a", "c", "a"].map(str::to_owned);
        let mut remaining = documents(&ids);
        let all = DocumentsDigest::of(remaining.iter().map(|document| &document.recorded));
        let overwritten = leave_standing(&mut remaining);
        assert_eq!(numbers(&remaining), ["1", "3", "4"]);
        assert_eq!((overwritten.count(), overwritten.digest()), (2, Some(all.as_str())));
        assert_eq!(overwritten.ids(), ["a"], "each is named once");
    }

    #[test]
    fn of_many_ids_the_first_are_named_and_all_are_counted() {
        let ids: Vec<String> = (0..600).map(|number| (number % 300).to_string()).collect();
        let overwritten = leave_standing(&mut documents(&ids));
        assert_eq!((overwritten.count(), overwritten.ids().len()), (300, MAX_OVERWRITTEN_IDS));
        assert_eq!(overwritten.ids()[9], "9");
    }

    #[test]
    fn without_ids_all_documents_stand() {
        let mut remaining = documents(&[String::new(), String::new()]);
        let overwritten = leave_standing(&mut remaining);
        assert_eq!((remaining.len(), overwritten.count(), overwritten.digest()), (2, 0, None));
    }

    proptest! {
        #[test]
        fn what_stands_is_the_same_whether_documents_come_at_once_or_in_parts(
            ids in prop::collection::vec("[a-f]", 0..40), at_a_time in 1_usize..8,
        ) {
            let mut whole = documents(&ids);
            let overwritten = leave_standing(&mut whole);
            prop_assert_eq!(whole.len() + usize::try_from(overwritten.count()).unwrap(), ids.len());
            let mut seen = Ids::default();
            for id in &ids {
                seen.push(id);
            }
            let mut in_parts = seen.finish(String::new);
            let mut all = documents(&ids);
            let (mut remaining, mut first) = (Vec::new(), 0);
            while !all.is_empty() {
                let mut part: Vec<_> = all.drain(..at_a_time.min(all.len())).collect();
                let count = u32::try_from(part.len()).unwrap();
                in_parts.leave_standing(&mut part, first);
                first += count;
                remaining.extend(part);
            }
            prop_assert_eq!(numbers(&remaining), numbers(&whole));
            prop_assert_eq!(in_parts.ids(), overwritten.ids());
            let mut last = documents(&ids);
            leave_last(&mut last);
            prop_assert_eq!(numbers(&last), numbers(&whole));
        }
    }
}
