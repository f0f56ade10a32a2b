//! Locates a fault of a model in the YAML text. Pure.

use docmill_crds::conversion::{Conversion, ModelError, Preset};

use super::fault::Fault;
use super::tree::PlacedNode;

/// A fault of a conversion with its place in the text; `root` is the conversion's part of the tree.
pub(super) fn fault(error: &ModelError, conversion: &Conversion, root: &PlacedNode, text: &str) -> Fault {
    let (place, within) = match error {
        ModelError::Path { place, fault } => (place.as_str(), Some(fault.column)),
        ModelError::Field { place, .. }
        | ModelError::NotElement { place, .. }
        | ModelError::NotName { place, .. }
        | ModelError::NamedTwice { place, .. }
        | ModelError::LateElement { place, .. }
        | ModelError::Base { place, .. }
        | ModelError::NotFromTop { place, .. }
        | ModelError::NotOfBinary { place }
        | ModelError::NotOfJson { place, .. } => (place.as_str(), None),
        ModelError::Encoding { .. } => ("encoding", None),
        ModelError::Reference { .. } => ("modelRef", None),
        ModelError::BesideReference { place } => (*place, None),
        // Missing parts, and faults that are not about the text at all.
        _ => ("", None),
    };
    let place = written(place, conversion);
    let (line, column, whole) = find(root, &place);
    let column = match within {
        Some(character) if whole => column + quote(text, line, column) + character as u64 - 1,
        _ => column,
    };
    Fault { problem: error.to_string(), line, column }
}

/// The steps of `fields[3].path[0]`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PlaceStep {
    Key(String),
    Index(usize),
}

fn steps(place: &str) -> Vec<PlaceStep> {
    let parts = place.split(['.', '[']).filter(|part| !part.is_empty());
    let step = |part: &str| match part.strip_suffix(']').and_then(|index| index.parse().ok()) {
        Some(index) => PlaceStep::Index(index),
        None => PlaceStep::Key(part.to_owned()),
    };
    parts.map(step).collect()
}

/// The place as it is written. With a preset, faults count its fields too: a user's own field has the place
/// of the preset's field with that name, or comes after all of them.
fn written(place: &str, conversion: &Conversion) -> Vec<PlaceStep> {
    let mut steps = steps(place);
    let Some(preset) = conversion.preset else { return steps };
    let [PlaceStep::Key(key), PlaceStep::Index(index), ..] = steps.as_mut_slice() else { return steps };
    if key != "fields" {
        return steps;
    }
    let own = |name: &str| conversion.fields.iter().position(|field| field.name == name);
    let mut names = preset_fields(preset);
    let added = conversion.fields.iter().map(|field| &field.name);
    let added: Vec<String> = added.filter(|name| !names.contains(name)).cloned().collect();
    names.extend(added);
    if let Some(found) = names.get(*index).and_then(|name| own(name)) {
        *index = found;
    }
    steps
}

fn preset_fields(preset: Preset) -> Vec<String> {
    let base = Conversion::of_preset(preset).ok();
    base.map(|base| base.fields.into_iter().map(|field| field.name).collect()).unwrap_or_default()
}

/// Line and column of the deepest part that exists, and whether that is the whole path.
fn find(root: &PlacedNode, steps: &[PlaceStep]) -> (u64, u64, bool) {
    let mut node = root;
    let mut whole = true;
    for step in steps {
        let next = match step {
            PlaceStep::Key(key) => node.value.get(key),
            PlaceStep::Index(index) => node.value.item(*index),
        };
        let Some(next) = next else {
            whole = false;
            break;
        };
        node = next;
    }
    (node.referenced.line().max(1), node.referenced.column().max(1), whole)
}

/// 1 if there is a quote at this place, before the quoted text.
fn quote(text: &str, line: u64, column: u64) -> u64 {
    let nth = |number: u64| usize::try_from(number - 1).unwrap_or(usize::MAX);
    let first = text.lines().nth(nth(line)).and_then(|line| line.chars().nth(nth(column)));
    u64::from(matches!(first, Some('"' | '\'')))
}

#[cfg(test)]
mod tests {
    use super::{PlaceStep, steps};

    #[test]
    fn a_place_is_keys_and_indices() {
        let key = |key: &str| PlaceStep::Key(key.to_owned());
        assert_eq!(
            steps("fields[3].path[0]"),
            [key("fields"), PlaceStep::Index(3), key("path"), PlaceStep::Index(0)]
        );
        assert_eq!(steps("record"), [key("record")]);
        assert!(steps("").is_empty());
    }
}
