//! One pair of clients of object store and queue for each way to reach them and their Secrets, so that sources share
//! connections and the credentials of the operator's own identity.

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

/// How to reach a queue.
pub struct QueueSettings<'a> {
    /// URL of the queue.
    pub url: &'a str,
    /// As the object store, but for what the queue has of its own.
    pub storage: Storage,
    /// The credentials.
    pub secrets: Secrets,
}

/// Namespace, what a source of it says of its storage, and, if it has a queue, the part of the queue's URL before the
/// queue's name and what the source says of how to reach the queue.
type Key = (String, String, Option<(String, String)>);

struct Opened {
    pair: StoragePair,
    secrets: Secrets,
    queue_secrets: Option<Secrets>,
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
        secrets: Secrets,
        queue: Option<QueueSettings<'_>>,
    ) -> Result<StoragePair, StoreError> {
        let of_queue = queue.as_ref().map(|queue| (service(queue.url).to_owned(), settings(&queue.storage)));
        let key = (namespace.to_owned(), settings(storage), of_queue);
        if let Some(known) = self.known(&key, &secrets, queue.as_ref()) {
            return Ok(known);
        }
        let s3 = s3_client(storage, &secrets).await?;
        let sqs = match &queue {
            Some(queue) => Some(sqs_client(&queue.storage, queue.url, &queue.secrets).await?),
            None => None,
        };
        let pair = StoragePair { s3, sqs };
        let queue_secrets = queue.map(|queue| queue.secrets);
        let opened = Opened { pair: pair.clone(), secrets, queue_secrets, at: Instant::now() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, opened);
        Ok(pair)
    }

    fn known(&self, key: &Key, secrets: &Secrets, queue: Option<&QueueSettings<'_>>) -> Option<StoragePair> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, opened| opened.at.elapsed() < KEPT);
        let queue_secrets = queue.map(|queue| &queue.secrets);
        let opened = all.get(key)?;
        let is_same = opened.secrets == *secrets && opened.queue_secrets.as_ref() == queue_secrets;
        is_same.then(|| opened.pair.clone())
    }
}

/// What a storage says of how to reach it, whichever bucket its user takes.
fn settings(storage: &Storage) -> String {
    let address = Storage { bucket: None, prefix: String::new(), ..storage.clone() };
    serde_json::to_string(&address).unwrap_or_default()
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

    use super::{QueueSettings, StorageClients};

    fn storage(region: &str, bucket: &str) -> Storage {
        let storage = json!({"region": region, "endpoint": "http://s3:9000", "bucket": bucket});
        serde_json::from_value(storage).unwrap()
    }

    #[tokio::test]
    async fn sources_share_clients_if_namespace_storage_service_and_secret_are_the_same() {
        let clients = StorageClients::default();
        let open = async |namespace: &str, bucket: &str, queue: Option<(&str, &str)>| {
            let queue = queue.map(|(url, region)| QueueSettings {
                url,
                storage: storage(region, bucket),
                secrets: Secrets::default(),
            });
            let of_store = storage("eu-west-1", bucket);
            clients.open(namespace, &of_store, Secrets::default(), queue).await.unwrap();
            clients.0.lock().unwrap().len()
        };
        let near = |url| Some((url, "eu-west-1"));
        assert_eq!(open("news", "one", near("http://sqs:9324/0/a")).await, 1);
        assert_eq!(open("news", "two", near("http://sqs:9324/0/b")).await, 1);
        assert_eq!(open("news", "one", None).await, 2);
        assert_eq!(open("news", "one", near("http://other:9324/0/a")).await, 3);
        assert_eq!(open("sport", "one", near("http://sqs:9324/0/a")).await, 4);
        assert_eq!(open("news", "one", Some(("http://sqs:9324/0/a", "eu-west-2"))).await, 5);
    }
}
