//! What to do about the Lease, and what to write into it. Without I/O and without a clock of its own.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;

/// How long a Lease is left to a leader that no longer renews it.
pub const LEASE_DURATION: Duration = Duration::from_secs(15);
/// A leader that has not renewed for this long stops. It is shorter than [`LEASE_DURATION`], so that it has stopped
/// before another one begins.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(10);
/// How often a leader renews.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often the others look, and how soon a failed renewal is tried again.
pub const RETRY_EVERY: Duration = Duration::from_secs(2);

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// There is no Lease: create it.
    Create,
    /// It is ours: renew it.
    Renew,
    /// It is free or was abandoned: take it.
    Take,
    /// Another one leads.
    Wait,
}

/// Decides from the Lease and from how long it has been seen unchanged. That is measured with our own clock, so that
/// clocks that differ between nodes do not matter.
pub fn decide(lease: Option<&LeaseSpec>, unchanged_for: Duration, me: &str) -> Move {
    let Some(lease) = lease else { return Move::Create };
    match holder(lease) {
        None => Move::Take,
        Some(holder) if holder == me => Move::Renew,
        Some(_) if unchanged_for > duration(lease) => Move::Take,
        Some(_) => Move::Wait,
    }
}

/// The Lease as it is to be after `Create`, `Renew` or `Take`.
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

/// The Lease as it is to be after its holder has left in good order: free at once.
pub fn released(old: &LeaseSpec, now: Timestamp) -> LeaseSpec {
    LeaseSpec {
        holder_identity: None,
        lease_duration_seconds: Some(1),
        renew_time: Some(MicroTime(now)),
        ..old.clone()
    }
}

/// Who holds a Lease.
pub fn holder(lease: &LeaseSpec) -> Option<&str> {
    lease.holder_identity.as_deref().filter(|name| !name.is_empty())
}

fn duration(lease: &LeaseSpec) -> Duration {
    let seconds = lease.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(LEASE_DURATION, Duration::from_secs)
}
