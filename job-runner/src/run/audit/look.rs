//! Examines ranges of keys, window by window, and mends what is found in one.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use super::difference::{Difference, Target};
use super::documents::MOST_UNNAMED;
use super::judge;
use super::repair::Repairer;
use super::report::Sums;
use super::stores::{KeyWindow, Stores};
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::manifest::KeyRange;

/// How long an apparent difference may take to resolve by itself: longer than a batch is in flight.
const SETTLING: Duration = Duration::from_secs(5);
/// How often the rest of a range is repaired: a repaired record can show what else is wrong.
const ROUNDS: usize = 3;

/// A window in which something differed.
pub struct SuspectWindow {
    /// Its keys.
    pub range: KeyRange,
    /// The identities of its differences.
    pub seen: HashSet<u64>,
}

/// The result of examining a window.
pub struct Look {
    /// The account of its units, without those of windows that are examined again.
    pub sums: Sums,
    /// What differs.
    pub differences: Vec<Difference>,
    /// The last key that was examined.
    pub until: Option<String>,
    /// Whether the range goes on after it.
    pub has_more: bool,
    /// Whether there may be more differences than were held.
    pub incomplete: bool,
}

/// Examines a range window by window. Returns the sums of the windows without differences, and the other
/// windows.
pub async fn first_look(
    stores: &Stores<'_>,
    range: &KeyRange,
) -> Result<(Sums, Vec<SuspectWindow>), RunError> {
    let (mut sums, mut suspect_windows) = (Sums::default(), Vec::new());
    let mut after = range.after.clone();
    loop {
        let look = look(stores, after.as_deref(), range.until.as_deref()).await?;
        if look.differences.is_empty() {
            sums.add(look.sums);
        } else {
            let seen = look.differences.iter().map(identity).collect();
            suspect_windows
                .push(SuspectWindow { range: KeyRange { after, until: look.until.clone() }, seen });
        }
        if !look.has_more {
            return Ok((sums, suspect_windows));
        }
        after = look.until;
    }
}

/// What a repair does of its differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It puts back, and corrects records.
    PutBack,
    /// It deletes what may be the last copy of something.
    Delete,
}

impl Pass {
    /// Whether a difference is for this pass.
    pub fn covers(self, difference: &Difference) -> bool {
        difference.deletes() == (self == Self::Delete)
    }
}

/// Repairs those of the confirmed differences that the pass covers, and further ones of the same keys that this reveals;
/// then marks what is repaired. Returns the result of the last check.
pub async fn mend(
    stores: &Stores<'_>,
    repairer: &Repairer<'_>,
    range: &KeyRange,
    confirmed: &mut [Difference],
    pass: Pass,
) -> Result<Look, RunError> {
    let mut left: Vec<_> = confirmed.iter().filter(|difference| pass.covers(difference)).cloned().collect();
    let keys: HashSet<_> = left.iter().map(|difference| difference.key.clone()).collect();
    let mut round = 1;
    loop {
        repairer.repair(&left).await?;
        stores.refresh().await?;
        let look = look_at_all(stores, range).await?;
        let is_left = |difference: &&Difference| pass.covers(difference) && keys.contains(&difference.key);
        left = look.differences.iter().filter(is_left).cloned().collect();
        if left.is_empty() || round == ROUNDS {
            let unrepaired: HashSet<_> = look.differences.iter().map(identity).collect();
            for difference in confirmed.iter_mut() {
                difference.repaired = !unrepaired.contains(&identity(difference));
            }
            return Ok(look);
        }
        round += 1;
    }
}

/// What a repair that puts back has revealed, and what is to be deleted: a record that says now that its unit was replaced,
/// for example, leaves evidence. It has a key of what was repaired, and is not among the known.
pub fn revealed(found: Vec<Difference>, known: &[Difference]) -> Vec<Difference> {
    let repaired = known.iter().filter(|difference| Pass::PutBack.covers(difference));
    let keys: HashSet<&str> = repaired.map(|difference| difference.key.as_str()).collect();
    let identities: HashSet<u64> = known.iter().map(identity).collect();
    let is_new = |difference: &Difference| {
        Pass::Delete.covers(difference)
            && keys.contains(difference.key.as_str())
            && !identities.contains(&identity(difference))
    };
    found.into_iter().filter(is_new).collect()
}

/// Examines a range to its end.
pub async fn look_at_all(stores: &Stores<'_>, range: &KeyRange) -> Result<Look, RunError> {
    let mut all = look(stores, range.after.as_deref(), range.until.as_deref()).await?;
    while all.has_more {
        let next = look(stores, all.until.as_deref(), range.until.as_deref()).await?;
        all.sums.add(next.sums);
        all.differences.extend(next.differences);
        all.incomplete |= next.incomplete;
        (all.until, all.has_more) = (next.until, next.has_more);
    }
    Ok(all)
}

/// Examines the first window of a range. Waits for outages to end.
async fn look(stores: &Stores<'_>, after: Option<&str>, until: Option<&str>) -> Result<Look, RunError> {
    let stop = &stores.context.stop.abort;
    let look = retry_step("look at a range", stop, || attempt(stores, after, until)).await;
    look.map_err(|Unfinished| RunError::given_up(stop))
}

async fn attempt(stores: &Stores<'_>, after: Option<&str>, until: Option<&str>) -> Result<Look, RunError> {
    let KeyWindow { inventory, until, has_more } = Box::pin(stores.window(after, until)).await?;
    let (sums, mut differences) = judge::judge(&stores.scope, &inventory);
    differences.extend(stores.named_documents(&inventory).await?);
    let mut unnamed = stores.unnamed_documents(&inventory, after, until.as_deref()).await?;
    let mut incomplete = unnamed.len() >= MOST_UNNAMED;
    // A document in the place of a missing one is a difference already.
    let missing_addresses: HashSet<_> =
        differences.iter().filter_map(|difference| difference.target.address()).collect();
    unnamed.retain(|difference| {
        !difference.target.address().is_some_and(|address| missing_addresses.contains(&address))
    });
    differences.extend(unnamed);
    if after.is_none() {
        // Packs are not ordered as keys are. They are examined with the first of them.
        let (packs, has_more_packs) = stores.strange_packs().await?;
        differences.extend(packs);
        incomplete |= has_more_packs;
    }
    differences.sort_by(|a, b| (&a.key, a.kind).cmp(&(&b.key, b.kind)));
    Ok(Look { sums, differences, until, has_more, incomplete })
}

/// Waits as long as apparent differences may take to resolve.
pub async fn settle(context: &RunContext) -> Result<(), RunError> {
    let settled = context.stop.closing.run_until_cancelled(tokio::time::sleep(SETTLING)).await;
    settled.ok_or(RunError::Stopped)
}

/// Identifies a difference, so that it is recognized when it is seen again.
pub fn identity(difference: &Difference) -> u64 {
    let mut hasher = DefaultHasher::new();
    (difference.kind, &difference.key, &difference.unit).hash(&mut hasher);
    match &difference.target {
        Target::Object(key) | Target::Pack { key, .. } => key.hash(&mut hasher),
        target => target.address().hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use docmill_crds::audit::DifferenceKind as Kind;

    use super::{Difference, Target, revealed};

    fn difference(kind: Kind, key: &str) -> Difference {
        let (key, expected, found) = (key.to_owned(), String::new(), String::new());
        let target = Target::Object(key.clone());
        Difference { kind, key, unit: None, expected, found, repaired: false, held_back: false, target }
    }

    #[test]
    fn what_a_repair_reveals_is_deleted_with_the_rest() {
        let known = [
            difference(Kind::RecordWithoutObject, "replaced"),
            difference(Kind::EvidenceLeft, "left"),
            difference(Kind::RecordTwice, "twice"),
            difference(Kind::DocumentOrphaned, "twice"),
        ];
        let found = vec![
            difference(Kind::EvidenceLeft, "replaced"),
            difference(Kind::DocumentMissing, "replaced"),
            difference(Kind::EvidenceLeft, "left"),
            difference(Kind::DocumentOrphaned, "left"),
            difference(Kind::DocumentOrphaned, "twice"),
            difference(Kind::EvidenceLeft, "another"),
        ];
        assert_eq!(revealed(found, &known), [difference(Kind::EvidenceLeft, "replaced")]);
    }
}
