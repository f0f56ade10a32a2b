//! The units of a day as they are recorded now, by key and version, page by page.

use std::collections::VecDeque;

use docmill_crds::records::lineage::merkle::MerkleTree;
use docmill_crds::records::lineage::{Day, UnitEntry};
use docmill_crds::records_api::MAX_LIMIT;
use docmill_crds::records_api::query::UnitQuery;
use docmill_crds::records_api::unit::Unit;

use crate::cluster::Cluster;
use crate::failure::Failure;

/// A recorded unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUnit {
    /// The line that a manifest of now would have.
    pub entry: UnitEntry,
    /// When it was recorded.
    pub recorded_time: String,
}

impl FoundUnit {
    /// By what the API tells of a unit; `None` if it is not recorded.
    pub fn of(unit: &Unit) -> Option<Self> {
        let recorded_time = unit.conversion.as_ref()?.recorded_time.clone();
        Some(Self { entry: unit.entry()?, recorded_time })
    }
}

/// Reads the units of a day.
pub struct UnitReader<'a> {
    cluster: &'a Cluster,
    query: UnitQuery,
    has_more: bool,
    units: VecDeque<FoundUnit>,
    /// The tree that a manifest of now would have, over the units that were read.
    pub tree: MerkleTree,
}

impl<'a> UnitReader<'a> {
    /// Reads the units of a source that landed on a day.
    pub fn new(cluster: &'a Cluster, day: Day, source: &str) -> Self {
        let query = UnitQuery {
            source: Some(source.to_owned()),
            day: Some(day),
            limit: Some(MAX_LIMIT),
            ..UnitQuery::default()
        };
        Self { cluster, query, has_more: true, units: VecDeque::new(), tree: MerkleTree::default() }
    }

    /// The next unit; `None` at the end.
    pub async fn peek(&mut self) -> Result<Option<&FoundUnit>, Failure> {
        while self.units.is_empty() && self.has_more {
            let page = self.cluster.units(&self.query).await?;
            for unit in page.items.iter().filter_map(FoundUnit::of) {
                self.tree.push(&unit.entry.line());
                self.units.push_back(unit);
            }
            self.query.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            self.has_more = self.query.continue_token.is_some();
        }
        Ok(self.units.front())
    }

    /// Goes on to the unit after it.
    pub fn advance(&mut self) {
        self.units.pop_front();
    }
}
