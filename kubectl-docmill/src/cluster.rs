//! The cluster, as the kubeconfig says how to reach it. Every error says what was tried, where, and what to do next.

pub mod args;
mod client;
mod in_cluster;
pub mod records;
mod rights;

use std::fmt::Debug;

pub use args::ClusterArgs;
pub use in_cluster::{ApiServer, Identity};
use k8s_openapi::NamespaceResourceScope;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Api, Client, Config, Resource};
pub use records::RecordError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;

/// How many resources one request lists.
const PAGE: u32 = 500;

/// A kind of resource in a namespace.
pub trait Kind:
    Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize
{
}

impl<K> Kind for K where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
{
}

/// A connection to a cluster, and the namespace that commands work in.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    namespace: String,
}

impl Cluster {
    /// Reads the kubeconfig, and makes a client for the context. No request is sent yet.
    pub async fn connect(args: &ClusterArgs) -> Result<Self, Failure> {
        let config = config(args).await.map_err(|error| {
            Failure::new(format!("failed to read the kubeconfig: {error}")).advice(
                "set KUBECONFIG or pass --kubeconfig; `kubectl config get-contexts` lists the contexts",
            )
        })?;
        let namespace = args.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = client::client(config)
            .map_err(|error| Failure::of_api("make a client from the kubeconfig", &error))?;
        Ok(Self { client, namespace })
    }

    /// A cluster of a test, whose client answers by itself.
    #[cfg(test)]
    pub fn of_test(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned() }
    }

    /// The same cluster, for another namespace.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { client: self.client.clone(), namespace: namespace.to_owned() }
    }

    /// The client, for requests that this module has no function for.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The namespace that commands work in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn api<K: Kind>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A resource by its name.
    pub async fn get<K: Kind>(&self, name: &str) -> Result<K, Failure> {
        let what = self.named::<K>(name);
        self.api::<K>().get(name).await.map_err(|error| self.failure::<K>("read", &what, &error))
    }

    /// All resources of a kind in the namespace, in the order of their names.
    pub async fn list<K: Kind>(&self) -> Result<Vec<K>, Failure> {
        let (mut page, mut all) = (ListParams::default().limit(PAGE), Vec::new());
        loop {
            let listed = self.api::<K>().list(&page).await.map_err(|error| self.unlisted::<K>(&error))?;
            all.extend(listed.items);
            match listed.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(all),
            }
        }
    }

    /// Names of all resources of a kind in the namespace. No more is read of them, so that one in a form of another version
    /// has a name all the same.
    pub async fn names<K: Kind>(&self) -> Result<Vec<String>, Failure> {
        let (mut page, mut names) = (ListParams::default().limit(PAGE), Vec::new());
        loop {
            let listed = self.api::<K>().list_metadata(&page).await;
            let listed = listed.map_err(|error| self.unlisted::<K>(&error))?;
            names.extend(listed.items.into_iter().filter_map(|resource| resource.metadata.name));
            match listed.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(names),
            }
        }
    }

    fn unlisted<K: Kind>(&self, error: &kube::Error) -> Failure {
        let what = format!("{}s in namespace {}", K::kind(&()), self.namespace);
        self.failure::<K>("list", &what, error)
    }

    /// Creates a resource, and gives it as the API server has stored it.
    pub async fn create<K: Kind>(&self, resource: &K) -> Result<K, Failure> {
        let meta = resource.meta();
        let name = meta.name.clone().or_else(|| meta.generate_name.clone()).unwrap_or_default();
        let what = self.named::<K>(&name);
        let created = self.api::<K>().create(&PostParams::default(), resource).await;
        created.map_err(|error| self.failure::<K>("create", &what, &error))
    }

    /// Merges a patch into a resource.
    pub async fn merge<K: Kind>(&self, name: &str, patch: &Value) -> Result<K, Failure> {
        let what = self.named::<K>(name);
        let patched = self.api::<K>().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        patched.map_err(|error| self.failure::<K>("change", &what, &error))
    }

    fn named<K: Kind>(&self, name: &str) -> String {
        format!("{} {name} in namespace {}", K::kind(&()), self.namespace)
    }

    fn failure<K: Kind>(&self, verb: &str, what: &str, error: &kube::Error) -> Failure {
        let failure = Failure::of_api(&format!("{verb} {what}"), error);
        match error {
            kube::Error::Api(status) if status.code == 404 && status.reason != "NotFound" => failure
                .advice("install Docmill's custom resource definitions: this cluster does not have them"),
            kube::Error::Api(status) if status.code == 404 => failure.advice(format!(
                "see what there is with `kubectl get {} -n {}`, or choose another namespace with -n",
                K::plural(&()),
                self.namespace
            )),
            _ => failure,
        }
    }
}

async fn config(args: &ClusterArgs) -> Result<Config, KubeconfigError> {
    let options = KubeConfigOptions { context: args.context.clone(), ..KubeConfigOptions::default() };
    match &args.kubeconfig {
        Some(path) => Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await,
        None => Config::from_kubeconfig(&options).await,
    }
}
