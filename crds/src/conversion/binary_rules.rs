//! What CEL refuses in a Binary model.

use super::limits::{Limits, camel_case};

/// The one cap that there is a use for.
pub(crate) const LIMIT: &str = "max_object_bytes";

/// What CEL says of everything but `limits`.
pub(crate) const MODEL_RULE: &str = "self.format != 'Binary' || !(has(self.preset) || has(self.record) || has(self.emptyIf) \
    || has(self.namespaces) || has(self.defaultNamespaces) || has(self.fields) || has(self.extra) || has(self.timeZone))";

/// What is told of it.
pub(crate) const MODEL_MESSAGE: &str = "objects of format Binary are not read as anything: leave out preset, record, emptyIf, \
    namespaces, defaultNamespaces, fields, extra and timeZone";

/// What is told of [`limits_rule`].
pub(crate) const LIMITS_MESSAGE: &str =
    "objects of format Binary are not read as anything: of limits, only maxObjectBytes is for them";

/// What CEL says of `limits`.
pub(crate) fn limits_rule() -> String {
    let limits = Limits::default();
    let others = limits.set().filter(|(name, _)| *name != LIMIT);
    let others: Vec<String> =
        others.map(|(name, _)| format!("has(self.limits.{})", camel_case(name))).collect();
    format!("self.format != 'Binary' || !has(self.limits) || !({})", others.join(" || "))
}
