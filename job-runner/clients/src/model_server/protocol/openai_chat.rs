//! OpenAI's chat completions, as OpenAI, vLLM, Ollama, llama.cpp and others serve them. No I/O.
//!
//! Specification: <https://platform.openai.com/docs/api-reference/chat>. A request is for one document: its
//! inputs are the messages, and a JSON schema (<https://platform.openai.com/docs/guides/structured-outputs>)
//! defines the form of the answer. The answer is checked against the outputs all the same, since not every
//! server enforces a schema.

mod answer;
mod image;
mod request;
mod schema;

pub use answer::read;
pub use request::call;
