//! `Connection` and `ClusterConnection`: whether their server answers, checked once for all resources that refer to
//! them. A reconcile observes (`observe`: I/O) and computes the status (`status`: pure).

mod observation;
mod observe;
mod releases;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use docmill_crds::{ClusterConnection, Connection, ConnectionSpec, ConnectionStatus};
use kube::core::{DeserializeGuard, Selector};
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt as _};

use super::readable::readable;
use crate::context::Context;
use crate::k8s::apply::{ApplyError, Writer};
use crate::outcome::not_ready::NotReady;

/// A kind of connection.
pub trait AnyConnection: Resource<DynamicType = ()> + Sync {
    /// The connection that it states.
    fn connection(&self) -> ConnectionSpec;
    /// Checks what the schema cannot.
    fn check_spec(&self) -> Result<(), NotReady>;
    /// Its status.
    fn old_status(&self) -> Option<&ConnectionStatus>;
    /// Writes its status, unless nothing changed.
    fn set_status(
        &self,
        new: &ConnectionStatus,
        writer: &Writer,
    ) -> impl Future<Output = Result<bool, ApplyError>> + Send;
}

impl AnyConnection for Connection {
    fn connection(&self) -> ConnectionSpec {
        self.spec.clone()
    }

    fn check_spec(&self) -> Result<(), NotReady> {
        Ok(())
    }

    fn old_status(&self) -> Option<&ConnectionStatus> {
        self.status.as_ref()
    }

    async fn set_status(&self, new: &ConnectionStatus, writer: &Writer) -> Result<bool, ApplyError> {
        writer.set_status(self, self.status.as_ref(), new).await
    }
}

impl AnyConnection for ClusterConnection {
    fn connection(&self) -> ConnectionSpec {
        self.spec.connection()
    }

    fn check_spec(&self) -> Result<(), NotReady> {
        let Some(selector) = self.spec.namespace_selector.clone() else { return Ok(()) };
        Selector::try_from(selector).map(drop).map_err(|_| {
            let text = "spec.namespaceSelector: an operator must be In, NotIn, Exists or DoesNotExist, and In and NotIn need \
                        values; no namespace is selected until it is corrected";
            NotReady::user("InvalidNamespaceSelector", text)
        })
    }

    fn old_status(&self) -> Option<&ConnectionStatus> {
        self.status.as_ref()
    }

    async fn set_status(&self, new: &ConnectionStatus, writer: &Writer) -> Result<bool, ApplyError> {
        writer.set_cluster_status(self, self.status.as_ref(), new).await
    }
}

/// Reconciles a connection.
pub async fn reconcile<K: AnyConnection>(
    guard: Arc<DeserializeGuard<K>>,
    context: Arc<Context>,
) -> Result<Action, ApplyError> {
    let Some(resource) = readable(&guard, &context).await? else { return Ok(Action::await_change()) };

    // 1. Observe: the credentials, and the server if it can be asked.
    let spec = resource.connection();
    let old = resource.old_status().cloned().unwrap_or_default();
    let seen = observe::observe(resource, &spec, &old.conditions, &context).await;

    // 2. Status.
    let new = status::status(&old, resource.meta().generation, &spec, &seen);
    let new = match resource.meta().namespace {
        Some(_) => new,
        None => releases::joined(&old, new, &context.release, seen.now),
    };
    resource.set_status(&new, &context.writer).await?;
    for event in status::events(&old, &new) {
        context.writer.publish(resource, &event).await;
    }
    Ok(Action::requeue(status::requeue_after(&resource.uid().unwrap_or_default(), &seen, &new)))
}
