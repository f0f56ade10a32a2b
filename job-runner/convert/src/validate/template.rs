//! Fields whose values are put together from others, once those have been written.

use docmill_crds::conversion::TooLong;
use docmill_crds::digest::DigestOfTexts;
use docmill_crds::reason::Reason;
use docmill_crds::template::date_in_format;
use serde_json::Value;

use super::document_validator::{Findings, Judge, Values};
use super::place::{Spot, Trail};
use crate::automaton::template::{Operand, TemplatePart, TemplatePlan};
use crate::automaton::{FieldPlan, Scope};
use crate::evaluate::record::{Content, Record};
use crate::fault::Fault;

/// How many bytes a template's value may have. Its parts may be large, and stand in it many times.
const MOST_BYTES: usize = 64 * 1024;

impl<'a> Judge<'a, '_> {
    /// Writes the fields of a template for which no path found a value, each in its place. `values` are the places of
    /// all fields.
    #[inline(never)]
    pub(super) fn templates(
        &mut self,
        scope: &'a Scope,
        findings: Findings<'_>,
        trail: &Trail<'_>,
        values: &mut Values,
    ) {
        for index in scope.templates.iter().copied() {
            let (Some(field), Some(place)) = (scope.fields.get(index), values.get(index).cloned()) else {
                continue;
            };
            let Some(template) = field.template.as_deref().filter(|_| place.is_empty()) else { continue };
            let end = self.json.len();
            self.json.raw(&field.key);
            let start = self.json.len() - end;
            if !self.made(field, template, findings, trail, values) {
                self.json.truncate(end);
                continue;
            }
            let length = self.json.len() - end;
            self.write_resolution(field);
            let moved = self.json.move_member(end, place.start);
            if let Some(value) = values.get_mut(index) {
                let member = place.start + moved.before;
                *value = member + start..member + length;
            }
            for later in values.iter_mut().skip(index + 1) {
                *later = later.start + moved.by..later.end + moved.by;
            }
        }
    }

    /// Writes the value of a template, or what the field has without one; returns whether there is any.
    fn made(
        &mut self,
        field: &FieldPlan,
        template: &TemplatePlan,
        findings: Findings<'_>,
        trail: &Trail<'_>,
        values: &Values,
    ) -> bool {
        let known = self.dropped.len();
        let place = findings.record.place(findings.frame);
        let spot = Spot { path: &template.path, place, trail, index: None };
        let (since, fatal) = (self.since(), self.fatal);
        let mut used = Vec::new();
        let written = match self.render(&template.parts, findings, values, &mut used) {
            Ok(Some(text)) => {
                self.note_used(findings, &used);
                self.write_made(field, &text, &spot)
            }
            Ok(None) => false,
            Err(TooLong(most)) => {
                let (name, expected) = (spot.field(&field.name), format!("a value of at most {most} bytes"));
                self.report(Fault::of_field(
                    Reason::LimitExceeded,
                    name,
                    spot.path,
                    place,
                    expected,
                    Some(&template.text),
                ));
                false
            }
        };
        if !self.leaves_out(field, since) && (written || self.fatal > fatal) {
            return written;
        }
        self.not_found(field, findings, trail, known)
    }

    /// Remembers that a template took what was found for these slots. Values in objects outside of the document are not
    /// told apart.
    fn note_used(&mut self, findings: Findings<'_>, slots: &[u32]) {
        let Findings { record, frame, .. } = findings;
        for slot in slots {
            if record.first(frame, *slot).is_none() {
                self.passed.made_outside(*slot);
            } else if std::ptr::eq(record, self.inside) {
                self.passed.made(frame, *slot);
            }
        }
    }

    fn write_made(&mut self, field: &FieldPlan, text: &str, spot: &Spot<'_>) -> bool {
        let edited = field.computed.as_deref().map(|computed| self.edited(field, computed, text, spot));
        let text = match &edited {
            Some(values) => values.first().map_or("", String::as_str),
            None => text,
        };
        let text = if field.kind.is_textual() { text } else { text.trim() };
        !text.is_empty() && self.scalar(field, text, spot)
    }

    /// The text of a template; `None` if a part has no value. Adds the slots of what it took to `used`.
    fn render(
        &self,
        parts: &[TemplatePart],
        findings: Findings<'_>,
        values: &Values,
        used: &mut Vec<u32>,
    ) -> Result<Option<String>, TooLong> {
        let mut text = String::new();
        for part in parts {
            match part {
                TemplatePart::Literal(literal) => text.push_str(literal),
                TemplatePart::Choice(choice) => {
                    let Some(value) = self.choose(choice, findings, values, used) else { return Ok(None) };
                    text.push_str(&value);
                }
            }
            if text.len() > MOST_BYTES {
                return Err(TooLong(MOST_BYTES));
            }
        }
        Ok(Some(text))
    }

    /// The first of these operands that has a value.
    fn choose(
        &self,
        choice: &[Operand],
        findings: Findings<'_>,
        values: &Values,
        used: &mut Vec<u32>,
    ) -> Option<String> {
        choice.iter().find_map(|operand| match operand {
            Operand::Constant(text) => Some(text.clone()),
            Operand::Field { index, within, format } => {
                let json = self.json.as_str().get(values.get(*index)?.clone())?;
                field_text(json, within, format.as_deref())
            }
            Operand::Found(slot) => found_text(*slot, findings).inspect(|_| used.push(*slot)),
            Operand::UnitKey => self.object.key.clone(),
            Operand::UnitDigest => self.object.digest.clone(),
            Operand::Sha256(list) => {
                let mut digest = DigestOfTexts::default();
                for choice in list {
                    digest.push(&self.choose(choice, findings, values, used)?);
                }
                Some(digest.finish())
            }
        })
    }
}

/// The text of a field's value, or of one in it.
fn field_text(json: &str, within: &[String], format: Option<&str>) -> Option<String> {
    let field: Value = serde_json::from_str(json).ok()?;
    let value = within.iter().try_fold(&field, |value, name| value.get(name))?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    match format {
        Some(format) => date_in_format(&text, format),
        None => Some(text),
    }
}

/// What a path found in the document, or before it.
fn found_text(slot: u32, findings: Findings<'_>) -> Option<String> {
    let Findings { record, frame, shared } = findings;
    let first = |record: &Record, frame: u32| match record.found(record.first(frame, slot)?).content {
        Content::Text { start, end } | Content::Json { start, end, .. } => {
            Some(record.text(start, end).to_owned())
        }
        _ => None,
    };
    first(record, frame).or_else(|| first(shared?, 0))
}
