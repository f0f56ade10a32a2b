//! The parts of the reference documentation that are generated from the types.

mod crds;
mod markdown;
mod objects;
mod reasons;

pub use markdown::anchor;

/// Path of the pages from the root of the repository.
pub const FOLDER: &str = "docs/reference";

/// File name and text of each page.
pub fn pages() -> [(String, String); 2] {
    [("crds.md".to_owned(), crds::page()), ("reasons.md".to_owned(), reasons::page())]
}
