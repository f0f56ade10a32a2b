//! Which requests a rule is about. Pure.

use hyper::body::Bytes;
use hyper::http::request::Parts;

/// A request, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Method, path and headers.
    pub(super) head: Parts,
    /// The whole body.
    pub(super) body: Bytes,
}

/// Holds for a request when each of its parts does; one without parts holds for all.
#[derive(Clone, Debug, Default)]
pub struct Match(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Method(&'static str),
    Path(String),
    Body(String),
    Header(&'static str, bool),
    HeaderHas(&'static str, String),
    Target(&'static str),
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// The method is this one.
    pub fn method(self, method: &'static str) -> Self {
        self.and(Part::Method(method))
    }

    /// Path and query, as they are on the wire, contain this.
    pub fn path(self, text: impl Into<String>) -> Self {
        self.and(Part::Path(text.into()))
    }

    /// The body contains this.
    pub fn body(self, text: impl Into<String>) -> Self {
        self.and(Part::Body(text.into()))
    }

    /// There is such a header.
    pub fn header(self, name: &'static str) -> Self {
        self.and(Part::Header(name, true))
    }

    /// There is no such header.
    pub fn no_header(self, name: &'static str) -> Self {
        self.and(Part::Header(name, false))
    }

    /// There is such a header, and it contains this.
    pub fn header_has(self, name: &'static str, text: impl Into<String>) -> Self {
        self.and(Part::HeaderHas(name, text.into()))
    }

    /// An operation of the queue service: the last word of its `X-Amz-Target`.
    pub fn target(self, operation: &'static str) -> Self {
        self.and(Part::Target(operation))
    }

    fn and(mut self, part: Part) -> Self {
        self.0.push(part);
        self
    }

    pub(super) fn holds(&self, asked: &Asked) -> bool {
        self.0.iter().all(|part| part.holds(asked))
    }
}

impl Part {
    fn holds(&self, asked: &Asked) -> bool {
        let Asked { head, body } = asked;
        match self {
            Self::Method(method) => head.method.as_str() == *method,
            Self::Path(text) => {
                head.uri.path_and_query().is_some_and(|path| path.as_str().contains(text.as_str()))
            }
            Self::Body(text) => body.windows(text.len().max(1)).any(|window| window == text.as_bytes()),
            Self::Header(name, wanted) => head.headers.contains_key(*name) == *wanted,
            Self::HeaderHas(name, text) => {
                let value = head.headers.get(*name).and_then(|value| value.to_str().ok());
                value.is_some_and(|value| value.contains(text.as_str()))
            }
            Self::Target(operation) => {
                let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
                target.is_some_and(|target| target.rsplit('.').next() == Some(operation))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::{Asked, Match};

    fn asked() -> Asked {
        let request =
            Request::put("http://s3/raw/wire/a.xml?x-id=Put").header("X-Amz-Target", "AmazonSQS.Send");
        let (head, ()) = request.body(()).expect("a request").into_parts();
        Asked { head, body: "{\"Queue\":1}".into() }
    }

    #[test]
    fn every_part_has_to_hold() {
        let all = Match::any().method("PUT").path("/raw/").path("x-id=Put").body("Queue").target("Send");
        assert!(all.holds(&asked()) && Match::any().holds(&asked()));
        assert!(all.clone().header("x-amz-target").no_header("range").holds(&asked()));
        assert!(all.clone().header_has("x-amz-target", "SQS.S").holds(&asked()));
        for other in [
            Match::any().method("GET"),
            Match::any().path("/json/"),
            Match::any().body("queue"),
            Match::any().target("SendMessageBatch"),
            Match::any().header("range"),
            Match::any().no_header("x-amz-target"),
            Match::any().header_has("x-amz-target", "SNS"),
            Match::any().header_has("range", ""),
        ] {
            assert!(!other.holds(&asked()), "{other:?}");
        }
    }
}
