//! An object that can be read again from its start, though it comes as a stream: its bytes are kept, up to a limit.

use std::io::{self, Read};

/// Bytes of an object that are kept, as they are stored. A longer object is read once.
const MOST: usize = 16 << 20;

/// A reader that keeps what it has read.
#[derive(Debug)]
pub(super) struct Again<R> {
    source: R,
    kept: Vec<u8>,
    /// How many of the kept bytes were read since the start.
    at: usize,
    /// The object is longer than what is kept.
    is_long: bool,
}

impl<R: Read> Again<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, kept: Vec::new(), at: 0, is_long: false }
    }

    /// Goes back to the start of the object; `false` if that is not kept any more.
    pub(super) fn rewind(&mut self) -> bool {
        self.at = 0;
        !self.is_long
    }
}

impl<R: Read> Read for Again<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.kept.get(self.at..).unwrap_or_default();
        if !rest.is_empty() {
            let read = rest.read(buffer)?;
            self.at += read;
            return Ok(read);
        }
        let read = self.source.read(buffer)?;
        if self.is_long || self.kept.len() + read > MOST {
            // Nobody goes back any more.
            self.is_long = true;
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(&buffer[..read]);
            self.at = self.kept.len();
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Again, MOST};

    #[test]
    fn an_object_comes_again_as_it_was_also_where_it_was_not_read_to_its_end() {
        let mut again = Again::new(&b"one two three"[..]);
        let mut start = [0; 4];
        again.read_exact(&mut start).unwrap();
        for _ in 0..2 {
            assert!(again.rewind());
            let mut all = String::new();
            again.read_to_string(&mut all).unwrap();
            assert_eq!(all, "one two three");
        }
    }

    #[test]
    fn a_long_object_is_read_once() {
        let length = MOST as u64 + 1;
        let mut again = Again::new(std::io::repeat(b'x').take(length));
        assert_eq!(std::io::copy(&mut again, &mut std::io::sink()).unwrap(), length);
        assert!(!again.rewind() && again.kept.is_empty());
    }
}
