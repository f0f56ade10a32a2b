//! The Kubernetes cluster: by its API where a test looks often, by kubectl and Helm where a user would.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::Value;

use super::command::{self, Finished};

/// How many resources one request lists.
const PAGE: u32 = 500;

/// The kinds of resources that tests look at by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `IngestSource`
    IngestSource,
    /// `IngestRun`
    IngestRun,
    /// `EnrichmentRun`
    EnrichmentRun,
    /// `IngestSchedule`
    IngestSchedule,
    /// `EnrichmentSchedule`
    EnrichmentSchedule,
    /// `ConversionModel`
    ConversionModel,
    /// `Connection`
    Connection,
}

impl Kind {
    fn resource(self) -> ApiResource {
        let (kind, plural) = match self {
            Self::IngestSource => ("IngestSource", "ingestsources"),
            Self::IngestRun => ("IngestRun", "ingestruns"),
            Self::EnrichmentRun => ("EnrichmentRun", "enrichmentruns"),
            Self::IngestSchedule => ("IngestSchedule", "ingestschedules"),
            Self::EnrichmentSchedule => ("EnrichmentSchedule", "enrichmentschedules"),
            Self::ConversionModel => ("ConversionModel", "conversionmodels"),
            Self::Connection => ("Connection", "connections"),
        };
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("docmill.io", "v1beta1", kind), plural)
    }
}

/// A cluster. Made anew in each test, as the client's connections belong to the runtime that made them.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    context: Option<String>,
}

impl Cluster {
    /// Connects as kubectl would, with a context of the kubeconfig or the current one.
    pub async fn connect(context: Option<&str>) -> Result<Self> {
        let options = KubeConfigOptions { context: context.map(str::to_owned), ..Default::default() };
        let config = Config::from_custom_kubeconfig(Kubeconfig::read()?, &options).await;
        let client = Client::try_from(config.context("failed to read the kubeconfig")?)?;
        Ok(Self { client, context: context.map(str::to_owned) })
    }

    /// Calls kubectl and gives its output.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.try_kubectl(arguments, None).await?.expect_ok(&format!("kubectl {}", arguments.join(" ")))
    }

    /// Calls kubectl, with an input for `-f -`, and says how it ended.
    pub async fn try_kubectl(&self, arguments: &[&str], input: Option<&str>) -> Result<Finished> {
        self.call("kubectl", "--context", arguments, input).await
    }

    /// `kubectl apply` of one resource.
    pub async fn apply(&self, namespace: &str, resource: &Value) -> Result<()> {
        let finished = self.try_apply(namespace, resource).await?;
        finished.expect_ok("kubectl apply").map(drop)
    }

    /// `kubectl apply` of one resource that may be refused.
    pub async fn try_apply(&self, namespace: &str, resource: &Value) -> Result<Finished> {
        let text = resource.to_string();
        self.try_kubectl(&["apply", "--namespace", namespace, "--filename", "-"], Some(&text)).await
    }

    /// Calls Helm and gives its output.
    pub async fn helm(&self, arguments: &[&str]) -> Result<String> {
        let finished = self.call("helm", "--kube-context", arguments, None).await?;
        finished.expect_ok(&format!("helm {}", arguments.join(" ")))
    }

    async fn call(
        &self,
        program: &str,
        flag: &str,
        arguments: &[&str],
        input: Option<&str>,
    ) -> Result<Finished> {
        let context = self.context.iter().flat_map(|context| [flag, context]);
        let all: Vec<String> = context.chain(arguments.iter().copied()).map(str::to_owned).collect();
        command::run(program, &all, input).await
    }

    fn resources(&self, kind: Kind, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &kind.resource())
    }

    /// A resource as JSON.
    pub async fn get(&self, kind: Kind, namespace: &str, name: &str) -> Result<Value> {
        Ok(serde_json::to_value(self.resources(kind, namespace).get(name).await?)?)
    }

    /// All resources of a kind in a namespace, read in pages.
    pub async fn list(&self, kind: Kind, namespace: &str) -> Result<Vec<Value>> {
        let api = self.resources(kind, namespace);
        let (mut page, mut all) = (ListParams::default().limit(PAGE), Vec::new());
        loop {
            let listed = api.list(&page).await?;
            for resource in listed.items {
                all.push(serde_json::to_value(resource)?);
            }
            match listed.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(all),
            }
        }
    }

    /// Creates a resource by the API, which is much faster than kubectl where there are thousands.
    pub async fn create(&self, kind: Kind, namespace: &str, resource: &Value) -> Result<()> {
        let object: DynamicObject = serde_json::from_value(resource.clone())?;
        self.resources(kind, namespace).create(&PostParams::default(), &object).await?;
        Ok(())
    }

    /// The pods of a namespace with these labels (a label selector; empty for all).
    pub async fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<Pod>> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        Ok(api.list(&ListParams::default().labels(selector)).await?.items)
    }

    /// Deletes a pod as `kubectl delete pod --grace-period=0 --force` does: without a word to its process first.
    pub async fn kill_pod(&self, namespace: &str, name: &str) -> Result<()> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        api.delete(name, &DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() }).await?;
        Ok(())
    }
}

/// A pod's phase; empty where it has none yet.
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Whether a pod is on its way or running: it has not ended, and nobody has deleted it.
pub fn is_live(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && matches!(phase(pod), "" | "Pending" | "Running")
}

/// A pod's name.
pub fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}
