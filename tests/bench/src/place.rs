//! What one turn has for itself: names of buckets, of a queue and of indices, all of which have its own name in them.

use std::process;

use crate::corpus;
use crate::stores::Stores;

/// What the names of everything begin with that this program makes.
pub const PREFIX: &str = "pbench-";

/// What one turn has for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// The bucket of the raw objects, which all turns share.
    pub raw_bucket: String,
    /// How many articles it goes through, from the first one on.
    pub articles: u32,
    /// Path of the queue, behind any origin of the queue service.
    pub queue_path: String,
}

impl Place {
    /// A place without articles and without a queue.
    pub fn new(name: &str, raw_bucket: &str) -> Self {
        let (name, raw_bucket) = (name.to_owned(), raw_bucket.to_owned());
        Self { name, raw_bucket, articles: 0, queue_path: String::new() }
    }

    /// The place of the turn with this number.
    pub fn of_turn(turn: u32, articles: u32) -> Self {
        let name = format!("{PREFIX}{}-{turn:03}", process::id());
        Self { articles, ..Self::new(&name, &raw_bucket()) }
    }

    /// Name of the snapshot bucket.
    pub fn snapshots_bucket(&self) -> String {
        format!("{}-json", self.name)
    }

    /// Name of the errors bucket.
    pub fn errors_bucket(&self) -> String {
        format!("{}-errors", self.name)
    }

    /// URL of the queue with the origin of these stores.
    pub fn queue_url(&self, stores: &Stores) -> String {
        format!("{}/{}", stores.sqs, self.queue_path)
    }

    /// Pattern of the indices with articles.
    pub fn articles_pattern(&self) -> String {
        format!("articles-{}-*", self.name)
    }

    /// Pattern of all indices.
    pub fn pattern(&self) -> String {
        format!("*{}*", self.name)
    }

    /// How many of the articles have no fault.
    pub fn sound(&self) -> u32 {
        corpus::sound(self.articles)
    }

    /// What an index holds: the start of its name, for example `docmill-units`.
    pub fn content<'a>(&self, index: &'a str) -> &'a str {
        index.split(self.name.as_str()).next().unwrap_or_default().trim_matches('-')
    }
}

/// The bucket of the raw objects of this run.
pub fn raw_bucket() -> String {
    format!("{PREFIX}{}-raw", process::id())
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn an_index_is_told_by_what_it_holds() {
        let place = Place::of_turn(1, 10);
        let index = format!("docmill-units-{}.wire", place.name);
        assert_eq!(place.content(&index), "docmill-units");
        assert_eq!(place.content(&format!("articles-{}-2026.01", place.name)), "articles");
    }
}
