//! Ranges of keys that are small enough to be held in memory, cut from the pages of several listings. Pure.
//!
//! Each store is listed separately from the same key on, one page of each. A full page ends somewhere, and
//! what follows that end is unknown for this listing; so all are cut at the earliest such end, and the next
//! window begins there.

use std::collections::BTreeMap;

/// The first page of a list, in the order of the keys by their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstPage<T> {
    /// Its entries, by key.
    pub entries: BTreeMap<String, T>,
    /// The last key that it covers, if the listing continues after it.
    pub end: Option<String>,
}

impl<T> Default for FirstPage<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), end: None }
    }
}

impl<T> FirstPage<T> {
    /// Drops what follows a key.
    pub fn cut(&mut self, end: Option<&str>) {
        if let Some(end) = end {
            self.entries.retain(|key, _| key.as_str() <= end);
        }
    }
}

/// The key at which all listings have to be cut, and whether the range continues after it. `until` is the end
/// of the range.
pub fn end<'a>(
    ends: impl IntoIterator<Item = Option<&'a str>>,
    until: Option<&'a str>,
) -> (Option<&'a str>, bool) {
    match (ends.into_iter().flatten().min(), until) {
        (Some(end), None) => (Some(end), true),
        (Some(end), Some(until)) if end < until => (Some(end), true),
        _ => (until, false),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::{FirstPage, end};

    fn page(
        list: &BTreeSet<String>,
        after: Option<&str>,
        until: Option<&str>,
        size: usize,
    ) -> FirstPage<bool> {
        let behind = |key: &&String| after.is_none_or(|after| key.as_str() > after);
        let within = |key: &&String| until.is_none_or(|until| key.as_str() <= until);
        let mut keys = list.iter().filter(behind).filter(within);
        let entries: BTreeMap<_, _> = keys.by_ref().take(size).map(|key| (key.clone(), true)).collect();
        let more = keys.next().is_some();
        let end = entries.keys().last().filter(|_| more).cloned();
        FirstPage { entries, end }
    }

    #[test]
    fn the_earliest_end_of_a_full_page_decides() {
        assert_eq!(end([Some("c"), None, Some("b")], Some("z")), (Some("b"), true));
        assert_eq!(end([None, None], Some("z")), (Some("z"), false));
        assert_eq!(end([Some("z")], Some("z")), (Some("z"), false));
        assert_eq!(end([None], None), (None, false));
    }

    proptest! {
        #[test]
        fn windows_hold_every_key_of_every_list_once(
            lists in prop::collection::vec(prop::collection::btree_set("[a-c]{1,3}", 0..20), 1..4),
            until in prop::option::of("[a-c]{1,3}"),
            size in 1..6_usize,
        ) {
            let mut found = vec![Vec::new(); lists.len()];
            let mut after: Option<String> = None;
            loop {
                let mut pages: Vec<_> =
                    lists.iter().map(|list| page(list, after.as_deref(), until.as_deref(), size)).collect();
                let ends: Vec<_> = pages.iter().map(|page| page.end.clone()).collect();
                let (cut, more) = end(ends.iter().map(Option::as_deref), until.as_deref());
                for (page, found) in pages.iter_mut().zip(&mut found) {
                    page.cut(cut);
                    found.extend(page.entries.keys().cloned());
                }
                if !more {
                    break;
                }
                prop_assert!(cut > after.as_deref());
                after = cut.map(str::to_owned);
            }
            for (list, found) in lists.iter().zip(found) {
                let expected: Vec<_> =
                    list.iter().filter(|key| until.as_ref().is_none_or(|until| *key <= until)).cloned().collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
