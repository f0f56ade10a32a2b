//! All writes to the API server. Each write first checks that this operator still leads.

mod recent_events;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use docmill_crds::contract::annotation;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::events::{self, EventType, Recorder};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::leader::Leadership;
use recent_events::RecentEvents;

/// Field manager of all that the operator applies.
pub const FIELD_MANAGER: &str = "docmill-operator";

/// The API server's limit for the note of an Event.
const NOTE_BYTES: usize = 1024;

/// A write that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another operator may be the leader by now.
    #[error("did not write: this operator is no longer the leader")]
    NotLeading,
    /// An object of that kind and name exists, and it is not ours.
    #[error(
        "failed to create the {kind} {name}: another {kind} has that name; delete it, or choose another name"
    )]
    NameTaken {
        /// The kind, for example `Job`.
        kind: String,
        /// The name.
        name: String,
    },
    /// A fault of the operator itself, which must not end it.
    #[error(
        "the reconcile panicked, which is a fault of Docmill: please report it, with what the log says before this"
    )]
    Panicked,
    /// The API server rejected the request, or was not reached.
    #[error("failed to {action}")]
    Api {
        /// What was tried.
        action: String,
        /// The error.
        #[source]
        source: Box<kube::Error>,
    },
}

/// The outcome of a request to create an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object is new.
    Now,
    /// An earlier reconcile, whose result was not visible yet, had created it.
    Before,
}

/// A Kubernetes Event, for a person who runs `kubectl describe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whether it is a warning.
    pub warning: bool,
    /// The reason, one CamelCase word.
    pub reason: String,
    /// What was done or found, one CamelCase word.
    pub action: &'static str,
    /// The message.
    pub text: String,
}

/// Writes to the API server.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    leadership: Leadership,
    recorder: Recorder,
    recent_events: Arc<RecentEvents>,
}

impl Writer {
    /// Creates a writer that works as long as `leadership` holds.
    pub fn new(client: Client, leadership: Leadership, recorder: Recorder) -> Self {
        Self { client, leadership, recorder, recent_events: Arc::default() }
    }

    /// Creates an object. An existing object with the same name and owner is left unchanged.
    pub async fn create<K: Writable>(&self, object: &K) -> Result<Created, ApplyError> {
        self.check()?;
        let (kind, name) = (K::kind(&()).into_owned(), object.name_any());
        let failed = |source| api_error(format!("create the {kind} {name}"), source);
        let api = self.api::<K>(object);
        match api.create(&PostParams::default(), object).await {
            Ok(_) => Ok(Created::Now),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let existing = api.get(&name).await.map_err(failed)?;
                let has_same_owner = existing
                    .owner_references()
                    .iter()
                    .any(|owner| object.owner_references().iter().any(|own| own.uid == owner.uid));
                if has_same_owner { Ok(Created::Before) } else { Err(ApplyError::NameTaken { kind, name }) }
            }
            Err(source) => Err(failed(source)),
        }
    }

    /// Deletes exactly this Job. It stays visible until its pods have terminated.
    pub async fn delete_job(&self, namespace: &str, name: &str, uid: &str) -> Result<(), ApplyError> {
        self.check()?;
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams::foreground().preconditions(preconditions);
        let api = Api::<Job>::namespaced(self.client.clone(), namespace);
        gone_is_fine(api.delete(name, &params).await.map(drop), || format!("delete the Job {name}"))
    }

    /// Suspends a Job for its run, which terminates its pods, or resumes it. A suspended Job is marked, to tell
    /// it from those that another controller suspended.
    pub async fn suspend_job(&self, namespace: &str, name: &str, suspend: bool) -> Result<(), ApplyError> {
        // A merge with null removes the mark.
        let mark = suspend.then_some(annotation::SUSPENDED_BY_RUN);
        let change = json!({
            "metadata": {"annotations": {(annotation::SUSPENDED_BY): mark}},
            "spec": {"suspend": suspend},
        });
        self.patch_job(namespace, name, change).await
    }

    /// Sets how many pods a Job may have at a time.
    pub async fn scale_job(&self, namespace: &str, name: &str, pods: i32) -> Result<(), ApplyError> {
        self.patch_job(namespace, name, json!({"spec": {"parallelism": pods}})).await
    }

    /// Sets how many pods a Job of a queue may have at a time, and its `activeDeadlineSeconds`, and suspends
    /// it: its queue resumes it.
    pub async fn queue_job(
        &self,
        namespace: &str,
        name: &str,
        pods: i32,
        deadline_seconds: Option<i64>,
    ) -> Result<(), ApplyError> {
        // A merge with null removes the deadline.
        let spec = json!({"suspend": true, "parallelism": pods, "activeDeadlineSeconds": deadline_seconds});
        self.patch_job(namespace, name, json!({"spec": spec})).await
    }

    async fn patch_job(&self, namespace: &str, name: &str, change: Value) -> Result<(), ApplyError> {
        self.check()?;
        let api = Api::<Job>::namespaced(self.client.clone(), namespace);
        let patched = api.patch(name, &PatchParams::default(), &Patch::Merge(change)).await.map(drop);
        gone_is_fine(patched, || format!("change the Job {name}"))
    }

    /// Deletes exactly this resource and, in the background, what it owns.
    pub async fn delete<K: Writable>(&self, object: &K) -> Result<(), ApplyError> {
        self.delete_by(object, DeleteParams::background()).await
    }

    /// Deletes exactly this resource and what it owns. It stays visible until all of that is gone, pods
    /// included.
    pub async fn delete_with_dependents<K: Writable>(&self, object: &K) -> Result<(), ApplyError> {
        self.delete_by(object, DeleteParams::foreground()).await
    }

    async fn delete_by<K: Writable>(&self, object: &K, params: DeleteParams) -> Result<(), ApplyError> {
        self.check()?;
        let preconditions = Preconditions { uid: object.uid(), resource_version: None };
        let params = params.preconditions(preconditions);
        let name = object.name_any();
        let deleted = self.api::<K>(object).delete(&name, &params).await.map(drop);
        gone_is_fine(deleted, || format!("delete {name}"))
    }

    /// Sets the status of a resource unless it equals `old`. Returns whether it was written.
    pub async fn set_status<K: Writable, S: Serialize>(
        &self,
        object: &K,
        old: Option<&S>,
        new: &S,
    ) -> Result<bool, ApplyError> {
        self.patch_status(&self.api::<K>(object), object, old, new).await
    }

    /// The same for a resource of the cluster.
    pub async fn set_cluster_status<K, S>(
        &self,
        object: &K,
        old: Option<&S>,
        new: &S,
    ) -> Result<bool, ApplyError>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned,
        S: Serialize,
    {
        self.patch_status(&Api::<K>::all(self.client.clone()), object, old, new).await
    }

    async fn patch_status<K, S>(
        &self,
        api: &Api<K>,
        object: &K,
        old: Option<&S>,
        new: &S,
    ) -> Result<bool, ApplyError>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
        S: Serialize,
    {
        let name = object.name_any();
        // Compared as JSON, because times lose their fractions of a second in serialization.
        let new = serde_json::to_value(new).unwrap_or_default();
        if old.is_some_and(|old| serde_json::to_value(old).ok().as_ref() == Some(&new)) {
            return Ok(false);
        }
        self.check()?;
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            // The UID keeps the status of a deleted resource off a new one with the same name.
            "metadata": {"name": name, "uid": object.uid()},
            "status": new,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let written = api.patch_status(&name, &params, &Patch::Apply(&patch)).await.map(drop);
        gone_is_fine(written, || format!("set the status of {name}"))?;
        Ok(true)
    }

    /// Sets the status of a resource that may be unreadable. `status` is all of it: an apply drops what the same
    /// manager applied before and leaves out now, and what another manager had applied would never be dropped.
    pub async fn set_raw_status<K>(&self, object: &K, status: &Value) -> Result<(), ApplyError>
    where
        K: Resource<DynamicType = ()>,
    {
        self.check()?;
        let name = object.name_any();
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": {"name": name, "uid": object.uid()},
            "status": status,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let api = api_of(&self.client, object);
        let written = api.patch_status(&name, &params, &Patch::Apply(&patch)).await.map(drop);
        gone_is_fine(written, || format!("set the status of {name}"))
    }

    /// Publishes an Event, unless the resource recently had one with the same reason. A failure to publish is
    /// only logged: it is no fault of the resource.
    pub async fn publish<K: Resource<DynamicType = ()>>(&self, object: &K, event: &Event) {
        let uid = object.uid().unwrap_or_default();
        if self.check().is_err() || !self.recent_events.is_news(&uid, &event.reason, Instant::now()) {
            return;
        }
        let published = events::Event {
            type_: if event.warning { EventType::Warning } else { EventType::Normal },
            reason: event.reason.clone(),
            note: Some(event.text[..event.text.floor_char_boundary(NOTE_BYTES)].to_owned()),
            action: event.action.to_owned(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&published, &object.object_ref(&())).await {
            tracing::warn!(%error, reason = event.reason, "failed to publish an Event");
        }
    }

    fn check(&self) -> Result<(), ApplyError> {
        if self.leadership.holds() { Ok(()) } else { Err(ApplyError::NotLeading) }
    }

    fn api<K: Writable>(&self, object: &K) -> Api<K> {
        Api::namespaced(self.client.clone(), &object.namespace().unwrap_or_default())
    }
}

/// A namespaced type that can be written.
pub trait Writable:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize
{
}

impl<K> Writable for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
{
}

/// The resources of an object's kind, in its namespace if it has one, whatever they look like.
pub fn api_of<K: Resource<DynamicType = ()>>(client: &Client, object: &K) -> Api<DynamicObject> {
    let kind = ApiResource::erase::<K>(&());
    match object.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &kind),
        None => Api::all_with(client.clone(), &kind),
    }
}

/// An object that is gone, or was replaced by another with the same name, needs nothing more.
fn gone_is_fine(result: Result<(), kube::Error>, action: impl FnOnce() -> String) -> Result<(), ApplyError> {
    match result {
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        other => other.map_err(|source| api_error(action(), source)),
    }
}

fn api_error(action: String, source: kube::Error) -> ApplyError {
    ApplyError::Api { action, source: Box::new(source) }
}
