//! An OpenSearch of its own for one test: a process of this machine, laid out by the testbed.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::env::{Env, Service};
use super::wait::{Look, until};

/// Environment variable with the folder that the testbed laid the server out in. Not set where no Java runs it.
const FOLDER: &str = "DOCMILL_OPENSEARCH";
/// How long the server may take from its start to its first answer, with all cores busy.
const STARTED: Duration = Duration::from_mins(2);

/// The server. It goes with this, and its data too.
pub struct OpenSearch {
    child: Child,
    url: String,
    data: PathBuf,
}

impl OpenSearch {
    /// Starts a server and waits until it answers; nothing (and a line that says so) where none was laid out.
    pub async fn start() -> Result<Option<Self>> {
        let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
            eprintln!(
                "OpenSearch is passed over, since {FOLDER} names no folder; it needs a Java 21 or newer"
            );
            return Ok(None);
        };
        let port = free_port()?;
        let data = std::env::temp_dir().join(format!("docmill-opensearch-{}-{port}", std::process::id()));
        fs::create_dir_all(&data).with_context(|| format!("failed to make {}", data.display()))?;
        let log = File::create(data.join("log"))?;
        let program = folder.join("start");
        let child = Command::new(&program)
            .arg(port.to_string())
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        let server = Self { child, url: format!("http://127.0.0.1:{port}"), data };
        let answered = server.answers().await;
        answered.with_context(|| server.tail())?;
        Ok(Some(server))
    }

    /// The same stores with this one in the place of both clusters.
    pub fn in_place_of(&self, env: &Env) -> Env {
        let here = Service { outside: self.url.clone(), inside: self.url.clone() };
        Env { es_raw: here.clone(), es_enriched: here, ..env.clone() }
    }

    async fn answers(&self) -> Result<()> {
        let health = format!("{}/_cluster/health?wait_for_status=yellow&timeout=1s", self.url);
        until("an OpenSearch that answers", STARTED, async || {
            let answer = reqwest::get(&health).await;
            let healthy = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
            Ok(Look::holds(healthy, format!("{answer:?}")))
        })
        .await?;
        // Whoever answers is the one that was started, and not another one that had the port first.
        let about = reqwest::get(&self.url).await?.text().await?;
        ensure!(about.contains("\"opensearch\""), "{} is another server: {about}", self.url);
        Ok(())
    }

    fn tail(&self) -> String {
        let log = fs::read_to_string(self.data.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for OpenSearch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// A port that nobody listened on a moment ago.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
