//! What the bytes of an object tell as they stream by. Pure.

use std::borrow::Cow;

use docmill_crds::digest::hex;
use sha2::{Digest, Sha256};

use super::media_type;

/// Leading bytes from which the type is detected: signatures are in the first few hundred, and office
/// documents begin with some small parts before the one that tells them apart.
const HEAD_BYTES: usize = 16 * 1024;

/// Takes in an object piece by piece. What it keeps does not grow with the object.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    hash: Sha256,
    head: Vec<u8>,
    size: u64,
}

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentFacts {
    /// Bytes.
    pub(crate) size: u64,
    /// SHA-256, in hex.
    pub(crate) digest: String,
    /// The media type (RFC 6838), without parameters.
    pub(crate) media_type: Cow<'static, str>,
}

impl Intake {
    /// The next bytes.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.hash.update(piece);
        self.size += piece.len() as u64;
        let wanted = piece.len().min(HEAD_BYTES - self.head.len());
        self.head.extend_from_slice(&piece[..wanted]);
    }

    /// There are no more.
    pub(crate) fn finish(self) -> ContentFacts {
        let is_whole = self.size == self.head.len() as u64;
        ContentFacts {
            size: self.size,
            digest: hex(&self.hash.finalize()),
            media_type: media_type::detect(&self.head, is_whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::{HEAD_BYTES, Intake};

    #[test]
    fn what_is_kept_does_not_grow_with_the_object() {
        let mut intake = Intake::default();
        let piece = vec![0; 65_536];
        for _ in 0..64 {
            intake.push(&piece);
        }
        assert!(intake.head.capacity() <= 2 * HEAD_BYTES, "{}", intake.head.capacity());
        assert_eq!(intake.finish().size, 64 * 65_536);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
            repeated in 1_usize..20,
            piece in 1_usize..5000,
        ) {
            let bytes = bytes.repeat(repeated);
            let (mut whole, mut pieces) = (Intake::default(), Intake::default());
            whole.push(&bytes);
            bytes.chunks(piece).for_each(|piece| pieces.push(piece));
            let content = pieces.finish();
            prop_assert_eq!(&whole.finish(), &content);
            prop_assert_eq!(content.digest, format!("{:x}", Sha256::digest(&bytes)));
            prop_assert_eq!(content.size, bytes.len() as u64);
        }
    }
}
