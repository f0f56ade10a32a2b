//! What was refused of a unit, at which step, and why.

use docmill_clients::elastic::ErrorCause;
use docmill_convert::{Member, Refusal, refused_document, refused_object};
use docmill_crds::reason::Reason;
use docmill_crds::records::units::RecordedDocument;
use serde::Serialize;
use serde_json::Value;

use super::indexing::HeldByIndex;

/// Refusals of one object that its error record lists in full; the others are counted.
pub const LISTED_REFUSALS: usize = 1000;

/// The step at which something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Stage {
    /// The queue message is not a notification.
    Receive,
    /// The object is too large to be read, or the store does not return it.
    Fetch,
    /// The object could not be converted, or a document of it is not valid.
    Convert,
    /// The store does not accept the unit's JSON.
    Snapshot,
    /// Elasticsearch rejected a document.
    Index,
}

/// A document that was refused, or the object as a whole.
#[derive(Clone, Debug)]
pub struct RefusedPart {
    /// The step.
    pub stage: Stage,
    /// The reason code.
    pub reason: Reason,
    /// The reason in words.
    pub message: String,
    /// All details, for the error record.
    pub detail: Value,
    /// The member of an archive that it is about.
    pub member: Option<Box<Member>>,
}

impl RefusedPart {
    /// A refusal with nothing but a reason and a sentence.
    pub fn of_object(stage: Stage, reason: Reason, message: String) -> Self {
        let detail = refused_object(reason, &message);
        Self { stage, reason, message, detail, member: None }
    }

    /// The refusal of a document by its number in the object, or in a member of it.
    pub fn of_document(member: Option<Member>, number: u32, reason: Reason, message: String) -> Self {
        let detail = refused_document(member.as_ref(), number, reason, &message);
        let message = match &member {
            Some(member) => format!("member {:?}: {message}", member.name),
            None => message,
        };
        Self { stage: Stage::Convert, reason, message, detail, member: member.map(Box::new) }
    }
}

impl From<Refusal> for RefusedPart {
    fn from(refusal: Refusal) -> Self {
        Self {
            stage: Stage::Convert,
            reason: refusal.reason,
            message: refusal.message(),
            detail: serde_json::to_value(&refusal).unwrap_or_default(),
            member: refusal.member.map(Box::new),
        }
    }
}

/// A document that Elasticsearch rejected.
pub fn rejected(recorded: &RecordedDocument, fault: &ErrorCause) -> RefusedPart {
    let RecordedDocument { index, id, .. } = recorded;
    let message =
        format!("Elasticsearch refuses document {id:?} of index {index:?}: {}", fault.for_records());
    let reason = Reason::IndexRejected;
    let detail = serde_json::json!({"reason": reason, "message": message, "index": index, "id": id});
    RefusedPart { stage: Stage::Index, reason, message, detail, member: None }
}

/// A refusal because an index accepts no writes.
pub fn blocked(recorded: &RecordedDocument, held: &HeldByIndex) -> RefusedPart {
    let RecordedDocument { index, id, .. } = recorded;
    let HeldByIndex { index: blocked, fault, .. } = held;
    let problem = if blocked == index {
        format!("document {id:?} cannot be written into index {index:?}")
    } else {
        format!(
            "document {id:?} belongs in index {index:?} by now, and its earlier copy cannot be deleted from index {blocked:?}"
        )
    };
    let message = format!(
        "{problem}, which has taken no writes for longer than index.blockedPatienceSeconds: {}; open the index to writes, or correct what Elasticsearch names, and replay the unit",
        fault.for_records()
    );
    let reason = Reason::IndexBlocked;
    let detail = serde_json::json!({"reason": reason, "message": message, "index": blocked, "id": id});
    RefusedPart { stage: Stage::Index, reason, message, detail, member: None }
}

/// A refusal because documents have to be deleted from an index that accepts no writes.
pub fn deletion_blocked(held: &HeldByIndex) -> RefusedPart {
    let HeldByIndex { index, fault, .. } = held;
    let message = format!(
        "documents that the unit has no more cannot be deleted from index {index:?}, which has taken no writes for longer than index.blockedPatienceSeconds: {}; open the index to writes, or correct what Elasticsearch names, and replay the unit",
        fault.for_records()
    );
    RefusedPart::of_object(Stage::Index, Reason::IndexBlocked, message)
}

/// Adds a refusal, unless there are already as many as are listed.
pub fn note(refusals: &mut Vec<RefusedPart>, refused: RefusedPart) {
    if refusals.len() < LISTED_REFUSALS {
        refusals.push(refused);
    }
}
