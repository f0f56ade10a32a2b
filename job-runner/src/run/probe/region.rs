//! Whether the raw bucket is asked in its own region.

use aws_sdk_s3::Client;
use docmill_crds::api::ingest_run::probe::{Need, ProbeResult, RAW_BUCKET_IS_IN};

use super::answer::{ANSWER_WITHIN, late};

/// The header by which S3 names the region of a bucket, also in refusals.
const REGION_HEADER: &str = "x-amz-bucket-region";
/// Most characters of the name of a region.
const REGION_CHARS: usize = 32;

/// Asks for the bucket. `region` is the one by which requests are signed.
pub(super) async fn ask(s3: &Client, bucket: &str, region: &str) -> ProbeResult {
    let head = Box::pin(s3.head_bucket().bucket(bucket).send());
    match tokio::time::timeout(ANSWER_WITHIN, head).await {
        Err(_) => ProbeResult::unknown(Need::Region, &late()),
        // A store that takes the signature takes the region, whatever it calls its own.
        Ok(Ok(_)) => ProbeResult::passed(Need::Region),
        Ok(Err(error)) => {
            let told = error.raw_response().and_then(|response| response.headers().get(REGION_HEADER));
            judge(told, region)
        }
    }
}

/// Judges the region that a refusal names.
fn judge(told: Option<&str>, region: &str) -> ProbeResult {
    match told.filter(|told| is_region(told)) {
        Some(told) if told == region => ProbeResult::passed(Need::Region),
        Some(told) => ProbeResult::failed(Need::Region, &format!("{RAW_BUCKET_IS_IN}{told}")),
        None => ProbeResult::unknown(Need::Region, "the object store does not tell its region"),
    }
}

/// Whether a text has the form of a region, and is not just anything that a server wrote.
fn is_region(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= REGION_CHARS && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_run::probe::ProbeOutcome::{Failed, Passed, Unknown};

    use super::judge;

    #[test]
    fn a_refusal_that_names_another_region_tells_which_is_right() {
        let wrong = judge(Some("eu-west-1"), "us-east-1");
        assert_eq!((wrong.outcome, wrong.detail.as_str()), (Failed, "the raw bucket is in eu-west-1"));
        assert_eq!(judge(Some("us-east-1"), "us-east-1").outcome, Passed, "refused for another reason");
        assert_eq!(judge(None, "us-east-1").outcome, Unknown);
        for foreign in ["EU", "eu west", "$(reboot)", &"a".repeat(33), ""] {
            assert_eq!(judge(Some(foreign), "us-east-1").outcome, Unknown, "{foreign}");
        }
    }
}
