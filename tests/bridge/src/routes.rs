//! Which queue hears of which objects: the testbed's stand-in for a bucket's notification configuration.

use serde::{Deserialize, Serialize};

use crate::record::Notice;

/// Objects of one bucket, below one prefix, go to one queue.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Route {
    /// The bucket's name.
    pub(crate) bucket: String,
    /// Only keys that start with this; empty for all.
    #[serde(default)]
    pub(crate) prefix: String,
    /// The queue's URL, as the queue service gave it.
    #[serde(rename = "queueURL")]
    pub(crate) queue_url: String,
    /// Event patterns as in S3's own configuration: a full name, or a name that ends in `*`.
    #[serde(default = "created")]
    pub(crate) events: Vec<String>,
    /// Loses every event of this route, on purpose.
    #[serde(default)]
    pub(crate) drop: bool,
}

fn created() -> Vec<String> {
    vec!["s3:ObjectCreated:*".to_owned()]
}

impl Route {
    fn matches(&self, notice: &Notice) -> bool {
        self.bucket == notice.bucket
            && notice.key.starts_with(&self.prefix)
            && self.events.iter().any(|pattern| event_matches(pattern, &notice.event))
    }

    fn same_place(&self, other: &Self) -> bool {
        self.bucket == other.bucket && self.prefix == other.prefix
    }
}

fn event_matches(pattern: &str, event: &str) -> bool {
    let pattern = pattern.strip_prefix("s3:").unwrap_or(pattern);
    match pattern.strip_suffix('*') {
        Some(start) => event.starts_with(start),
        None => pattern == event,
    }
}

/// All routes. A bucket may have several, and an event goes to every one that matches.
#[derive(Debug, Default)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    /// Adds routes; one with the same bucket and prefix is replaced.
    pub(crate) fn put(&mut self, routes: Vec<Route>) {
        for route in routes {
            self.0.retain(|known| !known.same_place(&route));
            self.0.push(route);
        }
    }

    /// Removes every route of a bucket and returns how many there were.
    pub(crate) fn remove(&mut self, bucket: &str) -> usize {
        let before = self.0.len();
        self.0.retain(|route| route.bucket != bucket);
        before - self.0.len()
    }

    /// All routes, in the order in which they were put.
    pub(crate) fn all(&self) -> &[Route] {
        &self.0
    }

    /// The routes that a notice takes.
    pub(crate) fn matching<'a>(&'a self, notice: &'a Notice) -> impl Iterator<Item = &'a Route> {
        self.0.iter().filter(move |route| route.matches(notice))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn routes(value: Value) -> Routes {
        let mut routes = Routes::default();
        routes.put(serde_json::from_value(value).expect("routes"));
        routes
    }

    fn queues(routes: &Routes, bucket: &str, key: &str, event: &str) -> Vec<String> {
        let notice =
            Notice { bucket: bucket.into(), key: key.into(), event: event.into(), record: Value::Null };
        routes.matching(&notice).map(|route| route.queue_url.clone()).collect()
    }

    #[test]
    fn an_event_goes_to_every_route_that_matches() {
        let routes = routes(json!([
            {"bucket": "b", "queueURL": "all"},
            {"bucket": "b", "prefix": "wire/", "queueURL": "wire"},
            {"bucket": "other", "queueURL": "other"},
        ]));
        assert_eq!(queues(&routes, "b", "wire/a.xml", "ObjectCreated:Put"), ["all", "wire"]);
        assert_eq!(queues(&routes, "b", "a.xml", "ObjectCreated:Copy"), ["all"]);
        assert_eq!(queues(&routes, "b", "a.xml", "ObjectRemoved:Delete"), [""; 0]);
    }

    #[test]
    fn the_same_bucket_and_prefix_are_replaced_and_a_bucket_is_removed_whole() {
        let mut routes = routes(json!([
            {"bucket": "b", "prefix": "p/", "queueURL": "old"},
            {"bucket": "b", "queueURL": "all"},
            {"bucket": "b", "prefix": "p/", "queueURL": "new"},
        ]));
        assert_eq!(queues(&routes, "b", "p/k", "ObjectCreated:Put"), ["all", "new"]);
        assert_eq!(routes.remove("b"), 2);
        assert_eq!(routes.all(), []);
    }

    #[test]
    fn events_are_chosen_as_in_s3() {
        let routes = routes(json!([
            {"bucket": "b", "queueURL": "q", "events": ["s3:ObjectRemoved:*", "s3:ObjectCreated:Copy"]},
        ]));
        assert_eq!(queues(&routes, "b", "k", "ObjectRemoved:Delete"), ["q"]);
        assert_eq!(queues(&routes, "b", "k", "ObjectCreated:Copy"), ["q"]);
        assert_eq!(queues(&routes, "b", "k", "ObjectCreated:Put"), [""; 0]);
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let wrong = json!({"bucket": "b", "queueURL": "q", "suffix": ".xml"});
        assert!(serde_json::from_value::<Route>(wrong).is_err());
    }
}
