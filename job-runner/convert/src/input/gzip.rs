//! gzip (RFC 1952): its members as one stream.
//!
//! Zeros may follow a member, which those who write blocks of a fixed size fill the last one up with. gzip(1) ignores
//! them, too; anything else that is no member is an error, since it may be what is left of one.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The first byte of a member.
const START: u8 = 0x1f;

/// The content of gzip data.
pub(crate) struct GzipMembers<R> {
    member: GzDecoder<R>,
    /// Nothing follows the member, or reading failed.
    ended: bool,
}

impl<R: BufRead + Default> GzipMembers<R> {
    pub(crate) fn new(data: R) -> Self {
        Self { member: GzDecoder::new(data), ended: false }
    }

    /// What the data is read from.
    pub(crate) fn get_ref(&self) -> &R {
        self.member.get_ref()
    }

    /// Goes on with what follows a member that was read to its end; false if nothing does.
    fn next_member(&mut self) -> io::Result<bool> {
        let data = self.member.get_mut();
        match after_zeros(data)? {
            None => return Ok(false),
            Some(START) => {}
            Some(_) => return Err(io::Error::other("bytes after its end that are neither gzip nor zeros")),
        }
        let data = std::mem::take(data);
        self.member.reset(data);
        Ok(true)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.member.read(buffer)?;
            if count > 0 || !self.next_member()? {
                return Ok(count);
            }
        }
    }
}

impl<R: BufRead + Default> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let filled = self.fill(buffer);
        self.ended = match &filled {
            Ok(count) => *count == 0,
            Err(error) => error.kind() != io::ErrorKind::Interrupted,
        };
        filled
    }
}

/// Takes zeros; returns what follows them, which is not taken.
fn after_zeros(data: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let buffer = data.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
        let other = buffer.get(zeros).copied();
        data.consume(zeros);
        if other.is_some() {
            return Ok(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::GzipMembers;
    use crate::input::archive::tests::build::gzip;

    /// What comes out, and whether it is whole.
    fn read(data: &[u8]) -> (Vec<u8>, bool) {
        let mut content = Vec::new();
        let mut members = GzipMembers::new(data);
        let is_whole = members.read_to_end(&mut content).is_ok();
        assert_eq!(members.read(&mut [0]).unwrap(), 0, "nothing follows the end, or an error");
        (content, is_whole)
    }

    #[test]
    fn zeros_after_a_member_are_ignored() {
        let (one, two) = (gzip(b"one"), gzip(b" two"));
        for zeros in [0, 1, 7, 512, 10_000].map(|count| vec![0; count]) {
            assert_eq!(read(&[one.clone(), zeros.clone()].concat()), (b"one".to_vec(), true));
            let both = [one.clone(), zeros.clone(), two.clone(), zeros].concat();
            assert_eq!(read(&both), (b"one two".to_vec(), true));
        }
    }

    #[test]
    fn anything_else_is_an_error_after_what_comes_before_it() {
        let (one, zeros) = (gzip(b"one"), [0; 20]);
        for rest in [&b"more"[..], &one[..7], &one[..one.len() - 1]] {
            let (content, is_whole) = read(&[&one[..], &zeros[..], rest].concat());
            assert!(content.starts_with(b"one") && !is_whole, "{rest:?}");
        }
        let mut wrong = one;
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        assert_eq!(read(&[wrong, zeros.to_vec()].concat()), (b"one".to_vec(), false));
    }
}
