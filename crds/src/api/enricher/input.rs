//! Inputs of a model, taken from a document.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// An input of a model, taken from a document: exactly one of `template` and `object`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.template) != has(self.object)")
        .message("exactly one of template and object must be set"),
    validation = Rule::new("!has(self.maxCharacters) || has(self.template)")
        .message("maxCharacters goes with template").field_path(".maxCharacters"),
    validation = Rule::new("!has(self.html) || has(self.template)")
        .message("html goes with template").field_path(".html")
)]
pub struct Input {
    /// Its name in the protocol: the name of a tensor, the role of a message (`system`, `user`), a name for
    /// the mapping of an HTTP call.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// A text with fields of the document in braces, for example `{headline}. {body}`. A field that the
    /// document lacks is empty. Fields of earlier enrichers can be named too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65_536))]
    pub template: Option<String>,
    /// Text: the text is HTML or markup, of which the model gets what a reader sees, and no tags. For fields that
    /// keep either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<HtmlInput>,
    /// A longer text is cut to its first so many characters (Unicode code points). Left out: the model gets
    /// the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_characters: Option<i32>,
    /// The raw object that the document was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectInput>,
}

/// What becomes of HTML in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum HtmlInput {
    /// Plain text.
    Text,
}

/// The raw object that a document was made from, as an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectInput {
    /// How the model gets it.
    #[serde(rename = "as")]
    pub form: ObjectForm,
    /// Maximum size of the object in bytes. A document of a larger object fails at this enricher.
    #[serde(default = "default_max_bytes")]
    #[schemars(range(min = 1, max = 104_857_600))]
    pub max_bytes: i64,
    /// How long a presigned URL is valid, in seconds.
    #[serde(default = "default_expires_seconds")]
    #[schemars(range(min = 1, max = 604_800))]
    pub expires_seconds: i32,
}

/// How a model gets an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum ObjectForm {
    /// Its bytes, in base64. In the Open Inference Protocol it is a BYTES tensor with `content_type` `base64`.
    Base64,
    /// A URL for the model to download it from without credentials, valid for a limited time.
    PresignedUrl,
}

/// Default maximum size of an object as an input: 10 MiB.
const OBJECT_BYTES: i64 = 10 * 1024 * 1024;

fn default_max_bytes() -> i64 {
    OBJECT_BYTES
}
fn default_expires_seconds() -> i32 {
    900
}
