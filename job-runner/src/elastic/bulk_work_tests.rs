use super::Work;
use crate::elastic::verdict::Verdict;
use crate::elastic::{ElasticError, Fault, Outcome};

fn fault(status: u16) -> Fault {
    Fault { status, kind: String::new(), reason: "because".into() }
}

fn refused(status: u16) -> Result<Vec<Verdict>, ElasticError> {
    Err(ElasticError::Refused(fault(status)))
}

fn done(items: usize) -> Vec<Verdict> {
    vec![Verdict::Final(Outcome::Done); items]
}

#[test]
fn only_items_that_were_not_taken_are_sent_again() {
    let mut work = Work::new(3);
    let all = work.next_part().unwrap();
    assert_eq!(all, [0, 1, 2]);
    let answer = vec![
        Verdict::Final(Outcome::Done),
        Verdict::Retry(fault(429)),
        Verdict::Final(Outcome::Rejected(fault(400))),
    ];
    assert!(work.take_in(all, Ok(answer)).unwrap().is_some());
    assert_eq!(work.open(), 1);
    let rest = work.next_part().unwrap();
    assert_eq!(rest, [1]);
    assert!(work.take_in(rest, Ok(done(1))).unwrap().is_none());
    assert_eq!(work.next_part(), None);
    assert_eq!(work.outcomes().unwrap(), [Outcome::Done, Outcome::Done, Outcome::Rejected(fault(400))]);
}

#[test]
fn a_refused_request_is_halved_until_the_guilty_item_is_alone() {
    let mut work = Work::new(5);
    let mut requests = 0;
    while let Some(part) = work.next_part() {
        requests += 1;
        let answer = if part.contains(&3) { refused(413) } else { Ok(done(part.len())) };
        assert!(work.take_in(part, answer).unwrap().is_none());
    }
    let outcomes = work.outcomes().unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count(), 4);
    assert_eq!(outcomes[3], Outcome::Rejected(fault(413)));
    assert!(requests <= 7, "{requests}");
}

#[test]
fn a_request_that_is_pushed_back_whole_is_halved_and_never_rejected() {
    let mut work = Work::new(2);
    let all = work.next_part().unwrap();
    assert!(work.take_in(all, refused(429)).unwrap().is_some());
    let first = work.next_part().unwrap();
    assert_eq!(first, [0]);
    assert!(work.take_in(first, refused(429)).unwrap().is_some());
    assert_eq!(work.next_part().unwrap(), [0]);
    assert_eq!(work.open(), 2);
}

#[test]
fn missing_rights_end_the_bulk() {
    let mut work = Work::new(2);
    let all = work.next_part().unwrap();
    assert!(work.take_in(all, refused(401)).is_err());
    let mut work = Work::new(1);
    let all = work.next_part().unwrap();
    let denied = Fault { kind: "security_exception".into(), ..fault(403) };
    assert!(work.take_in(all, Ok(vec![Verdict::Retry(denied)])).is_err());
}

#[test]
fn an_empty_bulk_needs_no_request() {
    let mut work = Work::new(0);
    assert_eq!(work.next_part(), None);
    assert_eq!(work.outcomes().unwrap(), []);
}
