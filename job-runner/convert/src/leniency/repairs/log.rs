//! The repairs of one object.

use docmill_crds::conversion::{Repair, RepairCounts};

use super::Repairs;

/// What may be mended in an object, and what was.
#[derive(Debug, Default)]
pub(crate) struct RepairLog {
    allowed: Repairs,
    counts: RepairCounts,
}

impl RepairLog {
    pub(crate) fn new(allowed: Repairs) -> Self {
        Self { allowed, counts: RepairCounts::default() }
    }

    pub(crate) const fn allowed(&self) -> Repairs {
        self.allowed
    }

    pub(crate) const fn allows(&self, repair: Repair) -> bool {
        self.allowed.has(repair)
    }

    /// Returns whether this may be mended, and counts it then.
    pub(crate) fn mend(&mut self, repair: Repair) -> bool {
        self.add(repair, u64::from(self.allows(repair)));
        self.allows(repair)
    }

    /// The same for what is mended for an object as a whole: it counts once.
    pub(crate) fn mend_object(&mut self, repair: Repair) -> bool {
        if self.counts.get(repair) == 0 { self.mend(repair) } else { true }
    }

    pub(crate) fn add(&mut self, repair: Repair, times: u64) {
        self.counts.add(repair, times);
    }

    pub(crate) const fn counts(&self) -> &RepairCounts {
        &self.counts
    }
}
