//! What becomes of the documents of a batch, according to the response to its bulk. Pure.

use std::collections::BTreeSet;

use docmill_clients::elastic::{ErrorCause, ItemOutcome};
use docmill_crds::contract::IndexTrouble;
use docmill_crds::records::units::DocumentAddress;

use crate::ingest::unit::indexing::{DocumentOutcome, HeldByIndex};

/// The documents of a batch, in the order of its units, and the deletions of earlier copies, as they were
/// sent.
#[derive(Debug, Default)]
pub(crate) struct BulkDocuments<'a> {
    documents: Vec<BulkDocument<'a>>,
    deletions: Vec<(&'a str, &'a str)>,
}

#[derive(Debug)]
struct BulkDocument<'a> {
    address: &'a DocumentAddress,
    /// Whether this batch is responsible for it.
    own: bool,
    /// `None`: the bulk decides.
    outcome: Option<DocumentOutcome>,
}

impl<'a> BulkDocuments<'a> {
    /// Adds a document whose place belongs to a newer one.
    pub(crate) fn lost(&mut self, address: &'a DocumentAddress) {
        self.documents.push(BulkDocument { address, own: false, outcome: Some(DocumentOutcome::Stored) });
    }

    /// Adds a document that is in the bulk.
    pub(crate) fn sent(&mut self, address: &'a DocumentAddress) {
        self.documents.push(BulkDocument { address, own: true, outcome: None });
    }

    /// Adds a document that is not sent, since its index must not be created now.
    pub(crate) fn barred(&mut self, address: &'a DocumentAddress, fault: &ErrorCause) {
        let outcome = Some(not_created(&address.index, fault.clone()));
        self.documents.push(BulkDocument { address, own: true, outcome });
    }

    /// Adds the deletion of an earlier copy; the bulk has deletions after all documents.
    pub(crate) fn deleted(&mut self, index: &'a str, id: &'a str) {
        self.deletions.push((index, id));
    }

    /// Records the outcomes of the bulk, in the order of its items.
    pub(crate) fn take_in(&mut self, outcomes: Vec<ItemOutcome>) {
        let mut outcomes = outcomes.into_iter();
        for document in self.documents.iter_mut().filter(|document| document.outcome.is_none()) {
            document.outcome = Some(match outcomes.next() {
                Some(ItemOutcome::Rejected(fault)) => DocumentOutcome::Rejected(fault),
                Some(ItemOutcome::Held(trouble, fault)) => DocumentOutcome::Held(HeldByIndex {
                    index: document.address.index.clone(),
                    trouble,
                    fault,
                }),
                Some(ItemOutcome::Done | ItemOutcome::Superseded) | None => DocumentOutcome::Stored,
            });
        }
        for ((index, id), outcome) in std::mem::take(&mut self.deletions).into_iter().zip(outcomes) {
            if let ItemOutcome::Held(trouble, fault) = outcome {
                self.hold(id, &HeldByIndex { index: index.to_owned(), trouble, fault });
            }
        }
    }

    /// A document with this id is not where it belongs as long as an earlier copy of it cannot be deleted.
    pub(crate) fn hold(&mut self, id: &str, held: &HeldByIndex) {
        let own = self.documents.iter_mut().filter(|document| document.own && document.address.id == id);
        for document in own.filter(|document| document.outcome == Some(DocumentOutcome::Stored)) {
            document.outcome = Some(DocumentOutcome::Held(held.clone()));
        }
    }

    /// Indices that rejected documents and accepted none: they may not exist at all.
    pub(crate) fn doubtful(&self) -> BTreeSet<String> {
        let indices_where = |test: &dyn Fn(&DocumentOutcome) -> bool| {
            let matching = self
                .documents
                .iter()
                .filter(|document| document.own && document.outcome.as_ref().is_some_and(test));
            matching.map(|document| document.address.index.as_str()).collect::<BTreeSet<_>>()
        };
        let rejecting = indices_where(
            &|outcome| matches!(outcome, DocumentOutcome::Rejected(fault) if !fault.is_invalid_name()),
        );
        let taking = indices_where(&|outcome| *outcome == DocumentOutcome::Stored);
        rejecting.difference(&taking).map(|index| (*index).to_owned()).collect()
    }

    /// Marks the rejected documents of an index as held, since the index could not be created.
    pub(crate) fn hold_rejected_of(&mut self, index: &str) {
        for document in self.documents.iter_mut().filter(|document| document.address.index == index) {
            if let Some(DocumentOutcome::Rejected(fault)) = &document.outcome {
                document.outcome = Some(not_created(index, fault.clone()));
            }
        }
    }

    /// What became of each document.
    pub(crate) fn into_outcomes(self) -> Vec<DocumentOutcome> {
        self.documents
            .into_iter()
            .map(|document| document.outcome.unwrap_or(DocumentOutcome::Stored))
            .collect()
    }
}

fn not_created(index: &str, fault: ErrorCause) -> DocumentOutcome {
    DocumentOutcome::Held(HeldByIndex { index: index.to_owned(), trouble: IndexTrouble::NotCreated, fault })
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::IndexTrouble;
    use docmill_crds::records::units::DocumentAddress;

    use super::{BulkDocuments, DocumentOutcome, ErrorCause, HeldByIndex, ItemOutcome};

    fn address(index: &str, id: &str) -> DocumentAddress {
        DocumentAddress { index: index.into(), id: id.into() }
    }

    fn fault(kind: &str) -> ErrorCause {
        ErrorCause { status: 400, kind: kind.into(), reason: "".into() }
    }

    #[test]
    fn outcomes_reach_the_documents_that_were_sent() {
        let [one, two, three, four] = ["1", "2", "3", "4"].map(|id| address("a", id));
        let mut documents = BulkDocuments::default();
        documents.sent(&one);
        documents.lost(&two);
        documents.barred(&three, &fault("template"));
        documents.sent(&four);
        documents.take_in(vec![ItemOutcome::Rejected(fault("x")), ItemOutcome::Done]);
        let held = DocumentOutcome::Held(HeldByIndex {
            index: "a".into(),
            trouble: IndexTrouble::NotCreated,
            fault: fault("template"),
        });
        let expected =
            [DocumentOutcome::Rejected(fault("x")), DocumentOutcome::Stored, held, DocumentOutcome::Stored];
        assert_eq!(documents.into_outcomes(), expected);
    }

    #[test]
    fn a_copy_that_cannot_be_deleted_holds_its_document_and_no_other() {
        let [moved, other, lost] = ["m", "o", "m"].map(|id| address("new", id));
        let mut documents = BulkDocuments::default();
        documents.sent(&moved);
        documents.sent(&other);
        documents.lost(&lost);
        documents.deleted("old", "m");
        let blocked = ItemOutcome::Held(IndexTrouble::Blocked, fault("block"));
        documents.take_in(vec![ItemOutcome::Done, ItemOutcome::Done, blocked]);
        let outcomes = documents.into_outcomes();
        assert!(matches!(&outcomes[0], DocumentOutcome::Held(held) if held.index == "old"));
        assert_eq!(outcomes[1..], [DocumentOutcome::Stored, DocumentOutcome::Stored]);
    }

    #[test]
    fn an_index_that_took_a_document_is_there() {
        let all = [address("a", "1"), address("a", "2"), address("b", "3"), address("C", "4")];
        let mut documents = BulkDocuments::default();
        for address in &all {
            documents.sent(address);
        }
        let rejected = |kind| ItemOutcome::Rejected(fault(kind));
        let outcomes =
            vec![ItemOutcome::Done, rejected("x"), rejected("x"), rejected("invalid_index_name_exception")];
        documents.take_in(outcomes);
        assert_eq!(documents.doubtful().into_iter().collect::<Vec<_>>(), ["b"]);
        documents.hold_rejected_of("b");
        let outcomes = documents.into_outcomes();
        assert!(
            matches!(&outcomes[2], DocumentOutcome::Held(held) if held.trouble == IndexTrouble::NotCreated)
        );
        assert!(matches!(
            (&outcomes[1], &outcomes[3]),
            (DocumentOutcome::Rejected(_), DocumentOutcome::Rejected(_))
        ));
    }
}
