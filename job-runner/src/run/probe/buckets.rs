//! What a worker needs of the three buckets.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use docmill_clients::aws::listing;
use docmill_crds::api::ingest_run::probe::{MAX_CLOCK_SKEW_SECONDS, Need, ProbeOutcome, ProbeResult};
use docmill_crds::api::storage::RawLocation;
use docmill_crds::contract::RunOrder;
use docmill_crds::records::runs::run_folder;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::answer::{ANSWER_WITHIN, ask, granted, not_denied, permitted, within};
use super::region;
use crate::ingest::source::listing::is_versioned;

/// An upload that does not exist.
const NO_UPLOAD: &str = "docmill-probe";

/// What is asked of the buckets once their region is right.
const OF_BUCKETS: [Need; 13] = [
    Need::ListRaw,
    Need::ReadRaw,
    Need::ReadRawVersions,
    Need::ReadRawTags,
    Need::WriteSnapshots,
    Need::ReadSnapshots,
    Need::DeleteSnapshots,
    Need::AbortSnapshots,
    Need::WriteErrors,
    Need::TagErrors,
    Need::ReadErrors,
    Need::DeleteErrors,
    Need::Clock,
];

/// Asks for everything that a worker does in the buckets. In a wrong region nothing else can be found out: every request is
/// refused for that reason.
pub(super) async fn probe(s3: &Client, order: &RunOrder) -> Vec<ProbeResult> {
    let spec = &order.ingest.spec;
    let region = region::ask(s3, &spec.raw.bucket, &spec.storage.region).await;
    let others = if region.outcome == ProbeOutcome::Failed {
        OF_BUCKETS.map(|need| ProbeResult::unknown(need, "correct the region first")).to_vec()
    } else {
        Box::pin(permissions(s3, order)).await
    };
    std::iter::once(region).chain(others).collect()
}

async fn permissions(s3: &Client, order: &RunOrder) -> Vec<ProbeResult> {
    let spec = &order.ingest.spec;
    // In a folder of Docmill's own, which no source takes for raw objects.
    let key = |prefix: &str| format!("{}probe", run_folder(prefix, &order.run_uid));
    let (of_raw, of_snapshots, of_errors) =
        (key(&spec.raw.prefix), key(&spec.snapshots.prefix), key(&spec.errors.prefix));
    let (raw, clock, snapshots, errors) = tokio::join!(
        raw(s3, &spec.raw, &of_raw),
        clock(s3, &spec.raw.bucket, &of_raw),
        output(s3, &spec.snapshots.bucket, &of_snapshots, &SNAPSHOTS),
        output(s3, &spec.errors.bucket, &of_errors, &ERRORS),
    );
    raw.into_iter().chain(snapshots).chain(errors).chain([clock]).collect()
}

/// What a worker does in the raw bucket, which is never written. `missing` is a key that no object has.
async fn raw(s3: &Client, location: &RawLocation, missing: &str) -> Vec<ProbeResult> {
    let bucket = &location.bucket;
    let list = s3.list_objects_v2().bucket(bucket).prefix(&location.prefix).max_keys(1);
    let listed = ask(list.encoding_type(listing::ENCODED).send()).await;
    let page = listed.as_ref().ok();
    let key = page.and_then(|page| Some(listing::key(page.encoding_type(), page.contents().first()?.key()?)));
    let read = if page.is_some() {
        let get = s3.get_object().bucket(bucket).key(key.as_deref().unwrap_or(missing));
        permitted(Need::ReadRaw, &ask(get.send()).await)
    } else {
        // Without permission to list, a missing object and a denied one look the same.
        ProbeResult::unknown(Need::ReadRaw, "the raw bucket cannot be listed")
    };
    vec![
        granted(Need::ListRaw, &listed),
        read,
        versions(s3, bucket).await,
        tags(s3, bucket, key.as_deref()).await,
    ]
}

async fn versions(s3: &Client, bucket: &str) -> ProbeResult {
    let versioned = within(is_versioned(s3, bucket)).await;
    if !matches!(versioned, Ok(true)) {
        return granted(Need::ReadRawVersions, &versioned);
    }
    let list = s3.list_object_versions().bucket(bucket).max_keys(1).encoding_type(listing::ENCODED);
    granted(Need::ReadRawVersions, &ask(list.send()).await)
}

async fn tags(s3: &Client, bucket: &str, key: Option<&str>) -> ProbeResult {
    let Some(key) = key else {
        return ProbeResult::unknown(Need::ReadRawTags, "the raw bucket has no object to ask about");
    };
    let get = s3.get_object_tagging().bucket(bucket).key(key);
    not_denied(Need::ReadRawTags, &ask(get.send()).await)
}

/// The needs that concern a bucket of output.
struct OutputNeeds {
    write: Need,
    read: Need,
    delete: Need,
    abort: Option<Need>,
    tag: Option<Need>,
}

const SNAPSHOTS: OutputNeeds = OutputNeeds {
    write: Need::WriteSnapshots,
    read: Need::ReadSnapshots,
    delete: Need::DeleteSnapshots,
    abort: Some(Need::AbortSnapshots),
    tag: None,
};
const ERRORS: OutputNeeds = OutputNeeds {
    write: Need::WriteErrors,
    read: Need::ReadErrors,
    delete: Need::DeleteErrors,
    abort: None,
    tag: Some(Need::TagErrors),
};

/// Writes an object, reads it and deletes it.
async fn output(s3: &Client, bucket: &str, key: &str, needs: &OutputNeeds) -> Vec<ProbeResult> {
    let put = || s3.put_object().bucket(bucket).key(key).body(ByteStream::from_static(b"probe"));
    let mut results = vec![granted(needs.write, &ask(put().send()).await)];
    if let Some(need) = needs.tag {
        results.push(not_denied(need, &ask(put().tagging("docmill=probe").send()).await));
    }
    let get = s3.get_object().bucket(bucket).key(key);
    results.push(permitted(needs.read, &ask(get.send()).await));
    if let Some(need) = needs.abort {
        let abort = s3.abort_multipart_upload().bucket(bucket).key(key).upload_id(NO_UPLOAD);
        results.push(permitted(need, &ask(abort.send()).await));
    }
    let delete = s3.delete_object().bucket(bucket).key(key);
    let deleted = ask(delete.send()).await;
    if deleted.is_err() {
        tracing::warn!(bucket, key, "the test object of the probe could not be deleted; delete it");
    }
    results.push(permitted(needs.delete, &deleted));
    results
}

/// Whether the clock of this node agrees with that of the store, by the date of an answer. Only an error shows its
/// headers, so it asks for an object that does not exist.
async fn clock(s3: &Client, bucket: &str, missing: &str) -> ProbeResult {
    let get = Box::pin(s3.get_object().bucket(bucket).key(missing).send());
    let answer = tokio::time::timeout(ANSWER_WITHIN, get).await;
    let date = match &answer {
        Ok(Err(error)) => error.raw_response().and_then(|response| response.headers().get("date")),
        _ => None,
    };
    skew(date, Timestamp::now())
}

/// Judges the date of an answer, as HTTP writes it.
fn skew(date: Option<&str>, now: Timestamp) -> ProbeResult {
    let Some(date) = date.and_then(|date| rfc2822::parse(date).ok()) else {
        return ProbeResult::unknown(Need::Clock, "the object store does not tell its time");
    };
    let seconds = now.as_second() - date.timestamp().as_second();
    if seconds.unsigned_abs() <= MAX_CLOCK_SKEW_SECONDS {
        return ProbeResult::passed(Need::Clock);
    }
    let direction = if seconds > 0 { "ahead of" } else { "behind" };
    let detail = format!("the node is {} s {direction} the object store", seconds.unsigned_abs());
    ProbeResult::failed(Need::Clock, &detail)
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_run::probe::{Need, ProbeOutcome, ProbeResult};
    use jiff::Timestamp;

    use super::skew;

    #[test]
    fn a_minute_is_no_skew_and_five_are() {
        let now: Timestamp = "2026-11-30T01:35:21Z".parse().unwrap();
        let outcome = |date| skew(Some(date), now).outcome;
        assert_eq!(outcome("Mon, 30 Nov 2026 01:34:21 GMT"), ProbeOutcome::Passed);
        assert_eq!(outcome("Mon, 30 Nov 2026 01:36:21 GMT"), ProbeOutcome::Passed);
        let behind = skew(Some("Mon, 30 Nov 2026 01:40:21 GMT"), now);
        let text = "the node is 300 s behind the object store";
        assert_eq!(behind, ProbeResult::failed(Need::Clock, text));
        let ahead = skew(Some("Mon, 30 Nov 2026 01:30:21 GMT"), now);
        assert_eq!(ahead.detail, "the node is 300 s ahead of the object store");
        assert_eq!(skew(None, now).outcome, ProbeOutcome::Unknown);
        assert_eq!(outcome("today"), ProbeOutcome::Unknown);
    }
}
