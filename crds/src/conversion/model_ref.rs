//! The reference to a conversion that is a resource of its own, and the rules of what may stand beside it.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a rule begins that does not concern a reference.
const UNLESS_REFERENCE: &str = "has(self.modelRef) || ";
/// How a message ends that offers a reference.
const OR_REFERENCE: &str = "; or name a ConversionModel: modelRef";

/// A ConversionModel in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelRef {
    /// Name of the ConversionModel.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// The CEL rule that something is stated at all.
pub(super) fn stated_rule() -> String {
    let stated = "self.format == 'Binary' || has(self.preset) || (has(self.record) && has(self.fields))";
    format!("{UNLESS_REFERENCE}{stated}")
}

/// Its message.
pub(super) fn stated_message() -> String {
    let stated = "name a preset, or say yourself what a record is and which fields it has: \
                  preset, or record and fields";
    format!("{stated}{OR_REFERENCE}")
}

/// The CEL rule that nothing stands beside a reference. (The schema sets a format by default: that one is
/// allowed.)
pub(super) const ALONE_RULE: &str = "!has(self.modelRef) || self.format == 'Xml' && !(has(self.preset) \
    || has(self.record) || has(self.emptyIf) || has(self.namespaces) || has(self.defaultNamespaces) \
    || has(self.fields) || has(self.extra) || has(self.timeZone) || has(self.base) || has(self.onFault) \
    || has(self.entities) || has(self.repairs) || has(self.encoding) \
    || (has(self.concatenated) && self.concatenated) || has(self.blocks) || has(self.lines) || has(self.cells) \
    || has(self.inline) || has(self.archive) || has(self.limits))";

/// Its message.
pub(super) const ALONE_MESSAGE: &str =
    "modelRef stands for the whole model of a ConversionModel: leave out every other field";

/// Makes the schema of a conversion that of a model: one that does not refer to another.
pub(crate) fn without_reference(schema: &mut Schema) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.shift_remove("modelRef");
    }
    let Some(Value::Array(rules)) = schema.get_mut("x-kubernetes-validations") else { return };
    for text in rules.iter_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let shortened = text.as_str().and_then(|text| {
            text.strip_prefix(UNLESS_REFERENCE).or_else(|| text.strip_suffix(OR_REFERENCE)).map(str::to_owned)
        });
        if let Some(shortened) = shortened {
            *text = shortened.into();
        }
    }
    rules.retain(|rule| rule["rule"] != ALONE_RULE);
}
