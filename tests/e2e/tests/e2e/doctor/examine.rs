//! Calls the doctor, and reads what it found.

use anyhow::{Context as _, Result, ensure};
use e2e::command;
use e2e::resources::SOURCE;
use e2e::world::World;
use serde_json::Value;

/// The exit status for findings.
const FINDINGS: i32 = 3;

/// A check that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    /// Its name.
    pub(crate) name: String,
    /// What was found.
    pub(crate) detail: String,
    /// What mends it.
    pub(crate) remedy: String,
}

/// What the doctor said of the world's source and its enrichments.
#[derive(Clone, Debug)]
pub(crate) struct Diagnosis {
    checks: Vec<Value>,
    code: Option<i32>,
}

/// Has the doctor examine the world's source.
pub(crate) async fn examine(world: &World) -> Result<Diagnosis> {
    let context = world.env.context.iter().flat_map(|context| ["--context", context.as_str()]);
    let call = ["docmill", "doctor", SOURCE, "--namespace", world.name.as_str(), "-o", "json"];
    let call: Vec<String> = call.into_iter().chain(context).map(str::to_owned).collect();
    let ended = command::run("kubectl", &call, None).await?;
    let said: Value = serde_json::from_str(&ended.stdout).with_context(|| format!("{ended:?}"))?;
    let checks = said["checks"].as_array().with_context(|| format!("no checks in {said}"))?.clone();
    Ok(Diagnosis { checks, code: ended.code })
}

impl Diagnosis {
    /// The failed checks but those of the cluster, which other tests disturb.
    pub(crate) fn failed(&self) -> Vec<Failed> {
        let of_source = |check: &&Value| check["verdict"] == "Failed" && check["subject"] != "cluster";
        let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
        let failed = self.checks.iter().filter(of_source);
        failed
            .map(|check| Failed {
                name: text(check, "name"),
                detail: text(check, "detail"),
                remedy: text(check, "remedy"),
            })
            .collect()
    }

    /// The failed check of this name.
    pub(crate) fn fault(&self, name: &str) -> Result<Failed> {
        let found = self.failed().into_iter().find(|failed| failed.name == name);
        found.with_context(|| format!("{name} has not failed: {self:#?}"))
    }

    /// Fails unless exactly these checks have failed, in this order.
    pub(crate) fn has_failed(&self, names: &[&str]) -> Result<()> {
        let failed = self.failed();
        let found: Vec<&str> = failed.iter().map(|failed| failed.name.as_str()).collect();
        ensure!(found == names, "found {found:?}, and not {names:?}: {self:#?}");
        ensure!(self.code == Some(FINDINGS), "it exited with {:?}", self.code);
        Ok(())
    }

    /// Fails unless these checks have passed.
    pub(crate) fn has_passed(&self, names: &[&str]) -> Result<()> {
        let is_passed = |name: &&str| {
            self.checks.iter().any(|check| check["name"] == **name && check["verdict"] == "Passed")
        };
        let others: Vec<&str> = names.iter().copied().filter(|name| !is_passed(name)).collect();
        ensure!(others.is_empty(), "not passed: {others:?}: {self:#?}");
        Ok(())
    }

    /// Fails if anything of the source is wrong.
    pub(crate) fn is_clean(&self) -> Result<()> {
        let failed = self.failed();
        ensure!(failed.is_empty(), "still wrong: {failed:#?}");
        self.has_passed(&["Ready", "WorkerStart"])
    }
}
