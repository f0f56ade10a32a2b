//! Paths: the part of `XPath` that can be answered while a document streams by, with every name resolved to a
//! namespace. Paths of JSON, which evaluate to the same type, are parsed in [`json_path`].
//!
//! ```text
//! path      = union | "count(" location ")" | "position()"
//! location  = "." | [ "/" | "//" | ".//" ] step { ("/" | "//") step } [ "/" end ] | end
//! end       = "@" name | "text()" | "name()" | "local-name()" | "inherited(@" name ")"
//! step      = test { "[" predicate "]" }
//! test      = "*" | name | prefix ":" "*" | "*:" name
//! predicate = any | number | "last()" [ "-" number ]
//! any       = all { "or" all }
//! all       = condition { "and" condition }
//! condition = "not(" any ")" | "(" any ")" | ("contains" | "starts-with") "(" location "," literal ")"
//!           | location [ ("=" | "!=") literal ]
//! union     = location { "|" location }
//! ```

mod json_path;
mod location;
mod parse;
mod predicate_parser;
mod scope;
mod xpath;

pub use json_path::{TOP, push_member};
pub use location::{Attribute, Condition, NameTest, Path, PathFault, Place, Predicate, Step, Target, Test};
pub use scope::Scope;
