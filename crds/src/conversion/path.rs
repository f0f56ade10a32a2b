//! Paths: the part of `XPath` that can be answered while a document streams by, with every name resolved to a
//! namespace. Paths of JSON, which evaluate to the same type, are parsed in [`json_path`].
//!
//! ```text
//! path      = union | "count(" location ")"
//! location  = "." | [ "/" | "//" | ".//" ] step { ("/" | "//") step } [ "/" end ] | end
//! end       = "@" name | "text()" | "inherited(@" name ")"
//! step      = test { "[" predicate "]" }
//! test      = "*" | name | prefix ":" "*" | "*:" name
//! predicate = "@" name [ ("=" | "!=") literal ] | "not(@" name ")" | "contains(@" name "," literal ")"
//! union     = location { "|" location }
//! ```

mod json_path;
mod location;
mod parse;
mod scope;
mod xpath;

pub use json_path::{TOP, push_member};
pub use location::{Attribute, NameTest, Path, PathFault, Predicate, Step, Target, Test};
pub use scope::Scope;
