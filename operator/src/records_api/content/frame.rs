//! Takes a unit out of a pack, and a document out of its unit. Pure.

use docmill_crds::records::snapshot_line::{digest_of_line, with_snapshot};
use docmill_crds::records_api::MAX_CONTENT_BYTES;

use crate::records_api::answer::Failure;

/// The lines of a frame, each with the reference of the snapshot, as those of a single snapshot have it.
pub fn lines(frame: &[u8], reference: &str) -> Result<Vec<u8>, Failure> {
    let most = usize::try_from(MAX_CONTENT_BYTES).unwrap_or(usize::MAX);
    let lines = zstd::bulk::decompress(frame, most).map_err(|_| {
        Failure::unavailable(
            "the snapshot in its pack is damaged, or has more bytes than the Records API answers; an audit tells which",
        )
    })?;
    let mut told = Vec::with_capacity(lines.len());
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        told.extend(with_snapshot(line.to_vec(), reference));
        told.push(b'\n');
    }
    Ok(told)
}

/// The line of the document with this digest.
pub fn line(lines: &[u8], digest: &str) -> Option<Vec<u8>> {
    let mut lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.find(|line| digest_of_line(line) == digest).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::snapshot_line::digest_of_line;

    use super::{line, lines};

    #[test]
    fn a_document_is_found_in_a_frame_by_its_digest() {
        let (one, other) = (br#"{"a":1,"_docmill":{"runner":"p"}}"#, br#"{"a":2,"_docmill":{"runner":"p"}}"#);
        let frame = zstd::bulk::compress(&[&one[..], b"\n", &other[..]].concat(), 3).unwrap();
        let unit = lines(&frame, "p.json.zst#1+2").unwrap();
        let found = line(&unit, &digest_of_line(other)).unwrap();
        let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
        assert_eq!((&found["a"], &found["_docmill"]["snapshot"]), (&2.into(), &"p.json.zst#1+2".into()));
        assert_eq!(line(&unit, "00"), None);
    }

    #[test]
    fn a_damaged_frame_and_one_that_swells_are_refused() {
        assert!(lines(b"no frame", "p#1+2").is_err());
        let bomb = zstd::bulk::compress(&vec![b'a'; 9 * 1024 * 1024], 3).unwrap();
        assert!(lines(&bomb, "p#1+2").is_err());
    }
}
