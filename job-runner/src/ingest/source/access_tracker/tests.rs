use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_crds::untrusted_text::UntrustedText;
use tokio_util::sync::CancellationToken;

use super::{Access, AccessFailure, Suspected, retry_unless_own_fault};

fn error(fault: StoreFault) -> StoreError {
    StoreError::Request {
        action: "read".into(),
        detail: "because".into(),
        said: UntrustedText::default(),
        fault,
    }
}

/// Tries a step that always fails in this way. Gives how often it did, and whether that is its own fault; none if it is
/// not known.
async fn tries(
    access: &Access,
    fault: StoreFault,
    served: impl Fn(),
    serves_others: bool,
) -> (usize, Option<bool>) {
    let tried = AtomicUsize::new(0);
    let attempt = || {
        tried.fetch_add(1, Ordering::SeqCst);
        served();
        std::future::ready(Err::<(), _>(AccessFailure::at(access)(error(fault))))
    };
    let suspected = Suspected { unit: "u", reservation: None };
    let result = retry_unless_own_fault(
        "test",
        suspected,
        &CancellationToken::new(),
        || std::future::ready(serves_others),
        attempt,
    )
    .await;
    (tried.into_inner(), result.ok().map(|result| result.is_err()))
}

#[tokio::test]
async fn what_is_certain_is_not_tried_again() {
    let access = Access::default();
    assert_eq!(tries(&access, StoreFault::Archived, || (), false).await, (1, Some(true)));
}

#[tokio::test]
async fn what_is_refused_while_others_are_served_is_its_own_fault_and_nobody_elses() {
    let access = Access::default();
    let started_at = Instant::now();
    let (tried, own) = tries(&access, StoreFault::Refused, || access.served(Instant::now()), false).await;
    assert!(tried > 2 && own == Some(true), "{tried} {own:?}");
    assert!((4..15).contains(&started_at.elapsed().as_secs()), "{:?}", started_at.elapsed());
    assert!(!access.is_denied());
}

#[tokio::test]
async fn where_nothing_is_heard_of_others_the_bucket_is_looked_at() {
    let access = Access::default();
    assert_eq!(tries(&access, StoreFault::Refused, || (), true).await.1, Some(true));
}

#[test]
fn a_bucket_is_denied_until_something_of_it_is_served() {
    let access = Access::default();
    let now = Instant::now();
    access.served(now);
    assert!(!access.is_denied());
    access.deny(now + Duration::from_secs(1));
    assert!(access.is_denied());
    access.served(now + Duration::from_secs(2));
    assert!(!access.is_denied());
}

#[test]
fn a_unit_is_refused_since_its_first_refusal() {
    let access = Access::default();
    let now = Instant::now();
    assert_eq!(access.suspect("u", now), now);
    assert_eq!(access.suspect("u", now + Duration::from_secs(9)), now);
    assert!(!access.served_since(now));
    access.served(now);
    assert!(!access.served_since(now), "that one began before it");
    access.served(now + Duration::from_secs(1));
    assert!(access.served_since(now));
    access.acquit("u");
    assert_eq!(access.suspect("u", now + Duration::from_secs(9)), now + Duration::from_secs(9));
}

#[test]
fn one_looks_for_all() {
    let access = Access::default();
    let now = Instant::now();
    assert!(access.claim_probe(now));
    assert!(!access.claim_probe(now + Duration::from_secs(1)));
    assert!(access.claim_probe(now + Duration::from_secs(6)));
}
