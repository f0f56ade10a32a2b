//! The status of a `ClusterConnection` that several releases check: each has an entry of its own, and the condition follows
//! from all entries. So releases that judge differently, for example by the endpoints that they allow, write the same
//! condition, and do not take turns. Pure.

use docmill_crds::ConnectionStatus;
use docmill_crds::api::connection::ReleaseReadiness;
use k8s_openapi::jiff::Timestamp;

use crate::outcome::conditions::{self, ConditionUpdate, condition_type};

/// The status that this release writes: what it found, beside what the others say of the same spec.
pub fn joined(
    old: &ConnectionStatus,
    own: ConnectionStatus,
    release: &str,
    now: Timestamp,
) -> ConnectionStatus {
    let generation = own.observed_generation;
    let is_other =
        |entry: &&ReleaseReadiness| entry.name != release && entry.observed_generation == generation;
    let mut releases: Vec<ReleaseReadiness> = old.releases.iter().filter(is_other).cloned().collect();
    // A release that cannot ask the server does not take away the version that another one was told.
    let version = own.version.or_else(|| old.version.clone().filter(|_| !releases.is_empty()));
    if let Some(ready) = conditions::find(&own.conditions, condition_type::READY) {
        releases.push(ReleaseReadiness {
            name: release.to_owned(),
            ready: ready.status == "True",
            reason: ready.reason.clone(),
            message: ready.message.clone(),
            observed_generation: generation,
        });
    }
    releases.sort_by(|one, other| one.name.cmp(&other.name));
    let decisive = releases.iter().find(|entry| !entry.ready).or(releases.first());
    let update = decisive.map(|entry| {
        ConditionUpdate::new(condition_type::READY, entry.ready, entry.reason.clone(), entry.message.clone())
    });
    let updates = update.into_iter().collect();
    let conditions = conditions::build(&old.conditions, updates, generation, now);
    ConnectionStatus { conditions, version, releases, ..own }
}

#[cfg(test)]
mod tests {
    use docmill_crds::ConnectionStatus;
    use k8s_openapi::jiff::Timestamp;

    use super::joined;
    use crate::outcome::conditions::{ConditionUpdate, build, condition_type};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// What a release finds at this generation.
    fn found(fault: Option<&'static str>, version: Option<&str>, generation: i64) -> ConnectionStatus {
        let reason = fault.unwrap_or("Reachable");
        let update = ConditionUpdate::new(condition_type::READY, fault.is_none(), reason, "");
        ConnectionStatus {
            observed_generation: Some(generation),
            conditions: build(&[], vec![update], Some(generation), at(5)),
            version: version.map(str::to_owned),
            ..ConnectionStatus::default()
        }
    }

    fn ready(status: &ConnectionStatus) -> (&str, &str) {
        (status.conditions[0].status.as_str(), status.conditions[0].reason.as_str())
    }

    #[test]
    fn releases_that_judge_differently_agree_on_the_status() {
        let (sound, faulty) =
            (|| found(None, Some("9.1.4"), 1), || found(Some("EndpointNotAllowed"), None, 1));
        let first = joined(&ConnectionStatus::default(), sound(), "a/docmill", at(5));
        assert_eq!(ready(&first), ("True", "Reachable"));
        let second = joined(&first, faulty(), "b/docmill", at(6));
        assert_eq!(ready(&second), ("False", "EndpointNotAllowed"));
        assert_eq!(joined(&second, sound(), "a/docmill", at(7)), second, "nothing is left to write");
        assert_eq!(joined(&second, faulty(), "b/docmill", at(8)), second, "for neither");
        let names: Vec<_> = second.releases.iter().map(|entry| (entry.name.as_str(), entry.ready)).collect();
        assert_eq!(names, [("a/docmill", true), ("b/docmill", false)]);
        assert_eq!(ready(&joined(&second, sound(), "b/docmill", at(9))), ("True", "Reachable"));
    }

    #[test]
    fn what_a_release_said_of_another_spec_does_not_count() {
        let faulty = found(Some("InvalidSecret"), None, 1);
        let gone = joined(&ConnectionStatus::default(), faulty, "gone/docmill", at(5));
        let next = joined(&gone, found(None, None, 2), "a/docmill", at(6));
        assert_eq!((ready(&next), next.releases.len()), (("True", "Reachable"), 1));
    }
}
