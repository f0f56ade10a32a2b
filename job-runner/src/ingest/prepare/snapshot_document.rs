//! The documents of a snapshot, with their addresses. Pure.

use std::io;

use docmill_convert::Addressing;
use docmill_crds::records::units::{DocumentAddress, RecordedDocument};

use crate::ingest::snapshot::provenance;
use crate::ingest::unit::document::AddressedDocument;

/// A document of a snapshot. Its address is what it was when the snapshot was made, since it depends on the document
/// alone.
pub(crate) fn document_of_line(addressing: &Addressing, line: Vec<u8>) -> io::Result<AddressedDocument> {
    let DocumentAddress { index, id } = addressing.of_line(&line).map_err(io::Error::other)?;
    let digest = provenance::digest_of_line(&line);
    Ok(AddressedDocument { recorded: RecordedDocument { index, id, digest }, line })
}
