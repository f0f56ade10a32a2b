//! The object store.

use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use hyper::header::ETAG;

use super::signer::{Keys, Signer};
use crate::http::Connection;

/// An object that landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key, of characters that are not escaped in URLs.
    pub key: String,
    /// Its entity tag, without quotes.
    pub etag: String,
}

/// A connection to the object store.
pub struct S3 {
    connection: Connection,
    signer: Signer,
}

impl S3 {
    /// A connection to the store at this base URL; nothing is sent yet.
    pub fn new(url: &str, keys: &Keys) -> Result<Self> {
        let connection = Connection::new(url)?;
        let signer = Signer::new(keys.clone(), connection.authority());
        Ok(Self { connection, signer })
    }

    /// Makes a bucket.
    pub async fn create_bucket(&mut self, bucket: &str) -> Result<()> {
        let path = format!("/{bucket}");
        let request = self.signer.sign("PUT", &path, b"");
        self.connection.send(request, Bytes::new()).await?.success(&format!("PUT {path}"))?;
        Ok(())
    }

    /// Puts an object.
    pub async fn put(&mut self, bucket: &str, key: &str, body: Bytes) -> Result<Listed> {
        let path = format!("/{bucket}/{key}");
        let request = self.signer.sign("PUT", &path, &body);
        let answer = self.connection.send(request, body).await?.success(&format!("PUT {path}"))?;
        let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.with_context(|| format!("{path} got no entity tag"))?.trim_matches('"').to_owned();
        Ok(Listed { key: key.to_owned(), etag })
    }

    /// Reads an object.
    pub async fn get(&mut self, bucket: &str, key: &str) -> Result<Bytes> {
        let path = format!("/{bucket}/{key}");
        let request = self.signer.sign("GET", &path, b"");
        Ok(self.connection.send(request, Bytes::new()).await?.success(&format!("GET {path}"))?.body)
    }
}
