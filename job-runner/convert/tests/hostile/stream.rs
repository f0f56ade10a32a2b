//! Attacks as streams, so that they may be endless.

use std::io::{self, Read};

use docmill_crds::reason::Reason;

/// An object that is refused.
pub struct Attack {
    pub name: String,
    pub reason: Reason,
    /// What the refusal says that it expected.
    pub expected: &'static str,
    /// Pieces, each with how many times it comes.
    pub parts: Vec<(Vec<u8>, u64)>,
    /// How many bytes may be read until it is refused.
    pub most: u64,
}

impl Attack {
    /// One that is recognised within the first portions.
    pub fn new(name: &str, reason: Reason, expected: &'static str) -> Self {
        Self { name: name.to_owned(), reason, expected, parts: Vec::new(), most: 256 * 1024 }
    }

    pub fn part(mut self, bytes: impl AsRef<[u8]>, times: u64) -> Self {
        self.parts.push((bytes.as_ref().to_vec(), times));
        self
    }

    /// It takes so many bytes to recognise.
    pub fn reads(self, most: u64) -> Self {
        Self { most, ..self }
    }
}

/// Reads the parts of an attack.
pub struct Stream<'a> {
    parts: &'a [(Vec<u8>, u64)],
    /// The part, how many times it was given, and how much of it since.
    part: usize,
    times: u64,
    at: usize,
    given: u64,
}

impl<'a> Stream<'a> {
    pub const fn new(parts: &'a [(Vec<u8>, u64)]) -> Self {
        Self { parts, part: 0, times: 0, at: 0, given: 0 }
    }

    pub const fn given(&self) -> u64 {
        self.given
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let Some((bytes, times)) = self.parts.get(self.part) else { break };
            if self.times == *times || bytes.is_empty() {
                (self.part, self.times, self.at) = (self.part + 1, 0, 0);
                continue;
            }
            let length = (bytes.len() - self.at).min(buffer.len() - filled);
            buffer[filled..filled + length].copy_from_slice(&bytes[self.at..self.at + length]);
            filled += length;
            self.at += length;
            if self.at == bytes.len() {
                (self.times, self.at) = (self.times + 1, 0);
            }
        }
        self.given += filled as u64;
        Ok(filled)
    }
}
