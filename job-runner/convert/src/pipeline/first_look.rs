//! What has to be known of an object before its documents are made, where that takes reading it once.

use std::io::{self, Read};

use docmill_crds::digest::hex;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::converter::Converter;
use crate::input::archive::object::Object;
use crate::input::object_info::ObjectInfo;
use crate::leniency::Reading;

/// What is known of an object.
#[derive(Clone, Debug, Default)]
pub struct FirstLook {
    /// How it has to be read.
    pub reading: Reading,
    /// The SHA-256 of its bytes, if documents take it.
    pub digest: Option<String>,
}

impl FirstLook {
    /// Whether documents of this model take a look at the object before.
    pub fn is_needed(converter: &Converter) -> bool {
        converter.rereads() || converter.takes_digest()
    }

    /// Reads an object, whose place is its start, to its end: once, or again where its bytes do not exist in its encoding.
    pub fn at(converter: &Converter, object: &mut dyn Object) -> io::Result<Self> {
        let limits = &converter.limits;
        let mut hashed = Hashed { object: &mut *object, digest: Sha256::new() };
        let is_garbled = converter.rereads() && converter.meets_invalid_bytes(limits, &mut hashed)?;
        io::copy(&mut hashed, &mut io::sink())?;
        let digest = converter.takes_digest().then(|| hex(&hashed.digest.finalize()));
        let reading = if is_garbled { converter.final_reading(limits, object)? } else { Reading::default() };
        Ok(Self { reading, digest })
    }

    /// What documents may take of the object, with this key, that landed then.
    pub fn object_info(&self, key: String, landed: Option<Timestamp>) -> ObjectInfo {
        ObjectInfo { key: Some(key), digest: self.digest.clone(), landed }
    }
}

/// Computes the digest of what is read.
struct Hashed<R> {
    object: R,
    digest: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.object.read(buffer)?;
        self.digest.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
