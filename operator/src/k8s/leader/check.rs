//! Whether an operator leads, seen from outside: somebody renews the Lease while we look.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{Api, Client};
use tokio::time::{sleep, timeout};

use super::decision::{holder, renewed_by};
use crate::args::LeaseArgs;

/// How often the Lease is read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why no leader was found.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The API server does not give the Lease away.
    #[error("failed to read the Lease {name} in {namespace}")]
    Read {
        /// Name of the Lease.
        name: String,
        /// Its namespace.
        namespace: String,
        /// Why.
        #[source]
        source: Box<kube::Error>,
    },
    /// Nobody renewed the Lease.
    #[error(
        "no operator leads: the Lease {name} in {namespace} {seen}; read the operators' logs: kubectl logs \
         --namespace {namespace} --selector app.kubernetes.io/component=operator"
    )]
    NoLeader {
        /// Name of the Lease.
        name: String,
        /// Its namespace.
        namespace: String,
        /// What became known of it, in words that follow its name.
        seen: String,
    },
}

/// Waits until the Lease is renewed, and gives the identity of who did so.
pub async fn renewing_leader(
    client: Client,
    lease: &LeaseArgs,
    limit: Duration,
) -> Result<String, CheckError> {
    let api = Api::namespaced(client, &lease.namespace);
    let mut seen = "could not be read in time".to_owned();
    let renewed = timeout(limit, renewal(&api, &lease.name, &mut seen)).await;
    let (name, namespace) = (lease.name.clone(), lease.namespace.clone());
    match renewed {
        Ok(Ok(leader)) => Ok(leader),
        Ok(Err(source)) => Err(CheckError::Read { name, namespace, source: Box::new(source) }),
        Err(_) => Err(CheckError::NoLeader { name, namespace, seen }),
    }
}

/// Looks at the Lease until it is renewed, and leaves in `seen` what it was like before.
async fn renewal(api: &Api<Lease>, name: &str, seen: &mut String) -> Result<String, kube::Error> {
    let mut before = read(api, name).await?;
    loop {
        *seen = state(before.as_ref());
        sleep(LOOK_EVERY).await;
        let now = read(api, name).await?;
        if let Some(leader) = renewed_by(before.as_ref(), now.as_ref()) {
            return Ok(leader.to_owned());
        }
        before = now;
    }
}

async fn read(api: &Api<Lease>, name: &str) -> Result<Option<LeaseSpec>, kube::Error> {
    let lease = api.get_opt(name).await?;
    Ok(lease.map(|lease| lease.spec.unwrap_or_default()))
}

/// What is wrong with a Lease that nobody renews, in words that follow its name.
fn state(lease: Option<&LeaseSpec>) -> String {
    match (lease, lease.and_then(holder)) {
        (None, _) => "does not exist".to_owned(),
        (Some(_), None) => "has no holder".to_owned(),
        (Some(_), Some(holder)) => format!("is held by {holder}, which does not renew it"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{CheckError, renewing_leader};
    use crate::args::LeaseArgs;
    use crate::testing::{api, refusal};

    fn flags() -> LeaseArgs {
        LeaseArgs { namespace: "docmill-system".into(), name: "docmill-operator".into() }
    }

    fn lease(spec: &Value) -> (u16, Value) {
        let metadata = json!({"name": "docmill-operator", "namespace": "docmill-system"});
        let api_version = "coordination.k8s.io/v1";
        (200, json!({"apiVersion": api_version, "kind": "Lease", "metadata": metadata, "spec": spec}))
    }

    fn renewed(second: u32) -> (u16, Value) {
        let time = format!("2026-01-01T00:00:{second:02}.000000Z");
        lease(&json!({"holderIdentity": "operator-0", "renewTime": time}))
    }

    #[tokio::test]
    async fn who_renews_the_lease_leads() {
        let reads = Arc::new(AtomicU32::new(0));
        let (client, _) = api(move |_| renewed(reads.fetch_add(1, Ordering::Relaxed)));
        let leader = renewing_leader(client, &flags(), Duration::from_secs(30)).await;
        assert_eq!(leader.unwrap(), "operator-0");
    }

    #[tokio::test]
    async fn the_error_says_what_the_lease_is_like() {
        for (answer, words) in [
            (refusal(404, "NotFound"), "does not exist"),
            (lease(&json!({"leaseDurationSeconds": 1})), "has no holder"),
            (renewed(0), "is held by operator-0, which does not renew it"),
        ] {
            let (client, _) = api(move |_| answer.clone());
            let error = renewing_leader(client, &flags(), Duration::from_millis(100)).await.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn a_lease_that_may_not_be_read_is_another_error() {
        let (client, _) = api(|_| refusal(403, "Forbidden"));
        let error = renewing_leader(client, &flags(), Duration::from_secs(30)).await.unwrap_err();
        assert!(matches!(error, CheckError::Read { .. }), "{error}");
    }
}
