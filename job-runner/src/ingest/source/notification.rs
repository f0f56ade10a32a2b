//! Parses a queue message: which objects landed, and which were removed. Pure.
//!
//! A message has one or many records, bare or in envelopes ([`envelope`]): S3 → SQS, S3 → SNS → SQS (with the
//! SNS envelope or raw), EventBridge → SQS, and nested combinations of these. Each record is parsed
//! separately ([`record`]), by the name of its event ([`names`]), and has one result: an object to look at,
//! an event of no interest that is counted by its name, or something that is set aside. Whatever is not
//! understood is set aside, without affecting the other records.

mod envelope;
mod event;
mod names;
mod record;

pub use event::{Event, RecordError};

use std::collections::BTreeMap;
use std::fmt;

use docmill_crds::api::storage::RawLocation;
use docmill_crds::reason::Reason;
use serde_json::Value;

use envelope::{Inner, Unwrapped};
use event::{MAX_DEPTH, excerpt};
use record::{Leaf, ParsedRecord};

/// How many records of one message are set aside one by one. Any further ones are set aside as the message
/// that they came in.
const MAX_SET_ASIDE: usize = 100;

/// Why a record is set aside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetAsideReason {
    /// It is not a notification.
    #[error("{0}")]
    Malformed(RecordError),
    /// It is about another bucket.
    #[error("it tells of the bucket {0:?}, which is not that of the source")]
    Foreign(String),
}

impl SetAsideReason {
    /// The reason code of its unit.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Malformed(_) => Reason::MalformedNotification,
            Self::Foreign(_) => Reason::ForeignNotification,
        }
    }
}

/// A record that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// Its number among all records of the message, from 0.
    pub number: usize,
    /// Its place in the message, as a `JSONPath`.
    pub place: String,
    /// Why.
    pub why: SetAsideReason,
    /// The record: JSON, or what should have been.
    pub body: String,
}

/// A parsed message. Each record is counted once: [`Notification::records`] is the sum of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// How many records it has; at least one.
    pub records: usize,
    /// Its events about objects of the source.
    pub events: Vec<Event>,
    /// Records of no interest, by the names of their events or [`NOT_COVERED`].
    pub ignored: BTreeMap<&'static str, u64>,
    /// Records that are set aside, up to the limit.
    pub set_aside: Vec<RejectedRecord>,
    /// How many more there are, by whether they are foreign.
    pub unlisted: UnlistedRecords,
}

/// Records beyond those that are set aside one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnlistedRecords {
    /// Records that are not notifications.
    pub malformed: usize,
    /// Records about another bucket.
    pub foreign: usize,
}

/// The name under which objects of the source's bucket are ignored that its prefix or suffixes exclude.
pub const NOT_COVERED: &str = "NotCovered";

impl Notification {
    /// Parses the body of a message for a source that takes these objects. Every record has a result: there
    /// is no error.
    pub fn read(body: &str, raw: &RawLocation) -> Self {
        let mut reader = Reader { raw, notification: Self::default() };
        let place = MessagePlace { within: None, step: MessageStep::Root };
        match serde_json::from_str(body) {
            Ok(value) => reader.read(&value, &place, 0),
            Err(error) => {
                let why = SetAsideReason::Malformed(RecordError::NotJson(error.to_string()));
                reader.set_aside(why, &place, || body.to_owned());
            }
        }
        reader.notification
    }

    /// Whether a record is about another bucket.
    pub fn has_foreign(&self) -> bool {
        let foreign = |record: &RejectedRecord| matches!(record.why, SetAsideReason::Foreign(_));
        self.unlisted.foreign > 0 || self.set_aside.iter().any(foreign)
    }
}

/// Reads records into a message.
struct Reader<'a> {
    raw: &'a RawLocation,
    notification: Notification,
}

impl Reader<'_> {
    fn read(&mut self, value: &Value, place: &MessagePlace<'_>, depth: usize) {
        if depth > MAX_DEPTH {
            return self.malformed(RecordError::TooDeep, value, place);
        }
        match envelope::open(value) {
            Unwrapped::Confirmation => self.malformed(RecordError::Confirmation, value, place),
            Unwrapped::Record => self.take(value, place),
            Unwrapped::Envelope(field, Inner::Text(text)) => {
                let place = place.step(MessageStep::Field(field));
                match serde_json::from_str(text) {
                    Ok(inner) => self.read(&inner, &place, depth + 1),
                    Err(error) => self.malformed(RecordError::NotJson(error.to_string()), value, &place),
                }
            }
            Unwrapped::Envelope(field, Inner::Value(inner)) => {
                self.read(inner, &place.step(MessageStep::Field(field)), depth + 1);
            }
            Unwrapped::List(_, []) => self.malformed(RecordError::NoRecord, value, place),
            Unwrapped::List(field, items) => {
                let place = place.step(field.map_or(MessageStep::Root, MessageStep::Field));
                for (number, item) in items.iter().enumerate() {
                    self.read(item, &place.step(MessageStep::Item(number)), depth + 1);
                }
            }
        }
    }

    /// Takes a record, with all envelopes removed.
    fn take(&mut self, value: &Value, place: &MessagePlace<'_>) {
        let parsed = match record::read(value) {
            Ok(parsed) => parsed,
            Err(error) => return self.malformed(error, value, place),
        };
        if let Some(bucket) = parsed.bucket().filter(|bucket| *bucket != self.raw.bucket) {
            let why = SetAsideReason::Foreign(excerpt(bucket));
            return self.set_aside(why, place, || value.to_string());
        }
        self.notification.records += 1;
        match parsed {
            ParsedRecord::Ignored(Leaf { name, .. }) => self.ignore(name),
            ParsedRecord::Event(event) if self.raw.covers(&event.object().bucket, &event.object().key) => {
                self.notification.events.push(event);
            }
            ParsedRecord::Event(_) => self.ignore(NOT_COVERED),
        }
    }

    fn ignore(&mut self, name: &'static str) {
        *self.notification.ignored.entry(name).or_default() += 1;
    }

    fn malformed(&mut self, error: RecordError, value: &Value, place: &MessagePlace<'_>) {
        self.set_aside(SetAsideReason::Malformed(error), place, || value.to_string());
    }

    fn set_aside(&mut self, why: SetAsideReason, place: &MessagePlace<'_>, body: impl FnOnce() -> String) {
        let Notification { records, set_aside, unlisted, .. } = &mut self.notification;
        let number = *records;
        *records += 1;
        if set_aside.len() < MAX_SET_ASIDE {
            return set_aside.push(RejectedRecord { number, place: place.to_string(), why, body: body() });
        }
        *match why {
            SetAsideReason::Malformed(_) => &mut unlisted.malformed,
            SetAsideReason::Foreign(_) => &mut unlisted.foreign,
        } += 1;
    }
}

/// The place of something in a message. Its text is built only when it is reported.
struct MessagePlace<'a> {
    within: Option<&'a MessagePlace<'a>>,
    step: MessageStep,
}

/// One step into a message.
enum MessageStep {
    Root,
    Field(&'static str),
    Item(usize),
}

impl MessagePlace<'_> {
    const fn step(&self, step: MessageStep) -> MessagePlace<'_> {
        MessagePlace { within: Some(self), step }
    }
}

impl fmt::Display for MessagePlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(within) = self.within {
            within.fmt(f)?;
        }
        match self.step {
            MessageStep::Root if self.within.is_none() => f.write_str("$"),
            MessageStep::Root => Ok(()),
            MessageStep::Field(name) => write!(f, ".{name}"),
            MessageStep::Item(number) => write!(f, "[{number}]"),
        }
    }
}

#[cfg(test)]
mod tests;
