//! The reference documentation, as far as the types say what is in it.

mod crds;
mod markdown;
mod objects;
mod reasons;

pub use markdown::anchor;

/// Where the pages lie, from the root of the repository.
pub const FOLDER: &str = "docs/reference";

/// File name and text of each page.
pub fn pages() -> [(String, String); 2] {
    [("crds.md".to_owned(), crds::page()), ("reasons.md".to_owned(), reasons::page())]
}
