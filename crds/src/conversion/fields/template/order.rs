//! In which order the templates of fields are filled in: those that others name come first.

use super::parse::{Operand, ValueTemplate};
use crate::conversion::fields::field::Field;

/// The positions of the fields with a template, in the order in which they can be filled in; or, if some of them need
/// each other, the position of one of these.
pub fn template_order(fields: &[Field]) -> Result<Vec<usize>, usize> {
    let templates = fields.iter().enumerate().filter(|(_, field)| field.template.is_some());
    let mut waiting: Vec<_> = templates.map(|(index, field)| (index, needs(fields, field))).collect();
    let mut order: Vec<usize> = Vec::new();
    while let Some((first, _)) = waiting.first() {
        let first = *first;
        let (ready, rest): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, needs)| needs.iter().all(|index| order.contains(index)));
        if ready.is_empty() {
            return Err(first);
        }
        order.extend(ready.into_iter().map(|(index, _)| index));
        waiting = rest;
    }
    Ok(order)
}

/// The positions of the fields with a template that this field's template names.
fn needs(fields: &[Field], field: &Field) -> Vec<usize> {
    let template = field.template.as_deref().map(ValueTemplate::parse);
    let mut needs = Vec::new();
    if let Some(Ok(template)) = template {
        template.each_operand(|operand| {
            let Operand::Field { names, .. } = operand else { return };
            let named = |field: &Field| field.template.is_some() && names.first() == Some(&field.name);
            needs.extend(fields.iter().position(named));
        });
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(templates: &[(&str, Option<&str>)]) -> Result<Vec<usize>, usize> {
        let field = |(name, template): &(&str, Option<&str>)| Field {
            name: (*name).to_owned(),
            template: template.map(str::to_owned),
            ..Field::default()
        };
        template_order(&templates.iter().map(field).collect::<Vec<_>>())
    }

    #[test]
    fn what_others_need_comes_first() {
        let fields = [("a", Some("{b}{c}")), ("b", Some("{sha256(d)}")), ("c", None), ("d", Some("{c}"))];
        assert_eq!(order(&fields), Ok(vec![3, 1, 0]));
    }

    #[test]
    fn a_circle_is_found() {
        assert_eq!(order(&[("a", Some("{a}"))]), Err(0));
        assert_eq!(order(&[("x", Some("{y}")), ("y", None), ("a", Some("{b}")), ("b", Some("{a}"))]), Err(2));
    }
}
