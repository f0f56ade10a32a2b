//! Resolves names to addresses, by the policy: the connected address is the one that was checked, so a name
//! that resolves to something else a moment later gains nothing.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Outbound;
use super::policy::{EndpointFault, EndpointPolicy};

/// Resolves names for clients of HTTP and of AWS.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    outbound: Arc<Outbound>,
    /// Proxies from this process's environment: an administrator has named them.
    proxies: Arc<[String]>,
}

impl Resolver {
    pub(super) fn new(outbound: Arc<Outbound>) -> Self {
        let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let hosts = names.iter().filter_map(|name| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
            let url = if value.contains("://") { value } else { format!("http://{value}") };
            reqwest::Url::parse(&url).ok()?.host_str().map(str::to_ascii_lowercase)
        });
        Self { outbound, proxies: hosts.collect() }
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>> {
        let open = EndpointPolicy::open();
        let is_proxy = self.proxies.iter().any(|proxy| proxy == &name.to_ascii_lowercase());
        let policy = if is_proxy { &open } else { &self.outbound.policy };
        let named = policy.check_name(name)?;
        let found = tokio::net::lookup_host((name, 0)).await?;
        let mut denied: Option<EndpointFault> = None;
        let mut allowed = Vec::new();
        for address in found.map(|address| address.ip()) {
            match policy.check_resolved(name, address, named) {
                Ok(()) => allowed.push(address),
                Err(fault) => denied = Some(fault),
            }
        }
        match denied {
            Some(fault) if allowed.is_empty() => Err(fault.into()),
            _ => Ok(allowed),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.addresses(name.as_str()).await?;
            // The port is that of the URL.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move { self.addresses(name).await.map_err(ResolveDnsError::new) })
    }
}
