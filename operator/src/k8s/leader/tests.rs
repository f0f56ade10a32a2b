use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::jiff::Timestamp;

use super::Leadership;
use super::decision::{GIVE_UP_AFTER, LEASE_DURATION, LeaseAction, decide, held, released, renewed_by};

fn lease_of(holder: &str) -> LeaseSpec {
    held(None, holder, Timestamp::UNIX_EPOCH)
}

#[test]
fn a_missing_lease_is_created() {
    assert_eq!(decide(None, Duration::ZERO, "a"), LeaseAction::Create);
}

#[test]
fn the_lease_of_another_is_left_alone_until_it_was_not_renewed_for_its_duration() {
    assert_eq!(decide(Some(&lease_of("b")), Duration::ZERO, "a"), LeaseAction::Wait);
    assert_eq!(decide(Some(&lease_of("b")), LEASE_DURATION, "a"), LeaseAction::Wait);
    assert_eq!(
        decide(Some(&lease_of("b")), LEASE_DURATION + Duration::from_millis(1), "a"),
        LeaseAction::Take
    );
}

#[test]
fn our_own_lease_is_renewed_and_keeps_when_it_was_acquired() {
    let old = lease_of("a");
    assert_eq!(decide(Some(&old), Duration::from_hours(1), "a"), LeaseAction::Renew);
    let later = Timestamp::from_second(100).unwrap();
    let new = held(Some(&old), "a", later);
    assert_eq!(new.acquire_time, old.acquire_time);
    assert_eq!(new.renew_time.unwrap().0, later);
    assert_eq!(new.lease_transitions, Some(0));
}

#[test]
fn a_take_over_counts_as_a_transition() {
    let new = held(Some(&lease_of("b")), "a", Timestamp::UNIX_EPOCH);
    assert_eq!(new.holder_identity.as_deref(), Some("a"));
    assert_eq!(new.lease_transitions, Some(1));
}

#[test]
fn a_released_lease_is_free_at_once() {
    let free = released(&lease_of("b"), Timestamp::UNIX_EPOCH);
    assert_eq!(decide(Some(&free), Duration::ZERO, "a"), LeaseAction::Take);
}

#[test]
fn a_lease_was_renewed_by_its_holder_if_it_changed() {
    let (old, later) = (lease_of("a"), Timestamp::from_second(100).unwrap());
    let new = held(Some(&old), "a", later);
    assert_eq!(renewed_by(Some(&old), Some(&new)), Some("a"));
    assert_eq!(renewed_by(None, Some(&new)), Some("a"), "it was created");
    assert_eq!(renewed_by(Some(&old), Some(&old)), None);
    assert_eq!(renewed_by(Some(&old), Some(&released(&old, later))), None);
    assert_eq!(renewed_by(Some(&old), None), None);
}

#[test]
fn a_leader_gives_up_before_another_may_take_over() {
    assert!(GIVE_UP_AFTER < LEASE_DURATION);
}

#[test]
fn leadership_ends_by_itself_when_it_is_not_renewed() {
    let leadership = Leadership::default();
    assert!(!leadership.holds(), "nobody leads before a Lease is held");
    leadership.renewed(std::time::Instant::now());
    assert!(leadership.holds());
    let long_ago = std::time::Instant::now().checked_sub(GIVE_UP_AFTER).unwrap();
    leadership.renewed(long_ago);
    assert!(!leadership.holds(), "a process that was stopped for a while must not go on writing");
    leadership.renewed(std::time::Instant::now());
    leadership.end();
    assert!(!leadership.holds());
}
