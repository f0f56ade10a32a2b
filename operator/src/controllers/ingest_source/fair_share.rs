//! The fair share of workers of each source when all sources together need more than the maximum. Pure.
//! The shares are max-min fair: no source gets more than it asks for, and the rest is divided evenly among
//! those that ask for more. If there is not even one worker for each, the sources whose last worker started
//! longest ago come first, so that they take turns.

use k8s_openapi::jiff::Timestamp;

/// What one source needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerDemand {
    /// UID of the source.
    pub uid: String,
    /// Workers that its backlog needs, at most `workers.max`.
    pub desired: i32,
    /// Workers that have not ended.
    pub active: i32,
    /// When its last worker was started, if that Job still exists.
    pub last_start: Option<Timestamp>,
}

/// The share of each source, in the order of `needs`; at most `max` in total.
pub fn shares(max: i32, needs: &[WorkerDemand]) -> Vec<i32> {
    let mut shares = vec![0; needs.len()];
    let mut left = max.max(0);
    let mut open: Vec<usize> = (0..needs.len()).filter(|at| needs[*at].desired > 0).collect();
    open.sort_by_key(|at| (needs[*at].last_start, &needs[*at].uid));
    while left > 0 && !open.is_empty() {
        // Fewer than one for each: one for each of the first.
        let each = (left / whole(open.len())).max(1);
        for &at in &open {
            let more = each.min(needs[at].desired - shares[at]).min(left);
            shares[at] += more;
            left -= more;
        }
        open.retain(|at| shares[*at] < needs[*at].desired);
    }
    shares
}

/// How many workers the sources without any need, beyond the free ones.
pub fn wanting(needs: &[WorkerDemand], shares: &[i32], free: i32) -> i32 {
    let without = needs.iter().zip(shares).filter(|(need, share)| need.active == 0 && **share > 0);
    (whole(without.count()) - free.max(0)).max(0)
}

/// How many workers a source can give up: those beyond its share, but never its last one.
pub fn surplus(need: &WorkerDemand, share: i32) -> i32 {
    (need.active - share.max(1)).max(0)
}

fn whole(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;
    use proptest::prelude::{Strategy, any, proptest};

    use super::{WorkerDemand, shares, surplus, wanting};

    fn need(uid: &str, desired: i32, active: i32, last_start: Option<i64>) -> WorkerDemand {
        let last_start = last_start.map(|second| Timestamp::from_second(second).unwrap());
        WorkerDemand { uid: uid.into(), desired, active, last_start }
    }

    #[test]
    fn as_long_as_there_is_enough_everybody_gets_what_it_needs() {
        assert_eq!(
            shares(10, &[need("a", 7, 0, None), need("b", 3, 0, None), need("c", 0, 0, None)]),
            [7, 3, 0]
        );
    }

    #[test]
    fn a_small_need_is_met_and_the_large_ones_share_the_rest() {
        let needs = [need("a", 100, 0, None), need("b", 2, 0, None), need("c", 50, 0, None)];
        assert_eq!(shares(10, &needs), [4, 2, 4]);
    }

    #[test]
    fn where_there_is_not_one_for_each_turns_are_taken() {
        let needs = [need("a", 5, 0, Some(30)), need("b", 5, 0, Some(10)), need("c", 5, 0, None)];
        assert_eq!(shares(2, &needs), [0, 1, 1]);
    }

    #[test]
    fn a_source_hands_over_what_is_beyond_its_share_but_not_its_last_worker() {
        let needs = [need("a", 10, 10, Some(1)), need("b", 3, 0, None)];
        let shares = shares(10, &needs);
        assert_eq!(shares, [7, 3]);
        assert_eq!((wanting(&needs, &shares, 0), wanting(&needs, &shares, 1)), (1, 0));
        assert_eq!(
            (surplus(&needs[0], 7), surplus(&needs[0], 0), surplus(&need("c", 5, 1, None), 0)),
            (3, 9, 0)
        );
    }

    fn any_need() -> impl Strategy<Value = (i32, i32, Option<u32>)> {
        (0..2000_i32, 0..200_i32, any::<Option<u32>>())
    }

    proptest! {
        #[test]
        fn shares_are_max_min_fair(max in 1..1500_i32, given in proptest::collection::vec(any_need(), 0..40)) {
            let needs: Vec<_> = given
                .iter()
                .enumerate()
                .map(|(at, (desired, active, start))| need(&at.to_string(), *desired, *active, start.map(i64::from)))
                .collect();
            let dealt = shares(max, &needs);
            let (sum, wanted): (i32, i32) = (dealt.iter().sum(), needs.iter().map(|need| need.desired).sum());
            assert_eq!(sum, max.min(wanted), "never more than there may be, and nothing is left over");
            let asking = needs.iter().filter(|need| need.desired > 0).count();
            for (need, share) in needs.iter().zip(&dealt) {
                assert!((0..=need.desired).contains(share), "nobody gets more than it asks for");
                assert!(need.desired == 0 || *share > 0 || asking > usize::try_from(max).unwrap(), "nobody starves");
                // Whoever got less than it asked for has at most one less than anybody else.
                assert!(*share == need.desired || dealt.iter().all(|other| *other <= share + 1));
            }
        }

        #[test]
        fn the_order_of_the_sources_does_not_matter(max in 1..50_i32, given in proptest::collection::vec(any_need(), 1..20)) {
            let mut needs: Vec<_> = given
                .iter()
                .enumerate()
                .map(|(at, (desired, active, start))| need(&at.to_string(), *desired, *active, start.map(i64::from)))
                .collect();
            let mut forwards: Vec<_> = needs.iter().map(|need| need.uid.clone()).zip(shares(max, &needs)).collect();
            needs.reverse();
            let mut backwards: Vec<_> = needs.iter().map(|need| need.uid.clone()).zip(shares(max, &needs)).collect();
            forwards.sort();
            backwards.sort();
            assert_eq!(forwards, backwards);
        }
    }
}
