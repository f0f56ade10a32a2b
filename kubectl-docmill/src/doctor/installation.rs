//! The resource definitions and the operator.

use jiff::Timestamp;

use super::diagnosis::{Check, Verdict};
use super::facts::{Facts, Leader, Operator};

const SUBJECT: &str = "cluster";
/// The resources without which the plugin and the operator cannot work.
const RESOURCES: [&str; 8] = [
    "ingestsources",
    "ingestruns",
    "ingestschedules",
    "enrichmentruns",
    "enrichmentschedules",
    "conversionmodels",
    "connections",
    "clusterconnections",
];
/// A leader that has not renewed its Lease for this long does not lead any more.
const RENEWED_WITHIN_SECONDS: i64 = 60;

/// Checks the definitions and each operator.
pub fn check(facts: &Facts, plugin_version: &str, now: Timestamp) -> Vec<Check> {
    let mut checks = vec![definitions(&facts.resources)];
    match &facts.operators {
        Err(error) => checks.push(Check::new(SUBJECT, "Operator", Verdict::Unknown, error)),
        Ok(operators) if operators.is_empty() => checks.push(no_operator()),
        Ok(operators) => {
            checks.extend(operators.iter().flat_map(|operator| running(operator, plugin_version, now)));
        }
    }
    checks
}

fn definitions(resources: &Result<Vec<String>, String>) -> Check {
    const NAME: &str = "CustomResourceDefinitions";
    let served = match resources {
        Ok(served) => served,
        Err(error) => return Check::new(SUBJECT, NAME, Verdict::Failed, error).with_remedy(install()),
    };
    let missing: Vec<&str> =
        RESOURCES.into_iter().filter(|name| !served.iter().any(|served| served == name)).collect();
    if missing.is_empty() {
        return Check::new(SUBJECT, NAME, Verdict::Passed, format!("{} kinds", RESOURCES.len()));
    }
    let detail = format!("not served: {}", missing.join(", "));
    Check::new(SUBJECT, NAME, Verdict::Failed, detail).with_remedy(install())
}

fn install() -> String {
    "Install or upgrade the chart, which has the definitions:\n  helm upgrade --install docmill charts/docmill \
     --namespace docmill-system --create-namespace"
        .to_owned()
}

fn no_operator() -> Check {
    let detail = "no Deployment has the labels app.kubernetes.io/part-of=docmill and component=operator";
    Check::new(SUBJECT, "Operator", Verdict::Failed, detail).with_remedy(install())
}

fn running(operator: &Operator, plugin_version: &str, now: Timestamp) -> Vec<Check> {
    let Operator { namespace, name, version, ready, desired, leader } = operator;
    let logs = format!("Read what its pods say:\n  kubectl logs --namespace {namespace} deployment/{name}");
    let replicas = format!("{namespace}/{name}, {ready} of {desired} replicas are ready");
    let replicas = if *ready > 0 {
        Check::new(SUBJECT, "Operator", Verdict::Passed, replicas)
    } else {
        Check::new(SUBJECT, "Operator", Verdict::Failed, replicas).with_remedy(logs.clone())
    };
    let leader = match leader {
        Err(error) => Check::new(SUBJECT, "Leader", Verdict::Unknown, error),
        Ok(Some(Leader { holder, renewed }))
            if now.as_second() - renewed.as_second() <= RENEWED_WITHIN_SECONDS =>
        {
            Check::new(SUBJECT, "Leader", Verdict::Passed, holder)
        }
        Ok(Some(Leader { holder, renewed })) => {
            let detail = format!("{holder} last renewed the Lease at {renewed}; nobody works");
            Check::new(SUBJECT, "Leader", Verdict::Failed, detail).with_remedy(logs)
        }
        Ok(None) => {
            Check::new(SUBJECT, "Leader", Verdict::Failed, "nobody holds the Lease").with_remedy(logs)
        }
    };
    vec![replicas, same_version(version, plugin_version), leader]
}

fn same_version(operator: &str, plugin: &str) -> Check {
    let detail = format!("operator {operator}, plugin {plugin}");
    if operator == plugin {
        return Check::new(SUBJECT, "Version", Verdict::Passed, detail);
    }
    Check::new(SUBJECT, "Version", Verdict::Unknown, detail)
        .with_remedy("Use a plugin of the operator's version, which knows its fields and reasons.".to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{RESOURCES, check};
    use crate::doctor::{Facts, Leader, Operator, Verdict};

    fn facts() -> Facts {
        let leader = Leader { holder: "docmill-operator-1".to_owned(), renewed: Timestamp::UNIX_EPOCH };
        let operator = Operator {
            namespace: "docmill-system".to_owned(),
            name: "docmill-operator".to_owned(),
            version: "0.1.0".to_owned(),
            ready: 2,
            desired: 2,
            leader: Ok(Some(leader)),
        };
        Facts {
            resources: Ok(RESOURCES.map(str::to_owned).to_vec()),
            operators: Ok(vec![operator]),
            sources: Ok(Vec::new()),
        }
    }

    fn wrong(facts: &Facts, second: i64) -> Vec<String> {
        let checks = check(facts, "0.1.0", Timestamp::from_second(second).unwrap());
        let wrong = checks.into_iter().filter(|check| check.verdict != Verdict::Passed);
        wrong.map(|check| format!("{}: {}", check.name, check.detail)).collect()
    }

    #[test]
    fn a_sound_installation_has_nothing_wrong() {
        assert_eq!(wrong(&facts(), 30), [""; 0]);
    }

    #[test]
    fn each_part_that_is_missing_is_named() {
        let mut without_kind = facts();
        without_kind.resources = Ok(vec!["ingestsources".to_owned()]);
        assert!(
            wrong(&without_kind, 30)[0].starts_with("CustomResourceDefinitions: not served: ingestruns, ")
        );
        let nobody = Facts { operators: Ok(Vec::new()), ..facts() };
        assert!(wrong(&nobody, 30)[0].starts_with("Operator: no Deployment"));
        assert!(wrong(&facts(), 3600)[0].starts_with("Leader: docmill-operator-1 last renewed"));
        let mut old = facts();
        old.operators = old.operators.map(|mut operators| {
            for operator in &mut operators {
                operator.version = "0.0.9".to_owned();
            }
            operators
        });
        assert_eq!(wrong(&old, 30), ["Version: operator 0.0.9, plugin 0.1.0"]);
    }
}
