//! The values of an element apart by its attributes, as those of `article-id` by `pub-id-type`. Pure.

use std::collections::BTreeMap;

use super::super::kinds::Kinds;
use super::{Presence, distinct::Distinct, shortened};

/// Labels that are told apart on one path. If there are more, the attributes are no labels.
const MOST_LABELS: usize = 16;

/// Maximum bytes of a label's value.
const LONGEST: usize = 32;

/// An attribute and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Label {
    pub(in super::super) attribute: Box<str>,
    pub(in super::super) value: Box<str>,
}

impl Label {
    /// An attribute without a namespace, if its value is a word.
    pub(in super::super) fn of(attribute: &str, value: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_word = !value.is_empty() && value.len() <= LONGEST && value.chars().all(is_plain);
        is_word.then(|| Self { attribute: attribute.into(), value: value.into() })
    }
}

/// What is known of the values with one label.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct LabelFacts {
    /// Where they are.
    pub(in super::super) value: Presence,
    /// What they look like.
    pub(in super::super) kinds: Kinds,
    /// Whether each came once.
    pub(in super::super) distinct: Distinct,
    /// The first, shortened.
    pub(in super::super) example: String,
}

/// The values of one path by label.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Labels {
    by_label: BTreeMap<Label, LabelFacts>,
    too_many: bool,
}

impl Labels {
    /// Adds a value within these elements, the top first.
    pub(in super::super) fn note(&mut self, label: &Label, around: &[u64], value: &str) {
        let Some(facts) = self.facts(label) else { return };
        facts.value.note(around);
        facts.kinds.narrow(value);
        facts.distinct.note(value);
        if facts.example.is_empty() {
            facts.example = shortened(value);
        }
    }

    /// Adds the values of the same path in other objects, whose levels start `shift` levels further out.
    pub(super) fn add(&mut self, other: &Self, shift: usize) {
        if other.too_many {
            self.give_up();
        }
        for (label, added) in &other.by_label {
            let Some(facts) = self.facts(label) else { return };
            facts.value.add(&added.value, shift);
            facts.kinds = facts.kinds.both(added.kinds);
            facts.distinct.add(&added.distinct);
            if facts.example.is_empty() {
                facts.example.clone_from(&added.example);
            }
        }
    }

    /// All labels.
    pub(in super::super) fn iter(&self) -> impl Iterator<Item = (&Label, &LabelFacts)> {
        self.by_label.iter()
    }

    fn facts(&mut self, label: &Label) -> Option<&mut LabelFacts> {
        if !self.by_label.contains_key(label) && self.by_label.len() == MOST_LABELS {
            self.give_up();
        }
        if self.too_many {
            return None;
        }
        Some(self.by_label.entry(label.clone()).or_default())
    }

    fn give_up(&mut self) {
        *self = Self { by_label: BTreeMap::new(), too_many: true };
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, Labels, MOST_LABELS};

    #[test]
    fn values_are_counted_by_label_in_each_document() {
        let mut labels = Labels::default();
        let label = |value: &str| Label::of("type", value).unwrap();
        for (around, value, text) in
            [([1, 10], "doi", "10.1/a"), ([1, 10], "pmid", "7"), ([1, 20], "doi", "10.1/b")]
        {
            labels.note(&label(value), &around, text);
        }
        let mut all = Labels::default();
        all.add(&labels, 1);
        all.add(&labels, 1);
        let counts: Vec<_> = all.iter().map(|(label, facts)| (&*label.value, facts.value.count(0))).collect();
        assert_eq!(counts, [("doi", 4), ("pmid", 2)]);
        assert!(all.iter().all(|(_, facts)| !facts.distinct.holds()), "each came again");
    }

    #[test]
    fn labels_are_few_words() {
        assert!(["two words", "a'b", ""].iter().all(|value| Label::of("type", value).is_none()));
        let mut labels = Labels::default();
        for number in 0..=MOST_LABELS {
            labels.note(&Label::of("n", &number.to_string()).unwrap(), &[1], "x");
        }
        assert_eq!(labels.iter().count(), 0);
    }
}
