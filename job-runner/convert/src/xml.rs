//! XML, token by token: what XML 1.0 (fifth edition) and Namespaces in XML require of a well-formed object.

pub(crate) mod doctype;
pub(crate) mod scanner;
pub(crate) mod tokens;
