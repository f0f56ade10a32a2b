//! The bytes of a member.

use std::io::{self, Read};

use docmill_crds::reason::Reason;

use crate::input::decode::Garbled;
use crate::input::decompress::Stopped;

/// The bytes of a member, decompressed by the means of its archive.
pub(crate) trait Content {
    /// Copies up to as many bytes as fit; none only at the end.
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Stopped>;

    /// Whether nothing can be read of the archive after a refusal.
    fn ends_archive(&self) -> bool;
}

/// Content for those who know of I/O alone: remembers why it is refused.
pub(crate) struct ContentReader<'c> {
    content: &'c mut dyn Content,
    refused: Option<Garbled>,
}

impl<'c> ContentReader<'c> {
    pub(crate) fn new(content: &'c mut dyn Content) -> Self {
        Self { content, refused: None }
    }

    /// What an error of reading stands for.
    pub(crate) fn stopped(&mut self, error: io::Error) -> Stopped {
        self.refused.take().map_or(Stopped::Io(error), Stopped::Refused)
    }
}

impl Read for ContentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer).map_err(|stopped| match stopped {
            Stopped::Io(error) => error,
            Stopped::Refused(garbled) => {
                self.refused = Some(garbled);
                io::Error::other("the member is refused")
            }
        })
    }
}

/// An archive that is not as its format wants it.
pub(crate) fn malformed(expected: impl Into<String>) -> Garbled {
    Garbled { reason: Reason::MalformedArchive, expected: expected.into(), found: None }
}

/// A member that cannot be read as an object.
pub(crate) fn unsupported(expected: &str, found: impl Into<String>) -> Garbled {
    let (expected, found) = (expected.to_owned(), Some(found.into()));
    Garbled { reason: Reason::UnsupportedMember, expected, found }
}

/// A cap that is reached.
pub(crate) fn too_much(expected: String) -> Garbled {
    Garbled { reason: Reason::LimitExceeded, expected, found: None }
}
