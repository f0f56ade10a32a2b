//! A document on its way to the index.

use docmill_crds::records::units::RecordedDocument;

/// A document and where it belongs.
#[derive(Debug)]
pub struct AddressedDocument {
    /// Index, id and digest.
    pub recorded: RecordedDocument,
    /// The document as its snapshot has it: one line of JSON.
    pub line: Vec<u8>,
}
