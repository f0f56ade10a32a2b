//! The places that paths lead to, and the steps between them.

use docmill_crds::conversion::Test;

use super::{Action, NodeId, SlotId};
use crate::events::Element;
use crate::events::names::{NO_NAMESPACE, Name, UNKNOWN, number};
use crate::events::tag::RawAttribute;

/// Up to this many names of a node are compared one by one.
const FEW: usize = 16;

/// A place that paths lead to.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The numbers of element names, sorted, and the edge of each.
    pub(crate) names: Vec<u32>,
    pub(crate) named: Vec<Edge>,
    /// Edges of `*` and `prefix:*`.
    pub(crate) wild: Vec<(Wild, Edge)>,
    /// The node for elements at any depth below.
    pub(crate) below: Option<NodeId>,
    /// Active for all descendants, not only for children.
    pub(crate) sticky: bool,
    /// What happens at an element that matches here.
    pub(crate) actions: Vec<Action>,
    /// Which of its attributes are values.
    pub(crate) attributes: Vec<(AttributeName, SlotId)>,
    /// Which of the inherited attributes are values, by their numbers.
    pub(crate) inherited: Vec<(u32, SlotId)>,
    /// On the way of paths from the root: the positions of the slots whose values are within the element.
    pub(crate) renews: Vec<u32>,
}

/// A step to a node, taken if its predicates hold.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) predicates: Vec<EdgePredicate>,
    pub(crate) target: NodeId,
}

/// What is known of an element when it starts.
#[derive(Clone, Debug)]
pub(crate) enum EdgePredicate {
    Attribute(AttributeName, Test),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    /// It is this one among its siblings that fulfil the predicates before. The number tells it from other places.
    Place(u32, u32),
}

/// Elements matched by less than their full name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wild {
    Any,
    InNamespace(u32),
}

/// The name of an attribute that a model mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributeName {
    pub(crate) namespace: u32,
    pub(crate) local: String,
}

impl Node {
    /// Calls `take` with every edge that matches an element's name.
    pub(crate) fn edges<'n>(&'n self, name: Name, mut take: impl FnMut(&'n Edge)) {
        for id in [name.exact, name.any] {
            if id == UNKNOWN {
                continue;
            }
            // A look at each of a few names does not wait for the one before.
            let many = self.names.len() > FEW;
            let start = if many { self.names.partition_point(|known| *known < id) } else { 0 };
            let named = self.names[start..].iter().zip(&self.named[start..]);
            let named = named.skip_while(|(known, _)| **known < id);
            named.take_while(|(known, _)| **known == id).for_each(|(_, edge)| take(edge));
        }
        for (wild, edge) in &self.wild {
            match wild {
                Wild::Any => take(edge),
                Wild::InNamespace(namespace) if *namespace == name.namespace => take(edge),
                Wild::InNamespace(_) => {}
            }
        }
    }

    /// Whether any path continues from here.
    pub(crate) fn leads_on(&self) -> bool {
        !self.named.is_empty() || !self.wild.is_empty()
    }
}

impl Edge {
    /// Whether the element fulfils all predicates. Attributes that decide about it are added to `claimed`,
    /// one bit each. `place` counts the element among its siblings, by the number of the place.
    pub(crate) fn holds(
        &self,
        element: &Element<'_>,
        claimed: &mut u128,
        place: impl FnMut(u32) -> u32,
    ) -> bool {
        self.predicates.is_empty() || self.all_hold(element, claimed, place)
    }

    #[inline(never)]
    fn all_hold(&self, element: &Element<'_>, claimed: &mut u128, mut place: impl FnMut(u32) -> u32) -> bool {
        self.predicates.iter().all(|predicate| match predicate {
            EdgePredicate::Place(id, wanted) => place(*id) == *wanted,
            condition => condition.holds(element, claimed),
        })
    }
}

impl EdgePredicate {
    fn holds(&self, element: &Element<'_>, claimed: &mut u128) -> bool {
        match self {
            Self::Attribute(name, test) => {
                let attribute = name.of(element, claimed);
                test.holds(attribute.as_ref().map(RawAttribute::value).as_deref())
            }
            Self::Not(condition) => !condition.holds(element, claimed),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(element, claimed)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(element, claimed)),
            // Never within a condition.
            Self::Place(..) => false,
        }
    }
}

impl AttributeName {
    /// The element's attribute with this name. Sets its bit in `claimed`.
    fn of<'s>(&self, element: &Element<'s>, claimed: &mut u128) -> Option<RawAttribute<'s>> {
        let index = self.find(element)?;
        *claimed |= bit(index);
        Some(element.attributes.get(index))
    }

    /// The number of the element's attribute with this name.
    pub(crate) fn find(&self, element: &Element<'_>) -> Option<usize> {
        let found = element.attributes.find(&self.local, |prefix| {
            if prefix.is_empty() {
                self.namespace == NO_NAMESPACE
            } else {
                element.namespaces.id(prefix) == Some(self.namespace)
            }
        });
        found.map(|(index, _)| index)
    }
}

/// The bit of the attribute with this number; none beyond the number of bits.
pub(crate) fn bit(index: usize) -> u128 {
    1_u128.checked_shl(number(index)).unwrap_or_default()
}
