//! The volumes with credentials of a worker pod. No I/O.

use docmill_crds::api::credentials::{CredentialSource, KeyFile};
use k8s_openapi::api::core::v1::{
    ConfigMapProjection, KeyToPath, ProjectedVolumeSource, SecretProjection, SecretVolumeSource, Volume,
    VolumeProjection,
};

/// A volume with these files; `None` if there are none.
pub fn volume(name: String, sources: &[CredentialSource<'_>]) -> Option<Volume> {
    match sources {
        [] => None,
        [CredentialSource::Secret(named)] => {
            let secret =
                SecretVolumeSource { secret_name: Some(named.name.clone()), ..SecretVolumeSource::default() };
            Some(Volume { name, secret: Some(secret), ..Volume::default() })
        }
        _ => {
            let sources = Some(sources.iter().map(projection).collect());
            let projected = ProjectedVolumeSource { default_mode: None, sources };
            Some(Volume { name, projected: Some(projected), ..Volume::default() })
        }
    }
}

fn projection(source: &CredentialSource<'_>) -> VolumeProjection {
    match source {
        CredentialSource::Secret(named) => VolumeProjection {
            secret: Some(SecretProjection { items: None, name: named.name.clone(), optional: None }),
            ..VolumeProjection::default()
        },
        CredentialSource::SecretKey(key) => VolumeProjection {
            secret: Some(SecretProjection {
                items: Some(vec![item(key)]),
                name: key.name.to_owned(),
                optional: None,
            }),
            ..VolumeProjection::default()
        },
        CredentialSource::ConfigMapKey(key) => VolumeProjection {
            config_map: Some(ConfigMapProjection {
                items: Some(vec![item(key)]),
                name: key.name.to_owned(),
                optional: None,
            }),
            ..VolumeProjection::default()
        },
    }
}

fn item(key: &KeyFile<'_>) -> KeyToPath {
    KeyToPath { key: key.key.to_owned(), mode: None, path: key.file.to_owned() }
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::elasticsearch::ElasticsearchCluster;
    use serde_json::{Value, json};

    use super::volume;

    fn mounted(cluster: &Value) -> Value {
        let cluster: ElasticsearchCluster = serde_json::from_value(cluster.clone()).unwrap();
        json!(volume("index".to_owned(), &cluster.credentials()))
    }

    #[test]
    fn a_secret_is_mounted_as_a_whole() {
        let cluster = json!({"urls": ["http://es:9200"], "secretRef": {"name": "es"}});
        assert_eq!(mounted(&cluster), json!({"name": "index", "secret": {"secretName": "es"}}));
        assert_eq!(mounted(&json!({"urls": ["http://es:9200"]})), Value::Null);
    }

    #[test]
    fn single_keys_get_the_names_that_they_have_in_a_whole_secret() {
        let cluster = json!({
            "urls": ["https://news-es-http:9200"],
            "username": "elastic",
            "passwordSecretKeyRef": {"name": "news-es-elastic-user", "key": "elastic"},
            "tls": {"caConfigMapKeyRef": {"name": "authorities"}},
        });
        let password =
            json!({"name": "news-es-elastic-user", "items": [{"key": "elastic", "path": "password"}]});
        let authority = json!({"name": "authorities", "items": [{"key": "ca.crt", "path": "ca.crt"}]});
        let sources = json!([{"secret": password}, {"configMap": authority}]);
        assert_eq!(mounted(&cluster), json!({"name": "index", "projected": {"sources": sources}}));
    }
}
