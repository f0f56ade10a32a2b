//! Calls a model for a batch: sends requests, retries them, and splits the batch in halves if one document
//! spoils it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use docmill_clients::cause::{self, innermost};
use docmill_clients::model_server::link::MountedLink;
use docmill_clients::model_server::protocol::{self, AnswerError, CallError, Refusal, Reply};
use docmill_clients::outbound::gates::Gate;
use docmill_clients::outbound::http::AnswerFault;
use docmill_clients::outbound::{self, EndpointFault, tls};
use docmill_clients::retry::{Backoff, BackoffOutcome, RetryPolicy};
use docmill_clients::store_health;
use docmill_crds::contract::{Store, StoreProblemReason};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::enrich::error::EnrichError;
use crate::enrich::model::input::head;
use crate::enrich::model::limits::Limits;
use crate::enrich::model::truncation::{self, RefusedRequest, Shortening};
use crate::enrich::records::budget::Budget;
use crate::enrich::records::shared_counts::SharedCounts;
use crate::enrich::slice_plan::PlannedEnricher;

/// How often a request is repeated because of an unusable response, before a document is blamed for it.
const BROKEN_ANSWERS: u32 = 1;
/// How often a model may fail on the same documents before they are sent separately.
const FAILURES_TOGETHER: u32 = 3;
/// The longest response that is read: 1,024 documents with vectors of 8,192 numbers as text.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// Calls one model.
pub(crate) struct ModelClient<'a> {
    pub(crate) model: &'a PlannedEnricher,
    pub(crate) link: &'a MountedLink,
    pub(crate) limits: Limits,
    pub(crate) budget: &'a Budget,
    pub(crate) counts: &'a SharedCounts,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) stop: &'a CancellationToken,
    /// Responses so far, which distinguish a model that is down from one that fails on a document.
    pub(crate) answers: AtomicU64,
    /// How long texts may be, if longer ones are cut.
    pub(crate) shortening: Shortening,
}

/// Why a request returned no answers.
enum Trouble {
    /// It was never sent: connecting failed.
    Unsent(String),
    /// Retry the same request, after at least this long.
    Later { problem: StoreProblemReason, reason: String, min_pause: Duration },
    /// The model failed on it, or is slow: it may be down, or one of the documents is too much for it.
    Fault { problem: StoreProblemReason, reason: String },
    /// The response is unusable.
    Broken(String),
    /// The request was rejected; one of its documents may be the cause.
    Batch(RefusedRequest),
    /// The response is not of the form that the enricher describes.
    Unexpected(String),
    /// No request to this model would fare better.
    Unfit(String),
    /// The credentials are rejected.
    Unauthorized(String),
}

/// Documents of a batch that are sent together, by their positions.
struct BatchPart {
    positions: Vec<usize>,
    /// The model's previous result for them was unusable.
    is_retry: bool,
}

impl ModelClient<'_> {
    /// Calls the model for a batch of documents: `documents[i]` holds the inputs of document `i`. Returns one
    /// reply per document, in their order. A rejected batch is split in halves until the document that causes
    /// it is alone; a document whose result is unusable is sent once more. A text that is too long for a
    /// model which truncates is cut.
    pub(crate) async fn ask(&self, documents: &[Vec<String>]) -> Result<Vec<Reply>, EnrichError> {
        let mut replies: Vec<Option<Reply>> = vec![None; documents.len()];
        let mut parts = vec![BatchPart { positions: (0..documents.len()).collect(), is_retry: false }];
        let answers_before = self.answers.load(Ordering::Relaxed);
        let mut may_be_the_longest = self.shortening.is_enabled;
        while let Some(BatchPart { positions, is_retry }) = parts.pop() {
            let texts: Vec<Cow<'_, [String]>> =
                positions.iter().map(|&at| self.shortening.cut(&documents[at])).collect();
            let inputs: Vec<&[String]> = texts.iter().map(AsRef::as_ref).collect();
            match (self.ask_part(&inputs, answers_before).await?, positions.as_slice()) {
                (Ok(found), _) => {
                    let mut unusable = Vec::new();
                    for (&position, reply) in positions.iter().zip(found) {
                        match reply {
                            Err(_) if !is_retry => unusable.push(position),
                            reply => replies[position] = Some(reply),
                        }
                    }
                    if !unusable.is_empty() {
                        parts.push(BatchPart { positions: unusable, is_retry: true });
                    }
                }
                (Err(refused), &[position]) => {
                    replies[position] = Some(self.ask_shorter(&texts[0], refused, answers_before).await?);
                }
                (Err(refused), positions) => {
                    let part = |positions: &[usize]| BatchPart { positions: positions.to_vec(), is_retry };
                    // Only once: if it is not the longest, the cause is something else.
                    let longest_alone = may_be_the_longest.then(|| truncation::longest(&texts)).flatten();
                    if let (Some(longest), Some(_)) = (longest_alone, &refused.too_long) {
                        may_be_the_longest = false;
                        let mut others = positions.to_vec();
                        let longest = others.remove(longest);
                        parts.extend([part(&others), part(&[longest])]);
                        continue;
                    }
                    let (first, second) = positions.split_at(positions.len().div_ceil(2));
                    parts.extend([part(second), part(first)]);
                }
            }
        }
        Ok(replies.into_iter().map(|reply| reply.unwrap_or_else(|| Err("no answer".to_owned()))).collect())
    }

    /// Retries a document that was rejected alone, with less and less of its text, if its length may be the
    /// cause.
    async fn ask_shorter(
        &self,
        texts: &[String],
        mut refused: RefusedRequest,
        answers_before: u64,
    ) -> Result<Reply, EnrichError> {
        let (true, [text]) = (self.shortening.is_enabled, texts) else { return Ok(Err(refused.reason)) };
        let mut characters = text.chars().count();
        for _ in 0..truncation::CUTS {
            let Some(shorter) = refused.shorter(characters) else { break };
            self.shortening.record_refused(characters);
            characters = shorter;
            let cut = [head(text, shorter).to_owned()];
            match self.ask_part(&[&cut], answers_before).await? {
                Ok(mut replies) => {
                    self.shortening.record_accepted(characters);
                    return Ok(replies.pop().unwrap_or_else(|| Err("no answer".to_owned())));
                }
                Err(again) => refused = again,
            }
        }
        Ok(Err(refused.reason))
    }

    /// Retries until there are answers (one per document) or the request is rejected permanently.
    async fn ask_part(
        &self,
        part: &[&[String]],
        answers_before: u64,
    ) -> Result<Result<Vec<Reply>, RefusedRequest>, EnrichError> {
        let mut backoff = Backoff::new(self.retry_policy);
        let (mut broken_answers, mut failures) = (0, 0);
        let mut problem_guard = store_health::global().held_up();
        loop {
            let (problem, reason, min_pause) = match self.try_once(part).await? {
                Ok(replies) => {
                    self.answers.fetch_add(1, Ordering::Relaxed);
                    return Ok(Ok(replies));
                }
                Err(Trouble::Batch(refused)) => return Ok(Err(refused)),
                Err(Trouble::Unauthorized(_)) if self.link.renew()? => continue,
                // Others were answered in the right form, so it is about one of these documents.
                Err(Trouble::Unexpected(reason)) if self.answers.load(Ordering::Relaxed) > 0 => {
                    return Ok(Err(reason.into()));
                }
                Err(Trouble::Unexpected(reason) | Trouble::Unfit(reason) | Trouble::Unauthorized(reason)) => {
                    return Err(self.unfit(&reason));
                }
                Err(Trouble::Broken(reason)) if broken_answers == BROKEN_ANSWERS => {
                    return Ok(Err(reason.into()));
                }
                Err(Trouble::Broken(reason)) => {
                    broken_answers += 1;
                    (None, reason, Duration::ZERO)
                }
                Err(Trouble::Fault { problem, reason }) => {
                    failures += 1;
                    let others_fare_better = self.answers.load(Ordering::Relaxed) > answers_before;
                    if failures >= FAILURES_TOGETHER && (part.len() > 1 || others_fare_better) {
                        return Ok(Err(reason.into()));
                    }
                    ((!others_fare_better).then_some(problem), reason, Duration::ZERO)
                }
                Err(Trouble::Unsent(reason)) => {
                    (Some(StoreProblemReason::Unreachable), reason, Duration::ZERO)
                }
                Err(Trouble::Later { problem, reason, min_pause }) => (Some(problem), reason, min_pause),
            };
            let model = self.model.model();
            tracing::warn!(model, documents = part.len(), reason, "asking the model again");
            problem_guard.set(
                problem.map(|problem| (Store::Model, problem)),
                &format!("{model}: {}", protocol::without_words(&reason)),
            );
            match backoff.wait(min_pause, self.stop).await {
                BackoffOutcome::Again => {}
                BackoffOutcome::Stopped => return Err(EnrichError::Stopped),
                BackoffOutcome::Exhausted => {
                    let (model, reason) = (self.model.model().to_owned(), protocol::without_words(&reason));
                    return Err(EnrichError::ModelAway { model, reason: reason.to_owned() });
                }
            }
        }
    }

    /// What the server said goes only to the log.
    fn unfit(&self, reason: &str) -> EnrichError {
        let model = self.model.model();
        tracing::error!(model, reason, "the model cannot be used");
        EnrichError::ModelUnfit {
            model: model.to_owned(),
            reason: protocol::without_words(reason).to_owned(),
        }
    }

    /// Sends one request when it is its turn, within the budget, and counts it. A request that was never sent
    /// is given back to the budget.
    async fn try_once(&self, part: &[&[String]]) -> Result<Result<Vec<Reply>, Trouble>, EnrichError> {
        let characters = part.iter().copied().flatten().map(|text| text.chars().count() as u64).sum();
        let permit = self.limits.enter(self.stop).await.ok_or(EnrichError::Stopped)?;
        // After the permit was acquired, so that what is taken is also spent.
        self.budget.take(1, characters, self.stop).await?;
        self.counts.count(|counts| {
            counts.calls += 1;
            counts.input_characters += characters;
        });
        let result = self.send(part).await;
        if matches!(result, Err(Trouble::Unsent(_))) {
            self.counts.count(|counts| {
                counts.calls -= 1;
                counts.input_characters -= characters;
            });
            self.budget.give_back(1, characters).await;
        }
        let pushed_back =
            matches!(result, Err(Trouble::Unsent(_) | Trouble::Later { .. } | Trouble::Fault { .. }));
        self.limits.leave(permit, pushed_back);
        Ok(result)
    }

    /// Waits until the limits of the model's connection allow one more request.
    async fn turn(&self) -> Result<Option<SemaphorePermit<'_>>, Trouble> {
        let Some(gate) = self.link.gate() else { return Ok(None) };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Trouble::Unsent("the worker is asked to end".to_owned())),
            slot = gate.enter() => Ok(slot),
        }
    }

    /// How long one request may take.
    fn timeout(&self) -> Duration {
        let own = Duration::from_secs(u64::try_from(self.model.enricher.timeout_seconds).unwrap_or(1));
        self.link.gate().and_then(Gate::timeout).map_or(own, |shorter| shorter.min(own))
    }

    /// Sends one request and reads its response.
    async fn send(&self, part: &[&[String]]) -> Result<Vec<Reply>, Trouble> {
        let id = format!("{:016x}", fastrand::u64(..));
        let call = protocol::call(&self.model.enricher, &id, part)?;
        let link = self.link.now();
        link.check(&call.url).map_err(|fault| Trouble::Unfit(fault.to_string()))?;
        let _slot = self.turn().await?;
        let request = link
            .http
            .post(call.url)
            .header(CONTENT_TYPE, "application/json")
            .headers(call.headers)
            .headers(link.headers.clone())
            .timeout(self.timeout())
            .body(call.body);
        let answer = request.send().await.map_err(|error| away(&error))?;
        let (status, min_pause) = (answer.status().as_u16(), retry_after(&answer));
        if !protocol::has_results(&self.model.enricher, status) {
            let body = outbound::http::read_error(answer).await;
            return Err(match protocol::judge(status, &body) {
                Refusal::Later(reason) => {
                    Trouble::Later { problem: status_problem(status), reason, min_pause }
                }
                Refusal::Fault(reason) => Trouble::Fault { problem: status_problem(status), reason },
                Refusal::Batch(reason) => {
                    Trouble::Batch(RefusedRequest::from_response(status, &body, reason))
                }
                Refusal::Unfit(reason) => Trouble::Unfit(reason),
                Refusal::Unauthorized(reason) => Trouble::Unauthorized(reason),
            });
        }
        let body = link.read(answer, ANSWER_BYTES).await.map_err(|fault| match fault {
            AnswerFault::TooLarge(_) => Trouble::Batch(fault.to_string().into()),
            AnswerFault::Broken(error) => away(&error),
        })?;
        Ok(protocol::read(&self.model.enricher, &id, &body, part.len())?)
    }
}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Unfit(reason) => Self::Unfit(reason),
            CallError::Document(reason) => Self::Batch(reason.into()),
        }
    }
}

impl From<AnswerError> for Trouble {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Unfit(_) => Self::Unfit(error.to_string()),
            AnswerError::Unexpected(_) => Self::Unexpected(error.to_string()),
            AnswerError::Broken(_) => Self::Broken(error.to_string()),
        }
    }
}

/// Classifies a request without a complete response: refused or broken connections, timeouts. An invalid
/// address does not get better.
fn away(error: &reqwest::Error) -> Trouble {
    if error.is_builder() {
        return Trouble::Unfit(format!("its URL cannot be used: {}", innermost(error)));
    }
    if let Some(fault) = cause::find::<EndpointFault>(error) {
        return Trouble::Unfit(fault.to_string());
    }
    if let Some((whose, text)) = tls::distrust(error) {
        return Trouble::Unsent(format!("{text}; {}", whose.advice()));
    }
    if error.is_connect() {
        return Trouble::Unsent(innermost(error));
    }
    if error.is_timeout() {
        return Trouble::Fault {
            problem: StoreProblemReason::TimedOut,
            reason: "no answer in time".to_owned(),
        };
    }
    Trouble::Later {
        problem: StoreProblemReason::Unreachable,
        reason: innermost(error),
        min_pause: Duration::ZERO,
    }
}

/// The problem that a model with such a status has.
fn status_problem(status: u16) -> StoreProblemReason {
    if status == 429 { StoreProblemReason::Throttled } else { StoreProblemReason::Unavailable }
}

/// `Retry-After` in seconds; the form with a date is ignored, as the worker's own pauses suffice.
fn retry_after(answer: &reqwest::Response) -> Duration {
    let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Duration::from_secs(seconds.and_then(|seconds| seconds.trim().parse().ok()).unwrap_or(0))
}
