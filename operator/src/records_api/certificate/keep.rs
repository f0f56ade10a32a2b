//! What the leader does for the serving certificate: it keeps the Secret filled, and the API server's trust up to date.

use std::convert::Infallible;
use std::time::Duration;

use docmill_clients::cause::with_causes;
use docmill_crds::records_api::{GROUP, VERSION};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use super::make::renewed;
use super::stored::Stored;
use crate::args::Args;
use crate::k8s::leader::Leadership;

/// How often the leader looks.
const EVERY: Duration = Duration::from_secs(30);

/// Why the certificate could not be kept.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error("failed to read the Secret {0}, which the chart makes")]
    Read(String, #[source] kube::Error),
    #[error("failed to make a certificate")]
    Make(#[from] rcgen::Error),
    #[error("failed to write the Secret {0}")]
    Write(String, #[source] kube::Error),
    #[error("failed to tell the API server whom to trust, in the APIService {0}")]
    Trust(String, #[source] kube::Error),
}

/// Keeps it as long as this operator leads, if the operator makes the certificate at all.
pub async fn keep(args: &Args, client: Client, leadership: Leadership) -> Infallible {
    if args.records.address.is_none() || args.records.certificate_dir.is_some() {
        return std::future::pending().await;
    }
    loop {
        if leadership.holds()
            && let Err(error) = keep_once(args, &client).await
        {
            tracing::warn!(error = with_causes(&error), "the certificate of the Records API is not kept");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn keep_once(args: &Args, client: &Client) -> Result<(), KeepError> {
    let namespace = &args.lease.namespace;
    let (service, name) = (&args.records.service, &args.records.certificate_secret);
    let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
    let mut secret = secrets.get(name).await.map_err(|error| KeepError::Read(name.clone(), error))?;
    let stored = Stored::read(secret.data.as_ref());
    let authority = match renewed(&stored, &names(service, namespace), Timestamp::now())? {
        None => stored.authority,
        Some(renewed) => {
            secret.data.get_or_insert_default().extend(renewed.data());
            // With the version that was read, so that no two leaders overwrite each other.
            let written = secrets.replace(name, &PostParams::default(), &secret).await;
            written.map_err(|error| KeepError::Write(name.clone(), error))?;
            tracing::info!(secret = name, "the certificate of the Records API is renewed");
            renewed.authority
        }
    };
    trust(client, authority).await
}

/// Has the API server trust these authorities.
async fn trust(client: &Client, authority: String) -> Result<(), KeepError> {
    let name = format!("{VERSION}.{GROUP}");
    let services = Api::<APIService>::all(client.clone());
    let failed = |error| KeepError::Trust(name.clone(), error);
    let found = services.get(&name).await.map_err(failed)?;
    let wanted = ByteString(authority.into_bytes());
    if found.spec.and_then(|spec| spec.ca_bundle).as_ref() == Some(&wanted) {
        return Ok(());
    }
    let change = json!({"spec": {"caBundle": wanted}});
    services.patch(&name, &PatchParams::default(), &Patch::Merge(change)).await.map_err(failed)?;
    Ok(())
}

/// The names of a Service within its cluster. The API server uses the first.
fn names(service: &str, namespace: &str) -> [String; 2] {
    let short = format!("{service}.{namespace}.svc");
    let long = format!("{short}.cluster.local");
    [short, long]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use clap::Parser as _;
    use k8s_openapi::ByteString;
    use serde_json::{Value, json};

    use super::keep_once;
    use crate::args::Args;
    use crate::testing::{Asked, api, refusal};

    const SECRET: &str = "/api/v1/namespaces/docmill-system/secrets/docmill-records";
    const SERVICE: &str = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.records.docmill.io";

    fn args() -> Args {
        let given = [
            "operator",
            "--worker-image",
            "w",
            "--namespace",
            "docmill-system",
            "--records-address",
            "[::]:6443",
        ];
        Args::try_parse_from(given).unwrap()
    }

    #[tokio::test]
    async fn the_secret_is_filled_once_and_the_api_server_told_once() {
        let held = Arc::new(Mutex::new((json!({}), json!({}))));
        let answered = held.clone();
        let (client, log) = api(move |asked: &Asked| {
            let mut held = answered.lock().unwrap();
            match (asked.method.as_str(), asked.path.as_str()) {
                ("PUT", SECRET) => held.0 = asked.body["data"].clone(),
                ("PATCH", SERVICE) => held.1 = asked.body["spec"]["caBundle"].clone(),
                ("GET", SECRET | SERVICE) => {}
                _ => return refusal(403, "Forbidden"),
            }
            let metadata = json!({"name": "n", "resourceVersion": "7"});
            if asked.path == SECRET {
                (200, json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": held.0}))
            } else {
                let spec = json!({"groupPriorityMinimum": 1, "versionPriority": 1, "caBundle": held.1});
                let spec = if held.1.is_string() {
                    spec
                } else {
                    json!({"groupPriorityMinimum": 1, "versionPriority": 1})
                };
                (200, json!({"metadata": metadata, "spec": spec}))
            }
        });
        keep_once(&args(), &client).await.unwrap();
        let after_first = held.lock().unwrap().clone();
        let data: BTreeMap<String, ByteString> = serde_json::from_value(after_first.0.clone()).unwrap();
        assert_eq!(data.len(), 4);
        assert_eq!(after_first.1, after_first.0["ca.crt"], "the authority, and no key");
        let asked: Vec<String> = log.lock().unwrap().iter().map(|asked| asked.method.clone()).collect();
        assert_eq!(asked, ["GET", "PUT", "GET", "PATCH"]);
        keep_once(&args(), &client).await.unwrap();
        assert_eq!(log.lock().unwrap().len(), 6, "it only looks");
        assert_eq!(*held.lock().unwrap(), after_first);
    }

    #[tokio::test]
    async fn without_its_secret_nothing_is_made() {
        let (client, log) = api(|_: &Asked| -> (u16, Value) { refusal(404, "NotFound") });
        let error = keep_once(&args(), &client).await.unwrap_err();
        assert!(error.to_string().contains("docmill-records"), "{error}");
        assert_eq!(log.lock().unwrap().len(), 1);
    }
}
