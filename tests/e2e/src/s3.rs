//! The object store, with the calls that tests need.

mod digests;
mod versions;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, Object, ObjectIdentifier, Tag, Tagging,
};
use docmill_clients::aws::{credential_key, s3_client};
use docmill_clients::secrets::Secrets;
use docmill_crds::api::credentials::SecretRef;
use docmill_crds::api::storage::Storage;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::env::Env;

/// Requests that are under way at a time.
const CONCURRENCY: usize = 16;

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its `ETag`, without quotes.
    pub etag: String,
}

/// A client of the object store.
#[derive(Clone)]
pub struct S3(Client);

/// The store as seen from here, and its keys.
pub(crate) fn storage(env: &Env) -> (Storage, Secrets) {
    storage_at(&env.s3.outside, &env.region, (&env.access_key_id, &env.secret_access_key))
}

fn storage_at(url: &str, region: &str, (id, secret): (&str, &str)) -> (Storage, Secrets) {
    let storage = Storage {
        region: region.to_owned(),
        connection_ref: None,
        tls: None,
        endpoint: Some(url.to_owned()),
        force_path_style: true,
        credentials_secret_ref: Some(SecretRef { name: "from-the-environment".into() }),
        bucket: None,
        prefix: String::new(),
    };
    let keys = [(credential_key::ACCESS_KEY_ID, id), (credential_key::SECRET_ACCESS_KEY, secret)];
    let keys = keys.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    (storage, Secrets::new(keys.collect()))
}

impl S3 {
    /// Makes a client; nothing is sent yet.
    pub async fn connect(env: &Env) -> Result<Self> {
        let (storage, secrets) = storage(env);
        Ok(Self(s3_client(&storage, &secrets).await?))
    }

    /// Makes a client of another store than the environment's, with the id and the secret half of a key.
    pub async fn at(url: &str, region: &str, keys: (&str, &str)) -> Result<Self> {
        let (storage, secrets) = storage_at(url, region, keys);
        Ok(Self(s3_client(&storage, &secrets).await?))
    }

    /// Makes a bucket; one of our own may be there already.
    pub async fn create_bucket(&self, bucket: &str) -> Result<()> {
        match self.0.create_bucket().bucket(bucket).send().await.map_err(aws_sdk_s3::Error::from) {
            Ok(_) | Err(aws_sdk_s3::Error::BucketAlreadyOwnedByYou(_)) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("failed to create the bucket {bucket}")),
        }
    }

    /// Removes a bucket and everything in it; one that is gone is no error.
    pub async fn remove_bucket(&self, bucket: &str) -> Result<()> {
        match self.remove_objects(bucket).await {
            Err(error) if is_no_such_bucket(&error) => return Ok(()),
            result => result?,
        }
        self.remove_versions(bucket).await?;
        self.0
            .delete_bucket()
            .bucket(bucket)
            .send()
            .await
            .with_context(|| format!("failed to remove {bucket}"))?;
        Ok(())
    }

    async fn remove_objects(&self, bucket: &str) -> Result<()> {
        let objects = self.list(bucket).await?;
        // The most that one DeleteObjects takes.
        for chunk in objects.chunks(1000) {
            let ids = chunk.iter().map(|object| ObjectIdentifier::builder().key(&object.key).build());
            let delete =
                Delete::builder().set_objects(Some(ids.collect::<Result<_, _>>()?)).quiet(true).build()?;
            self.0.delete_objects().bucket(bucket).delete(delete).send().await?;
        }
        Ok(())
    }

    /// Puts an object.
    pub async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<Listed> {
        let put = self.0.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes));
        let put = put.send().await.with_context(|| format!("failed to put s3://{bucket}/{key}"))?;
        let etag = put.e_tag().context("an object without an ETag")?.trim_matches('"').to_owned();
        Ok(Listed { key: key.to_owned(), etag })
    }

    /// Puts an object with a declared type, user metadata and tags (form-encoded: `desk=sport&year=2026`).
    pub async fn put_described(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        (content_type, metadata, tags): (&str, &[(&str, &str)], &str),
    ) -> Result<Listed> {
        let mut put = self.0.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes));
        put = put.content_type(content_type).tagging(tags);
        for (name, value) in metadata {
            put = put.metadata(*name, *value);
        }
        let put = put.send().await.with_context(|| format!("failed to put s3://{bucket}/{key}"))?;
        let etag = put.e_tag().context("an object without an ETag")?.trim_matches('"').to_owned();
        Ok(Listed { key: key.to_owned(), etag })
    }

    /// Gives an object one tag in place of all that it has.
    pub async fn tag(&self, bucket: &str, key: &str, name: &str, value: &str) -> Result<()> {
        let tag = Tag::builder().key(name).value(value).build()?;
        let tagging = Tagging::builder().tag_set(tag).build()?;
        let request = self.0.put_object_tagging().bucket(bucket).key(key).tagging(tagging);
        request.send().await.with_context(|| format!("failed to tag s3://{bucket}/{key}"))?;
        Ok(())
    }

    /// Puts many objects, several at a time.
    pub async fn put_all(
        &self,
        bucket: &str,
        objects: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Vec<Listed>> {
        stream::iter(objects)
            .map(|(key, bytes)| async move { self.put(bucket, &key, bytes).await })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }

    /// Puts an object in parts (a multipart upload), each made when its turn has come. A part has at least 5 MiB, but
    /// for the last one.
    pub async fn put_in_parts(
        &self,
        bucket: &str,
        key: &str,
        parts: impl IntoIterator<Item = Vec<u8>>,
    ) -> Result<Listed> {
        let begun = self.0.create_multipart_upload().bucket(bucket).key(key).send().await?;
        let id = begun.upload_id().context("an upload without an id")?;
        let mut done = CompletedMultipartUpload::builder();
        for (number, bytes) in (1..).zip(parts) {
            let part = self.0.upload_part().bucket(bucket).key(key).upload_id(id).part_number(number);
            let part = part.body(ByteStream::from(bytes)).send().await?;
            let etag = part.e_tag().context("a part without an ETag")?;
            done = done.parts(CompletedPart::builder().part_number(number).e_tag(etag).build());
        }
        let complete = self.0.complete_multipart_upload().bucket(bucket).key(key).upload_id(id);
        let complete = complete.multipart_upload(done.build()).send().await?;
        let etag = complete.e_tag().context("an object without an ETag")?.trim_matches('"').to_owned();
        Ok(Listed { key: key.to_owned(), etag })
    }

    /// Reads an object.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>> {
        let object = self.0.get_object().bucket(bucket).key(key).send().await;
        let object = object.with_context(|| format!("failed to get s3://{bucket}/{key}"))?;
        Ok(object.body.collect().await?.to_vec())
    }

    /// Reads every object of a bucket, by key.
    pub async fn get_all(&self, bucket: &str) -> Result<BTreeMap<String, Vec<u8>>> {
        stream::iter(self.list(bucket).await?)
            .map(|object| async move {
                let bytes = self.get(bucket, &object.key).await?;
                anyhow::Ok((object.key, bytes))
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }

    /// Copies an object within its bucket, with its metadata. Both keys are of plain characters.
    pub async fn copy(&self, bucket: &str, from: &str, to: &str) -> Result<()> {
        let copy = self.0.copy_object().bucket(bucket).copy_source(format!("{bucket}/{from}")).key(to);
        copy.send().await.with_context(|| format!("failed to copy s3://{bucket}/{from} to {to}"))?;
        Ok(())
    }

    /// Removes an object.
    pub async fn remove(&self, bucket: &str, key: &str) -> Result<()> {
        let remove = self.0.delete_object().bucket(bucket).key(key);
        remove.send().await.with_context(|| format!("failed to remove s3://{bucket}/{key}"))?;
        Ok(())
    }

    /// Lists a bucket, however many pages that takes.
    pub async fn list(&self, bucket: &str) -> Result<Vec<Listed>> {
        let mut pages = self.0.list_objects_v2().bucket(bucket).into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| anyhow::Error::from(aws_sdk_s3::Error::from(error)))?;
            all.extend(page.contents().iter().filter_map(listed));
        }
        Ok(all)
    }
}

fn listed(object: &Object) -> Option<Listed> {
    let etag = object.e_tag()?.trim_matches('"').to_owned();
    Some(Listed { key: object.key()?.to_owned(), etag })
}

fn is_no_such_bucket(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(aws_sdk_s3::Error::NoSuchBucket(_)))
}
