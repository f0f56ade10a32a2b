//! Reads the serving certificate, from the Secret that the leader keeps or from a directory, again and again.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use super::stored::Stored;
use crate::args::Args;

/// How often it is read.
const READ_EVERY: Duration = Duration::from_secs(20);
/// The same until it has been read once.
const FIRST_EVERY: Duration = Duration::from_secs(2);

/// A certificate with its private key, both in PEM. `Debug` is left out, so that no log has the key.
#[derive(Clone, PartialEq, Eq)]
pub struct ServingCertificate {
    /// The certificate, and those between it and its authority.
    pub chain: String,
    /// The private key.
    pub key: String,
}

/// Gives every reading to `taken`.
pub async fn follow(args: &Args, client: Client, taken: impl Fn(ServingCertificate)) -> Infallible {
    let mut pause = FIRST_EVERY;
    loop {
        match read(args, &client).await {
            Ok(Some(found)) => {
                taken(found);
                pause = READ_EVERY;
            }
            Ok(None) => tracing::debug!("the leader has not made the certificate of the Records API yet"),
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "failed to read the certificate of the Records API; the one in use stays"
            ),
        }
        tokio::time::sleep(pause).await;
    }
}

async fn read(args: &Args, client: &Client) -> anyhow::Result<Option<ServingCertificate>> {
    if let Some(folder) = &args.records.certificate_dir {
        return from_folder(folder).map(Some);
    }
    let name = &args.records.certificate_secret;
    let secrets = Api::<Secret>::namespaced(client.clone(), &args.lease.namespace);
    let secret = secrets.get(name).await.with_context(|| format!("failed to read the Secret {name}"))?;
    let Stored { certificate, private_key, .. } = Stored::read(secret.data.as_ref());
    let is_there = !certificate.is_empty() && !private_key.is_empty();
    Ok(is_there.then_some(ServingCertificate { chain: certificate, key: private_key }))
}

fn from_folder(folder: &Path) -> anyhow::Result<ServingCertificate> {
    let read = |name: &str| {
        let path = folder.join(name);
        let failed = || format!("failed to read {} (--records-certificate-dir)", path.display());
        std::fs::read_to_string(&path).with_context(failed)
    };
    Ok(ServingCertificate { chain: read("tls.crt")?, key: read("tls.key")? })
}
