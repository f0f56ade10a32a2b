//! What workers say that they wait for, and how a resource tells of it. Pure.

use docmill_crds::contract::{Hindrance, Present};
use docmill_crds::foreign::sentence;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::conditions::{self, Statement, kind};

/// What workers wait for, the longest first.
pub fn longest_first<'a>(presents: impl Iterator<Item = &'a Present>) -> Vec<&'a Hindrance> {
    let mut all: Vec<_> = presents.flat_map(|present| &present.hindrances).collect();
    // RFC 3339 with milliseconds in UTC sorts as text.
    all.sort_by(|a, b| (&a.since, a.by, a.reason).cmp(&(&b.since, b.by, b.reason)));
    all
}

/// True while any worker says that a store or a model takes no more, or does not answer. Where no worker can say anything
/// (none has started yet, or none answers) and there is work, it stays as it was.
pub fn throttled(old: &[Condition], presents: &[&Present], work: bool) -> Statement {
    let hindrances = longest_first(presents.iter().copied());
    if let Some(longest) = hindrances.iter().find(|hindrance| hindrance.reason.passes()) {
        return Statement::new(kind::THROTTLED, true, longest.by.as_str(), in_words(longest));
    }
    match conditions::find(old, kind::THROTTLED) {
        Some(before) if before.status == "True" && presents.is_empty() && work => {
            Statement::new(kind::THROTTLED, true, before.reason.clone(), before.message.clone())
        }
        _ => Statement::new(kind::THROTTLED, false, "NotHindered", "no worker is kept waiting"),
    }
}

/// For a person.
pub fn in_words(hindrance: &Hindrance) -> String {
    let Hindrance { by, reason, since, message } = hindrance;
    let (since, message) = (sentence(since), sentence(message));
    format!("{} has been {} for workers since {since}: {message}", by.as_str(), reason.as_str())
}
