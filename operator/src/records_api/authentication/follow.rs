//! Reads how the API server proves that it is it, and keeps that up to date.

use std::convert::Infallible;
use std::time::Duration;

use docmill_clients::cause::with_causes;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};

use super::front_proxy::FrontProxy;

/// Where the API server writes it.
const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";
/// How often it is read: an authority that is replaced has its successor beside it for a long time.
const READ_EVERY: Duration = Duration::from_secs(30);
/// The same until it has been read once.
const FIRST_EVERY: Duration = Duration::from_secs(2);

/// Gives every reading to `taken`.
pub async fn follow(client: Client, taken: impl Fn(FrontProxy)) -> Infallible {
    let config_maps = Api::<ConfigMap>::namespaced(client, NAMESPACE);
    let mut pause = FIRST_EVERY;
    loop {
        match config_maps.get(NAME).await {
            Ok(found) => match FrontProxy::read(&found.data.unwrap_or_default()) {
                Ok(proxy) => {
                    taken(proxy);
                    pause = READ_EVERY;
                }
                Err(error) => tracing::warn!(
                    error = with_causes(&error),
                    "the ConfigMap {NAMESPACE}/{NAME} does not say how to know the API server"
                ),
            },
            Err(error) => tracing::warn!(
                error = with_causes(&error),
                "failed to read the ConfigMap {NAMESPACE}/{NAME}, by which the Records API knows the API server"
            ),
        }
        tokio::time::sleep(pause).await;
    }
}
