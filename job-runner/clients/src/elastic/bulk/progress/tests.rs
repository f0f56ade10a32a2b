use docmill_crds::contract::IndexTrouble;
use docmill_crds::error_class::{Classify as _, ErrorClass};

use super::BulkProgress;
use crate::elastic::bulk::item_result::ItemResult;
use crate::elastic::{ElasticError, ErrorCause, ItemOutcome};

fn fault(status: u16) -> ErrorCause {
    ErrorCause { status, kind: String::new(), reason: "because".into() }
}

fn refused(status: u16) -> Result<Vec<ItemResult>, ElasticError> {
    Err(ElasticError::Refused(fault(status)))
}

fn never(_: usize, _: IndexTrouble, _: bool) -> bool {
    false
}

fn done(items: usize) -> Vec<ItemResult> {
    vec![ItemResult::Final(ItemOutcome::Done); items]
}

#[test]
fn only_items_that_were_not_taken_are_sent_again() {
    let mut progress = BulkProgress::new(vec![0; 3]);
    let all = progress.next_part().unwrap();
    assert_eq!(all, [0, 1, 2]);
    let answer = vec![
        ItemResult::Final(ItemOutcome::Done),
        ItemResult::Retry(fault(429)),
        ItemResult::Final(ItemOutcome::Rejected(fault(400))),
    ];
    assert!(progress.take_in(all, Ok(answer), &never).unwrap().is_some());
    assert_eq!(progress.open(), 1);
    let rest = progress.next_part().unwrap();
    assert_eq!(rest, [1]);
    assert!(progress.take_in(rest, Ok(done(1)), &never).unwrap().is_none());
    assert_eq!(progress.next_part(), None);
    assert_eq!(
        progress.outcomes().unwrap(),
        [ItemOutcome::Done, ItemOutcome::Done, ItemOutcome::Rejected(fault(400))]
    );
}

#[test]
fn a_refused_request_is_halved_until_the_guilty_item_is_alone() {
    let mut progress = BulkProgress::new(vec![0; 5]);
    let mut requests = 0;
    while let Some(part) = progress.next_part() {
        requests += 1;
        let answer = if part.contains(&3) { refused(413) } else { Ok(done(part.len())) };
        assert!(progress.take_in(part, answer, &never).unwrap().is_none());
    }
    let outcomes = progress.outcomes().unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ItemOutcome::Done).count(), 4);
    assert_eq!(outcomes[3], ItemOutcome::Rejected(fault(413)));
    assert!(requests <= 7, "{requests}");
}

fn foreign() -> Result<Vec<ItemResult>, ElasticError> {
    Err(ElasticError::Refused(ErrorCause::of_answer(406, b"<html>no</html>")))
}

#[test]
fn a_proxy_that_refuses_everything_makes_no_document_fail() {
    for items in [1, 2, 500] {
        let mut progress = BulkProgress::new(vec![0; items]);
        let mut requests = 0;
        let result = loop {
            let Some(part) = progress.next_part() else { break progress.outcomes().map(drop) };
            requests += 1;
            if let Err(error) = progress.take_in(part, foreign(), &never) {
                break Err(error);
            }
        };
        assert_eq!(result.unwrap_err().class(), ErrorClass::User);
        assert!(requests <= 12, "{requests}");
    }
}

#[test]
fn a_proxy_that_refuses_one_document_holds_up_no_other() {
    for guilty in 0..5 {
        let mut progress = BulkProgress::new(vec![0; 5]);
        while let Some(part) = progress.next_part() {
            let answer = if part.contains(&guilty) { foreign() } else { Ok(done(part.len())) };
            assert!(progress.take_in(part, answer, &never).unwrap().is_none());
        }
        let outcomes = progress.outcomes().unwrap();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == ItemOutcome::Done).count(), 4);
        assert!(matches!(outcomes[guilty], ItemOutcome::Rejected(_)), "{outcomes:?}");
    }
}

#[test]
fn a_request_that_is_pushed_back_whole_is_halved_and_never_rejected() {
    let mut progress = BulkProgress::new(vec![0; 2]);
    let all = progress.next_part().unwrap();
    assert!(progress.take_in(all, refused(429), &never).unwrap().is_some());
    let first = progress.next_part().unwrap();
    assert_eq!(first, [0]);
    assert!(progress.take_in(first, refused(429), &never).unwrap().is_some());
    assert_eq!(progress.next_part().unwrap(), [0]);
    assert_eq!(progress.open(), 2);
}

/// A bulk of two items of these indices, the second of which is refused like this three times, while the first is accepted.
fn refused_again_and_again(indices: [usize; 2], fault: &ErrorCause) -> (bool, BulkProgress) {
    let mut progress = BulkProgress::new(indices.to_vec());
    let all = progress.next_part().unwrap();
    let answer = vec![ItemResult::Final(ItemOutcome::Done), ItemResult::Retry(fault.clone())];
    assert!(progress.take_in(all, Ok(answer), &never).unwrap().is_some());
    for _ in 0..2 {
        let rest = progress.next_part().unwrap();
        assert_eq!(rest, [1]);
        let again = vec![ItemResult::Retry(fault.clone())];
        assert!(progress.take_in(rest, Ok(again), &never).unwrap().is_some());
    }
    (progress.reject_failing(), progress)
}

#[test]
fn an_item_at_which_code_fails_again_and_again_is_rejected_when_the_patience_ends() {
    let null = ErrorCause { kind: "null_pointer_exception".into(), ..fault(500) };
    let (is_done, progress) = refused_again_and_again([0, 0], &null);
    assert!(is_done);
    assert_eq!(progress.outcomes().unwrap(), [ItemOutcome::Done, ItemOutcome::Rejected(null.clone())]);
    let (is_done, progress) = refused_again_and_again([0, 1], &null);
    assert!(!is_done && progress.open() == 1, "its index may be in trouble");
    let disk = ErrorCause { kind: "i_o_exception".into(), ..fault(500) };
    let (is_done, progress) = refused_again_and_again([0, 0], &disk);
    assert!(!is_done && progress.open() == 1, "a disk is nobody's document");
}

#[test]
fn an_item_at_which_code_failed_once_is_not_rejected() {
    let null = ErrorCause { kind: "null_pointer_exception".into(), ..fault(500) };
    let mut progress = BulkProgress::new(vec![0, 0]);
    let all = progress.next_part().unwrap();
    let answer = vec![ItemResult::Final(ItemOutcome::Done), ItemResult::Retry(null)];
    assert!(progress.take_in(all, Ok(answer), &never).unwrap().is_some());
    assert!(!progress.reject_failing());
    assert_eq!(progress.next_part().unwrap(), [1]);
}

#[test]
fn missing_rights_end_the_bulk() {
    let mut progress = BulkProgress::new(vec![0; 2]);
    let all = progress.next_part().unwrap();
    assert!(progress.take_in(all, refused(401), &never).is_err());
    let mut progress = BulkProgress::new(vec![0; 1]);
    let all = progress.next_part().unwrap();
    let denied = ErrorCause { kind: "security_exception".into(), ..fault(403) };
    assert!(progress.take_in(all, Ok(vec![ItemResult::Retry(denied)]), &never).is_err());
}

#[test]
fn an_empty_bulk_needs_no_request() {
    let mut progress = BulkProgress::new(vec![0; 0]);
    assert_eq!(progress.next_part(), None);
    assert_eq!(progress.outcomes().unwrap(), []);
}

fn blocked() -> ErrorCause {
    let reason = "index [a] blocked by: [FORBIDDEN/8/index write (api)];".into();
    ErrorCause { status: 403, kind: "cluster_block_exception".into(), reason }
}

#[test]
fn what_is_an_index_s_own_trouble_is_left_and_its_neighbours_are_settled() {
    let mut progress = BulkProgress::new(vec![0, 1, 0]);
    let all = progress.next_part().unwrap();
    let denied = ErrorCause { kind: "security_exception".into(), ..fault(403) };
    let answer = vec![
        ItemResult::Final(ItemOutcome::Done),
        ItemResult::Retry(denied.clone()),
        ItemResult::Retry(blocked()),
    ];
    let calls = std::sync::Mutex::new(Vec::new());
    let leave = |index: usize, trouble: IndexTrouble, others: bool| {
        calls.lock().unwrap().push((index, trouble, others));
        true
    };
    assert!(progress.take_in(all, Ok(answer), &leave).unwrap().is_none(), "no pause is due");
    assert_eq!(*calls.lock().unwrap(), [(1, IndexTrouble::Denied, true), (0, IndexTrouble::Blocked, false)]);
    let held = |trouble, fault| ItemOutcome::Held(trouble, fault);
    let expected =
        [ItemOutcome::Done, held(IndexTrouble::Denied, denied), held(IndexTrouble::Blocked, blocked())];
    assert_eq!(progress.outcomes().unwrap(), expected);
}

#[test]
fn a_closed_index_is_left_and_where_nothing_is_left_it_rejects() {
    let closed = ErrorCause { kind: "index_closed_exception".into(), ..fault(400) };
    let answer = || Ok(vec![ItemResult::Final(ItemOutcome::Rejected(closed.clone()))]);
    let mut progress = BulkProgress::new(vec![0]);
    let all = progress.next_part().unwrap();
    assert!(progress.take_in(all, answer(), &|_, _, _| true).unwrap().is_none());
    assert_eq!(progress.outcomes().unwrap(), [ItemOutcome::Held(IndexTrouble::Blocked, closed.clone())]);
    let mut progress = BulkProgress::new(vec![0]);
    let all = progress.next_part().unwrap();
    assert!(progress.take_in(all, answer(), &never).unwrap().is_none());
    assert_eq!(progress.outcomes().unwrap(), [ItemOutcome::Rejected(closed)]);
}

/// Sends until only late items are left. Gives the number of requests.
fn until_late(progress: &mut BulkProgress, slow: usize) -> usize {
    let mut requests = 0;
    while let Some(part) = progress.next_part() {
        requests += 1;
        if progress.indices_of(&part).contains(&slow) {
            progress.defer_late(part);
        } else {
            progress.record_in_time();
            assert!(progress.take_in(part.clone(), Ok(done(part.len())), &never).unwrap().is_none());
        }
    }
    requests
}

#[test]
fn the_slow_one_of_many_indices_is_found_by_few_requests() {
    for (indices, most) in [(2, 3), (16, 17), (300, 60)] {
        let mut progress = BulkProgress::new((0..600).map(|item| item % indices).collect());
        let requests = until_late(&mut progress, 1);
        assert!(requests <= most, "{requests} requests for {indices} indices");
        let (late, answered) = progress.take_late();
        assert!(answered);
        assert_eq!(late.len(), 1);
        assert_eq!(progress.indices_of(&late[0]), [1]);
        assert_eq!(progress.open(), 600_usize.div_ceil(indices));
    }
}

#[test]
fn where_all_are_late_no_other_was_answered() {
    let mut progress = BulkProgress::new(vec![0, 1]);
    while let Some(part) = progress.next_part() {
        progress.defer_late(part);
    }
    let (late, answered) = progress.take_late();
    assert_eq!((late.len(), answered), (2, false));
}

#[test]
fn what_has_to_wait_lets_the_other_parts_go_first() {
    let mut progress = BulkProgress::new(vec![0, 1]);
    let all = progress.next_part().unwrap();
    progress.defer_late(all);
    let first = progress.next_part().unwrap();
    assert_eq!(first, [0]);
    let late = Err(ElasticError::Timeout(String::new()));
    assert!(progress.take_in(first, late, &never).unwrap().is_some());
    assert_eq!(progress.next_part(), Some(vec![1]), "its turn has come");
    assert_eq!(progress.next_part(), Some(vec![0]));
}

#[test]
fn a_part_without_an_answer_is_told_by_others_once() {
    let mut progress = BulkProgress::new(vec![0, 1]);
    assert!(progress.has_others(&[0, 1]) && !progress.has_others(&[0]));
    let all = progress.next_part().unwrap();
    progress.defer_late(all);
    progress.record_in_time();
    assert!(progress.is_split() && progress.has_others(&[0]));
    let (_, others) = progress.take_late();
    assert!(others && !progress.has_others(&[0]), "each answer tells once");
}
