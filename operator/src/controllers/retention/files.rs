//! The files of a run in the snapshot bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::Object;
use docmill_clients::aws::{StoreError, listing};
use futures::{StreamExt as _, TryStreamExt as _, stream};

/// Concurrent deletions.
const AT_A_TIME: usize = 8;

/// Removes every file whose key begins with `folder`.
pub async fn remove(s3: &Client, bucket: &str, folder: &str) -> Result<(), StoreError> {
    let action = || format!("list s3://{bucket}/{folder}");
    let list = s3.list_objects_v2().bucket(bucket).prefix(folder).encoding_type(listing::ENCODED);
    let mut pages = list.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| StoreError::from_sdk(action(), &error))?;
        let key = |object: &Object| Some(listing::key(page.encoding_type(), object.key()?));
        let keys: Vec<String> = page.contents().iter().filter_map(key).collect();
        let delete = |key: String| async move {
            let sent = s3.delete_object().bucket(bucket).key(&key).send().await;
            sent.map(drop)
                .map_err(|error| StoreError::from_sdk(format!("delete s3://{bucket}/{key}"), &error))
        };
        stream::iter(keys).map(delete).buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
    }
    Ok(())
}
