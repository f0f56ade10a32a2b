//! Archives made to order, piece by piece, so that large ones need no memory.

pub mod large;

use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};

/// Bytes of a header of tar, and what contents are filled up to.
const BLOCK: usize = 512;

/// A tar archive in the making, compressed.
pub struct TarGz(GzEncoder<Vec<u8>>);

impl TarGz {
    /// Without members.
    pub fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::fast()))
    }

    /// Adds a file. Its name has at most 100 bytes.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let mut header = [0_u8; BLOCK];
        header.get_mut(..name.len()).context("a long name")?.copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.write_all(&header)?;
        self.0.write_all(content)?;
        let filled = content.len().next_multiple_of(BLOCK) - content.len();
        Ok(self.0.write_all(&vec![0; filled])?)
    }

    /// The whole archive.
    pub fn end(mut self) -> Result<Vec<u8>> {
        self.0.write_all(&[0; 2 * BLOCK])?;
        Ok(self.0.finish()?)
    }
}

impl Default for TarGz {
    fn default() -> Self {
        Self::new()
    }
}

/// A ZIP archive in the making, of stored files, with all places in 64 bits.
#[derive(Default)]
pub struct Zip {
    directory: Vec<u8>,
    /// Bytes so far.
    position: u64,
    files: u64,
}

impl Zip {
    /// The bytes of the next file, of less than 4 GiB.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
        let sums = [crc.sum().to_le_bytes(), size, size].concat();
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
        let mut file = b"PK\x03\x04\x2d\0\0\0\0\0\0\0\0\0".to_vec();
        file.extend(&sums);
        file.extend(length);
        file.extend([0, 0]);
        file.extend(name.as_bytes());
        file.extend(content);
        self.directory.extend(b"PK\x01\x02\x2d\x03\x2d\0\0\0\0\0\0\0\0\0");
        self.directory.extend(&sums);
        self.directory.extend(length);
        self.directory.extend([12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        // The place stands in a field after the name.
        self.directory.extend([0xff; 4]);
        self.directory.extend(name.as_bytes());
        self.directory.extend([1, 0, 8, 0]);
        self.directory.extend(self.position.to_le_bytes());
        self.position += file.len() as u64;
        self.files += 1;
        file
    }

    /// The bytes that follow the last file.
    pub fn end(self) -> Vec<u8> {
        let Self { directory, position, files } = self;
        let bytes = directory.len() as u64;
        let numbers = [files, files, bytes, position].map(u64::to_le_bytes).concat();
        let mut end = directory;
        end.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
        end.extend(numbers);
        end.extend(b"PK\x06\x07\0\0\0\0");
        end.extend((position + bytes).to_le_bytes());
        end.extend(b"\x01\0\0\0PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
        end
    }
}
