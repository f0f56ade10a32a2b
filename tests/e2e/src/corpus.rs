//! Objects to put into a bucket, with what has to become of each.

use std::collections::BTreeMap;

use super::articles::{Article, Fault, Form};
use super::auditor::Audit;

/// What has to become of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the index under this id.
    Indexed(String),
    /// It is a snapshot, and in no index.
    Converted,
    /// It is refused for this reason.
    Failed(&'static str),
    /// It was removed, and nothing of it is left.
    Removed,
}

impl Outcome {
    fn holds(&self, key: &str, audit: &Audit) -> bool {
        match self {
            Self::Indexed(id) => audit.indexed.get(key).is_some_and(|ids| ids == std::slice::from_ref(id)),
            Self::Converted => audit.converted.contains(key),
            Self::Failed(reason) => audit.failed.get(key).is_some_and(|given| given == reason),
            // That none of its documents and no evidence is left is for the auditor to find.
            Self::Removed => !audit.has(key),
        }
    }
}

/// Objects by key, with what has to become of each.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// The objects' bytes.
    pub objects: BTreeMap<String, Vec<u8>>,
    /// What has to become of them.
    pub outcomes: BTreeMap<String, Outcome>,
}

impl Corpus {
    /// Sound articles, numbered from 0, with one in `faulty_every` broken, each fault in turn; none if it is 0.
    pub fn generated(series: &str, form: Form, count: usize, faulty_every: usize) -> Self {
        let mut corpus = Self::default();
        for number in 0..count {
            let article = Article::generated(series, number);
            let key = format!("wire/2026/01/{number:05}.xml");
            if faulty_every > 0 && number % faulty_every == faulty_every - 1 {
                corpus.add_broken(key, &article, form, Fault::ALL[number / faulty_every % Fault::ALL.len()]);
            } else {
                corpus.add(key, &article, form);
            }
        }
        corpus
    }

    /// Adds a sound article.
    pub fn add(&mut self, key: impl Into<String>, article: &Article, form: Form) {
        let key = key.into();
        self.objects.insert(key.clone(), article.write(form));
        self.outcomes.insert(key, Outcome::Indexed(article.guid.clone()));
    }

    /// Adds an article with a fault.
    pub fn add_broken(&mut self, key: impl Into<String>, article: &Article, form: Form, fault: Fault) {
        let key = key.into();
        self.objects.insert(key.clone(), article.write_broken(form, fault));
        self.outcomes.insert(key, Outcome::Failed(fault.reason()));
    }

    /// Removes an object.
    pub fn remove(&mut self, key: &str) {
        self.objects.remove(key);
        self.outcomes.insert(key.to_owned(), Outcome::Removed);
    }

    /// Removes objects.
    pub fn remove_all(&mut self, keys: &[&str]) {
        for key in keys {
            self.remove(key);
        }
    }

    /// What the auditor found, and which objects did not become what they had to.
    pub fn faults(&self, audit: &Audit) -> Vec<String> {
        let mut faults = audit.faults.clone();
        let missed = self.outcomes.iter().filter(|(key, outcome)| !outcome.holds(key, audit));
        faults.extend(missed.map(|(key, outcome)| format!("{key:?} should have become {outcome:?}")));
        if audit.documents != self.sound() {
            faults.push(format!("{} documents for {} sound objects", audit.documents, self.sound()));
        }
        faults
    }

    /// The same objects where there is no index.
    pub fn converted_only(mut self) -> Self {
        for outcome in self.outcomes.values_mut().filter(|outcome| matches!(outcome, Outcome::Indexed(_))) {
            *outcome = Outcome::Converted;
        }
        self
    }

    /// How many objects have to end in the index.
    pub fn sound(&self) -> usize {
        self.outcomes.values().filter(|outcome| matches!(outcome, Outcome::Indexed(_))).count()
    }

    /// How many objects have to be refused.
    pub fn faulty(&self) -> usize {
        self.outcomes.values().filter(|outcome| matches!(outcome, Outcome::Failed(_))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::super::articles::Form;
    use super::Corpus;

    #[test]
    fn faults_are_spread_and_counted() {
        let corpus = Corpus::generated("a", Form::Nitf, 500, 100);
        assert_eq!((corpus.objects.len(), corpus.sound(), corpus.faulty()), (500, 495, 5));
        assert_eq!(Corpus::generated("a", Form::Nitf, 20, 0).faulty(), 0);
    }
}
