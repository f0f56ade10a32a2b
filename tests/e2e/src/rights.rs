//! What a service account may do, one right a line, so that two lists can be compared: `news secrets get`,
//! `* jobs.batch create`, `docmill-system leases.coordination.k8s.io[docmill-operator] update`. The first word is the
//! namespace, or `*` for all.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::cluster::Cluster;

/// Rights, one a line.
pub type Rights = BTreeSet<String>;

/// What the roles and bindings among some objects let a service account do.
pub fn granted(objects: &[Value], account: &str) -> Rights {
    let bound = |object: &&Value| object["roleRef"].is_object() && object["subjects"][0]["name"] == account;
    let mut rights = Rights::new();
    for binding in objects.iter().filter(bound) {
        let namespace = &binding["metadata"]["namespace"];
        let reference = &binding["roleRef"];
        let roles = objects.iter().filter(|role| {
            let same_place = reference["kind"] != "Role" || &role["metadata"]["namespace"] == namespace;
            role["kind"] == reference["kind"] && role["metadata"]["name"] == reference["name"] && same_place
        });
        for role in roles {
            rights.extend(of_rules(namespace.as_str().unwrap_or("*"), &role["rules"]));
        }
    }
    rights
}

/// What the API server says that a service account may do in a namespace, beyond what any other account may.
pub async fn held(cluster: &Cluster, account: (&str, &str), namespace: &str) -> Result<Rights> {
    let own = review(cluster, account, namespace).await?;
    let anybody = review(cluster, (account.0, "default"), namespace).await?;
    Ok(own.difference(&anybody).cloned().collect())
}

/// All that an account, by namespace and name, may do in a namespace.
async fn review(cluster: &Cluster, account: (&str, &str), namespace: &str) -> Result<Rights> {
    let user = format!("--as=system:serviceaccount:{}:{}", account.0, account.1);
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let create = ["create", &user, "--validate=false", "--output", "json", "--filename", "-"];
    let answer = cluster.try_kubectl(&create, Some(&review.to_string())).await?;
    let answer: Value = serde_json::from_str(&answer.expect_ok("kubectl create SelfSubjectRulesReview")?)?;
    let rules = answer.pointer("/status/resourceRules").context("no rules in the review")?;
    Ok(of_rules(namespace, rules))
}

fn of_rules(namespace: &str, rules: &Value) -> Rights {
    let mut rights = Rights::new();
    for rule in rules.as_array().into_iter().flatten() {
        for target in targets(rule) {
            rights.extend(texts(&rule["verbs"]).map(|verb| format!("{namespace} {target} {verb}")));
        }
    }
    rights
}

/// What a rule is about: `secrets`, `jobs.batch`, `ingestruns.docmill.io/status`, `namespaces[kube-system]`.
fn targets(rule: &Value) -> Vec<String> {
    let mut targets: Vec<String> = texts(&rule["nonResourceURLs"]).map(str::to_owned).collect();
    let names: Vec<&str> = texts(&rule["resourceNames"]).collect();
    for group in texts(&rule["apiGroups"]) {
        for resource in texts(&rule["resources"]) {
            let target = in_group(resource, group);
            if names.is_empty() {
                targets.push(target);
            } else {
                targets.extend(names.iter().map(|name| format!("{target}[{name}]")));
            }
        }
    }
    targets
}

fn in_group(resource: &str, group: &str) -> String {
    match (resource, group) {
        (resource, "") => resource.to_owned(),
        (resource, group) => match resource.split_once('/') {
            Some((resource, part)) => format!("{resource}.{group}/{part}"),
            None => format!("{resource}.{group}"),
        },
    }
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Rights, granted};

    fn role(kind: &str, namespace: &Value, resource: &str) -> Value {
        let metadata = json!({"name": "operator", "namespace": namespace});
        let rule = json!({"apiGroups": ["", "batch"], "resources": [resource], "verbs": ["get"]});
        json!({"kind": kind, "metadata": metadata, "rules": [rule]})
    }

    fn binding(kind: &str, namespace: &Value, account: &str) -> Value {
        json!({
            "metadata": {"name": "any", "namespace": namespace},
            "roleRef": {"kind": kind, "name": "operator"},
            "subjects": [{"name": account}],
        })
    }

    #[test]
    fn rights_are_those_of_the_roles_that_are_bound_to_the_account() {
        let (news, sport, nowhere) = (json!("news"), json!("sport"), Value::Null);
        let objects = [
            role("Role", &news, "a"),
            role("Role", &sport, "b"),
            role("ClusterRole", &nowhere, "c/d"),
            binding("Role", &news, "own"),
            binding("Role", &sport, "another"),
            binding("ClusterRole", &nowhere, "own"),
        ];
        let expected = ["* c.batch/d get", "* c/d get", "news a get", "news a.batch get"];
        assert_eq!(granted(&objects, "own"), expected.map(str::to_owned).into_iter().collect::<Rights>());
    }
}
