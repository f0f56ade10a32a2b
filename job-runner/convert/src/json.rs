//! JSON and NDJSON, token by token (RFC 8259). Values are presented as the elements that XML would have, so
//! that one evaluator serves both.

pub(crate) mod caps;
pub(crate) mod lexer;
pub(crate) mod lines;
pub(crate) mod scanner;
pub(crate) mod stack;
