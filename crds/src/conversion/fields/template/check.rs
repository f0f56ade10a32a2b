//! Checks the templates of fields without a document.

use super::order::template_order;
use super::parse::{Operand, ValueTemplate};
use crate::conversion::fields::field::Field;
use crate::conversion::fields::field_type::FieldType;
use crate::conversion::model_error::ModelError;
use crate::conversion::path::{Path, Scope, Target};

/// Checks the templates of these fields; `level` is 1 for those of a document.
pub(crate) fn check(
    place: &str,
    fields: &[Field],
    scope: &Scope<'_>,
    level: usize,
) -> Result<(), ModelError> {
    for (index, field) in fields.iter().enumerate() {
        let Some(text) = &field.template else { continue };
        let place = format!("{place}[{index}].template");
        let name = || field.name.clone();
        let fault = |problem| ModelError::Field { place: place.clone(), name: name(), problem };
        if let Some(problem) = shape_problem(field) {
            return Err(fault(problem.to_owned()));
        }
        let template =
            ValueTemplate::parse(text).map_err(|fault| ModelError::Path { place: place.clone(), fault })?;
        let mut problem = None;
        template.each_operand(|operand| {
            problem = problem.take().or_else(|| operand_problem(operand, fields, scope, level));
        });
        if let Some(problem) = problem {
            return Err(fault(problem));
        }
    }
    match template_order(fields) {
        Ok(_) => Ok(()),
        Err(index) => Err(ModelError::Field {
            place: format!("{place}[{index}].template"),
            name: fields.get(index).map(|field| field.name.clone()).unwrap_or_default(),
            problem:
                "the template needs its own field, perhaps by way of another one: name fields without it"
                    .to_owned(),
        }),
    }
}

fn shape_problem(field: &Field) -> Option<&'static str> {
    if matches!(field.kind, FieldType::Object | FieldType::Markup) || field.parts.is_some() {
        return Some("a template makes a text or a value, no object, markup or date of parts");
    }
    (field.repeated || field.split.is_some() || field.join.is_some())
        .then_some("a template makes one value: the field is not repeated, and has neither split nor join")
}

fn operand_problem(operand: &Operand, fields: &[Field], scope: &Scope<'_>, level: usize) -> Option<String> {
    match operand {
        Operand::Field { names, format } => field_problem(names, format.is_some(), fields),
        Operand::Path(path) => path_problem(path, scope, level),
        Operand::Constant(_) | Operand::UnitKey | Operand::UnitDigest | Operand::Sha256(_) => None,
    }
}

fn field_problem(names: &[String], formatted: bool, fields: &[Field]) -> Option<String> {
    let name = names.join(".");
    let mut fields = fields;
    let mut last = None;
    for part in names {
        let Some(field) = fields.iter().find(|field| field.name == *part) else {
            return Some(format!(
                "there is no field {name:?} beside this one; a path is written with ./ before it, as in {{./{part}}}"
            ));
        };
        if field.repeated {
            return Some(format!("the field {name:?} is a list: a template takes single values"));
        }
        fields = &field.fields;
        last = Some(field);
    }
    let field = last?;
    if field.kind == FieldType::Object {
        return Some(format!("the field {name:?} is an object: name a field in it, as in {{{name}.id}}"));
    }
    let is_date = matches!(field.kind, FieldType::DateTime | FieldType::Date);
    (formatted && !is_date).then(|| format!("the field {name:?} is no dateTime or date, and has no format"))
}

fn path_problem(path: &str, scope: &Scope<'_>, level: usize) -> Option<String> {
    let locations = match Path::parse_locations(path, scope) {
        Ok(locations) => locations,
        Err(fault) => return Some(fault.to_string()),
    };
    if locations.iter().any(|(location, _)| matches!(location.target, Target::Count | Target::Position)) {
        return Some("a template takes values: give count() and position() fields of their own".to_owned());
    }
    (level > 1 && locations.iter().any(|(location, _)| location.absolute))
        .then(|| "within an object, the paths of a template do not start at the root".to_owned())
}
