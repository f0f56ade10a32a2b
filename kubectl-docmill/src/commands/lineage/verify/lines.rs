//! The lines of a manifest, as they arrive: decompressed, parsed, and taken into a Merkle tree, a few at a time.

use std::collections::VecDeque;

use docmill_crds::records::lineage::merkle::MerkleTree;
use docmill_crds::records::lineage::{Day, UnitEntry};
use docmill_crds::records_api::manifest::ManifestQuery;
use zstd::stream::raw::{Decoder, Operation as _};

use crate::cluster::Cluster;
use crate::failure::Failure;

/// Decompressed bytes that are parsed at a time.
const WINDOW_BYTES: usize = 256 * 1024;
/// Bytes of a line at most; a key has up to 1024.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Reads the lines of a manifest.
pub struct LineReader<'a> {
    cluster: &'a Cluster,
    day: Day,
    query: ManifestQuery,
    size: u64,
    offset: u64,
    decoder: LineDecoder,
    /// The tree over all lines that were read.
    pub tree: MerkleTree,
}

impl<'a> LineReader<'a> {
    /// Reads the lines of the statement that the query names; they have this size as they are stored.
    pub fn new(cluster: &'a Cluster, day: Day, query: ManifestQuery, size: u64) -> Result<Self, Failure> {
        let decoder = LineDecoder::new().map_err(|error| unreadable(&error))?;
        Ok(Self { cluster, day, query, size, offset: 0, decoder, tree: MerkleTree::default() })
    }

    /// The next line; `None` at the end.
    pub async fn peek(&mut self) -> Result<Option<&UnitEntry>, Failure> {
        while self.decoder.entries.is_empty() {
            if self.decoder.has_input() {
                self.decoder.decode(&mut self.tree).map_err(|error| unreadable(&error))?;
            } else if self.offset < self.size {
                self.fetch().await?;
            } else if self.decoder.is_cut() {
                return Err(unreadable("they end within a line"));
            } else {
                return Ok(None);
            }
        }
        Ok(self.decoder.entries.front())
    }

    /// Goes on to the line after it.
    pub fn advance(&mut self) {
        self.decoder.entries.pop_front();
    }

    async fn fetch(&mut self) -> Result<(), Failure> {
        self.query.offset = Some(self.offset);
        let bytes = self.cluster.manifest_lines(self.day, &self.query).await?;
        if bytes.is_empty() {
            return Err(unreadable("they end early"));
        }
        self.offset += bytes.len() as u64;
        self.decoder.give(bytes);
        Ok(())
    }
}

fn unreadable(error: &str) -> Failure {
    Failure::new(format!("failed to read the lines of the manifest: {error}")).advice(
        "the object was changed or damaged: restore it, or let an IngestRun of mode Manifest write another \
         generation",
    )
}

/// Makes entries of compressed bytes, with bounded memory whatever they expand to. No I/O.
struct LineDecoder {
    decoder: Decoder<'static>,
    input: Vec<u8>,
    read: usize,
    /// Whether the decoder may have more to give without further input.
    is_full: bool,
    window: Vec<u8>,
    /// The beginning of a line.
    rest: Vec<u8>,
    entries: VecDeque<UnitEntry>,
}

impl LineDecoder {
    fn new() -> Result<Self, String> {
        Ok(Self {
            decoder: Decoder::new().map_err(|error| error.to_string())?,
            input: Vec::new(),
            read: 0,
            is_full: false,
            window: vec![0; WINDOW_BYTES],
            rest: Vec::new(),
            entries: VecDeque::new(),
        })
    }

    /// Takes the next compressed bytes, once those before are used up.
    fn give(&mut self, bytes: Vec<u8>) {
        (self.input, self.read) = (bytes, 0);
    }

    const fn has_input(&self) -> bool {
        self.is_full || self.read < self.input.len()
    }

    const fn is_cut(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Decompresses a window, and parses the lines that are complete.
    fn decode(&mut self, tree: &mut MerkleTree) -> Result<(), String> {
        let input = self.input.get(self.read..).unwrap_or_default();
        let status = self.decoder.run_on_buffers(input, &mut self.window);
        let status = status.map_err(|error| error.to_string())?;
        let is_stuck = !input.is_empty() && status.bytes_read == 0 && status.bytes_written == 0;
        self.read += status.bytes_read;
        self.is_full = status.bytes_written == self.window.len();
        if is_stuck {
            return Err("they cannot be decompressed".to_owned());
        }
        let window = self.window.get(..status.bytes_written).unwrap_or_default();
        self.rest.extend_from_slice(window);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return if self.rest.len() > MAX_LINE_BYTES {
                Err("a line is too long".to_owned())
            } else {
                Ok(())
            };
        };
        let incomplete = self.rest.split_off(end + 1);
        for line in self.rest.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            tree.push(line);
            let entry = serde_json::from_slice(line);
            self.entries.push_back(entry.map_err(|error| format!("a line is not of its form: {error}"))?);
        }
        self.rest = incomplete;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::lineage::UnitEntry;
    use docmill_crds::records::lineage::merkle::MerkleTree;
    use serde_json::json;

    use super::LineDecoder;

    fn entry(number: usize) -> UnitEntry {
        serde_json::from_value(json!({"key": format!("wire/{number:06}.xml"), "version": "1", "unit": "00",
            "state": "Indexed", "revision": "5f", "documentCount": 1}))
        .unwrap()
    }

    fn read(stored: &[u8], piece: usize) -> Result<(Vec<UnitEntry>, MerkleTree), String> {
        let (mut decoder, mut tree, mut entries) = (LineDecoder::new()?, MerkleTree::default(), Vec::new());
        for piece in stored.chunks(piece) {
            decoder.give(piece.to_vec());
            while decoder.has_input() {
                decoder.decode(&mut tree)?;
                entries.extend(decoder.entries.drain(..));
            }
        }
        if decoder.is_cut() { Err("cut".to_owned()) } else { Ok((entries, tree)) }
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let (mut text, mut expected) = (Vec::new(), MerkleTree::default());
        for number in 0..5000 {
            expected.push(&entry(number).line());
            text.extend(entry(number).line());
            text.push(b'\n');
        }
        let stored = zstd::encode_all(&text[..], 3).unwrap();
        for piece in [1, 1000, stored.len()] {
            let (entries, tree) = read(&stored, piece).unwrap();
            assert_eq!((entries.len(), &entries[4999]), (5000, &entry(4999)));
            assert_eq!(tree, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_is_not_compressed_lines_is_an_error() {
        assert!(read(b"{\"key\": \"a\"}\n", 100).is_err());
        assert!(read(&zstd::encode_all(&b"no line\n"[..], 3).unwrap(), 100).is_err());
        let long = vec![b'a'; 1024 * 1024];
        assert!(read(&zstd::encode_all(&long[..], 3).unwrap(), 100_000).is_err());
    }

    #[test]
    fn no_lines_are_none() {
        let stored = zstd::encode_all(&b""[..], 3).unwrap();
        assert!(read(&stored, 100).unwrap().0.is_empty());
    }
}
