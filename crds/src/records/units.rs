//! The ledger: one record per unit, in the index `docmill-units-<namespace>.<source>`. The worker writes it,
//! the operator counts its records, and people find articles in it. In addition, [`heads`](super::heads)
//! record what is newest.
mod documents_digest;
mod expired;
mod index;
mod record;
mod unit;

pub use documents_digest::{DocumentsDigest, content_digest};
pub use expired::{EXPIRED_ID, ExpiredRecords, PendingDeletion};
pub use index::{UNITS_PATTERN, units_index, units_index_body};
pub use record::{
    DocumentAddress, MAX_OVERWRITTEN_IDS, MAX_RECORDED_DOCUMENTS, RecordedDocument, UnitRecord,
};
pub use unit::{UnitId, UnitState};
#[cfg(test)]
mod tests {
    use super::UnitId;
    use crate::digest::hex;

    #[test]
    fn the_digest_tells_apart_what_concatenation_would_not() {
        let unit = |bucket: &str, key: &str, version: &str| UnitId {
            bucket: bucket.into(),
            key: key.into(),
            version: version.into(),
        };
        assert_ne!(unit("ab", "c", "1").digest(), unit("a", "bc", "1").digest());
        assert_eq!(unit("ab", "c", "1").digest(), unit("ab", "c", "1").digest());
        assert_eq!(unit("ab", "c", "1").digest().len(), 32);
    }

    #[test]
    fn hex_is_lower_case_and_padded() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
