//! The fields that an enricher gives.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field made of what a model gives for a document. A value that is not of its type makes the document fail at this
/// enricher; nothing is guessed or cut.
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
    /// Where the value is in what the model gives: the name of a tensor (openInference), a name of the JSON answer (openAIChat;
    /// left out: the name of the field), a JSON Pointer (RFC 6901) into the result of a document (http; an empty one is
    /// all of it; left out: the member with the name of the field), or one of the results of a builtin. The other
    /// protocols give one value only, and need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub from: Option<String>,
    /// Name of the field in the enriched document. It must not be one that the article has.
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9_]*$"))]
    pub field: String,
    /// What a value is.
    #[serde(rename = "type")]
    pub type_: OutputType,
    /// The value is a list, of values of this type.
    #[serde(default)]
    pub repeated: bool,
    /// The model may give null or nothing; the field is left out then.
    #[serde(default)]
    pub optional: bool,
    /// The only values that there may be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub values: Vec<String>,
    /// How many numbers a Vector has. A new index maps it for similarity search then (`dense_vector`; `knn_vector` in
    /// OpenSearch, which needs its k-NN plugin). Left out: vectors are kept and not searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4096))]
    pub dimensions: Option<i32>,
    /// How vectors are compared in a search. Left out: Cosine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<Similarity>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutputType {
    /// A text, for search, and as a whole where it is short.
    String,
    /// A text that is compared as a whole.
    Keyword,
    /// An integer of at most 64 bits.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A time as RFC 3339 writes it.
    DateTime,
    /// Numbers, for example an embedding.
    Vector,
    /// An object of any shape, which is kept and not searched for.
    Object,
}

/// How vectors are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Similarity {
    /// By their angle.
    #[default]
    Cosine,
    /// By their product; they have to have length 1.
    DotProduct,
    /// By their distance.
    Euclidean,
}
