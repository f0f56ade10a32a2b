//! The fields that an enricher produces.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field made from a model's output for a document. A value of another type makes the document fail at this
/// enricher; values are never coerced or truncated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("!has(self.dimensions) || self.type == 'Vector'")
        .message("dimensions goes with type Vector").field_path(".dimensions"),
    validation = Rule::new("!has(self.similarity) || has(self.dimensions)")
        .message("similarity needs dimensions: only a vector of a known length can be searched for").field_path(".similarity"),
    validation = Rule::new("!self.repeated || self.type != 'Vector'")
        .message("a Vector is not repeated").field_path(".repeated"),
    validation = Rule::new("!has(self.values) || self.type == 'String' || self.type == 'Keyword'")
        .message("values goes with the types String and Keyword").field_path(".values")
)]
pub struct OutputField {
    /// Where the value is in the model's output: the name of a tensor (openInference), a name of the JSON
    /// answer (openAIChat; left out: the name of the field), a JSON Pointer (RFC 6901) into the result of a
    /// document (http; an empty pointer is the whole result; left out: the member with the name of the
    /// field), or one of the results of a builtin. The other protocols return one value only, and need no
    /// `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub from: Option<String>,
    /// Name of the field in the enriched document. It must not be a field of the article.
    #[schemars(length(max = 253), regex(pattern = r"^[A-Za-z][A-Za-z0-9_]*$"))]
    pub field: String,
    /// Type of a value.
    #[serde(rename = "type")]
    pub type_: OutputType,
    /// The value is a list of values of this type.
    #[serde(default)]
    pub repeated: bool,
    /// The model may return null or no value; the field is then left out.
    #[serde(default)]
    pub optional: bool,
    /// The allowed values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 1024)))]
    pub values: Vec<String>,
    /// How many numbers a Vector has. A new index then maps it for similarity search (`dense_vector`;
    /// `knn_vector` in OpenSearch, which needs its k-NN plugin). Left out: vectors are stored but not
    /// searchable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4096))]
    pub dimensions: Option<i32>,
    /// How vectors are compared in a search. Left out: Cosine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<Similarity>,
}

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutputType {
    /// Full text; a short one can also be matched as a whole.
    String,
    /// A text that is matched as a whole.
    Keyword,
    /// An integer of at most 64 bits.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A time in RFC 3339 format.
    DateTime,
    /// Numbers, for example an embedding.
    Vector,
    /// An object of any shape, stored but not searchable.
    Object,
}

/// How vectors are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Similarity {
    /// By their angle.
    #[default]
    Cosine,
    /// By their dot product; the vectors must have length 1.
    DotProduct,
    /// By their distance.
    Euclidean,
}
