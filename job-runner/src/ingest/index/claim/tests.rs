use docmill_crds::records::heads::{DocumentHead, KeyHead};
use docmill_crds::records::units::{DocumentAddress, UnitId};
use proptest::prelude::*;

use super::{Claim, Claimant, Retired, document, forgotten, key, retire, tombstone};

mod removals;

fn id(key: &str, version: &str) -> UnitId {
    UnitId { bucket: "raw".into(), key: key.into(), version: version.into() }
}

fn claimant(id: &UnitId, last_modified: i64) -> Claimant<'_> {
    Claimant { id, digest: id.digest(), last_modified }
}

fn at(index: &str) -> DocumentAddress {
    DocumentAddress { index: index.into(), id: "guid".into() }
}

fn taken<H: std::fmt::Debug>(claim: Claim<H>) -> H {
    match claim {
        Claim::Take(head) => head,
        other => panic!("not taken: {other:?}"),
    }
}

#[test]
fn a_newer_version_takes_the_key_and_remembers_the_one_before() {
    let (one, two) = (id("k", "1"), id("k", "2"));
    let first = taken(key(None, &claimant(&one, 1000), None, false));
    assert_eq!(first.version, 1000);
    let second = taken(key(Some(&first), &claimant(&two, 2000), None, false));
    assert_eq!((second.version, second.earlier.as_slice()), (2000, &["1".to_owned()][..]));
    assert_eq!(key(Some(&second), &claimant(&two, 2000), None, false), Claim::Held(second.clone()));
}

#[test]
fn nobody_takes_a_forgotten_key_and_a_removal_leaves_it_forgotten() {
    let (one, two) = (id("k", "1"), id("k", "2"));
    let held = taken(key(None, &claimant(&one, 1000), None, false));
    for head in [forgotten(Some(&held), "raw", "k", 1500), forgotten(None, "raw", "k", 1500)] {
        assert!(head.gone && head.version >= 1500);
        for is_present in [None, Some(true), Some(false)] {
            let claim = key(Some(&head), &claimant(&two, 9000), is_present, true);
            assert_eq!(claim, Claim::Lost(head.clone()), "{is_present:?}");
        }
        assert!(tombstone(Some(&head), "raw", "k", 2000).forgotten);
    }
}

#[test]
fn what_is_left_of_a_forgotten_document_names_nothing_and_another_key_can_bring_the_document() {
    let (one, two) = (id("k", "1"), id("l", "1"));
    let head = taken(document(None, &claimant(&one, 1000), 1000, &at("a"))).forget();
    assert!(head.gone && head.forgotten && head.stale.is_empty());
    assert_eq!((head.key.as_str(), head.address.index.as_str(), head.address.id.as_str()), ("", "", ""));
    assert_eq!(retire(Some(&head), "k", 5000), None);
    let again = taken(document(Some(&head), &claimant(&two, 500), 500, &at("b")));
    assert_eq!((again.address, again.stale, again.forgotten), (at("b"), Vec::new(), false));
}

#[test]
fn within_a_second_the_bucket_decides() {
    let (one, two) = (id("k", "1"), id("k", "2"));
    let head = taken(key(None, &claimant(&one, 1000), None, false));
    let me = claimant(&two, 1000);
    assert_eq!(key(Some(&head), &me, None, false), Claim::AskStore);
    assert_eq!(key(Some(&head), &me, Some(false), false), Claim::Lost(head.clone()));
    assert_eq!(taken(key(Some(&head), &me, Some(true), false)).version, 1001);
}

#[test]
fn the_same_content_put_again_takes_the_key_back() {
    let (a, b) = (id("k", "a"), id("k", "b"));
    let first = taken(key(None, &claimant(&a, 1000), None, false));
    let second = taken(key(Some(&first), &claimant(&b, 2000), None, false));
    let third = taken(key(Some(&second), &claimant(&a, 3000), None, false));
    assert_eq!((third.version, third.earlier.as_slice()), (3000, &["b".to_owned()][..]));
}

#[test]
fn what_is_renewed_is_above_all_that_was_there() {
    let one = id("k", "1");
    let me = claimant(&one, 1000);
    let head = taken(key(None, &me, None, false));
    let before = taken(document(None, &me, head.version, &at("a-1")));
    let renewed = taken(key(Some(&head), &me, None, true));
    assert_eq!((renewed.version, renewed.earlier.len()), (1001, 0));
    let after = taken(document(Some(&before), &me, renewed.version, &at("a-1")));
    assert!(after.version > before.version && after.stale.is_empty());
}

#[test]
fn a_document_whose_date_changes_leaves_its_index() {
    let (one, two) = (id("k1", "1"), id("k2", "1"));
    let first = taken(document(None, &claimant(&one, 1000), 1000, &at("a-1")));
    let second = taken(document(Some(&first), &claimant(&two, 2000), 2000, &at("a-2")));
    assert_eq!((second.version, second.stale.as_slice()), (2000, &["a-1".to_owned()][..]));
    // The late arrival of the older one finds that it is late.
    assert!(matches!(document(Some(&second), &claimant(&one, 1000), 1000, &at("a-1")), Claim::Lost(_)));
}

#[test]
fn a_conversion_that_changes_the_address_moves_the_document_too() {
    let one = id("k", "1");
    let me = claimant(&one, 1000);
    let first = taken(document(None, &me, 1000, &at("a-1")));
    assert_eq!(document(Some(&first), &me, 1000, &at("a-1")), Claim::Held(first.clone()));
    let moved = taken(document(Some(&first), &me, 1000, &at("b-1")));
    assert_eq!((moved.version, moved.stale.as_slice()), (1001, &["a-1".to_owned()][..]));
}

#[test]
fn an_older_unit_of_the_same_key_does_not_take_a_document_from_a_newer_one() {
    let (one, two) = (id("k", "1"), id("k", "2"));
    // Both landed in the same second; the second one took the key with the version 1001.
    let newer = taken(document(None, &claimant(&two, 1000), 1001, &at("a-1")));
    assert!(matches!(document(Some(&newer), &claimant(&one, 1000), 1000, &at("a-1")), Claim::Lost(_)));
}

#[test]
fn only_documents_of_the_own_key_that_no_later_unit_claimed_are_retired() {
    let one = id("k", "1");
    let head = taken(document(None, &claimant(&one, 1000), 1000, &at("a-1")));
    let Some(Retired::Now(gone)) = retire(Some(&head), "k", 1001) else { panic!("not retired") };
    assert!(gone.gone && (gone.version, gone.key_version) == (1001, 1000));
    assert_eq!(
        retire(Some(&gone), "k", 1001),
        Some(Retired::Before(gone.clone())),
        "it can be deleted again"
    );
    assert_eq!(retire(Some(&head), "other", 9000), None);
    assert_eq!(retire(Some(&head), "k", 1000), None, "who has the key now has the document");
}

#[test]
fn nothing_takes_the_place_of_a_tombstone_but_what_the_bucket_holds() {
    let (one, two) = (id("k", "1"), id("k", "2"));
    let first = taken(key(None, &claimant(&one, 1000), None, false));
    for seen in [None, Some(&first)] {
        let gone = tombstone(seen, "raw", "k", 2000);
        assert!(gone.gone && gone.version >= 1001);
        let again = tombstone(Some(&gone), "raw", "k", 2000);
        assert!(again.gone && again.version > gone.version, "who read the first one must not take its place");
        // However late the put is: its time says nothing here.
        for (unit, time) in [(&one, 1000), (&two, 9000)] {
            let me = claimant(unit, time);
            assert_eq!(key(Some(&gone), &me, None, false), Claim::AskStore);
            assert_eq!(key(Some(&gone), &me, Some(false), false), Claim::Lost(gone.clone()));
            let back = taken(key(Some(&gone), &me, Some(true), false));
            assert!(!back.gone && back.version > gone.version && !back.earlier.contains(&String::new()));
        }
    }
}

#[test]
fn where_the_bucket_decided_once_it_decides_about_older_ones_too() {
    let (old, new) = (id("k", "1"), id("k", "2"));
    let head = taken(key(None, &claimant(&new, 2000), None, false));
    // The newer version was removed for good, and the older one is the present one again.
    let back = taken(key(Some(&head), &claimant(&old, 1000), Some(true), false));
    assert_eq!(key(Some(&back), &claimant(&new, 2000), None, false), Claim::AskStore);
}

#[test]
fn a_document_that_went_with_its_object_is_free_for_another_key() {
    let (one, other) = (id("k", "1"), id("other", "1"));
    let head = taken(document(None, &claimant(&one, 2000), 2000, &at("a-1")));
    let older = claimant(&other, 1000);
    assert!(matches!(document(Some(&head), &older, 1000, &at("a-1")), Claim::Lost(_)));
    let Some(Retired::Now(gone)) = retire(Some(&head), "k", 2001) else { panic!("not retired") };
    assert!(taken(document(Some(&gone), &older, 1000, &at("a-1"))).version > gone.version);
}

proptest! {
    /// Whatever the order in which units of different keys claim a document, the same one has it in the end, and its version is
    /// above all that were written before.
    #[test]
    fn the_order_of_arrival_does_not_matter(times in prop::collection::vec(0_i64..4, 1..7), shuffle in any::<u64>()) {
        let units: Vec<_> = (0..times.len()).map(|number| id(&format!("k{number}"), "1")).collect();
        let mut order: Vec<usize> = (0..units.len()).collect();
        let forward = last(&units, &times, &order);
        let len = order.len();
        order.rotate_left(usize::try_from(shuffle).unwrap_or(0) % len);
        if shuffle % 2 == 0 { order.reverse(); }
        prop_assert_eq!(forward, last(&units, &times, &order));
    }
}

fn last(units: &[UnitId], times: &[i64], order: &[usize]) -> String {
    let mut head: Option<DocumentHead> = None;
    for &number in order {
        let me = claimant(&units[number], times[number] * 1000);
        let own: KeyHead = taken(key(None, &me, None, false));
        if let Claim::Take(next) = document(head.as_ref(), &me, own.version, &at("a-1")) {
            assert!(head.is_none_or(|before| next.version > before.version));
            head = Some(next);
        }
    }
    head.expect("a head").unit
}
