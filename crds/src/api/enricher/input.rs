//! What a model is given of a document.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Something that a model is given of a document: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.template) != has(self.object)")
        .message("exactly one of template and object must be set"),
    validation = Rule::new("!has(self.maxCharacters) || has(self.template)")
        .message("maxCharacters goes with template").field_path(".maxCharacters")
)]
pub struct Input {
    /// What the protocol calls it: the name of a tensor, the role of a message (`system`, `user`), a name for the
    /// mapping of an HTTP call.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// A text with fields of the document in braces, for example `{headline}. {body}`. A field that a document lacks is
    /// empty. Fields of enrichers before this one can be named too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub template: Option<String>,
    /// A longer text is cut: the model is given so many characters (Unicode code points) of its beginning. Left out: it is
    /// given all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_characters: Option<i32>,
    /// The raw object that the document was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectInput>,
}

/// The raw object that a document was made of, as an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectInput {
    /// How the model gets it.
    #[serde(rename = "as")]
    pub form: ObjectForm,
    /// A document of a larger object fails at this enricher.
    #[serde(default = "default_max_bytes")]
    #[schemars(range(min = 1, max = 104_857_600))]
    pub max_bytes: i64,
    /// How long a presigned URL is good for.
    #[serde(default = "default_expires_seconds")]
    #[schemars(range(min = 1, max = 604_800))]
    pub expires_seconds: i32,
}

/// How a model gets an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum ObjectForm {
    /// Its bytes, in base64. In the Open Inference Protocol it is a BYTES tensor with `content_type` `base64`.
    Base64,
    /// A URL that the model can get it from for a while, without credentials.
    PresignedUrl,
}

/// The most bytes of an object that an enricher is given, unless it says otherwise: 10 MiB.
const OBJECT_BYTES: i64 = 10 * 1024 * 1024;

fn default_max_bytes() -> i64 {
    OBJECT_BYTES
}
fn default_expires_seconds() -> i32 {
    900
}
