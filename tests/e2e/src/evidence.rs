//! What the errors bucket has of a refused object.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::s3::S3;

/// The error record of a raw key of which one version was refused, and its own key.
pub async fn error_record(s3: &S3, errors_bucket: &str, raw_key: &str) -> Result<(String, Value)> {
    let key = record_key(s3, errors_bucket, raw_key).await?;
    let record = s3.get(errors_bucket, &key).await?;
    let record = serde_json::from_slice(&record).with_context(|| format!("{key:?} is not JSON"))?;
    Ok((key, record))
}

async fn record_key(s3: &S3, errors_bucket: &str, raw_key: &str) -> Result<String> {
    let of_object = format!("/objects/{raw_key}/");
    let is_record = |key: &str| {
        let digest = key.split_once(&of_object).and_then(|(_, end)| end.strip_suffix(".error.json"));
        digest.is_some_and(|digest| !digest.contains('/'))
    };
    let listed = s3.list(errors_bucket).await?;
    let mut keys = listed.into_iter().map(|object| object.key).filter(|key| is_record(key));
    let key = keys.next().with_context(|| format!("there is no error record of {raw_key:?}"))?;
    ensure!(keys.next().is_none(), "there are several error records of {raw_key:?}");
    Ok(key)
}
