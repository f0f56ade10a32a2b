//! The parts of the cluster that have watches of their own: all namespaces at once, for which the operator
//! needs a `ClusterRole`, or single namespaces, for which a Role in each is enough.

use std::collections::BTreeSet;

use k8s_openapi::NamespaceResourceScope;
use kube::runtime::watcher;
use kube::{Api, Client, Resource};

use crate::args::ScopeArgs;

/// A part of the cluster that has watches of its own.
#[derive(Clone)]
pub struct Scope {
    client: Client,
    /// The only namespace; `None` stands for all.
    namespace: Option<String>,
    /// The field selector that leaves namespaces out.
    fields: Option<String>,
}

impl Scope {
    /// What an operator with these arguments watches: at least one scope, and none twice.
    pub fn all(args: &ScopeArgs, client: &Client) -> Vec<Self> {
        let scope = |namespace, fields| Self { client: client.clone(), namespace, fields };
        let watched: BTreeSet<&String> = args.watch_namespaces.iter().collect();
        if watched.is_empty() {
            return vec![scope(None, all_but(&args.ignore_namespaces))];
        }
        watched.into_iter().map(|namespace| scope(Some(namespace.clone()), None)).collect()
    }

    /// Lists and watches a kind in this scope.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match &self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// Selects everything in this scope.
    pub fn everything(&self) -> watcher::Config {
        let config = watcher::Config::default();
        match &self.fields {
            Some(fields) => config.fields(fields),
            None => config,
        }
    }

    /// Selects what these labels select in this scope.
    pub fn labelled(&self, labels: &str) -> watcher::Config {
        self.everything().labels(labels)
    }
}

/// The field selector of all namespaces but these. The API server applies it, so what is left out never gets
/// here.
fn all_but(namespaces: &[String]) -> Option<String> {
    let fields: Vec<String> =
        namespaces.iter().map(|namespace| format!("metadata.namespace!={namespace}")).collect();
    (!fields.is_empty()).then(|| fields.join(","))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;

    use super::Scope;
    use crate::args::ScopeArgs;
    use crate::testing::{api, refusal};

    /// The paths and the selectors by which pods with the label `a` are watched.
    fn watches(watched: &[&str], ignored: &[&str]) -> Vec<(String, Option<String>)> {
        let (client, _) = api(|_| refusal(404, "NotFound"));
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let args = ScopeArgs {
            watch_namespaces: owned(watched),
            ignore_namespaces: owned(ignored),
            cluster_uid: None,
        };
        let scopes = Scope::all(&args, &client);
        let watch = |scope: &Scope| {
            let config = scope.labelled("a");
            assert_eq!(config.label_selector.as_deref(), Some("a"));
            (scope.api::<Pod>().resource_url().to_owned(), config.field_selector)
        };
        scopes.iter().map(watch).collect()
    }

    #[tokio::test]
    async fn all_namespaces_have_one_watch() {
        assert_eq!(watches(&[], &[]), [("/api/v1/pods".to_owned(), None)]);
    }

    #[tokio::test]
    async fn each_watched_namespace_has_a_watch_of_its_own() {
        let of = |namespace: &str| (format!("/api/v1/namespaces/{namespace}/pods"), None);
        assert_eq!(watches(&["sport", "news", "sport"], &[]), [of("news"), of("sport")]);
    }

    #[tokio::test]
    async fn ignored_namespaces_are_left_out_by_the_api_server() {
        let fields = "metadata.namespace!=news,metadata.namespace!=sport";
        assert_eq!(watches(&[], &["news", "sport"]), [("/api/v1/pods".to_owned(), Some(fields.to_owned()))]);
    }
}
