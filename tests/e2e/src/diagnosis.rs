//! What a person wants to see when a test fails: resources, pods, events and logs, before the world is taken away.

use anyhow::Result;

use super::install::{NAMESPACE, SELECTOR};
use super::world::World;

/// Faults beyond these tell nothing new.
const FAULTS_SHOWN: usize = 20;

/// Everything, as text.
pub async fn of(world: &World) -> String {
    let own = world.name.as_str();
    let calls: [(&str, &[&str]); 6] = [
        ("resources", &["get", "isrc,erun,esched", "-n", own, "-o", "yaml"]),
        ("pods and jobs", &["get", "pods,jobs", "-n", own, "-o", "wide"]),
        ("events", &["events", "-n", own]),
        (
            "workers",
            &["logs", "-n", own, "-l", "app.kubernetes.io/name=docmill-worker", "--tail=40", "--prefix"],
        ),
        ("operator pods", &["get", "pods", "-n", NAMESPACE, "-o", "wide"]),
        ("operator", &["logs", "-n", NAMESPACE, "-l", SELECTOR, "--tail=60", "--prefix"]),
    ];
    let mut parts = vec![format!("=== the world of {own} when its test failed\n")];
    for (title, call) in calls {
        let said = match world.cluster.try_kubectl(call, None).await {
            Ok(finished) => format!("{}{}", finished.stdout, finished.stderr),
            Err(error) => format!("{error:#}\n"),
        };
        parts.push(format!("--- {title}: kubectl {}\n{said}", call.join(" ")));
    }
    let backlog = world.sqs.backlog(&world.queue_url).await;
    parts.push(part("queue", backlog.map(|backlog| format!("{backlog:?}"))));
    parts.push(part("bridge, for all buckets together", world.bridge.stats().await));
    parts.push(part("auditor", world.audit().await.map(|audit| format!("\n  {}", shown(&audit.faults)))));
    parts.concat()
}

/// What was asked, and the answer, or why there is none.
fn part(title: &str, said: Result<String>) -> String {
    let said = said.unwrap_or_else(|error| format!("{error:#}"));
    format!("--- {title}: {said}\n")
}

/// The first faults, a line each.
pub fn shown(faults: &[String]) -> String {
    let more = faults.len().saturating_sub(FAULTS_SHOWN);
    let mut lines = faults.iter().take(FAULTS_SHOWN).cloned().collect::<Vec<_>>();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n  ")
}
