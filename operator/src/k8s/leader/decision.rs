//! What to do about the Lease, and what to write into it. No I/O, and no clock of its own.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;

/// How long a leader that no longer renews the Lease keeps it.
pub const LEASE_DURATION: Duration = Duration::from_secs(15);
/// A leader that has not renewed for this long stops. Shorter than [`LEASE_DURATION`], so that it has stopped
/// before another one starts.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// How often the leader renews.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often the others check, and how soon a failed renewal is retried.
pub const RETRY_EVERY: Duration = Duration::from_secs(2);

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseAction {
    /// The Lease does not exist: create it.
    Create,
    /// It is ours: renew it.
    Renew,
    /// It is free or was abandoned: take it.
    Take,
    /// Another operator leads.
    Wait,
}

/// Decides from the Lease and from how long it has been observed unchanged. That time is measured with our
/// own clock, so clock skew between nodes does not matter.
pub fn decide(lease: Option<&LeaseSpec>, unchanged_for: Duration, me: &str) -> LeaseAction {
    let Some(lease) = lease else { return LeaseAction::Create };
    match holder(lease) {
        None => LeaseAction::Take,
        Some(holder) if holder == me => LeaseAction::Renew,
        Some(_) if unchanged_for > duration(lease) => LeaseAction::Take,
        Some(_) => LeaseAction::Wait,
    }
}

/// The Lease to write for `Create`, `Renew` or `Take`.
pub fn held(old: Option<&LeaseSpec>, me: &str, now: Timestamp) -> LeaseSpec {
    let kept = old.filter(|lease| holder(lease) == Some(me));
    let transitions = old.and_then(|lease| lease.lease_transitions).unwrap_or_default();
    LeaseSpec {
        holder_identity: Some(me.to_owned()),
        lease_duration_seconds: Some(i32::try_from(LEASE_DURATION.as_secs()).unwrap_or(i32::MAX)),
        acquire_time: kept.and_then(|lease| lease.acquire_time.clone()).or(Some(MicroTime(now))),
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(transitions + i32::from(old.is_some() && kept.is_none())),
        ..LeaseSpec::default()
    }
}

/// The Lease to write on a graceful release: free at once.
pub fn released(old: &LeaseSpec, now: Timestamp) -> LeaseSpec {
    LeaseSpec {
        holder_identity: None,
        lease_duration_seconds: Some(1),
        renew_time: Some(MicroTime(now)),
        ..old.clone()
    }
}

/// The holder of a Lease.
pub fn holder(lease: &LeaseSpec) -> Option<&str> {
    lease.holder_identity.as_deref().filter(|name| !name.is_empty())
}

/// Who holds the Lease, if it was written between two looks at it. As in [`decide`], no clocks are compared.
pub fn renewed_by<'a>(before: Option<&LeaseSpec>, now: Option<&'a LeaseSpec>) -> Option<&'a str> {
    now.filter(|lease| before != Some(*lease)).and_then(holder)
}

fn duration(lease: &LeaseSpec) -> Duration {
    let seconds = lease.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(LEASE_DURATION, Duration::from_secs)
}
