//! Makes archives, sound ones and others.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

/// A tar header with its checksum.
pub(crate) fn tar_header(name: &[u8], kind: u8, size: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..107].copy_from_slice(b"0000644");
    header[124..124 + size.len()].copy_from_slice(size);
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    sign(&mut header);
    header
}

/// Writes the checksum of a header.
pub(crate) fn sign(header: &mut [u8]) {
    header[148..156].copy_from_slice(b"        ");
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A header and a content that is filled up.
pub(crate) fn tar_member(name: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let mut member = tar_header(name, kind, format!("{:011o}", content.len()).as_bytes());
    member.extend_from_slice(content);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

/// A hard link, of which the header is all there is.
pub(crate) fn tar_link(name: &[u8], target: &[u8]) -> Vec<u8> {
    let mut header = tar_header(name, b'1', b"00000000000");
    header[157..157 + target.len()].copy_from_slice(target);
    sign(&mut header);
    header
}

/// A line of a pax header, which begins with its own length.
pub(crate) fn pax(keyword: &str, value: &str) -> String {
    let rest = format!(" {keyword}={value}\n");
    let length =
        (rest.len()..rest.len() + 9).find(|length| length.to_string().len() + rest.len() == *length).unwrap();
    format!("{length}{rest}")
}

/// A whole archive of files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let members = files.iter().flat_map(|(name, content)| tar_member(name.as_bytes(), b'0', content));
    members.chain([0; 1024]).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file for a ZIP archive, and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct ZipFile {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) flags: u16,
    /// 0 or 8; others are stored.
    pub(crate) method: u16,
    /// Sizes stand after the content, and in the directory.
    pub(crate) described_later: bool,
    /// Sizes and place stand in fields of 64 bits.
    pub(crate) large: bool,
}

impl ZipFile {
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        let (name, content) = (name.to_owned(), content.to_vec());
        Self { name, content, flags: 0, method: 8, described_later: false, large: false }
    }

    fn packed(&self) -> Vec<u8> {
        if self.method != 8 {
            return self.content.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.content).unwrap();
        encoder.finish().unwrap()
    }
}

/// A whole archive, with its end record in 64 bits if that is asked for.
pub(crate) fn zip(files: &[ZipFile], large: bool) -> Vec<u8> {
    let (mut archive, mut directory): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    for file in files {
        let packed = file.packed();
        let offset = u32::try_from(archive.len()).unwrap();
        let mut crc = Crc::new();
        crc.update(&file.content);
        let sizes = [packed.len(), file.content.len()].map(|size| u32::try_from(size).unwrap());
        let flags = file.flags | if file.described_later { 8 } else { 0 };
        let name_length = u16::try_from(file.name.len()).unwrap().to_le_bytes();
        let common = [[20, 0], flags.to_le_bytes(), file.method.to_le_bytes(), [0, 0], [0, 0]].concat();
        let told = if file.described_later { [0, 0, 0] } else { [crc.sum(), sizes[0], sizes[1]] };
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(told.iter().flat_map(|number| number.to_le_bytes()));
        archive.extend([name_length, [0, 0]].concat());
        archive.extend(file.name.as_bytes());
        archive.extend(packed);
        if file.described_later {
            archive.extend(b"PK\x07\x08");
            archive.extend([crc.sum(), sizes[0], sizes[1]].iter().flat_map(|number| number.to_le_bytes()));
        }
        let mut fields: Vec<u8> = Vec::new();
        let mut places = [sizes[0], sizes[1], offset];
        if file.large {
            fields.extend([1, 0, 24, 0]);
            for number in [sizes[1], sizes[0], offset] {
                fields.extend(u64::from(number).to_le_bytes());
            }
            places = [u32::MAX; 3];
        }
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([crc.sum(), places[0], places[1]].iter().flat_map(|number| number.to_le_bytes()));
        directory.extend(name_length);
        directory.extend(u16::try_from(fields.len()).unwrap().to_le_bytes());
        directory.extend([0_u8; 10]);
        directory.extend(places[2].to_le_bytes());
        directory.extend(file.name.as_bytes());
        directory.extend(fields);
    }
    let (start, count) = (archive.len() as u64, files.len() as u64);
    archive.extend(&directory);
    let bytes = directory.len() as u64;
    if large {
        let end = archive.len() as u64;
        archive.extend(b"PK\x06\x06");
        archive.extend(44_u64.to_le_bytes());
        archive.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        archive.extend([count, count, bytes, start].iter().flat_map(|number| number.to_le_bytes()));
        archive.extend(b"PK\x06\x07\0\0\0\0");
        archive.extend(end.to_le_bytes());
        archive.extend([1, 0, 0, 0]);
    }
    let narrow = |number: u64| u32::try_from(number).unwrap().to_le_bytes();
    let short = narrow(count);
    let counts: [u8; 4] = if large { [0xff; 4] } else { [short[0], short[1], short[0], short[1]] };
    let places = if large { [[0xff; 4]; 2] } else { [narrow(bytes), narrow(start)] };
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(counts);
    archive.extend(places.concat());
    archive.extend([0, 0]);
    archive
}
