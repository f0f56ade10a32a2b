//! `kubectl docmill console`: pages in the browser, served on the loopback address of this machine with the user's own
//! kubeconfig, or in a cluster behind a proxy.
//!
//! - [`server`]: HTTP; [`session`]: who is answered; [`state`]: what requests share; [`in_cluster`]: several users;
//! - [`observations`], [`samples`]: what was seen of sources and runs while the console runs; no I/O;
//! - [`pages`]: what pages show, of [`markup`] that escapes all foreign text, [`chart`]s and [`links`]; no I/O;
//! - [`run_form`], [`parameters`]: what a browser asks for; no I/O.
//!
//! It reads and renders what the commands read and render: `top`, `failures`, `trace`, `diff`, and the specs of runs.

mod browser;
mod chart;
mod in_cluster;
mod links;
mod markup;
mod observations;
mod pages;
mod parameters;
mod run_form;
mod samples;
mod server;
mod session;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

use super::{Session, top};
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use in_cluster::InClusterArgs;
use links::Place;
use server::opening::Opening;
use session::{BrowserSession, FormToken};
use state::Console;

/// Between two looks at sources and runs. An hour of them is kept.
const PAUSE: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "Examples:
  kubectl docmill console
  kubectl docmill console -n news --port 8001 --no-open

It ends with Ctrl-C. The link works once, and the next one is shown when it was used.";

/// How the console is served.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ConsoleArgs {
    /// Port of the loopback address; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Show the link, and do not open the browser.
    #[arg(long)]
    no_open: bool,

    /// For several users.
    #[command(flatten)]
    in_cluster: InClusterArgs,
}

/// Serves the console until Ctrl-C or SIGTERM.
pub async fn run(args: &ConsoleArgs, session: &Session) -> Result<ExitStatus, Failure> {
    if args.in_cluster.in_cluster {
        return in_cluster::run(&args.in_cluster, args.port, session.screen).await;
    }
    let cluster = session.cluster().await?;
    // What cannot be read is said here, and not in the browser.
    let found = top::look(&cluster, None).await?;
    let (listener, address) = server::listen(args.port).await?;
    let browser_session = Arc::new(BrowserSession::new(address.port())?);
    let place = Place::alone(cluster.namespace());
    let console = Arc::new(Console::new(cluster, place, FormToken::random()?));
    console.observe(|seen| seen.take(Ok(found), Timestamp::now()));
    session.screen.print(&browser_session.announcement())?;
    if !args.no_open && session.screen.is_terminal {
        browser::open(&browser_session.link());
    }
    let opening = Opening { session: browser_session, screen: session.screen };
    let looking = tokio::spawn(keep_looking(Arc::clone(&console)));
    let routes = server::routes(&console, opening);
    let served = server::serve(listener, routes, interrupted).await;
    looking.abort();
    served?;
    Ok(ExitStatus::Success)
}

/// Completes at Ctrl-C, and at SIGTERM, which a pod gets.
async fn interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                let _ = signals.recv().await;
            }
            // Without a handler for it, the signal ends the process by itself.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = ctrl_c() => {}
        () = terminated => {}
    }
}

async fn keep_looking(console: Arc<Console>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let found = top::look(&console.cluster, None).await;
        console.observe(|seen| seen.take(found, Timestamp::now()));
    }
}
