//! The parts of the reference documentation that are generated from the types.

mod crds;
mod markdown;
mod model_schema;
mod objects;
mod reasons;

pub use markdown::anchor;
pub use model_schema::model_schema;

/// Path of the pages from the root of the repository.
pub const FOLDER: &str = "docs/reference";

/// File name and text of each page, and of the schema of model files.
pub fn pages() -> [(String, String); 3] {
    [
        ("crds.md".to_owned(), crds::page()),
        ("reasons.md".to_owned(), reasons::page()),
        ("model.schema.json".to_owned(), model_schema()),
    ]
}
