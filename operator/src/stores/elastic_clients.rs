//! One client for each cluster and Secret, so that resources share connections, and searches that arrive together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_clients::secrets::Secrets;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;

/// After this, a new client replaces one: it learns anew what the cluster is.
const KEPT: Duration = Duration::from_hours(1);

/// A client and when its cluster last answered.
pub struct SharedElastic {
    /// The client.
    pub elastic: Elastic,
    secrets: Secrets,
    opened_at: Instant,
    answered_at: Mutex<Option<Instant>>,
}

impl SharedElastic {
    /// Whether the cluster has answered a request with these credentials within this time.
    pub fn has_answered_within(&self, max_age: Duration) -> bool {
        let answered_at = self.answered_at.lock().unwrap_or_else(PoisonError::into_inner);
        answered_at.is_some_and(|at| at.elapsed() < max_age)
    }

    /// Records that the cluster has answered a request that was sent at `asked_at`.
    pub fn has_answered(&self, asked_at: Instant) {
        *self.answered_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked_at);
    }
}

/// Namespace, and what a resource of it says of the cluster.
type Key = (String, String);

/// The clients. Clones of this share them.
#[derive(Clone, Default)]
pub struct ElasticClients(Arc<Mutex<HashMap<Key, Arc<SharedElastic>>>>);

impl ElasticClients {
    /// The client for a cluster; sends nothing. Another Secret makes another client.
    pub fn open(
        &self,
        namespace: &str,
        cluster: &ElasticsearchCluster,
        secrets: &Secrets,
    ) -> Result<Arc<SharedElastic>, ElasticError> {
        let settings = serde_json::to_string(cluster).unwrap_or_default();
        let key = (namespace.to_owned(), settings);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, one| one.opened_at.elapsed() < KEPT);
        if let Some(known) = all.get(&key).filter(|known| known.secrets == *secrets) {
            return Ok(Arc::clone(known));
        }
        let opened = Arc::new(SharedElastic {
            elastic: Elastic::new(cluster, secrets)?,
            secrets: secrets.clone(),
            opened_at: Instant::now(),
            answered_at: Mutex::default(),
        });
        all.insert(key, Arc::clone(&opened));
        Ok(opened)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;

    use super::{ElasticClients, SharedElastic};

    fn open(clients: &ElasticClients, namespace: &str, url: &str, password: &str) -> Arc<SharedElastic> {
        let cluster = ElasticsearchCluster { urls: vec![url.to_owned()], ..Default::default() };
        let secret = [("username", "u"), ("password", password)];
        let secret = secret.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()));
        clients.open(namespace, &cluster, &Secrets::new(BTreeMap::from(secret))).unwrap()
    }

    #[test]
    fn resources_share_a_client_if_namespace_cluster_and_secret_are_the_same() {
        // Without its provider, a TLS client cannot be made.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clients = ElasticClients::default();
        let first = open(&clients, "news", "http://es:9200", "a");
        assert!(Arc::ptr_eq(&first, &open(&clients, "news", "http://es:9200", "a")));
        assert!(!Arc::ptr_eq(&first, &open(&clients, "sport", "http://es:9200", "a")));
        assert!(!Arc::ptr_eq(&first, &open(&clients, "news", "http://other:9200", "a")));
        let rotated = open(&clients, "news", "http://es:9200", "b");
        assert!(!Arc::ptr_eq(&first, &rotated));
        assert!(Arc::ptr_eq(&rotated, &open(&clients, "news", "http://es:9200", "b")));
    }

    #[test]
    fn a_client_is_checked_once_for_all() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = open(&ElasticClients::default(), "news", "http://es:9200", "a");
        assert!(!client.has_answered_within(Duration::from_mins(5)));
        client.has_answered(Instant::now());
        assert!(client.has_answered_within(Duration::from_mins(5)));
        assert!(!client.has_answered_within(Duration::ZERO));
    }
}
