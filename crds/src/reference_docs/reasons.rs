//! The page of the reasons: what each word means, which is what the types say of it, and what to do.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::Value;
use strum::VariantArray;

use super::markdown::{GENERATED, code, head, prose, row};
use crate::audit::DifferenceKind;
use crate::contract::{IndexTrouble, StoreProblemReason};
use crate::reason::{Reason, SkipReason};
use crate::records::enrichments::FailureReason;

/// The page.
pub(super) fn page() -> String {
    [
        format!("# Reasons\n\n{GENERATED}\n\n{INTRODUCTION}"),
        section("Units that are refused", REFUSED, of_refusal),
        section("Units that are passed over", SKIPPED, of_skip),
        section("Documents that are not enriched", NOT_ENRICHED, of_failure),
        section("Differences that an audit finds", DIFFERENCES, of_difference),
        section("Stores that hinder the work", HINDRANCES, of_hindrance),
        section("Indices that have trouble of their own", TROUBLES, of_trouble),
    ]
    .join("\n")
}

const INTRODUCTION: &str = "The words by which Docmill says why something was not done, what they mean, and what can be done. They are the same in \
    records, metrics, logs and statuses, and never change. The reasons of conditions have a page of their own: [Conditions](conditions.md).\n";

const REFUSED: &str = "`reason` of a unit whose `state` is `Failed`, in the ledger, in `.error.json` of the errors bucket, in `status.topFailures`, \
    and as a label of metrics. What is corrected is taken up again by an `IngestRun` of mode `Replay`, for example with \
    `select: {failed: {reasons: [MissingField]}}`; a newer version of the object is ingested by itself.";

const SKIPPED: &str = "`reason` of a unit whose `state` is `Skipped`. Nothing is wrong with these.";

const NOT_ENRICHED: &str = "`reason` of the records of kind `failure` in `docmill-enrichments-<namespace>`. An `EnrichmentRun` with \
    `select: {state: Failed}` takes such documents up again, and a success removes the record.";

const DIFFERENCES: &str = "`kind` in the report of an `IngestRun` of mode `Audit`. With `repair: true` the run mends what it finds.";

const HINDRANCES: &str = "How a store keeps workers from going on, in the conditions `Throttled` and `Degraded` and as a label of \
    metrics. No document fails by it.";

const TROUBLES: &str = "What one index has while others of its cluster take writes, counted by `status.units.held`, and as the label \
    `trouble` of metrics. Units for other indices go on.";

fn section<T>(title: &str, about: &str, to_do: fn(T) -> &'static str) -> String
where
    T: Copy + JsonSchema + VariantArray + Into<&'static str>,
{
    let schema = schema_for!(T);
    let meanings = meanings(&schema);
    let mut lines = vec![format!("## {title}\n\n{about}\n")];
    lines.extend(head(&["Reason", "What it means", "What to do"]));
    for reason in T::VARIANTS {
        let word: &str = (*reason).into();
        let meaning = meanings.get(word).map(|meaning| prose(meaning)).unwrap_or_default();
        lines.push(row([&*code(word), &meaning, to_do(*reason)]));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The descriptions of an enum's variants.
fn meanings(schema: &Schema) -> BTreeMap<&str, &str> {
    let variants = schema.get("oneOf").and_then(Value::as_array);
    let variants = variants.into_iter().flatten();
    variants
        .filter_map(|variant| Some((variant["const"].as_str()?, variant["description"].as_str()?)))
        .collect()
}

const fn of_refusal(reason: Reason) -> &'static str {
    match reason {
        Reason::EmptyObject => {
            "Ask the sender of the object for its content; delete objects that are empty on purpose."
        }
        Reason::CorruptCompression => "Upload the object again: it was most likely cut off on its way.",
        Reason::UnsupportedEncoding => {
            "Have the object declare the encoding that it is in, one that is supported; UTF-16 needs a byte order mark. Or set `conversion.encoding`, or the repair `Encoding`."
        }
        Reason::InvalidBytes => {
            "Have the object declare the encoding that it really is in, or have its bytes corrected; or set `conversion.encoding`, or the repair `Encoding`."
        }
        Reason::MalformedXml => {
            "Have the sender correct the object; `.error.json` names line and column. Some faults can be mended by `conversion.repairs`."
        }
        Reason::MalformedJson => "Have the sender correct the object; `.error.json` names line and column.",
        Reason::EntityRefused => {
            "Have the sender write the character itself, or a numeric reference to it; or allow names or declarations by `conversion.entities`."
        }
        Reason::LimitExceeded => {
            "If the object is sound, raise the limit in `conversion.limits`; `.error.json` says which one was reached."
        }
        Reason::NoRecord => {
            "Correct `conversion.record`, or name in `conversion.emptyIf` what marks an object without records."
        }
        Reason::MissingField => {
            "Correct `path` of the field, or take `required` or `requiredIf` away (a `default` can take its place); otherwise have the object corrected."
        }
        Reason::WrongType => {
            "Correct `type` or `formats` of the field; otherwise have the value corrected. `.error.json` has what was expected and found."
        }
        Reason::PatternMismatch => "Correct `pattern` of the field, or have the value corrected.",
        Reason::NotInEnum => "Add the value to `enum` of the field, or have it corrected.",
        Reason::TooShort => "Lower `minLength` of the field, or have the value corrected.",
        Reason::TooLong => "Raise `maxLength` of the field, or have the value corrected.",
        Reason::OutOfRange => "Change `minimum` or `maximum` of the field, or have the value corrected.",
        Reason::TooFew => "Lower `minItems` of the field, or have the object corrected.",
        Reason::TooMany => "Raise `maxItems` of the field, or have the object corrected.",
        Reason::NotAddressable => {
            "Correct `index.name` or `index.id`, or the conversion, so that every document has the fields that they name."
        }
        Reason::DateOutOfWindow => "If the date is right, change `index.window`; if not, have it corrected.",
        Reason::TooManyIndices => {
            "Look at the values that so many names were made of; raise `index.maxNewIndicesPerHour`, or name indices by longer periods."
        }
        Reason::IndexRejected => {
            "Correct the mapping of the index or the conversion; the message has the words of Elasticsearch."
        }
        Reason::ObjectArchived => "Restore the object (`aws s3api restore-object`), then replay it.",
        Reason::ObjectUnreadable => {
            "Give rights to the object, or enable the key that it is encrypted with; the message has the code of the store."
        }
        Reason::SnapshotRefused => {
            "Look for a policy that concerns some keys of the snapshot bucket; the message has the code of the store."
        }
        Reason::IndexBlocked => {
            "Take the block off or open the index, raise the limit of shards, or mend the template; then replay."
        }
        Reason::Poison => {
            "Look at the end of the logs of the workers that died, and at the size of the object; give workers more memory, or lower `conversion.limits`."
        }
        Reason::MalformedNotification => {
            "Look at the message in the errors bucket, and see to it that only notifications of the bucket come into the queue. An `IngestRun` of mode `Process` takes up what was missed."
        }
        Reason::ForeignNotification => {
            "Correct `raw.bucket`, or give the other bucket a queue of its own. An `IngestRun` of mode `Process` takes up what was missed."
        }
    }
}

const fn of_skip(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::ObjectGone => "Nothing. If the object is put back, it is ingested.",
        SkipReason::ObjectReplaced => "Nothing. The newer version has a record of its own.",
        SkipReason::Superseded => "Nothing. `supersededBy` is the id of the record of the newer version.",
        SkipReason::ObjectRemoved => {
            "Nothing. With `raw.onDelete: Keep` the documents of objects that are removed stay."
        }
        SkipReason::FolderMarker => "Nothing.",
    }
}

const fn of_failure(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::InvalidTarget => {
            "Correct `to.index.name`, so that it names only fields which every document has."
        }
        FailureReason::InvalidInput => {
            "Look at the message: a template may name a list, or the object may be gone or too large. Correct `inputs`."
        }
        FailureReason::EmptyInput => {
            "Make all outputs of the enricher `optional`, or leave such documents out by `from.query`. `select: {state: Failed}` does not take them up again."
        }
        FailureReason::FieldConflict => "Give the output another name.",
        FailureReason::ModelRefused => {
            "Look at the message for what the model server says, and correct the enricher or the server."
        }
        FailureReason::NotEnriched => "Enrich the document first, with a run of mode `Enrich`.",
        FailureReason::IndexRefused => "Correct the mapping of the target index, or the type of the output.",
    }
}

const fn of_difference(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::Unaccounted => {
            "Repair: the object is processed. Without: an `IngestRun` of mode `Process`."
        }
        DifferenceKind::RecordTwice => "Repair: the second record is deleted.",
        DifferenceKind::RecordWithoutObject => {
            "Repair: the record becomes `Superseded` or `ObjectRemoved`, and its documents go where they have to."
        }
        DifferenceKind::SnapshotMissing => {
            "Repair: the object is converted once more and everything is written again."
        }
        DifferenceKind::SnapshotOrphaned => "Repair: the snapshot is deleted.",
        DifferenceKind::DocumentMissing | DifferenceKind::DocumentOfOlderUnit => {
            "Repair: the document is stored again out of the snapshot, or out of the object where there is none."
        }
        DifferenceKind::DocumentOrphaned => {
            "Repair: the document is deleted, unless a newer version was written meanwhile."
        }
        DifferenceKind::EvidenceMissing => {
            "Repair: the object is converted once more, and refused with its evidence."
        }
        DifferenceKind::EvidenceLeft => "Repair: it is deleted.",
    }
}

const fn of_hindrance(reason: StoreProblemReason) -> &'static str {
    match reason {
        StoreProblemReason::Throttled => {
            "Nothing, if it passes. Otherwise give the store more capacity, or lower `workers.max` of the source (`maxInFlight` of the enricher)."
        }
        StoreProblemReason::Unreachable => {
            "Look at the store and the network in between: names, NetworkPolicies, certificates."
        }
        StoreProblemReason::TimedOut | StoreProblemReason::Unavailable => {
            "Look at the health of the store. Work goes on by itself."
        }
        StoreProblemReason::ReadOnly => "Free disk space, or take the block off.",
        StoreProblemReason::AccessDenied => {
            "Correct the Secret, or give its user the rights that the work needs."
        }
        StoreProblemReason::NotFound => "Create the bucket, queue or index, or correct its name.",
        StoreProblemReason::Refused => {
            "Look at the log of the worker (`said`) for the words of the store, and mend what they name."
        }
    }
}

const fn of_trouble(trouble: IndexTrouble) -> &'static str {
    match trouble {
        IndexTrouble::Blocked => {
            "Take the block off, or open the index. After `index.blockedPatienceSeconds` the units fail with `IndexBlocked`."
        }
        IndexTrouble::NotCreated => {
            "Raise the limit of shards, or mend the template. After `index.blockedPatienceSeconds` the units fail with `IndexBlocked`."
        }
        IndexTrouble::DiskFull => "Free disk space. The units wait without an end.",
        IndexTrouble::Unavailable => {
            "Bring back the node with the primary shard, or restore it. The units wait without an end."
        }
        IndexTrouble::Denied => {
            "Give the user of the Secret rights for the index. The units wait without an end."
        }
        IndexTrouble::Slow => {
            "Look at the load of the nodes that hold the index. The units wait without an end."
        }
    }
}
