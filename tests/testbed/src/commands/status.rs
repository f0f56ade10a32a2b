//! `status`: what runs.

use std::io::{self, Write as _};

use crate::{
    cluster::{
        PROCESSES,
        kubectl::{Kubectl, condition, name},
    },
    home::Home,
    ip_family::IpFamily,
    parts::{
        product,
        stores::{ALL, NAMESPACE},
    },
    process::recorded,
    versions::Versions,
};

/// Prints processes, pods, endpoints and the image.
pub(crate) fn run(home: &Home) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for part in PROCESSES {
        let state = match recorded(home, part) {
            Some(record) if record.alive() => format!("running, process {}", record.pid),
            Some(_) => "died: run `cargo testbed up`".to_owned(),
            None => "not started".to_owned(),
        };
        writeln!(out, "{part:<24} {state}")?;
    }
    let kubectl = Kubectl::new(home, &Versions::read()?);
    for namespace in ["kube-system", NAMESPACE] {
        let Ok(pods) = kubectl.list(&["pods", "--namespace", namespace]) else {
            writeln!(out, "pods                     unknown: the API server does not answer")?;
            break;
        };
        for pod in pods {
            let state = if condition(&pod, "Ready") { "ready" } else { "not ready" };
            writeln!(out, "{:<24} pod {}, {state}", part_of(name(&pod)), name(&pod))?;
        }
    }
    let family = IpFamily::of(home)?;
    writeln!(out, "{:<24} {family}", "addresses")?;
    for store in ALL {
        writeln!(out, "{:<24} {}  (in pods: {})", store.name, store.url(family), store.internal_url())?;
    }
    if let Ok(names) = product::names(home) {
        writeln!(out, "{:<24} {}", "image", names.product)?;
    }
    Ok(())
}

/// Parts that were started and do not run any more.
pub(crate) fn died(home: &Home) -> Vec<&'static str> {
    PROCESSES.into_iter().filter(|part| recorded(home, part).is_some_and(|record| !record.alive())).collect()
}

/// A Deployment's pod is called after it, with two more words.
fn part_of(pod: &str) -> &str {
    pod.rsplitn(3, '-').nth(2).unwrap_or(pod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_belongs_to_the_part_it_is_called_after() {
        assert_eq!(part_of("es-raw-7d9f8c6b5-x2x4z"), "es-raw");
        assert_eq!(part_of("odd"), "odd");
    }
}
