//! A reverse proxy between a worker and one store, which does to their talk what a test tells it to.
//!
//! Everything else in these tests is real; only what no store can be brought to do on command is done here: answering
//! 503, throttling every other item of a bulk, breaking off in the middle of a body, losing an answer, being gone for a
//! while, and standing still between two side effects until the worker has been killed.
//!
//! It listens where pods reach this machine too. Signatures cover the `Host` header, which is passed on as it came.
//!
//! - `matching`: which requests a rule is about (pure);
//! - `action`: what a rule does to a request or to its answer;
//! - `bulk`: taking a bulk apart and its answers together again (pure);
//! - `hold`: requests that wait for a word of the test;
//! - `proxy`, `upstream`: listening and forwarding.

mod action;
mod bulk;
mod hold;
mod matching;
mod proxy;
mod upstream;

pub use action::{Action, Answer, Point, Throttled};
pub use hold::{Held, Hold};
pub use matching::Match;
pub use proxy::{Proxy, Rule};

#[cfg(test)]
mod tests;
