//! Dates whose year, month and day stand apart.

use std::borrow::Cow;

use docmill_crds::conversion::{DateParts, FieldType};

use super::super::kinds::Form;
use super::super::tree::NodeId;
use super::{Draft, Proposer, Within};

/// A date whose year, month and day stand apart.
pub(super) struct SplitDate {
    year: NodeId,
    /// All of them.
    pub(super) nodes: Vec<NodeId>,
    parts: DateParts,
}

impl<'t> Proposer<'t> {
    /// Year, month and perhaps day in elements or attributes of this one.
    pub(super) fn split_date(&mut self, at: NodeId) -> Option<SplitDate> {
        let (tree, level) = (self.tree, self.tree.node(at).depth);
        let named = |name: &str| {
            let is_named = |id: &NodeId| tree.node(*id).local.eq_ignore_ascii_case(name);
            tree.children(at).into_iter().find(is_named)
        };
        let is_part = |id: NodeId, form| {
            let facts = &tree.node(id).facts;
            let is_single = facts.value.count(level) > 0 && !facts.listed && !facts.value.is_repeated(level);
            is_single && !facts.children && facts.kinds.has(form)
        };
        let year = named("year").filter(|id| is_part(*id, Form::Year))?;
        let month = named("month").filter(|id| is_part(*id, Form::Month))?;
        let day = named("day").filter(|id| is_part(*id, Form::MonthDay));
        let parts = DateParts {
            year: self.step(tree.node(year))?,
            month: Some(self.step(tree.node(month))?),
            day: day.and_then(|day| self.step(tree.node(day))),
        };
        Some(SplitDate { year, nodes: [Some(year), Some(month), day].into_iter().flatten().collect(), parts })
    }

    /// The date that is split here, as one field.
    pub(super) fn date(
        &mut self,
        at: NodeId,
        date: &SplitDate,
        path: &str,
        words: Vec<Cow<'t, str>>,
        within: Within<'_>,
        drafts: &mut Vec<Draft<'t>>,
    ) {
        let (years, level) = (&self.tree.node(date.year).facts.value, self.tree.node(within.scope).depth);
        let (count, repeated) = (years.count(level), years.is_repeated(level));
        let (typed, parts, path) = ((FieldType::Date, None), Some(date.parts.clone()), path.to_owned());
        let draft = Draft { node: at, label: None, typed, parts, path, words, count, repeated };
        self.keep(draft, within, drafts);
    }
}
