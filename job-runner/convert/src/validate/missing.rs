//! Fields for which nothing was found, or nothing was left of it.

use docmill_crds::conversion::OnFault;
use docmill_crds::reason::Reason;

use super::document_validator::{Findings, Judge};
use super::place::{Spot, Trail};
use crate::automaton::FieldPlan;
use crate::fault::Fault;

impl Judge<'_, '_> {
    /// Writes what a field has without a value, or reports that it needs one. `known` values had been left out before
    /// the field.
    #[inline(never)]
    pub(super) fn not_found(
        &mut self,
        field: &FieldPlan,
        findings: Findings<'_>,
        trail: &Trail<'_>,
        known: usize,
    ) -> bool {
        let Findings { record, frame, .. } = findings;
        self.resolution = None;
        if field.counts {
            let path = field.paths.first().map_or("", String::as_str);
            return self.scalar(field, "0", &Spot { path, place: record.place(frame), trail, index: None });
        }
        if field.position {
            let (path, position) = (field.paths.first().map_or("", String::as_str), trail.position());
            let spot = Spot { path, place: record.place(frame), trail, index: None };
            return self.scalar(field, &position.to_string(), &spot);
        }
        if field.required || record.any(frame, field.required_if.clone()) {
            let template = field.template.as_deref();
            let made_at = template.map_or("", |template| template.path.as_str());
            let at = field.paths.first().map_or(made_at, String::as_str);
            let mut expected = format!("a value of type {}", field.kind.as_str());
            if let Some(template) = template {
                expected.push_str(", or all that its template needs: ");
                expected.push_str(&template.text);
            }
            let name = trail.field(&field.name);
            // What was left out is why there is none.
            let is_left_out = field.on_fault == OnFault::Drop && self.takes_back(known);
            if !is_left_out {
                self.report(Fault::of_field(
                    Reason::MissingField,
                    name,
                    at,
                    record.place(frame),
                    expected,
                    None,
                ));
            }
        }
        if let Some(default) = &field.default {
            self.json.value(default);
        }
        field.default.is_some()
    }
}
