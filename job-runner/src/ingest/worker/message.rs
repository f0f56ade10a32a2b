//! Processes one message: each of its records is processed to completion, and then the message is
//! acknowledged.
//!
//! - Objects that landed are processed, removed objects are removed, events of no interest are counted.
//! - A record that is not understood is set aside: it is a failed unit of the bucket
//!   `queue:<name of the queue>`, and is kept in the errors bucket under `messages/`. The other records are
//!   not affected.
//! - A record about another bucket is foreign. The message is released a few times, so that another reader of
//!   the queue can take it, and then set aside in the same way: it is never deleted silently.

use std::time::Duration;

use docmill_clients::clock;
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::units::{UnitId, UnitState, content_digest};
use futures::StreamExt as _;
use serde_json::json;

use super::Worker;
use crate::ingest::commit::removal::{Removal, remove};
use crate::ingest::ledger::errors_bucket;
use crate::ingest::retry::retry_step;
use crate::ingest::source::notification::{
    Event, Notification, RejectedRecord, SetAsideReason, UnlistedRecords,
};
use crate::ingest::source::queue::ReceivedMessage;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::indexing::PATIENCE;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::refusal::Stage;
use crate::ingest::unit::task::{Reprocess, UnitOutcome, UnitTask};
use crate::telemetry;
use crate::telemetry::metrics::Foreign;

/// Units of one message that are processed concurrently.
const UNITS_AT_A_TIME: usize = 8;
/// When a message that could not be finished is retried.
const RELEASE_DELAY: Duration = Duration::from_secs(10);
/// When a foreign message comes back after its first delivery; the delay doubles with each further delivery.
const FOREIGN_DELAY: Duration = Duration::from_secs(2);
/// How often a foreign message is released.
const FOREIGN_RELEASES: i64 = 4;

/// Something that is set aside: a record, or a message as a whole.
struct DeadLetter {
    /// Its name below `messages/`: the id of the message, and the number of the record if there are several.
    id: String,
    body: String,
    reason: Reason,
    /// The reason in words.
    explanation: String,
    /// Where the record lies in the message.
    place: String,
}

impl Worker {
    /// Processes a message to completion: it is acknowledged when everything that it reported is final, and
    /// released otherwise.
    pub(crate) async fn process_message(&self, message: ReceivedMessage) {
        let mut notification = Notification::read(&message.body, &self.processor.spec.raw);
        let events = std::mem::take(&mut notification.events);
        let metrics = &telemetry::worker().metrics;
        for (reason, count) in &notification.ignored {
            metrics.ignored(reason, *count);
        }
        let release_after = foreign_delay(message.receive_count).filter(|_| notification.has_foreign());
        // The two run independently: a unit that cannot be finished now does not hold back the evidence.
        let (retry_after, is_set_aside) = tokio::join!(
            self.process_events(events, &message),
            self.set_aside(&message, &notification, release_after.is_some())
        );
        let all_final = retry_after.is_none() && is_set_aside;
        match release_after.filter(|_| all_final) {
            Some(delay) => {
                metrics.foreign(Foreign::LetGo);
                self.queue.release(&message.receipt, delay).await;
            }
            // The acknowledger ends after everyone who could send it a message.
            None if all_final => drop(self.acknowledge.send(message.receipt)),
            None => {
                let delay = retry_after.filter(|_| is_set_aside).unwrap_or(RELEASE_DELAY);
                self.queue.release(&message.receipt, delay).await;
            }
        }
    }

    /// Processes the events of a message. Returns when the message has to come back, if not all of them are
    /// final.
    async fn process_events(&self, events: Vec<Event>, message: &ReceivedMessage) -> Option<Duration> {
        futures::stream::iter(events)
            .map(|event| self.process_event(event, message))
            .buffer_unordered(UNITS_AT_A_TIME)
            .fold(None, async |soonest: Option<Duration>, outcome| {
                soonest.into_iter().chain(pause(&outcome, message.redelivered_for)).min()
            })
            .await
    }

    async fn process_event(&self, event: Event, message: &ReceivedMessage) -> UnitOutcome {
        match event {
            Event::Landed(landed) => self.process_landed(landed, Reprocess::No, message).await,
            Event::Restored(landed) => self.process_landed(landed, Reprocess::Refused, message).await,
            Event::Removed(object) => {
                match Box::pin(remove(&self.processor.committer, &object, &self.stop.abort)).await {
                    Removal::Ended(outcome) => outcome,
                    Removal::Holds(landed) => self.process(landed, Reprocess::No, message).await,
                }
            }
        }
    }

    /// Processes the version that a notification names. If that version is no longer there, the object that
    /// the key has now is processed too: not every store reports each version that was overwritten, or names
    /// it as the bucket does.
    async fn process_landed(
        &self,
        landed: ObjectRef,
        reprocess: Reprocess,
        message: &ReceivedMessage,
    ) -> UnitOutcome {
        let current = landed.current();
        let outcome = self.process(landed, reprocess, message).await;
        match current.filter(|_| is_bygone(&outcome)) {
            Some(current) => self.process(current, Reprocess::No, message).await,
            None => outcome,
        }
    }

    async fn process(
        &self,
        landed: ObjectRef,
        reprocess: Reprocess,
        message: &ReceivedMessage,
    ) -> UnitOutcome {
        let ReceivedMessage { receive_count, redelivered_for, .. } = *message;
        self.processor.process(UnitTask { landed, attempts: receive_count, redelivered_for, reprocess }).await
    }

    /// Sets aside what is not a notification of this source; foreign records only if the message is not
    /// released. Returns whether all of it is done.
    async fn set_aside(
        &self,
        message: &ReceivedMessage,
        notification: &Notification,
        is_released: bool,
    ) -> bool {
        let is_due =
            |record: &&RejectedRecord| !(is_released && matches!(record.why, SetAsideReason::Foreign(_)));
        let letters = notification
            .set_aside
            .iter()
            .filter(is_due)
            .map(|record| dead_letter(message, notification, record));
        let letters: Vec<DeadLetter> =
            letters.chain(dead_letter_of_rest(message, notification.unlisted, !is_released)).collect();
        let reasons: Vec<Reason> = letters.iter().map(|letter| letter.reason).collect();
        if letters.is_empty() {
            return true;
        }
        let done = futures::stream::iter(letters)
            .map(|letter| self.set_aside_one(letter, message.receive_count))
            .buffer_unordered(UNITS_AT_A_TIME)
            .fold(true, async |all, done| all && done.is_ok());
        let done = Box::pin(done).await;
        // A message that is redelivered is counted on its last delivery.
        for reason in reasons.into_iter().filter(|_| done && !is_released) {
            self.count(reason);
        }
        done
    }

    fn count(&self, reason: Reason) {
        self.processor.committer.counts.add(UnitState::Failed);
        let metrics = &telemetry::worker().metrics;
        metrics.unit(UnitState::Failed, Some(reason.as_str()));
        if reason == Reason::ForeignNotification {
            metrics.foreign(Foreign::SetAside);
        }
    }

    /// Something that is set aside counts as a failed unit: it is kept with the reason, and recorded.
    async fn set_aside_one(&self, letter: DeadLetter, receive_count: i64) -> Result<(), Unfinished> {
        let DeadLetter { id, body, reason, explanation, place } = letter;
        tracing::warn!(
            id,
            place,
            reason = reason.as_str(),
            told = explanation,
            "setting aside a queue record"
        );
        let (committer, stop) = (&self.processor.committer, &self.stop.abort);
        let unit = UnitId {
            bucket: format!("queue:{}", self.queue.name()),
            key: id.clone(),
            version: content_digest([body.as_bytes()]),
        };
        let mut record = committer.recorder.error(unit.clone(), Stage::Receive, reason, &explanation);
        record.attempts = receive_count;
        record.refusals = vec![json!({"reason": reason, "message": explanation, "place": place})];
        retry_step("set aside", stop, || {
            errors_bucket::refuse_message(&committer.s3, &committer.errors, &unit, &body, &record)
        })
        .await?;
        let record =
            committer.recorder.of_message(unit, reason, explanation, receive_count, clock::now_millis());
        retry_step("record", stop, || committer.write_record(&record, None, PATIENCE, stop)).await
    }
}

/// Whether the named version is not there. The record of a unit that was skipped before may say so, too.
fn is_bygone(outcome: &UnitOutcome) -> bool {
    let gone = [SkipReason::ObjectReplaced, SkipReason::ObjectGone].map(SkipReason::as_str);
    match outcome {
        UnitOutcome::Final { state: UnitState::Skipped, reason, .. } => {
            reason.as_deref().is_some_and(|reason| gone.contains(&reason))
        }
        UnitOutcome::Known(state) => *state == UnitState::Skipped,
        _ => false,
    }
}

/// A record to be set aside. If it is the only one of its message, the message is set aside as it came.
fn dead_letter(
    message: &ReceivedMessage,
    notification: &Notification,
    record: &RejectedRecord,
) -> DeadLetter {
    let RejectedRecord { number, place, why, body } = record;
    let (id, body) = match notification.records {
        1 => (message.id.clone(), &message.body),
        _ => (format!("{}.{number}", message.id), body),
    };
    DeadLetter {
        id,
        body: body.clone(),
        reason: why.reason(),
        explanation: why.to_string(),
        place: place.clone(),
    }
}

/// The message as a whole, for the records beyond those that are set aside one by one.
fn dead_letter_of_rest(
    message: &ReceivedMessage,
    unlisted: UnlistedRecords,
    foreign_too: bool,
) -> Option<DeadLetter> {
    let UnlistedRecords { malformed, foreign } = unlisted;
    let foreign = if foreign_too { foreign } else { 0 };
    let reason = if malformed > 0 { Reason::MalformedNotification } else { Reason::ForeignNotification };
    (malformed + foreign > 0).then(|| DeadLetter {
        id: message.id.clone(),
        body: message.body.clone(),
        reason,
        explanation: format!(
            "{malformed} more of its records are no notifications, and {foreign} tell of other buckets than the source's"
        ),
        place: "$".to_owned(),
    })
}

/// When a unit has to be tried again, if it has not completed.
fn pause(outcome: &UnitOutcome, redelivered_for: Duration) -> Option<Duration> {
    match outcome {
        UnitOutcome::Final { .. } | UnitOutcome::Known(_) | UnitOutcome::Nothing => None,
        UnitOutcome::Unfinished => Some(RELEASE_DELAY),
        UnitOutcome::Held(_) => Some(telemetry::held_pause(redelivered_for)),
    }
}

/// The delay after which a foreign message comes back; `None` if it has been released often enough.
fn foreign_delay(receive_count: i64) -> Option<Duration> {
    let before = u32::try_from(receive_count.max(1) - 1).ok()?;
    (receive_count <= FOREIGN_RELEASES).then(|| FOREIGN_DELAY * 2_u32.pow(before))
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::storage::{OnDelete, RawLocation};
    use serde_json::json;

    use super::{ReceivedMessage, dead_letter, dead_letter_of_rest, foreign_delay};
    use crate::ingest::source::notification::Notification;

    #[test]
    fn what_is_somebody_elses_is_let_go_four_times_within_half_a_minute() {
        let delays: Vec<_> =
            (0..=6).map(|receive_count| foreign_delay(receive_count).map(|delay| delay.as_secs())).collect();
        assert_eq!(delays, [Some(2), Some(2), Some(4), Some(8), Some(16), None, None]);
        assert_eq!(foreign_delay(i64::MAX), None);
    }

    /// The names below `messages/` of what a message leaves there.
    fn names(records: usize) -> Vec<String> {
        let body = json!({"Records": vec![json!({}); records]}).to_string();
        let raw = RawLocation {
            bucket: "raw".into(),
            prefix: String::new(),
            suffixes: Vec::new(),
            on_delete: OnDelete::Keep,
        };
        let message = ReceivedMessage {
            id: "m".into(),
            receipt: String::new(),
            body,
            receive_count: 1,
            redelivered_for: std::time::Duration::ZERO,
        };
        let notification = Notification::read(&message.body, &raw);
        let letters =
            notification.set_aside.iter().map(|record| dead_letter(&message, &notification, record).id);
        letters
            .chain(dead_letter_of_rest(&message, notification.unlisted, true).map(|letter| letter.id))
            .collect()
    }

    #[test]
    fn each_thing_that_is_set_aside_has_a_name_of_its_own() {
        assert_eq!(names(1), ["m"], "a message of one record is set aside as it came");
        assert_eq!(names(2), ["m.0", "m.1"]);
        let many = names(500);
        assert_eq!((many.len(), many[99].as_str(), many[100].as_str()), (101, "m.99", "m"));
    }
}
