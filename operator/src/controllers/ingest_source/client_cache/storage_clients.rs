//! One pair of clients of object store and queue for each storage and Secret, so that sources share connections and
//! the credentials of the operator's own identity.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::aws::{StoreError, s3_client, sqs_client};
use docmill_clients::secrets::Secrets;
use docmill_crds::api::storage::Storage;

/// After this, a new client replaces one.
const KEPT: Duration = Duration::from_hours(1);

/// Clients of a storage. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct StoragePair {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// The queue, if there is one.
    pub sqs: Option<aws_sdk_sqs::Client>,
}

/// Namespace, what a source of it says of its storage, and the part of its queue's URL before the queue's name.
type Key = (String, String, Option<String>);

struct Opened {
    pair: StoragePair,
    secrets: Secrets,
    at: Instant,
}

/// The clients of all storages.
#[derive(Default)]
pub struct StorageClients(Mutex<HashMap<Key, Opened>>);

impl StorageClients {
    /// The clients for a storage and a queue; sends nothing to them. Another Secret makes other clients.
    pub async fn open(
        &self,
        namespace: &str,
        storage: &Storage,
        queue_url: Option<&str>,
        secrets: &Secrets,
    ) -> Result<StoragePair, StoreError> {
        let settings = serde_json::to_string(storage).unwrap_or_default();
        let key = (namespace.to_owned(), settings, queue_url.map(|url| service(url).to_owned()));
        if let Some(known) = self.known(&key, secrets) {
            return Ok(known);
        }
        let s3 = s3_client(storage, secrets).await?;
        let sqs = match queue_url {
            Some(url) => Some(sqs_client(storage, url, secrets).await?),
            None => None,
        };
        let pair = StoragePair { s3, sqs };
        let opened = Opened { pair: pair.clone(), secrets: secrets.clone(), at: Instant::now() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, opened);
        Ok(pair)
    }

    fn known(&self, key: &Key, secrets: &Secrets) -> Option<StoragePair> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, opened| opened.at.elapsed() < KEPT);
        all.get(key).filter(|opened| opened.secrets == *secrets).map(|opened| opened.pair.clone())
    }
}

/// The URL of a queue without the queue's name: the service that the client is for.
fn service(queue_url: &str) -> &str {
    queue_url.rsplit_once('/').map_or(queue_url, |(service, _)| service)
}

#[cfg(test)]
mod tests {
    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::storage::Storage;
    use serde_json::json;

    use super::StorageClients;

    #[tokio::test]
    async fn sources_share_clients_if_namespace_storage_service_and_secret_are_the_same() {
        let storage = json!({"region": "eu-west-1", "endpoint": "http://s3:9000"});
        let storage: Storage = serde_json::from_value(storage).unwrap();
        let clients = StorageClients::default();
        let open = async |namespace: &str, url: Option<&str>| {
            clients.open(namespace, &storage, url, &Secrets::default()).await.unwrap();
            clients.0.lock().unwrap().len()
        };
        assert_eq!(open("news", Some("http://sqs:9324/0/a")).await, 1);
        assert_eq!(open("news", Some("http://sqs:9324/0/b")).await, 1);
        assert_eq!(open("news", None).await, 2);
        assert_eq!(open("news", Some("http://other:9324/0/a")).await, 3);
        assert_eq!(open("sport", Some("http://sqs:9324/0/a")).await, 4);
    }
}
