//! A model in the form that documents are matched against: all paths of all fields merged into one tree of
//! steps.
//!
//! While an object streams by, a set of nodes is active for the children of each open element. A child's name
//! leads from an active node to the next ones by a look-up, so an element that no path mentions costs one
//! look-up per active node, however many fields there are; paths with a common beginning share its nodes. A
//! step below a `//` is attached to a node that stays active all the way down.

pub(crate) mod compile;

pub(crate) mod active;

pub(crate) mod late;

mod node;

pub(crate) mod template;

use std::ops::Range;

use docmill_crds::conversion::{
    Computed, Constraints, DateBounds, Extra, FieldType, Html, OnFault, Syntax, TOP,
};
use serde_json::Value;

use super::events::names::{NO_NAMESPACE, Names, UNKNOWN, number};
use super::types::DateRules;
use late::Guard;
pub(crate) use node::{AttributeName, Edge, EdgePredicate, Node, Wild, bit};
use template::TemplatePlan;

/// Index of a [`Node`], a [`Slot`], a [`Scope`] and a [`Guard`].
pub(crate) type NodeId = u32;
pub(crate) type SlotId = u32;
pub(crate) type ScopeId = u32;
pub(crate) type GuardId = u32;

/// The scope of a document's own fields.
pub(crate) const DOCUMENT: ScopeId = 0;

/// A compiled model.
#[derive(Debug)]
pub(crate) struct Automaton {
    pub(crate) names: Names,
    pub(crate) nodes: Vec<Node>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) guards: Vec<Guard>,
    /// The start of the paths that begin at the root of an object: those of records, and absolute ones.
    pub(crate) root: NodeId,
    /// The slots of paths from the root.
    pub(crate) outside: Vec<Outside>,
    /// The attributes that elements inherit.
    pub(crate) inherited: Vec<AttributeName>,
    /// Fields resolve relative URIs.
    pub(crate) resolves: bool,
    /// The slots of what they are resolved against, beside `xml:base`.
    pub(crate) base: Range<u32>,
    pub(crate) extra: Extra,
    /// The syntax of the objects.
    pub(crate) syntax: Syntax,
    /// The path of records, as the model writes it.
    pub(crate) record: String,
    /// The same, one entry per path, for [`Action::Record`].
    pub(crate) records: Vec<String>,
}

/// What happens at an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A document starts, matched by this one of the record's paths.
    Record(u32),
    /// A value starts.
    Begin(SlotId),
    /// The object may have no documents.
    MayBeEmpty,
    /// The content is left out of the surrounding value.
    Exclude,
}

/// Where the values of one path of one field go.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(crate) struct Slot {
    /// Its position among the slots of its scope.
    pub(crate) index: u32,
    /// The position of the slot of the field's first path.
    pub(crate) first: u32,
    pub(crate) repeated: bool,
    /// Several locations lead to it, which may lead to the same element.
    pub(crate) union: bool,
    /// What a path finds is the value of its field, and known to be one at once.
    pub(crate) certain: bool,
    /// See [`FieldPlan::tried`].
    pub(crate) tried: bool,
    /// Whether its values count is known only later than they are.
    pub(crate) late: bool,
    /// It is for a template, which takes its value only where the paths of its field find none.
    pub(crate) made: bool,
    /// Its values are URIs that may be relative.
    pub(crate) resolves: bool,
    /// Where its values are in the end: itself, or the slot of the outermost guard around it.
    pub(crate) home: SlotId,
    pub(crate) content: SlotContent,
}

/// The slot of a path from the root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outside {
    /// The position of the slot of the field's first path.
    pub(crate) first: u32,
    /// Its own position.
    pub(crate) index: u32,
    /// See [`Slot::made`].
    pub(crate) made: bool,
}

/// What a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotContent {
    /// Text or markup of an element or an attribute.
    Text {
        form: TextForm,
        /// Without the text of child elements.
        own: bool,
        /// The node of the excluded content.
        exclude: Option<NodeId>,
        /// Which values are HTML.
        html: Option<Html>,
    },
    /// Nested fields.
    Object(ScopeId),
    /// The number of occurrences.
    Count,
    /// The name of the element, perhaps without its prefix.
    Name { local: bool },
    /// Values of which it is known only later whether they count.
    Guard(GuardId),
}

impl Slot {
    /// A slot of this content, alone in its field and for a single value.
    pub(crate) const fn of(content: SlotContent) -> Self {
        let home = UNKNOWN;
        Self {
            index: 0,
            first: 0,
            repeated: false,
            union: false,
            certain: true,
            tried: false,
            late: false,
            made: false,
            resolves: false,
            home,
            content,
        }
    }
}

/// How text is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextForm {
    Line,
    Paragraphs,
    Markup,
}

impl TextForm {
    pub(crate) const fn of(kind: FieldType) -> Self {
        match kind {
            FieldType::Text => Self::Paragraphs,
            FieldType::Markup => Self::Markup,
            _ => Self::Line,
        }
    }
}

/// The fields of a document or of an object in it.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) root: NodeId,
    pub(crate) slots: u32,
    /// One of the fields has something to say about an object without any value: a missing required field, a
    /// default, or a count.
    pub(crate) speaks: bool,
    pub(crate) fields: Vec<FieldPlan>,
    /// The positions of the fields with a template, in the order in which these are filled in.
    pub(crate) templates: Vec<usize>,
}

/// A field, as needed to build a document from what was found.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(crate) struct FieldPlan {
    pub(crate) name: String,
    /// The name as JSON with its colon.
    pub(crate) key: String,
    pub(crate) kind: FieldType,
    /// It has something to say if no path finds a value: a fault, or a value of its own.
    pub(crate) speaks: bool,
    pub(crate) required: bool,
    /// The slots that make it required if they have a value.
    pub(crate) required_if: Range<u32>,
    pub(crate) repeated: bool,
    /// What a path finds is its value. Otherwise it may be left out or become empty, and the next path has its turn.
    pub(crate) certain: bool,
    /// The values that a path finds are tried in their order, until one is sound and something is left of it.
    pub(crate) tried: bool,
    /// Its value is the number of elements that its path matches.
    pub(crate) counts: bool,
    /// Its value is the number of the object that it is in.
    pub(crate) position: bool,
    /// Its values are URIs that may be relative.
    pub(crate) resolves: bool,
    pub(crate) default: Option<Value>,
    /// What its value is made of if no path finds one. Boxed like the constraints.
    pub(crate) template: Option<Box<TemplatePlan>>,
    /// How its values are computed from what is found, if they are. Boxed like the constraints.
    pub(crate) computed: Option<Box<Computed>>,
    /// The constraints on its values beyond their type. Boxed, as few fields have any and all fields are
    /// walked for every document.
    pub(crate) constraints: Option<Box<Constraints>>,
    /// The earliest and the latest of its dates.
    pub(crate) bounds: Option<Box<DateBounds>>,
    /// What happens to values that are wrong.
    pub(crate) on_fault: OnFault,
    /// The key of the field beside it that says how much of its date is known.
    pub(crate) resolution: Option<String>,
    /// How its dates are parsed.
    pub(crate) dates: DateRules,
    /// The slot of its first path; the slots of its other paths follow.
    pub(crate) first_slot: u32,
    /// Its paths from the document's element (`.`) or from the root of an object, for people.
    pub(crate) paths: Vec<String>,
    /// The scope of an object's fields, or of a date's parts.
    pub(crate) scope: Option<ScopeId>,
}

impl FieldPlan {
    /// The slots of its paths.
    pub(crate) fn slots(&self) -> Range<u32> {
        self.first_slot..self.first_slot + number(self.paths.len())
    }
}

impl Automaton {
    /// Whether documents take the digest of their object.
    pub(crate) fn takes_digest(&self) -> bool {
        let plans = self.scopes.iter().flat_map(|scope| &scope.fields);
        plans.filter_map(|plan| plan.template.as_deref()).any(TemplatePlan::takes_digest)
    }

    /// Whether every top-level value of a JSON object is a document.
    pub(crate) fn takes_top(&self) -> bool {
        let (name, mut takes) = (self.names.resolve(NO_NAMESPACE, TOP), false);
        self.nodes[self.root as usize].edges(name, |edge| {
            takes |= self.nodes[edge.target as usize]
                .actions
                .iter()
                .any(|action| matches!(action, Action::Record(_)));
        });
        takes
    }
}
