//! The Secrets that a `podTemplate` names. Pure.

use std::collections::BTreeMap;

use docmill_crds::api::pod_template::{PodSettings, PodVolume};
use k8s_openapi::api::core::v1::KeyToPath;

/// A Secret, and all the places that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSecret<'a> {
    /// Name of the Secret.
    pub name: &'a str,
    /// The places; at least one.
    pub uses: Vec<SecretUse<'a>>,
}

/// A place that names a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse<'a> {
    /// The place, for example `spec.volumes "ca"`.
    pub field: String,
    /// What the Secret is for.
    pub purpose: SecretPurpose<'a>,
}

/// What a Secret is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPurpose<'a> {
    /// Its values reach the pod, and it must have these keys.
    Values(Vec<&'a str>),
    /// The image is pulled with it.
    Pull,
}

/// The Secrets that the settings name, each once.
pub fn pod_secrets(spec: &PodSettings) -> Vec<PodSecret<'_>> {
    let pulls = spec
        .image_pull_secrets
        .iter()
        .map(|secret| (secret.name.as_str(), place("spec.imagePullSecrets".to_owned(), SecretPurpose::Pull)));
    let variables = spec.env.iter().filter_map(|variable| {
        let named = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
        let purpose = SecretPurpose::Values(vec![named.key.as_str()]);
        Some((named.name.as_str(), place(format!("spec.env {:?}", variable.name), purpose)))
    });
    let volumes = spec.volumes.iter().flat_map(|volume| {
        of_volume(volume).into_iter().map(move |(name, keys)| {
            (name, place(format!("spec.volumes {:?}", volume.name), SecretPurpose::Values(keys)))
        })
    });
    let mut found: BTreeMap<&str, Vec<SecretUse<'_>>> = BTreeMap::new();
    for (name, one) in pulls.chain(variables).chain(volumes) {
        found.entry(name).or_default().push(one);
    }
    found.into_iter().map(|(name, uses)| PodSecret { name, uses }).collect()
}

fn place(field: String, purpose: SecretPurpose<'_>) -> SecretUse<'_> {
    SecretUse { field, purpose }
}

/// The Secrets that a volume names, and the keys that it takes from each.
fn of_volume(volume: &PodVolume) -> Vec<(&str, Vec<&str>)> {
    let own = volume.secret.as_ref().map(|secret| (secret.secret_name.as_str(), keys(&secret.items)));
    let driver = volume.csi.as_ref().and_then(|csi| csi.node_publish_secret_ref.as_ref());
    let driver = driver.map(|secret| (secret.name.as_str(), Vec::new()));
    let sources = volume.projected.iter().flat_map(|projected| &projected.sources);
    let projected = sources.filter_map(|source| source.secret.as_ref());
    let projected = projected.map(|secret| (secret.name.as_str(), keys(&secret.items)));
    own.into_iter().chain(driver).chain(projected).collect()
}

fn keys(items: &[KeyToPath]) -> Vec<&str> {
    items.iter().map(|item| item.key.as_str()).collect()
}
