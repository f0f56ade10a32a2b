//! Reads the Secrets and ConfigMaps that a resource names, as far as the rules allow, and checks what is in them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use docmill_clients::aws::credential_key;
use docmill_clients::cause::with_causes;
use docmill_clients::secrets::Secrets;
use docmill_crds::api::credentials::{CredentialSource, KeyFile, SecretRef};
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::pod_template::PodTemplate;
use docmill_crds::api::storage::Storage;
use docmill_crds::api::tls::certificate_key::{AUTHORITY, CLIENT_KEY};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use super::elastic_clients::ElasticClients;
use super::faults::missing_key;
use super::read_cache::ReadCache;
use crate::k8s::rules::Rules;
use crate::k8s::rules::pods::secrets::{PodSecret, SecretPurpose, SecretUse, pod_secrets};
use crate::outcome::not_ready::NotReady;

/// The reasons for which an object of a kind cannot be read.
struct ReadFaults {
    not_found: &'static str,
    forbidden: &'static str,
    unreadable: &'static str,
}

const SECRET: ReadFaults =
    ReadFaults { not_found: "SecretNotFound", forbidden: "SecretForbidden", unreadable: "SecretUnreadable" };
const CONFIG_MAP: ReadFaults = ReadFaults {
    not_found: "ConfigMapNotFound",
    forbidden: "ConfigMapForbidden",
    unreadable: "ConfigMapUnreadable",
};

/// Reads what resources name, as far as the rules allow. Cheap to clone.
#[derive(Clone)]
pub struct SecretReader {
    /// Reads Secrets and ConfigMaps.
    pub client: Client,
    /// Which Secrets, and what else, may be used.
    pub rules: Arc<Rules>,
    secrets: ReadCache<Secret>,
    config_maps: ReadCache<ConfigMap>,
    pub(super) clusters: ElasticClients,
    pub(super) max_age: Duration,
}

impl SecretReader {
    /// A reader that reads each Secret and ConfigMap, and asks each cluster, whenever it is needed.
    pub fn new(client: Client, rules: Arc<Rules>) -> Self {
        let (secrets, config_maps) = (ReadCache::default(), ReadCache::default());
        let clusters = ElasticClients::default();
        Self { client, rules, secrets, config_maps, clusters, max_age: Duration::ZERO }
    }

    /// The same reader, content with what was read, and with a cluster that answered, within this time.
    pub fn content_with(&self, max_age: Duration) -> Self {
        Self { max_age, ..self.clone() }
    }
}

/// The credentials and certificates of `storage`. Without a Secret for the login, the operator has to be allowed to use
/// its own identity.
pub async fn storage_secrets(
    reader: &SecretReader,
    namespace: &str,
    storage: &Storage,
) -> Result<Secrets, NotReady> {
    let named = storage.credentials_secret_ref.as_ref();
    if named.is_none() {
        reader.rules.check_own_identity(namespace, "credentialsSecretRef of the storage")?;
    }
    let secrets = read_credentials(reader, namespace, &storage.credentials()).await?;
    if let Some(named) = named {
        check_aws_keys(named, &secrets)?;
    }
    Ok(secrets)
}

fn check_aws_keys(named: &SecretRef, secrets: &Secrets) -> Result<(), NotReady> {
    for key in [credential_key::ACCESS_KEY_ID, credential_key::SECRET_ACCESS_KEY] {
        if secrets.text(key).is_none() {
            return Err(missing_key(&named.name, key));
        }
    }
    Ok(())
}

/// Checks for an API key, for user and password, or for AWS keys.
pub(super) fn check_elastic_keys(
    cluster: &ElasticsearchCluster,
    named: &SecretRef,
    secrets: &Secrets,
) -> Result<(), NotReady> {
    if cluster.aws.is_some() {
        return check_aws_keys(named, secrets);
    }
    if secrets.text("apiKey").is_some() {
        return Ok(());
    }
    match (secrets.text("username"), secrets.text("password")) {
        (Some(_), Some(_)) => Ok(()),
        (Some(_), None) => Err(missing_key(&named.name, "password")),
        (None, Some(_)) => Err(missing_key(&named.name, "username")),
        // A Secret with certificates alone, for a cluster that needs no credentials or knows clients by theirs.
        (None, None) if secrets.text(AUTHORITY).is_some() || secrets.text(CLIENT_KEY).is_some() => Ok(()),
        (None, None) => Err(missing_key(&named.name, "apiKey, nor username and password")),
    }
}

/// The values that a pod finds where these sources are mounted, if they may be used.
pub async fn read_credentials(
    reader: &SecretReader,
    namespace: &str,
    sources: &[CredentialSource<'_>],
) -> Result<Secrets, NotReady> {
    let mut values = BTreeMap::new();
    for source in sources {
        match source {
            CredentialSource::Secret(named) => {
                values.extend(secret_values(reader, namespace, &named.name).await?);
            }
            CredentialSource::SecretKey(KeyFile { name, key, file }) => {
                let value = secret_values(reader, namespace, name).await?.remove(*key);
                values.insert((*file).to_owned(), value.ok_or_else(|| missing_key(name, key))?);
            }
            CredentialSource::ConfigMapKey(key) => {
                values.insert(key.file.to_owned(), config_map_value(reader, namespace, key).await?);
            }
        }
    }
    Ok(Secrets::new(values))
}

async fn secret_values(
    reader: &SecretReader,
    namespace: &str,
    name: &str,
) -> Result<BTreeMap<String, Vec<u8>>, NotReady> {
    let secret = get_secret(reader, namespace, name).await?;
    reader.rules.check_secret(&secret)?;
    Ok(secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect())
}

async fn config_map_value(
    reader: &SecretReader,
    namespace: &str,
    KeyFile { name, key, .. }: &KeyFile<'_>,
) -> Result<Vec<u8>, NotReady> {
    let found = get(reader, (&reader.config_maps, &CONFIG_MAP), namespace, name).await?;
    let value = found.data.and_then(|mut data| data.remove(*key)).ok_or_else(|| {
        NotReady::user("ConfigMapKeyMissing", format!("the ConfigMap {name:?} has no key {key}; add it"))
    })?;
    Ok(value.into_bytes())
}

/// Checks the Secrets that a `podTemplate`, the field `path` of its resource, names: they must exist, may be
/// used, and have the keys that it takes.
pub async fn check_pod_secrets(
    reader: &SecretReader,
    namespace: &str,
    path: &str,
    template: &PodTemplate,
) -> Result<(), NotReady> {
    for PodSecret { name, uses } in pod_secrets(&template.spec) {
        let fields: Vec<&str> = uses.iter().map(|one| one.field.as_str()).collect();
        let fields = fields.join(", ");
        let at =
            |fault: NotReady| NotReady { message: format!("{path}: {fields}: {}", fault.message), ..fault };
        let secret = get_secret(reader, namespace, name).await.map_err(at)?;
        uses.iter().try_for_each(|one| check_use(&reader.rules, &secret, one)).map_err(at)?;
    }
    Ok(())
}

fn check_use(rules: &Rules, secret: &Secret, one: &SecretUse<'_>) -> Result<(), NotReady> {
    let SecretPurpose::Values(keys) = &one.purpose else { return rules.check_pull_secret(secret) };
    rules.check_secret(secret)?;
    let has = |key: &str| secret.data.as_ref().is_some_and(|data| data.contains_key(key));
    match keys.iter().find(|key| !has(key)) {
        Some(key) => Err(missing_key(&secret.name_any(), key)),
        None => Ok(()),
    }
}

/// An object of the namespace, perhaps one that was read lately.
async fn get<K>(
    reader: &SecretReader,
    (cache, faults): (&ReadCache<K>, &ReadFaults),
    namespace: &str,
    name: &str,
) -> Result<K, NotReady>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let read_at = Instant::now();
    if let Some(known) = cache.get(namespace, name, reader.max_age, read_at) {
        return Ok(known);
    }
    let kind = K::kind(&());
    match Api::<K>::namespaced(reader.client.clone(), namespace).get_opt(name).await {
        Ok(Some(found)) => {
            cache.put(namespace, name, found.clone(), read_at);
            Ok(found)
        }
        Ok(None) => {
            let text = format!("there is no {kind} {name:?} in namespace {namespace:?}; create it");
            Err(NotReady::user(faults.not_found, text))
        }
        Err(kube::Error::Api(status)) if status.is_forbidden() => {
            let text = format!("the operator may not read the {kind} {name:?}: {}", status.message);
            Err(NotReady::user(faults.forbidden, text))
        }
        Err(error) => {
            let text = format!("failed to read the {kind} {name:?}: {}", with_causes(&error));
            Err(NotReady::transient(faults.unreadable, text))
        }
    }
}

async fn get_secret(reader: &SecretReader, namespace: &str, name: &str) -> Result<Secret, NotReady> {
    get(reader, (&reader.secrets, &SECRET), namespace, name).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use docmill_clients::secrets::Secrets;
    use docmill_crds::api::credentials::SecretRef;
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use docmill_crds::api::pod_template::PodTemplate;
    use docmill_crds::error_class::ErrorClass;
    use serde_json::{Value, json};

    use super::{SecretReader, check_elastic_keys, check_pod_secrets};
    use crate::outcome::not_ready::NotReady;
    use crate::testing;

    fn secrets(keys: &[&str]) -> Secrets {
        let values = keys.iter().map(|key| ((*key).to_owned(), b"x".to_vec()));
        Secrets::new(values.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn an_index_secret_holds_an_api_key_or_user_and_password() {
        let named = SecretRef { name: "es".into() };
        let cluster = ElasticsearchCluster::default();
        for enough in [&["apiKey"][..], &["username", "password"], &["ca.crt"], &["tls.crt", "tls.key"]] {
            assert_eq!(check_elastic_keys(&cluster, &named, &secrets(enough)), Ok(()));
        }
        for (given, missing) in
            [(&["username"][..], "password"), (&["password"], "username"), (&[], "apiKey")]
        {
            let fault = check_elastic_keys(&cluster, &named, &secrets(given)).unwrap_err();
            assert_eq!(fault.reason, "SecretKeyMissing");
            assert!(fault.message.contains("\"es\"") && fault.message.contains(missing), "{}", fault.message);
        }
    }

    /// The Secrets of a namespace: one of Docmill's type, one of a registry, and one that nobody has marked.
    fn pod_secret(name: &str) -> Option<Value> {
        let (kind, labels) = match name {
            "keys" => ("docmill.io/credentials", json!({})),
            "registry" => ("kubernetes.io/dockerconfigjson", json!({"docmill.io/use": "true"})),
            "foreign" => ("Opaque", json!({})),
            _ => return None,
        };
        let metadata = json!({"name": name, "namespace": "news", "labels": labels});
        let data = json!({"a": "eA=="});
        Some(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": data}))
    }

    /// The outcome of a check of these settings, and the number of requests that it took.
    async fn checked(spec: &Value) -> (Result<(), NotReady>, usize) {
        let (client, log) = testing::api(|asked| {
            let name = asked.path.strip_prefix("/api/v1/namespaces/news/secrets/").unwrap_or_default();
            pod_secret(name).map_or_else(|| testing::refusal(404, "NotFound"), |secret| (200, secret))
        });
        let reader = SecretReader::new(client, testing::rules());
        let template: PodTemplate = serde_json::from_value(json!({"spec": spec})).unwrap();
        let result = check_pod_secrets(&reader, "news", "spec.podTemplate", &template).await;
        let requests = log.lock().unwrap().len();
        (result, requests)
    }

    #[tokio::test]
    async fn secrets_of_a_pod_template_are_read_once_and_follow_the_rules_of_all() {
        let env = json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}]);
        let volume = |name: &str| json!([{"name": "v", "secret": {"secretName": name}}]);
        let pull = |name: &str| json!([{"name": name}]);
        let sound = json!({"env": env, "volumes": volume("keys"), "imagePullSecrets": pull("registry")});
        assert_eq!(checked(&sound).await, (Ok(()), 2));
        assert_eq!(checked(&json!({"nodeSelector": {"a": "b"}})).await, (Ok(()), 0));
        let keyless = json!({"valueFrom": {"secretKeyRef": {"name": "keys", "key": "b"}}, "name": "B"});
        for (spec, reason, field) in [
            (json!({"volumes": volume("foreign")}), "SecretNotAllowed", "spec.volumes \"v\""),
            (json!({"volumes": volume("registry")}), "SecretNotAllowed", "spec.volumes \"v\""),
            (json!({"imagePullSecrets": pull("keys")}), "SecretNotAllowed", "spec.imagePullSecrets"),
            (json!({"imagePullSecrets": pull("foreign")}), "SecretNotAllowed", "spec.imagePullSecrets"),
            (json!({"volumes": volume("missing")}), "SecretNotFound", "spec.volumes \"v\""),
            (json!({"env": [keyless]}), "SecretKeyMissing", "spec.env \"B\""),
        ] {
            let fault = checked(&spec).await.0.unwrap_err();
            assert_eq!((fault.reason, fault.class), (reason, ErrorClass::User), "{spec}");
            assert!(fault.message.starts_with(&format!("spec.podTemplate: {field}: ")), "{}", fault.message);
        }
    }
}
