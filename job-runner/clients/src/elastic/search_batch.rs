//! Joins searches that arrive within a short time into one `_msearch`: many small questions to one cluster then cost
//! one request.

pub(super) mod pending_searches;

use std::time::Duration;

use bytes::Bytes;
use elasticsearch::http::Method;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use self::pending_searches::{JoinedSearch, PendingSearch};
use super::client::{Elastic, parse};
use super::error::{ElasticError, ErrorCause};
use crate::outbound::Cap;

/// How long the first search waits for others.
const WINDOW: Duration = Duration::from_millis(50);
/// Maximum number of searches of one request.
const MOST: usize = 50;
/// A request with a status below this, other than a success, is refused for what it is: this cluster, or these
/// credentials, may allow single searches all the same.
const TOO_MANY_REQUESTS: u16 = 429;

impl Elastic {
    /// The same as [`Elastic::search`], in one request with the searches of other clones that arrive within a moment.
    pub async fn search_joined(&self, index: &str, body: &Value) -> Result<JoinedSearch, ElasticError> {
        let (sender, receiver) = oneshot::channel();
        let search = PendingSearch { index: index.to_owned(), body: body.clone(), sender };
        if self.searches.push(search) {
            // A task of its own: whoever came first may stop waiting, and the others do not.
            tokio::spawn(self.clone().send_searches());
        }
        receiver.await.unwrap_or(Err(ElasticError::Stopped))
    }

    async fn send_searches(self) {
        tokio::time::sleep(WINDOW).await;
        let mut pending = self.searches.take();
        while !pending.is_empty() {
            let rest = pending.split_off(pending.len().min(MOST));
            self.send_together(pending).await;
            pending = rest;
        }
    }

    async fn send_together(&self, pending: Vec<PendingSearch>) {
        let answers = match pending.as_slice() {
            [single] => Ok(vec![self.search(&single.index, &single.body).await]),
            several => self.multi_search(several).await,
        };
        match answers {
            Ok(answers) => {
                for (at, (search, answer)) in pending.into_iter().zip(answers).enumerate() {
                    search.answer(answer, at == 0);
                }
            }
            Err(ElasticError::Refused(fault)) if fault.status < TOO_MANY_REQUESTS => {
                for search in pending {
                    let answer = self.search(&search.index, &search.body).await;
                    search.answer(answer, true);
                }
            }
            Err(error) => {
                for search in pending {
                    search.answer(Err(error.clone()), false);
                }
            }
        }
    }

    async fn multi_search(
        &self,
        searches: &[PendingSearch],
    ) -> Result<Vec<Result<Value, ElasticError>>, ElasticError> {
        let body = lines(searches.iter().map(|search| (search.index.as_str(), &search.body)));
        let answer = self.send_bytes(Method::Post, "/_msearch", Some(body), Cap::Page).await?;
        read(parse(&answer)?, searches.len())
    }
}

/// Two lines for each search: where, by the same rules as a single search, and what.
fn lines<'a>(searches: impl Iterator<Item = (&'a str, &'a Value)>) -> Bytes {
    let lines = searches.flat_map(|(index, body)| {
        let head = json!({
            "index": index,
            "ignore_unavailable": true,
            "allow_no_indices": true,
            "allow_partial_search_results": false,
        });
        [head.to_string(), body.to_string()]
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    text.push('\n');
    Bytes::from(text)
}

/// Reads the response: an answer, or an error, for each search, in their order.
fn read(answer: Value, searches: usize) -> Result<Vec<Result<Value, ElasticError>>, ElasticError> {
    let answers = match answer {
        Value::Object(mut fields) => fields.remove("responses"),
        _ => None,
    };
    match answers {
        Some(Value::Array(answers)) if answers.len() == searches => {
            Ok(answers.into_iter().map(read_one).collect())
        }
        _ => Err(ElasticError::Unreadable("a multi-search without an answer for each search".to_owned())),
    }
}

fn read_one(answer: Value) -> Result<Value, ElasticError> {
    let Some(error) = answer.get("error") else { return Ok(answer) };
    let status = answer.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    Err(ElasticError::Refused(ErrorCause::of_error(status.unwrap_or(500), error)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{lines, read};
    use crate::elastic::error::ElasticError;

    #[test]
    fn each_search_is_two_lines() {
        let (one, other) = (json!({"size": 0}), json!({"size": 1}));
        let body = lines([("units-a", &one), ("units-b", &other)].into_iter());
        let text = std::str::from_utf8(&body).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].contains(r#""index":"units-a""#) && lines[0].contains("allow_partial"), "{text}");
        assert_eq!((lines[1], lines[3]), (r#"{"size":0}"#, r#"{"size":1}"#));
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn one_search_that_fails_leaves_the_others_their_answers() {
        let failed = json!({"error": {"type": "security_exception", "reason": "no"}, "status": 403});
        let answers = json!({"took": 1, "responses": [{"hits": {}}, failed]});
        let answers = read(answers, 2).unwrap();
        assert_eq!(answers[0].as_ref().unwrap(), &json!({"hits": {}}));
        let Err(ElasticError::Refused(fault)) = &answers[1] else { panic!("{answers:?}") };
        assert_eq!((fault.status, fault.kind.as_str()), (403, "security_exception"));
        assert!(read(json!({"responses": []}), 1).is_err());
        assert!(read(json!({"hello": "world"}), 1).is_err());
    }
}
