//! Dates whose parts are separate values.

use docmill_crds::reason::Reason;

use super::document_validator::Judge;
use super::place::Spot;
use crate::automaton::{FieldPlan, ScopeId};
use crate::evaluate::record::{Content, Record};
use crate::fault::Fault;
use crate::types::{Resolution, date_of_parts};

impl Judge<'_, '_> {
    /// Writes the date whose parts are in this frame.
    #[inline(never)]
    pub(crate) fn date_of_parts(
        &mut self,
        field: &FieldPlan,
        scope: ScopeId,
        record: &Record,
        frame: u32,
        spot: &Spot<'_>,
    ) -> bool {
        // Year, month and day, as far as the model has them.
        let mut parts = [None; 3];
        for (part, plan) in parts.iter_mut().zip(&self.automaton.scopes[scope as usize].fields) {
            let value = record.first(frame, plan.first_slot).map(|id| record.found(id).content);
            *part = match value {
                Some(Content::Text { start, end } | Content::Json { start, end, .. }) => {
                    Some(record.text(start, end))
                }
                _ => None,
            };
        }
        if let [Some(year), month, day] = parts
            && let Some(date) = date_of_parts(year, month, day)
        {
            let written = self.scalar(field, &date, spot);
            self.resolution = Some(Resolution::of_parts(month.is_some(), day.is_some()));
            return written;
        }
        let found = parts.map(|part| part.unwrap_or("-")).join(" ");
        let expected = "a year of four digits, and perhaps a month and a day".to_owned();
        self.report(Fault::of_field(
            Reason::WrongType,
            spot.field(&field.name),
            spot.path,
            spot.place,
            expected,
            Some(&found),
        ));
        false
    }
}
