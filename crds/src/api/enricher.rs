//! Enrichers: a model or a built-in function, its inputs from a document, and the fields it produces.

mod builtin;
mod check;
mod definition;
mod input;
mod outputs;
mod protocols;

pub use definition::Enricher;
pub use input::{HtmlInput, Input, ObjectForm, ObjectInput};

pub use builtin::{Builtin, BuiltinResult};
pub use check::EnricherFault;
pub use outputs::{OutputField, OutputType, Similarity};
pub use protocols::{HttpCall, ITEMS, OpenAIChat, OpenAIEmbeddings, OpenInference, Protocol, TextEmbeddings};
