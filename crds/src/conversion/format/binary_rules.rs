//! What CEL refuses in a Binary model.

use super::super::limits::{Limits, camel_case};

/// The only limit that applies.
pub(crate) const LIMIT: &str = "max_object_bytes";

/// The CEL rule for everything but `limits`.
pub(crate) const MODEL_RULE: &str = "self.format != 'Binary' || !(has(self.preset) || has(self.record) || has(self.emptyIf) \
    || has(self.namespaces) || has(self.defaultNamespaces) || has(self.fields) || has(self.extra) || has(self.timeZone) \
    || has(self.base) || has(self.onFault) || has(self.entities) || has(self.repairs) || has(self.encoding) \
    || (has(self.concatenated) && self.concatenated) || has(self.blocks) || has(self.lines) || has(self.cells) \
    || has(self.inline) || has(self.archive))";

/// Its message.
pub(crate) const MODEL_MESSAGE: &str = "objects of format Binary are not read as anything: leave out preset, record, emptyIf, \
    namespaces, defaultNamespaces, fields, extra, timeZone, base, onFault, entities, repairs, encoding, concatenated, blocks, \
    lines, cells, inline and archive";

/// The message of [`limits_rule`].
pub(crate) const LIMITS_MESSAGE: &str =
    "objects of format Binary are not read as anything: of limits, only maxObjectBytes is for them";

/// The CEL rule for `limits`.
pub(crate) fn limits_rule() -> String {
    let limits = Limits::default();
    let others = limits.set().filter(|(name, _)| *name != LIMIT);
    let others: Vec<String> =
        others.map(|(name, _)| format!("has(self.limits.{})", camel_case(name))).collect();
    format!("self.format != 'Binary' || !has(self.limits) || !({})", others.join(" || "))
}
