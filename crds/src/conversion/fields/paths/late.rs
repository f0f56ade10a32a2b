//! Where a path may have conditions on what is in an element, or places from the end of a list: only where the values
//! that such a path leads to are kept until it is known whether they count, which is within a record.

use crate::conversion::fields::field::Field;
use crate::conversion::fields::parts::DateParts;
use crate::conversion::fields::template::parse::{Operand, ValueTemplate};
use crate::conversion::model_error::ModelError;
use crate::conversion::path::{Path, Place, Predicate, Scope, Target};

const OUTSIDE: &str = "conditions on what is in an element, and last(), are for paths that start at the record: what \
                       is outside of records is not kept";

/// Checks the paths of these fields. They are `outside` if their object may be outside of records.
pub(crate) fn check(
    place: &str,
    fields: &[Field],
    scope: &Scope<'_>,
    outside: bool,
) -> Result<(), ModelError> {
    for (index, field) in fields.iter().enumerate() {
        let place = format!("{place}[{index}]");
        let fault = |part: String, problem: &str| ModelError::Field {
            place: format!("{place}{part}"),
            name: field.name.clone(),
            problem: problem.to_owned(),
        };
        let mut found_outside = outside;
        for (number, path) in field.path.iter().enumerate() {
            for location in locations(path, scope) {
                found_outside |= location.absolute;
                if let Some(problem) = problem(&location, outside) {
                    return Err(fault(format!(".path[{number}]"), problem));
                }
            }
        }
        for (number, path) in field.required_if.iter().enumerate() {
            if let Some(problem) = locations(path, scope).iter().find_map(|path| problem(path, outside)) {
                return Err(fault(format!(".requiredIf[{number}]"), problem));
            }
        }
        for (number, path) in field.exclude.iter().enumerate() {
            if locations(path, scope).iter().any(Path::is_late) {
                let problem = "what is left out has conditions on attributes alone";
                return Err(fault(format!(".exclude[{number}]"), problem));
            }
        }
        if let Some(Ok(template)) = field.template.as_deref().map(ValueTemplate::parse) {
            let mut found = None;
            template.each_operand(|operand| {
                if let Operand::Path(path) = operand {
                    found = found.or(locations(path, scope).iter().find_map(|path| problem(path, outside)));
                }
            });
            if let Some(problem) = found {
                return Err(fault(".template".to_owned(), problem));
            }
        }
        for part in field.parts.iter().flat_map(DateParts::fields) {
            let mut paths = part.path.iter().flat_map(|path| locations(path, scope));
            if let Some(problem) = paths.find_map(|path| problem(&path, found_outside)) {
                return Err(fault(format!(".parts.{}", part.name), problem));
            }
        }
        check(&format!("{place}.fields"), &field.fields, scope, found_outside)?;
    }
    Ok(())
}

/// Why a path cannot have its predicates.
fn problem(path: &Path, outside: bool) -> Option<&'static str> {
    if path.is_late() && (outside || path.absolute) {
        return Some(OUTSIDE);
    }
    if path.target != Target::Count {
        return None;
    }
    let from_end = |predicate: &Predicate| matches!(predicate, Predicate::Place(Place::FromEnd(_)));
    if path.steps.iter().flat_map(|step| &step.predicates).any(from_end) {
        return Some("what is counted has no place from the end, such as last()");
    }
    // An element in two others that fulfil the condition would count twice.
    let mut below = path.steps.iter().skip_while(|step| !step.is_late()).skip(1);
    below
        .any(|step| step.descend)
        .then_some("below a condition on what is in an element, elements at any depth cannot be counted")
}

/// The locations of a path; none if it cannot be parsed, which is told elsewhere.
fn locations(path: &str, scope: &Scope<'_>) -> Vec<Path> {
    let parsed = Path::parse_locations(path, scope).unwrap_or_default();
    parsed.into_iter().map(|(location, _)| location).collect()
}
