//! The page of the reasons: what each word means, which is what the types say of it, and what to do.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::Value;
use strum::VariantArray;

use super::markdown::{GENERATED, code, head, prose, row};
use crate::audit::DifferenceKind;
use crate::contract::{IndexTrouble, StoreProblemReason};
use crate::reason::{Notice, Reason, SkipReason};
use crate::records::enrichments::FailureReason;

/// The page.
pub(super) fn page() -> String {
    [
        format!("# Reasons\n\n{GENERATED}\n\n{INTRODUCTION}"),
        section("Units that are refused", REFUSED, of_refusal),
        section("Units that are skipped", SKIPPED, of_skip),
        section("What is reported of units that succeed", TOLD, of_notice),
        section("Documents that are not enriched", NOT_ENRICHED, of_failure),
        section("Differences that an audit finds", DIFFERENCES, of_difference),
        section("Stores that hinder the work", HINDRANCES, of_hindrance),
        section("Indices that have trouble of their own", TROUBLES, of_trouble),
    ]
    .join("\n")
}

const INTRODUCTION: &str = "The words by which Docmill says why it did not do something, with their meaning and a remedy. A word is the same in records, \
    metrics, logs and statuses, and never changes. [Conditions](conditions.md) lists the reasons of conditions.\n";

const REFUSED: &str = "`reason` of a unit whose `state` is `Failed`, in the ledger, in `.error.json` of the errors bucket, in `status.topFailures`, \
    and as a label of metrics. When the cause is corrected, an `IngestRun` of mode `Replay` retries the units, for example with \
    `select: {failed: {reasons: [MissingField]}}`. Docmill ingests a newer version of the object without a run.";

const SKIPPED: &str = "`reason` of a unit whose `state` is `Skipped`. Nothing is wrong with such a unit.";

const TOLD: &str = "`reason` in `duplicates` of the report of an `IngestRun`, and in the totals of `job-runner convert --human`. It is \
    counted, and nothing was refused.";

const NOT_ENRICHED: &str = "`reason` of the records of kind `failure` in `docmill-enrichments-<namespace>`. An `EnrichmentRun` with \
    `select: {state: Failed}` retries such documents, and a success removes the record.";

const DIFFERENCES: &str = "`kind` in the report of an `IngestRun` of mode `Audit`. With `repair: true` the run repairs what it finds. It deletes nothing if that would be much: [limit](../guides/audit-and-shadow.md#how-much-a-repair-deletes).";

const HINDRANCES: &str = "How a store hinders workers, in the conditions `Throttled` and `Degraded` and as a label of metrics. No \
    document fails because of it.";

const TROUBLES: &str = "What is wrong with one index while others of its cluster take writes, as the label `trouble` of metrics. \
    `status.units.held` counts the units that wait for such an index. Units for other indices go on.";

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
            "Ask the sender for the content of the object; delete objects that are empty on purpose."
        }
        Reason::CorruptCompression => "Upload the object again: the transfer was most likely cut off.",
        Reason::MalformedArchive => {
            "Upload the object again: the transfer was most likely cut off. Otherwise ask the sender to pack it again."
        }
        Reason::UnsupportedMember => {
            "Ask the sender to pack the files themselves, without a password; or leave the member out, or name the file that a link leads to, by `conversion.archive.members`."
        }
        Reason::UnsupportedEncoding => {
            "Ask the sender to use a supported encoding and to declare it; UTF-16 needs a byte order mark. Or set `conversion.encoding`, or the repair `Encoding`."
        }
        Reason::InvalidBytes => {
            "Ask the sender to declare the encoding that the object is in, or to correct its bytes; or set `conversion.encoding`, or the repair `Encoding`."
        }
        Reason::MalformedXml => {
            "Ask the sender to correct the object; `.error.json` names line and column. Some faults can be mended by `conversion.repairs`."
        }
        Reason::MalformedJson => "Ask the sender to correct the object; `.error.json` names line and column.",
        Reason::EntityRefused => {
            "Ask the sender to write the character itself, or a numeric reference to it; or allow names or declarations by `conversion.entities`."
        }
        Reason::LimitExceeded => {
            "If the object is sound, raise the limit in `conversion.limits`; `.error.json` names the limit."
        }
        Reason::NoRecord => {
            "Correct `conversion.record`, or list in `conversion.emptyIf` the paths that mark an object without records."
        }
        Reason::MissingField => {
            "Correct `path` of the field, or remove `required` or `requiredIf` (or set a `default`); otherwise ask the sender to correct the object."
        }
        Reason::WrongType => {
            "Correct `type` or `formats` of the field, or the value at its source. `.error.json` says what was expected and found."
        }
        Reason::PatternMismatch => "Correct `pattern` of the field, or the value at its source.",
        Reason::NotInEnum => "Add the value to `enum` of the field, or correct it at its source.",
        Reason::TooShort => "Lower `minLength` of the field, or correct the value at its source.",
        Reason::TooLong => "Raise `maxLength` of the field, or correct the value at its source.",
        Reason::OutOfRange => {
            "Change `minimum`, `maximum`, `earliest` or `latest` of the field, or correct the value at its source."
        }
        Reason::TooFew => "Lower `minItems` of the field, or correct the object at its source.",
        Reason::TooMany => "Raise `maxItems` of the field, or correct the object at its source.",
        Reason::NotAddressable => {
            "Correct `index.name` or `index.id`, or the conversion, so that every document has the fields that they name."
        }
        Reason::DateOutOfWindow => {
            "If the date is right, change `index.window`; otherwise correct it at its source."
        }
        Reason::TooManyIndices => {
            "Look at the values in the names of the new indices; raise `index.maxNewIndicesPerHour`, or name indices by longer periods."
        }
        Reason::IndexRejected => {
            "Correct the mapping of the index or the conversion; the message quotes Elasticsearch."
        }
        Reason::ObjectArchived => "Restore the object (`aws s3api restore-object`), then replay it.",
        Reason::ObjectUnreadable => {
            "Grant access to the object, or enable the key that it is encrypted with (Docmill cannot read objects with a customer-provided key, SSE-C); the message has the store's error code."
        }
        Reason::SnapshotRefused => {
            "Look for a policy that concerns some keys of the snapshot bucket; the message has the store's error code."
        }
        Reason::IndexBlocked => {
            "Remove the block or open the index, create the ingest pipeline, raise the limit of shards, or correct the template; then replay."
        }
        Reason::Poison => {
            "Look at the last lines of the logs of the workers that died, and at the size of the object; give workers more memory, or lower `conversion.limits`."
        }
        Reason::MalformedNotification => {
            "Look at the message in the errors bucket, and let only notifications of the bucket into the queue. An `IngestRun` of mode `Process` ingests what was missed."
        }
        Reason::ForeignNotification => {
            "Correct `raw.bucket`, or give the other bucket a queue of its own. An `IngestRun` of mode `Process` ingests what was missed."
        }
    }
}

const fn of_skip(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::ObjectGone => "Nothing. If the object comes back, Docmill ingests it.",
        SkipReason::ObjectReplaced => "Nothing. The newer version has a record of its own.",
        SkipReason::Superseded => "Nothing. `supersededBy` is the id of the record of the newer version.",
        SkipReason::ObjectRemoved => {
            "Nothing. With `raw.onDelete: Keep`, documents stay when their object is removed."
        }
        SkipReason::Forgotten => {
            "Nothing. To let the key in again, see [forget documents](../guides/forget.md#let-a-key-in-again)."
        }
        SkipReason::FolderMarker => "Nothing.",
    }
}

const fn of_notice(notice: Notice) -> &'static str {
    match notice {
        Notice::DuplicateId => {
            "Name more of the document in `index.id` if the documents differ; otherwise nothing: the feed repeats itself."
        }
    }
}

const fn of_failure(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::InvalidTarget => {
            "Correct `to.index.name`, so that it names only fields that every document has."
        }
        FailureReason::DateOutOfWindow => {
            "If the date is right, change `to.index.window`; if not, have it corrected."
        }
        FailureReason::TooManyIndices => {
            "Look at the values that so many names were made of; raise `to.index.maxNewIndicesPerHour`, or name indices by longer periods."
        }
        FailureReason::InvalidInput => {
            "Correct `inputs` as the message says: a template may name a list, the object may be gone or too large, or the index gives no `_source`."
        }
        FailureReason::EmptyInput => {
            "Make all outputs of the enricher `optional`, or exclude such documents by `from.query`. `select: {state: Failed}` does not retry them."
        }
        FailureReason::FieldConflict => "Give the output another name.",
        FailureReason::ModelRefused => {
            "Correct the enricher or the server; the message quotes the model server."
        }
        FailureReason::NotEnriched => "Enrich the document first, with a run of mode `Enrich`.",
        FailureReason::IndexRefused => "Correct the mapping of the target index, or the type of the output.",
    }
}

const fn of_difference(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::Unaccounted => {
            "Repair: the audit processes the object. Without it, run an `IngestRun` of mode `Process`."
        }
        DifferenceKind::RecordTwice => "Repair: the audit deletes the second record.",
        DifferenceKind::RecordWithoutObject => {
            "Repair: the record becomes `Superseded` or `ObjectRemoved`, and the audit removes its documents where necessary."
        }
        DifferenceKind::SnapshotMissing => {
            "Repair: the audit converts the object again and writes everything again."
        }
        DifferenceKind::SnapshotOrphaned => "Repair: the audit deletes the snapshot.",
        DifferenceKind::DocumentMissing | DifferenceKind::DocumentOfOlderUnit => {
            "Repair: the audit stores the document again from the snapshot, or from the object if there is no snapshot."
        }
        DifferenceKind::DocumentOrphaned => {
            "Repair: the audit deletes the document, unless a newer version was written meanwhile."
        }
        DifferenceKind::EvidenceMissing => {
            "Repair: the audit converts the object again, and refuses it with its evidence."
        }
        DifferenceKind::EvidenceLeft => "Repair: the audit deletes the evidence.",
    }
}

const fn of_hindrance(reason: StoreProblemReason) -> &'static str {
    match reason {
        StoreProblemReason::Throttled => {
            "Nothing, if it passes. Otherwise give the store more capacity, or lower `workers.max` of the source, `parallelism` of the run, or `maxInFlight` of the enricher."
        }
        StoreProblemReason::Unreachable => {
            "Look at the store and the network in between: names, NetworkPolicies, certificates."
        }
        StoreProblemReason::TimedOut | StoreProblemReason::Unavailable => {
            "Look at the health of the store. Work goes on by itself."
        }
        StoreProblemReason::ReadOnly => "Free disk space, or remove the block.",
        StoreProblemReason::AccessDenied => "Correct the Secret, or grant its user the missing privileges.",
        StoreProblemReason::NotFound => "Create the bucket, queue or index, or correct its name.",
        StoreProblemReason::Refused => {
            "Correct what the store names in its message, which is in the worker's log (`said`)."
        }
    }
}

const fn of_trouble(trouble: IndexTrouble) -> &'static str {
    match trouble {
        IndexTrouble::Blocked => {
            "Remove the block, open the index, or create the ingest pipeline. After `index.blockedPatienceSeconds` the units fail with `IndexBlocked`."
        }
        IndexTrouble::NotCreated => {
            "Raise the limit of shards, or correct the template. After `index.blockedPatienceSeconds` the units fail with `IndexBlocked`."
        }
        IndexTrouble::DiskFull => "Free disk space. The units wait without limit.",
        IndexTrouble::Unavailable => {
            "Bring back the node with the primary shard, or restore it. The units wait without limit."
        }
        IndexTrouble::Denied => {
            "Grant the user of the Secret privileges on the index. The units wait without limit."
        }
        IndexTrouble::Slow => {
            "Look at the load of the nodes that hold the index. The units wait without limit."
        }
    }
}
