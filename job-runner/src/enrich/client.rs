//! Requests to model servers: sent, tried again, and cut in halves where one document spoils a batch.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio_util::sync::CancellationToken;

use super::EnrichError;
use super::inference::{self, Answer, AnswerError, Refusal};
use super::recipe::Model;
use crate::cause::innermost;
use crate::retry::{Backoff, Patience, Waited};

/// How often an answer that cannot be used is asked for again, before a document is blamed for it.
const BROKEN_ANSWERS: u32 = 1;
/// The longest answer that is read: 1,024 documents with vectors of 8,192 numbers as text.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// What a model said of one document: its answer, or why it gives none.
pub(super) type Reply = Result<Answer, String>;

/// Sends requests to model servers.
pub(super) struct ModelClient {
    http: reqwest::Client,
    patience: Patience,
}

/// Why a request brought no answers.
enum Trouble {
    /// The same again, after at least this long.
    Later(String, Duration),
    /// The answer cannot be used.
    Broken(String),
    /// The request was refused; one of its documents may be the guilty one.
    Batch(String),
    /// No request to this model would fare better.
    Unfit(String),
}

impl ModelClient {
    /// A client that is so patient with models that are away.
    pub(super) fn new(patience: Patience) -> Result<Self, EnrichError> {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self { http: http.map_err(|error| EnrichError::Http(innermost(&error)))?, patience })
    }

    /// Asks a model for some documents, a batch: `documents[i]` holds the texts of document `i`. Gives one reply a
    /// document, in their order. A batch that is refused is cut in halves until the guilty document is alone. Every
    /// request that is sent counts as a call.
    pub(super) async fn ask(
        &self,
        model: &Model,
        documents: &[&[String]],
        stop: &CancellationToken,
        calls: &mut u64,
    ) -> Result<Vec<Reply>, EnrichError> {
        let mut replies = Vec::with_capacity(documents.len());
        // The first part is on top, so that replies come in the order of the documents.
        let mut parts = vec![documents];
        while let Some(part) = parts.pop() {
            match (self.ask_part(model, part, stop, calls).await?, part) {
                (Ok(answers), _) => replies.extend(answers.into_iter().map(Ok)),
                (Err(reason), [_]) => replies.push(Err(reason)),
                (Err(_), _) => {
                    let (first, second) = part.split_at(part.len().div_ceil(2));
                    parts.extend([second, first]);
                }
            }
        }
        Ok(replies)
    }

    /// Asks until there are answers (one a document) or the request is refused for good.
    async fn ask_part(
        &self,
        model: &Model,
        part: &[&[String]],
        stop: &CancellationToken,
        calls: &mut u64,
    ) -> Result<Result<Vec<Answer>, String>, EnrichError> {
        let name = || model.enricher.open_inference.model.clone();
        let mut backoff = Backoff::new(self.patience);
        let mut broken = 0;
        loop {
            if stop.is_cancelled() {
                return Err(EnrichError::Stopped);
            }
            *calls += 1;
            let (reason, at_least) = match self.send(model, part).await {
                Ok(answers) => return Ok(Ok(answers)),
                Err(Trouble::Batch(reason)) => return Ok(Err(reason)),
                Err(Trouble::Unfit(reason)) => return Err(EnrichError::ModelUnfit { model: name(), reason }),
                Err(Trouble::Broken(reason)) if broken == BROKEN_ANSWERS => return Ok(Err(reason)),
                Err(Trouble::Broken(reason)) => {
                    broken += 1;
                    (reason, Duration::ZERO)
                }
                Err(Trouble::Later(reason, at_least)) => (reason, at_least),
            };
            tracing::warn!(model = name(), documents = part.len(), reason, "asking the model again");
            match backoff.wait(at_least, stop).await {
                Waited::Again => {}
                Waited::Stopped => return Err(EnrichError::Stopped),
                Waited::Exhausted => return Err(EnrichError::ModelAway { model: name(), reason }),
            }
        }
    }

    /// Sends one request and reads its answer.
    async fn send(&self, model: &Model, part: &[&[String]]) -> Result<Vec<Answer>, Trouble> {
        let enricher = &model.enricher;
        let id = format!("{:016x}", fastrand::u64(..));
        let seconds = u64::try_from(enricher.timeout_seconds).unwrap_or(1);
        let request = self
            .http
            .post(inference::path(&enricher.open_inference))
            .header(CONTENT_TYPE, "application/json")
            .timeout(Duration::from_secs(seconds))
            .body(inference::write(&id, &enricher.inputs, part));
        let answer = request.send().await.map_err(|error| away(&error))?;
        let (status, pause) = (answer.status().as_u16(), retry_after(&answer));
        let body = read_body(answer).await?;
        if status != 200 {
            return Err(match inference::judge(status, &body) {
                Refusal::Later(reason) => Trouble::Later(reason, pause),
                Refusal::Batch(reason) => Trouble::Batch(reason),
                Refusal::Unfit(reason) => Trouble::Unfit(reason),
            });
        }
        inference::read(&body, &id, enricher, part.len()).map_err(|error| match error {
            AnswerError::Unfit(reason) => Trouble::Unfit(reason),
            AnswerError::Broken(_) => Trouble::Broken(error.to_string()),
        })
    }
}

/// A request that got no whole answer: refused or broken connections, timeouts. An address that cannot be one does
/// not get better.
fn away(error: &reqwest::Error) -> Trouble {
    if error.is_builder() {
        return Trouble::Unfit(format!("its URL cannot be used: {}", innermost(error)));
    }
    let reason = if error.is_timeout() { "no answer in time".to_owned() } else { innermost(error) };
    Trouble::Later(reason, Duration::ZERO)
}

/// `Retry-After` in seconds; the form with a date is passed over, its own pauses will do.
fn retry_after(answer: &reqwest::Response) -> Duration {
    let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Duration::from_secs(seconds.and_then(|seconds| seconds.trim().parse().ok()).unwrap_or(0))
}

async fn read_body(mut answer: reqwest::Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| away(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(Trouble::Batch(format!("its answer has more than {ANSWER_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
