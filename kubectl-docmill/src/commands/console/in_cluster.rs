//! The console in a cluster, for several users: it stands behind a proxy in its own pod, which says who asks.
//!
//! - [`routes`]: HTTP; [`gateway`]: a console for each user and namespace; [`recent`]: how many of them, and for how long; no
//!   I/O.
//!
//! It listens on the loopback address, as on a user's machine: only the proxy in the same pod reaches it, and no token is
//! sent over the network in clear text.

mod gateway;
mod recent;
mod routes;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::session::proxy::{ProxySession, Rights, Site};
use super::{interrupted, links, server};
use crate::cluster::ApiServer;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::Screen;
use gateway::{Connect, Gateway};

/// How the console is served in a cluster.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "In a cluster")]
pub struct InClusterArgs {
    /// Serve users of the cluster, behind a proxy in the same pod that authenticates them. The chart starts it so; no
    /// kubeconfig is read.
    #[arg(long, requires = "url", requires = "namespaces")]
    pub in_cluster: bool,

    /// Address at which browsers reach the proxy, such as `https://docmill.example.com`.
    #[arg(long, value_name = "URL", requires = "in_cluster")]
    url: Option<Site>,

    /// Namespaces that have pages, separated by commas.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = namespace,
        requires = "in_cluster"
    )]
    namespaces: Vec<String>,

    /// Whose rights count: those of each user, by the token that the proxy sends along, or those of the pod.
    #[arg(long, value_enum, default_value_t, requires = "in_cluster")]
    rights: Rights,

    /// Address at which the kubelet asks for /healthz.
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:8081", requires = "in_cluster")]
    health_address: SocketAddr,
}

fn namespace(text: &str) -> Result<String, String> {
    if links::is_name(text) { Ok(text.to_owned()) } else { Err("this is no name of a namespace".to_owned()) }
}

/// Serves the console until it is told to stop.
pub async fn run(args: &InClusterArgs, port: u16, screen: Screen) -> Result<ExitStatus, Failure> {
    let site = args.url.clone().ok_or_else(|| Failure::new("--in-cluster needs --url"))?;
    let announcement = format!("The console is at {}\n", site.origin());
    let api_server = ApiServer::of_pod()?;
    let connect: Connect = Box::new(move |identity, namespace| api_server.connect(identity, namespace));
    let session = ProxySession { site, rights: args.rights };
    let gateway = Arc::new(Gateway::new(session, args.namespaces.clone(), connect)?);
    let (listener, _) = server::listen(port).await?;
    let health = listen_to_kubelet(args.health_address).await.map_err(|error| {
        Failure::new(format!("failed to listen on {} (--health-address): {error}", args.health_address))
    })?;
    screen.print(&announcement)?;
    let probes = tokio::spawn(async move { axum::serve(health, routes::probes()).await });
    let served = server::serve(listener, routes::routes(&gateway), interrupted).await;
    probes.abort();
    served?;
    Ok(ExitStatus::Success)
}

/// Listens on an address. `[::]` takes connections by IPv6 and IPv4, and on a node without IPv6 by IPv4 alone.
async fn listen_to_kubelet(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(_) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        listener => listener,
    }
}
