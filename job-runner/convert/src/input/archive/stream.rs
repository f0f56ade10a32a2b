//! The bytes of an archive from start to end, decompressed.

use docmill_crds::reason::Reason;

use super::content::malformed;
use crate::input::decompress::{Input, Stopped};

/// Bytes per read.
const CHUNK: usize = 64 * 1024;

/// An archive that is read from start to end.
#[derive(Debug)]
pub(crate) struct Stream<'r> {
    input: Input<'r>,
    chunk: Vec<u8>,
    /// Start of what was not taken yet.
    start: usize,
    /// Nothing comes after the chunk.
    ended: bool,
    /// What is wrong after the chunk.
    stopped: Option<Stopped>,
}

impl<'r> Stream<'r> {
    pub(crate) fn new(input: Input<'r>) -> Self {
        Self { input, chunk: Vec::new(), start: 0, ended: false, stopped: None }
    }

    /// Copies up to as many bytes as fit; none only at the end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Result<usize, Stopped> {
        let available = self.available()?;
        let count = available.len().min(into.len());
        into[..count].copy_from_slice(&available[..count]);
        self.start += count;
        Ok(count)
    }

    /// Fills all of it; false at the end of the archive, with nothing of it filled.
    pub(crate) fn read_all(&mut self, into: &mut [u8]) -> Result<bool, Stopped> {
        let mut filled = 0;
        while filled < into.len() {
            match self.read(&mut into[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(Stopped::Refused(malformed("an archive that is not cut off"))),
                count => filled += count,
            }
        }
        Ok(true)
    }

    /// Leaves out as many bytes.
    pub(crate) fn skip(&mut self, mut bytes: u64) -> Result<(), Stopped> {
        while bytes > 0 {
            let available = self.available()?.len();
            if available == 0 {
                return Err(Stopped::Refused(malformed("an archive that is not cut off")));
            }
            let count = usize::try_from(bytes).unwrap_or(usize::MAX).min(available);
            self.start += count;
            bytes -= count as u64;
        }
        Ok(())
    }

    /// Reads to the end; whether there is nothing but zeros.
    pub(crate) fn ends_in_zeros(&mut self) -> Result<bool, Stopped> {
        loop {
            let available = self.available()?;
            if available.is_empty() {
                return Ok(true);
            }
            if available.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            self.start = self.chunk.len();
        }
    }

    /// What is there; nothing only at the end.
    fn available(&mut self) -> Result<&[u8], Stopped> {
        if self.start == self.chunk.len() && !self.ended {
            if let Some(stopped) = self.stopped.take() {
                return Err(stopped);
            }
            self.chunk.clear();
            self.start = 0;
            match self.input.read(&mut self.chunk, CHUNK) {
                Ok(read) => self.ended = read < CHUNK,
                // What comes before the damage is told before it, in whatever portions the archive is read.
                Err(stopped) if is_damage(&stopped) && !self.chunk.is_empty() => self.stopped = Some(stopped),
                Err(stopped) => return Err(stopped),
            }
        }
        Ok(&self.chunk[self.start..])
    }
}

/// Whether compressed data is damaged or cut off from some place on.
fn is_damage(stopped: &Stopped) -> bool {
    matches!(stopped, Stopped::Refused(garbled) if garbled.reason == Reason::CorruptCompression)
}
