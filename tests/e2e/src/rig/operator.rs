//! An operator as a process of this machine, with a proxy between it and the API server, so that it can be killed
//! between any two requests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use docmill_crds::contract::ENDPOINTS_ALLOW_RESERVED_ENV;
use serde_json::json;

use super::process::{self, Process, THIS_MACHINE, program};
use crate::env::Env;
use crate::faults::Proxy;
use crate::wait::{Look, until};
use crate::world::World;

/// How long kubectl may take to listen.
const LISTENING: Duration = Duration::from_secs(30);

/// What operators reach the API server by.
pub struct OperatorRig {
    /// The proxy before the API server.
    pub api: Proxy,
    /// Speaks to the API server as the user of the kubeconfig does. It ends with this.
    _kubectl: Process,
    env: Env,
    namespace: String,
    folder: PathBuf,
}

/// An operator. It is killed with this.
pub struct Operator(Process);

impl OperatorRig {
    /// Operators that work for the whole cluster, and have their Leases in the namespace of this world.
    pub async fn create(world: &World) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("docmill-{}", world.name));
        fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        let (kubectl, address) = kubectl_proxy(world.env.context.as_deref(), &folder).await?;
        let api = Proxy::start("127.0.0.1", &format!("http://{address}")).await?;
        let named = json!([{"name": "proxy", "cluster": {"server": api.url()}}]);
        let context = json!([{"name": "proxy", "context": {"cluster": "proxy", "user": ""}}]);
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": named, "contexts": context,
        });
        fs::write(folder.join("kubeconfig"), kubeconfig.to_string())?;
        let (env, namespace) = (world.env.clone(), world.name.clone());
        Ok(Self { api, _kubectl: kubectl, env, namespace, folder })
    }

    /// Starts an operator that leads at once, as it has a Lease of its own: those before it have to be dead.
    pub fn start(&self, name: &str) -> Result<Operator> {
        let mut command = Command::new(program("operator")?);
        command
            .args(["--worker-image", &self.env.image, "--namespace", &self.namespace])
            .args([
                "--pod-name",
                name,
                "--lease-name",
                name,
                "--metrics-address",
                "127.0.0.1:0",
                "--health-address",
                "127.0.0.1:0",
            ])
            .env(ENDPOINTS_ALLOW_RESERVED_ENV, THIS_MACHINE)
            .env("KUBECONFIG", self.folder.join("kubeconfig"));
        Process::start(&mut command, &self.folder.join(format!("{name}.log"))).map(Operator)
    }

    /// The last lines of the operators' logs.
    pub fn logs(&self) -> String {
        process::tails(&self.folder)
    }
}

impl Drop for OperatorRig {
    fn drop(&mut self) {
        // Somebody may have taken it away already.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Operator {
    /// The most memory that it has had so far, in KiB.
    pub fn peak_kibibytes(&self) -> Result<u64> {
        self.0.peak_kibibytes()
    }

    /// SIGKILL: not one instruction more.
    pub fn kill(self) -> Result<()> {
        self.0.kill()
    }
}

/// `kubectl proxy` on a free port, and its address.
async fn kubectl_proxy(context: Option<&str>, folder: &Path) -> Result<(Process, String)> {
    let log = folder.join("kubectl.log");
    let mut command = Command::new("kubectl");
    command.args(context.iter().flat_map(|context| ["--context", context])).args(["proxy", "--port", "0"]);
    let process = Process::start(&mut command, &log)?;
    let address = until("the address of kubectl proxy", LISTENING, async || {
        // It says: Starting to serve on 127.0.0.1:34567
        let said = fs::read_to_string(&log)?;
        let address = said.trim_end().rsplit_once(" on ").map(|(_, address)| address.to_owned());
        Ok(address.map_or_else(|| Look::NotYet(said), Look::Done))
    })
    .await?;
    Ok((process, address))
}
