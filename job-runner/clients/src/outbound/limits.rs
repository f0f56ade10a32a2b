//! How much of a response is read, and how long it may take.

use std::time::Duration;

use tokio::sync::Semaphore;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The maximum size of a response, by what was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// An acknowledgement, a setting, a version.
    Small,
    /// Documents, records, mappings: as many as were requested.
    Page,
    /// The verdicts on this many items of a bulk.
    Items(usize),
}

/// The limits of one process.
#[derive(Debug)]
pub struct Limits {
    /// Bytes of a small response of Elasticsearch or a model server.
    small: usize,
    /// Bytes of a large one.
    page: usize,
    /// Bytes of a response of the object store or the queue that is not the content of an object.
    pub store: usize,
    /// Values (numbers, texts, lists, objects) that a JSON response may hold: each takes many times its bytes
    /// in memory.
    pub values: usize,
    /// How long it may take to connect.
    pub connect: Duration,
    /// How long one request may take, from connecting to the last byte of the response.
    pub request: Duration,
    /// The same for a call to object store or queue with all its attempts. `None`: only a stall ends it, as a
    /// large object over a slow line is no failure.
    pub store_call: Option<Duration>,
    /// What all responses together may hold beyond [`FREE_BYTES`] each, in blocks of [`BLOCK_BYTES`].
    pub shared_budget: Option<Semaphore>,
}

/// What each response may hold without acquiring a share of the common budget.
pub const FREE_BYTES: usize = 256 * KIB;
/// Size of a share.
pub const BLOCK_BYTES: usize = 64 * KIB;
/// What all concurrent responses of the operator together may hold beyond that.
const SHARED_BUDGET_BYTES: usize = 16 * MIB;
/// Room for the verdict on one item of a bulk: an error with its causes.
const ITEM_BYTES: usize = 16 * KIB;

impl Limits {
    /// The limits of a worker, which works for one tenant.
    pub const fn worker() -> Self {
        Self {
            small: MIB,
            page: 128 * MIB,
            store: 16 * MIB,
            values: usize::MAX,
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
            store_call: None,
            shared_budget: None,
        }
    }

    /// The limits of the operator, which works for all tenants at once.
    pub fn operator() -> Self {
        Self {
            small: 64 * KIB,
            page: 4 * MIB,
            store: 128 * KIB,
            values: 100_000,
            connect: Duration::from_secs(3),
            request: Duration::from_secs(20),
            store_call: Some(Duration::from_secs(10)),
            shared_budget: Some(Semaphore::new(SHARED_BUDGET_BYTES / BLOCK_BYTES)),
        }
    }

    /// A cap in bytes.
    pub fn bytes(&self, cap: Cap) -> usize {
        match cap {
            Cap::Small => self.small,
            Cap::Page => self.page,
            Cap::Items(items) => items.saturating_mul(ITEM_BYTES).saturating_add(self.small).min(self.page),
        }
    }

    /// Whether a JSON text has no more values than may be read. Each is followed by a comma or by the end of
    /// its container, so these characters can be counted instead, including those within texts.
    pub fn has_few_values(&self, json: &[u8]) -> bool {
        let fits_anyway = json.len() <= self.values;
        fits_anyway || json.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() <= self.values
    }
}

#[cfg(test)]
mod tests {
    use super::{Cap, Limits};

    #[test]
    fn an_answer_that_would_swell_in_memory_is_told_by_its_signs() {
        let limits = Limits::operator();
        assert!(limits.has_few_values(&b"[0,1,2]".repeat(1_000)));
        assert!(!limits.has_few_values(format!("[{}0]", "0,".repeat(200_000)).as_bytes()));
        assert!(limits.has_few_values(format!("[\"{}\"]", "x".repeat(2_000_000)).as_bytes()));
        assert!(Limits::worker().has_few_values(format!("[{}0]", "0,".repeat(200_000)).as_bytes()));
    }

    #[test]
    fn a_bulk_may_have_an_answer_for_each_of_its_items_up_to_a_page() {
        let limits = Limits::worker();
        assert!(limits.bytes(Cap::Items(1)) < limits.bytes(Cap::Items(1_000)));
        assert_eq!(limits.bytes(Cap::Items(usize::MAX)), limits.bytes(Cap::Page));
    }
}
