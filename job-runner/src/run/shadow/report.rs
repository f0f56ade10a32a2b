//! The report of a rehearsal: counts and a few examples of each kind. Pure.
//!
//! Reports of parts are merged into that of the whole. A long list keeps its beginning, and many fields keep
//! the first by name, so that the grouping of merges does not matter.

use std::collections::BTreeMap;

use docmill_convert::Edit;
use docmill_crds::records::units::{DocumentAddress, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::run::report::Report;

/// Examples that are kept per kind.
const EXAMPLES: usize = 5;
/// Maximum fields that are reported: a model has fewer, but what it does not name may bring any number.
const FIELDS: usize = 500;
/// Maximum characters of an example's value.
const VALUE_CHARS: usize = 200;

/// The report of a rehearsal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShadowReport {
    /// Revision of the proposed conversion.
    pub revision: String,
    /// Units (versions of raw objects).
    pub units: ShadowCounts,
    /// Documents of units whose snapshot could be read.
    pub documents: DocumentCounts,
    /// What changes in the documents, by the path of the field.
    pub fields: BTreeMap<String, FieldChanges>,
    /// Whether there are more such fields than are reported.
    pub more_fields: bool,
    /// Documents that would get another index or id.
    pub moved: Examples<Move>,
    /// Units that would be refused and are not refused now, by reason.
    pub newly_failing: BTreeMap<String, Examples<FailureExample>>,
    /// Units that are refused now and would not be, by the current reason.
    pub newly_passing: BTreeMap<String, Examples<UnitId>>,
    /// Units that are refused now and would be for another reason, by `<today's> -> <proposed>`.
    pub other_reason: BTreeMap<String, Examples<FailureExample>>,
}

/// Units by what would become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShadowCounts {
    /// All that were converted.
    pub compared: i64,
    /// Nothing about their record would differ.
    pub unchanged: i64,
    /// State, reason, or a document's address or content would differ.
    pub changed: i64,
    /// Units of `compared` that would be refused, newly or as before.
    pub failing: i64,
    /// Not converted, and left as recorded: the object is gone, or another version has replaced it.
    pub skipped: i64,
    /// Their snapshot is missing: the ledger shows whether they change, but not what changes.
    pub without_snapshot: i64,
}

/// Documents by what would become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DocumentCounts {
    /// Documents that exist and would exist.
    pub compared: i64,
    /// The same to the last byte, and in the same place.
    pub unchanged: i64,
    /// With other values in some field.
    pub changed: i64,
    /// With the same values, in another order or notation.
    pub rewritten: i64,
    /// With another index or id; they may be changed as well.
    pub moved: i64,
    /// New ones.
    pub added: i64,
    /// Documents that would no longer exist.
    pub removed: i64,
}

/// What happens to a field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldChanges {
    /// Documents in which it has another value.
    pub changed: i64,
    /// Documents that did not have it.
    pub added: i64,
    /// Documents that no longer have it.
    pub removed: i64,
    /// A few of them.
    pub examples: Vec<FieldExample>,
}

/// A field of one document, values shortened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldExample {
    /// Id of the document.
    pub document: String,
    /// The current value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The future value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// A number of things, and the first of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examples<T> {
    /// How many.
    pub count: i64,
    /// A few of them.
    pub examples: Vec<T>,
}

impl<T> Default for Examples<T> {
    fn default() -> Self {
        Self { count: 0, examples: Vec::new() }
    }
}

impl<T> Examples<T> {
    /// Adds one.
    pub fn push(&mut self, example: T) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        extend(&mut self.examples, other.examples);
    }
}

/// A document that would be stored elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Where it is.
    pub before: DocumentAddress,
    /// Where it would be.
    pub after: DocumentAddress,
}

/// A unit that would be refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FailureExample {
    /// Key of the object.
    pub key: String,
    /// Its version.
    pub version: String,
    /// Why, in words.
    pub message: String,
    /// The field of the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The path in the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line in the object, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The character in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl ShadowReport {
    /// The report of a unit that is not converted.
    pub fn of_skipped() -> Self {
        Self { units: ShadowCounts { skipped: 1, ..ShadowCounts::default() }, ..Self::default() }
    }

    /// Adds the differences of one document. A field that differs at several of its places counts once.
    pub fn add_edits(&mut self, document: &str, edits: Vec<Edit>) {
        let mut edits_by_field = BTreeMap::<String, Edit>::new();
        for edit in edits {
            edits_by_field.entry(edit.field()).and_modify(|first| join(first, &edit)).or_insert(edit);
        }
        for (field, edit) in edits_by_field {
            let changes = self.fields.entry(field).or_default();
            match (&edit.before, &edit.after) {
                (None, _) => changes.added += 1,
                (_, None) => changes.removed += 1,
                _ => changes.changed += 1,
            }
            let (before, after) = (edit.before.map(shorten), edit.after.map(shorten));
            let example = FieldExample { document: document.to_owned(), before, after };
            extend(&mut changes.examples, vec![example]);
        }
        self.cut();
    }

    fn cut(&mut self) {
        while self.fields.len() > FIELDS {
            self.fields.pop_last();
            self.more_fields = true;
        }
    }
}

impl Report for ShadowReport {
    fn merge(&mut self, next: Self) {
        if self.revision.is_empty() {
            self.revision = next.revision;
        }
        self.units.add(next.units);
        self.documents.add(next.documents);
        for (field, changes) in next.fields {
            self.fields.entry(field).or_default().merge(changes);
        }
        self.more_fields |= next.more_fields;
        self.moved.merge(next.moved);
        merge_all(&mut self.newly_failing, next.newly_failing);
        merge_all(&mut self.newly_passing, next.newly_passing);
        merge_all(&mut self.other_reason, next.other_reason);
        self.cut();
    }
}

/// Merges the places of one field: new and gone at once means changed.
fn join(first: &mut Edit, other: &Edit) {
    if first.before.is_none() {
        first.before.clone_from(&other.before);
    }
    if first.after.is_none() {
        first.after.clone_from(&other.after);
    }
}

fn merge_all<T>(into: &mut BTreeMap<String, Examples<T>>, from: BTreeMap<String, Examples<T>>) {
    for (name, examples) in from {
        into.entry(name).or_default().merge(examples);
    }
}

fn extend<T>(kept: &mut Vec<T>, more: Vec<T>) {
    let room = EXAMPLES.saturating_sub(kept.len());
    kept.extend(more.into_iter().take(room));
}

impl FieldChanges {
    fn merge(&mut self, other: Self) {
        self.changed += other.changed;
        self.added += other.added;
        self.removed += other.removed;
        extend(&mut self.examples, other.examples);
    }
}

impl ShadowCounts {
    fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.unchanged += other.unchanged;
        self.changed += other.changed;
        self.failing += other.failing;
        self.skipped += other.skipped;
        self.without_snapshot += other.without_snapshot;
    }
}

impl DocumentCounts {
    fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.unchanged += other.unchanged;
        self.changed += other.changed;
        self.rewritten += other.rewritten;
        self.moved += other.moved;
        self.added += other.added;
        self.removed += other.removed;
    }
}

/// A value as an example shows it: a long text is truncated, a list or object becomes its text.
fn shorten(value: Value) -> Value {
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        _ => return value,
    };
    match text.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => Value::String(format!("{}…", &text[..end])),
        None => value,
    }
}

#[cfg(test)]
mod tests;
