//! Requests per million objects, by how many arrive in a second: the fewer a worker gets at a time, the fewer share a
//! request. Measured: see docs/operations/cost.md.

use docmill_crds::api::storage::Packing;

/// Requests per million objects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requests {
    /// GET of objects.
    pub get: f64,
    /// PUT of snapshots, an object each.
    pub put_per_unit: f64,
    /// PUT of snapshots in packs.
    pub put_packed: f64,
    /// `SendMessage`, by S3.
    pub send: f64,
    /// `ReceiveMessage`.
    pub receive: f64,
    /// `DeleteMessageBatch`.
    pub delete: f64,
    /// `ChangeMessageVisibilityBatch`.
    pub extend: f64,
}

/// Objects a second, and the requests of a million of them at that load.
pub const BY_LOAD: [(f64, Requests); 3] = [
    (
        50.0,
        Requests {
            get: 1_000_000.0,
            put_per_unit: 1_000_000.0,
            put_packed: 120_000.0,
            send: 1_000_000.0,
            receive: 450_000.0,
            delete: 130_000.0,
            extend: 10_000.0,
        },
    ),
    (
        500.0,
        Requests {
            get: 1_000_000.0,
            put_per_unit: 1_000_000.0,
            put_packed: 30_000.0,
            send: 1_000_000.0,
            receive: 220_000.0,
            delete: 120_000.0,
            extend: 10_000.0,
        },
    ),
    (
        5000.0,
        Requests {
            get: 1_000_000.0,
            put_per_unit: 1_000_000.0,
            put_packed: 30_000.0,
            send: 1_000_000.0,
            receive: 120_000.0,
            delete: 120_000.0,
            extend: 20_000.0,
        },
    ),
];

impl Requests {
    /// Those at a load: of the highest measured one that is not above it, which is no less than what is needed.
    pub fn at(per_second: f64) -> Self {
        let [(_, lowest), ..] = BY_LOAD;
        let below = BY_LOAD.iter().rev().find(|(load, _)| *load <= per_second);
        below.map_or(lowest, |(_, requests)| *requests)
    }

    /// PUT of snapshots.
    pub const fn put(&self, packing: Packing) -> f64 {
        match packing {
            Packing::PerUnit => self.put_per_unit,
            Packing::Packed => self.put_packed,
        }
    }

    /// All requests to the queue.
    pub fn queue(&self) -> f64 {
        self.send + self.receive + self.delete + self.extend
    }
}

/// Objects of 5 KB that one worker takes in a second, less than was measured.
pub const fn of_one_worker(packing: Packing) -> f64 {
    match packing {
        Packing::PerUnit => 300.0,
        Packing::Packed => 400.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{BY_LOAD, Requests};

    #[test]
    fn a_load_takes_the_requests_of_the_measured_one_below_it() {
        let [(_, fifty), (_, five_hundred), (_, most)] = BY_LOAD;
        assert_eq!(Requests::at(1.0), fifty);
        assert_eq!(Requests::at(499.0), fifty);
        assert_eq!(Requests::at(500.0), five_hundred);
        assert_eq!(Requests::at(100_000.0), most);
    }
}
