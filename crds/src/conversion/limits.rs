//! Limits on the resources that one object may use in a worker: what a user may set, and the defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model_error::ModelError;

const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;
const GIB: i64 = 1024 * MIB;

/// One line for each cap: its name, what it is without a word of the user, and what it may be. All else is made from this.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:expr, $min:literal..=$max:expr;)+) => {
        /// Limits on the resources that one object may use in a worker. An object that reaches one is refused
        /// with `LimitExceeded`. Bytes of documents are counted in UTF-8, whatever the object's encoding.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct Limits {
            $(
                $(#[doc = $doc])+
                #[serde(default, skip_serializing_if = "Option::is_none")]
                #[schemars(range(min = $min, max = $max))]
                pub $name: Option<i64>,
            )+
        }

        /// All limits, as they apply to a model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct ResolvedLimits {
            $(
                $(#[doc = $doc])+
                pub $name: u64,
            )+
        }

        impl Limits {
            /// The names of all caps, as code has them, and whether each is set.
            pub(super) fn set(&self) -> impl Iterator<Item = (&'static str, bool)> {
                [$((stringify!($name), self.$name.is_some()),)+].into_iter()
            }

            /// These caps, and where they say nothing, those of `base`.
            pub(super) fn or(&self, base: &Self) -> Self {
                Self { $($name: self.$name.or(base.$name),)+ }
            }

            /// The caps with their defaults filled in.
            pub(super) fn resolve(&self) -> Result<ResolvedLimits, ModelError> {
                Ok(ResolvedLimits {
                    $($name: within(stringify!($name), self.$name.unwrap_or($default), $min, $max)?,)+
                })
            }
        }

        impl ResolvedLimits {
            /// The defaults.
            pub const DEFAULT: Self = Self { $($name: ($default as i64).cast_unsigned(),)+ };
        }
    };
}

limits! {
    /// Bytes of an object as stored in the bucket; a larger one is refused without being read. 1073741824 (1
    /// GiB) if not set.
    max_object_bytes = GIB, 1..=1024 * GIB;
    /// Bytes of an object after decompression. 4294967296 (4 GiB) if not set.
    max_expanded_bytes = 4 * GIB, 1..=1024 * GIB;
    /// Maximum ratio of decompressed to compressed bytes, and of bytes of documents to bytes of the object.
    /// 200 if not set.
    max_expansion_ratio = 200, 1..=100_000;
    /// Bytes of the text of one document. 67108864 (64 MiB) if not set.
    max_document_bytes = 64 * MIB, 1..=GIB;
    /// Bytes of the document type declaration. 1048576 (1 MiB) if not set.
    max_doctype_bytes = MIB, 1..=64 * MIB;
    /// Documents in one object. 100000 if not set.
    max_documents = 100_000, 1..=100_000_000;
    /// Nodes (elements, texts, comments and so on; end tags are none) of one document, and of what is between
    /// two documents. 5000000 if not set.
    max_nodes = 5_000_000, 1..=100_000_000;
    /// Levels of elements. 256 if not set.
    max_depth = 256, 1..=4096;
    /// Attributes and namespace declarations of one element. 256 if not set.
    max_attributes = 256, 1..=4096;
    /// Bytes of one attribute's value. 1048576 (1 MiB) if not set.
    max_attribute_bytes = MIB, 1..=64 * MIB;
    /// Bytes of all prefixes and namespaces that are declared at one place. 1048576 (1 MiB) if not set.
    max_namespace_bytes = MIB, 1..=64 * MIB;
    /// Bytes of one name. 1000 if not set.
    max_name_bytes = 1000, 1..=64 * KIB;
    /// Bytes of one run of text, one tag or one comment. 16777216 (16 MiB) if not set.
    max_text_bytes = 16 * MIB, 1..=GIB;
    /// Bytes of all values of one document together. 16777216 (16 MiB) if not set.
    max_value_bytes = 16 * MIB, 1..=GIB;
}

/// The default of `maxNodes` before it was raised.
const FORMER_MAX_NODES: u64 = 250_000;

impl ResolvedLimits {
    /// The limits as revisions have them. A default that is raised changes no document, so it must not change the
    /// revision of every model: the default of `maxNodes` and the former one stand for each other.
    pub(super) const fn for_revision(self) -> Self {
        let max_nodes = match self.max_nodes {
            number if number == Self::DEFAULT.max_nodes => FORMER_MAX_NODES,
            FORMER_MAX_NODES => Self::DEFAULT.max_nodes,
            other => other,
        };
        Self { max_nodes, ..self }
    }
}

/// The API server makes the same checks; this one is for a model that is tried without an API server.
fn within(name: &str, value: i64, min: i64, max: i64) -> Result<u64, ModelError> {
    if (min..=max).contains(&value) {
        return Ok(value.cast_unsigned());
    }
    Err(ModelError::Limit { place: format!("limits.{}", camel_case(name)), value, min, max })
}

/// `max_depth` as users write it: `maxDepth`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let (initial, rest) = word.split_at(1);
        name.push_str(&initial.to_ascii_uppercase());
        name.push_str(rest);
        name
    })
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;
    use serde_json::{Value, json};

    use super::{Limits, ResolvedLimits};

    #[test]
    fn a_cap_that_is_not_set_has_the_default_that_its_description_names() {
        let resolved = Limits::default().resolve().unwrap();
        assert_eq!(resolved, ResolvedLimits::DEFAULT);
        let schema = schema_for!(Limits).to_value();
        let defaults = serde_json::to_value(resolved).unwrap();
        let properties = schema["properties"].as_object().unwrap();
        assert_eq!(properties.len(), defaults.as_object().unwrap().len());
        for (name, default) in defaults.as_object().unwrap() {
            let description = properties[name]["description"].as_str().unwrap();
            assert!(description.contains(&default.to_string()), "{name}: {description}");
        }
    }

    #[test]
    fn a_cap_is_within_the_range_of_its_schema() {
        let schema = schema_for!(Limits).to_value();
        for (name, property) in schema["properties"].as_object().unwrap() {
            let resolve =
                |value: i64| serde_json::from_value::<Limits>(json!({name: value})).unwrap().resolve();
            let bound = |word: &str| property[word].as_i64().unwrap();
            for value in [bound("minimum"), bound("maximum")] {
                assert_eq!(serde_json::to_value(resolve(value).unwrap()).unwrap()[name], json!(value));
            }
            for value in [bound("minimum") - 1, bound("maximum") + 1] {
                let fault = resolve(value).unwrap_err().to_string();
                assert!(fault.starts_with(&format!("limits.{name}: ")), "{fault}");
            }
        }
    }

    #[test]
    fn what_is_set_wins_over_a_base() {
        let limits = |value: Value| serde_json::from_value::<Limits>(value).unwrap();
        let both = limits(json!({"maxDepth": 9})).or(&limits(json!({"maxDepth": 5, "maxNodes": 6})));
        assert_eq!(both, limits(json!({"maxDepth": 9, "maxNodes": 6})));
    }
}
