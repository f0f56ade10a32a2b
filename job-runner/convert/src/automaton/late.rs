//! Conditions that are known only when an element, or its parent, has ended.
//!
//! The values that such a path leads to are kept in a frame of their own, a *guard*, beside what the conditions ask
//! for. When the element ends, the guard either hands its values on to the slot that it stands in, or drops them.

use docmill_crds::conversion::{Place, Test};

/// The values within one element, and what has to hold for them to count.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The scope of its slots: first that of the values, then those of the conditions.
    pub(crate) scope: u32,
    /// In their order; at most one is a place.
    pub(crate) predicates: Vec<LatePredicate>,
}

/// What is known of an element when it has ended.
#[derive(Debug)]
pub(crate) enum LatePredicate {
    Holds(LateCondition),
    /// Its place among its siblings that fulfil the predicates before. The number tells it from other places.
    Place(u32, Place),
}

/// A condition on what is in an element.
#[derive(Debug)]
pub(crate) enum LateCondition {
    /// On the values of a slot of the guard.
    Values(u32, Test),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}
