//! Compiles templates of values.

use docmill_crds::conversion::{self, Field, ModelError, ValueTemplate};

use super::{Compiler, FieldPlace, at};
use crate::automaton::template::{Operand, TemplatePart, TemplatePlan};
use crate::automaton::{Slot, SlotContent, TextForm};

impl Compiler<'_> {
    /// The template of a field, if it has one; `fields` are those beside it.
    pub(super) fn template(
        &mut self,
        field: &Field,
        fields: &[Field],
        place: FieldPlace<'_>,
    ) -> Result<Option<TemplatePlan>, ModelError> {
        let Some(text) = &field.template else { return Ok(None) };
        let template = ValueTemplate::parse(text)
            .map_err(|fault| ModelError::Path { place: format!("{}.template", place.model), fault })?;
        let mut parts = Vec::with_capacity(template.parts.len());
        for part in &template.parts {
            parts.push(match part {
                conversion::TemplatePart::Literal(literal) => TemplatePart::Literal(literal.clone()),
                conversion::TemplatePart::Choice(choice) => {
                    TemplatePart::Choice(self.choice(choice, fields, place)?)
                }
            });
        }
        Ok(Some(TemplatePlan { text: text.clone(), path: place.path.to_owned(), parts }))
    }

    fn choice(
        &mut self,
        choice: &[conversion::Operand],
        fields: &[Field],
        place: FieldPlace<'_>,
    ) -> Result<Vec<Operand>, ModelError> {
        let mut operands = Vec::with_capacity(choice.len());
        for operand in choice {
            operands.extend(self.operand(operand, fields, place)?);
        }
        Ok(operands)
    }

    /// An operand; `None` for a field that there is not, which the check of the model refuses.
    fn operand(
        &mut self,
        operand: &conversion::Operand,
        fields: &[Field],
        place: FieldPlace<'_>,
    ) -> Result<Option<Operand>, ModelError> {
        Ok(Some(match operand {
            conversion::Operand::Constant(text) => Operand::Constant(text.clone()),
            conversion::Operand::Field { names, format } => {
                let Some((name, within)) = names.split_first() else { return Ok(None) };
                let Some(index) = fields.iter().position(|field| field.name == *name) else {
                    return Ok(None);
                };
                Operand::Field { index, within: within.to_vec(), format: format.clone() }
            }
            conversion::Operand::Path(path) => Operand::Found(self.found(path, place)?),
            conversion::Operand::UnitKey => Operand::UnitKey,
            conversion::Operand::UnitDigest => Operand::UnitDigest,
            conversion::Operand::Sha256(list) => {
                let list = list.iter().map(|choice| self.choice(choice, fields, place));
                Operand::Sha256(list.collect::<Result<_, _>>()?)
            }
        }))
    }

    /// Adds a slot for what a path finds.
    fn found(&mut self, path: &str, place: FieldPlace<'_>) -> Result<u32, ModelError> {
        let union = self.parse_locations(path)?;
        let locations: Vec<_> = union.iter().map(|(location, _)| location).collect();
        let index = self.scopes[at(place.scope)].slots;
        let content = SlotContent::Text { form: TextForm::Line, own: false, exclude: None, html: None };
        self.slot(&locations, place, Slot { first: index, made: true, ..Slot::of(content) });
        Ok(index)
    }
}
