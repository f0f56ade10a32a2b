//! Fields whose values are computed from what was found.

use std::borrow::Cow;

use docmill_crds::conversion::{Computed, FieldType, TooLong};
use docmill_crds::reason::Reason;

use super::constraints::Tally;
use super::document_validator::Judge;
use super::html;
use super::place::{Spot, Trail};
use crate::automaton::FieldPlan;
use crate::evaluate::record::{Content, Record};
use crate::events::json_value::JsonKind;
use crate::fault::Fault;

impl Judge<'_, '_> {
    /// Writes what is computed of the value `first`, and of those that follow it if there may be several.
    /// Returns whether there is any value.
    #[inline(never)]
    pub(crate) fn computed(
        &mut self,
        field: &FieldPlan,
        computed: &Computed,
        path: &str,
        record: &Record,
        first: u32,
        trail: &Trail<'_>,
    ) -> bool {
        let textual = field.kind.is_textual();
        let several = field.repeated || computed.join().is_some();
        let (mut values, mut next) = (Vec::new(), Some(first));
        while let Some(id) = next {
            let spot = Spot { path, place: record.place_of(id), trail, index: None };
            let found = self.compute(field, computed, record, id, &spot);
            let found = found.into_iter();
            // As for any value, white space is of no meaning to the other types.
            let trimmed = found.map(|value| if textual { value } else { value.trim().to_owned() });
            values.extend(trimmed.map(|value| (id, value)));
            next = if several { record.next(id) } else { None };
        }
        let place = record.place_of(first);
        if let Some(between) = computed.join() {
            let values: Vec<_> = values.into_iter().map(|(_, value)| value).collect();
            let spot = Spot { path, place, trail, index: None };
            return !values.is_empty() && self.scalar(field, &values.join(between), &spot);
        }
        if !field.repeated {
            let spot = Spot { path, place, trail, index: None };
            return values.first().is_some_and(|(_, value)| self.scalar(field, value, &spot));
        }
        self.list(field, path, record, &values, trail, Tally::new(field, place))
    }

    /// Writes a list of values, each with where it was found.
    fn list(
        &mut self,
        field: &FieldPlan,
        path: &str,
        record: &Record,
        values: &[(u32, String)],
        trail: &Trail<'_>,
        mut tally: Tally,
    ) -> bool {
        self.json.raw("[");
        let empty = self.json.len();
        for (index, (id, value)) in values.iter().enumerate() {
            let spot = Spot { path, place: record.place_of(*id), trail, index: Some(index) };
            let since = self.since();
            self.json.separate();
            if !self.scalar(field, value, &spot) {
                self.json.truncate(since.length);
            }
            if !self.leaves_out(field, since) {
                tally.add(spot.place);
            }
        }
        if let Some((reason, expected)) = tally.fault(field) {
            self.report(tally.report(reason, expected, trail.field(&field.name), path));
        }
        let filled = self.json.len() > empty;
        self.json.raw("]");
        filled
    }

    /// The values that one value becomes, and a fault if it cannot become any.
    fn compute(
        &mut self,
        field: &FieldPlan,
        computed: &Computed,
        record: &Record,
        id: u32,
        spot: &Spot<'_>,
    ) -> Vec<String> {
        let names = &self.automaton.names;
        let plain = |source: &str| html::plain_text(names, source, field.kind == FieldType::Text);
        let text = match record.found(id).content {
            Content::Json { kind: JsonKind::Object, start, end } => {
                self.json(field, JsonKind::Object, record.text(start, end), spot);
                return Vec::new();
            }
            Content::Html { start, end } => Cow::Owned(plain(record.text(start, end))),
            Content::Json { kind: JsonKind::String, start, end } if computed.html().is_some() => {
                Cow::Owned(plain(record.text(start, end)))
            }
            Content::Text { start, end } | Content::Json { start, end, .. } => {
                Cow::Borrowed(record.text(start, end))
            }
            Content::Empty | Content::Object(_) | Content::Count(_) | Content::Guard(_) => return Vec::new(),
        };
        let text = self.resolved(field, &text);
        self.edited(field, computed, &text, spot)
    }

    /// What a text becomes, and a fault if that is too long.
    pub(super) fn edited(
        &mut self,
        field: &FieldPlan,
        computed: &Computed,
        text: &str,
        spot: &Spot<'_>,
    ) -> Vec<String> {
        computed.values(text).unwrap_or_else(|TooLong(most)| {
            let expected = format!("a value that becomes at most {most} bytes");
            let name = spot.field(&field.name);
            self.report(Fault::of_field(
                Reason::LimitExceeded,
                name,
                spot.path,
                spot.place,
                expected,
                Some(text),
            ));
            Vec::new()
        })
    }
}
