//! The elements that set their text apart from the text around them, as a model names them beside the ones that are
//! known in every vocabulary.

use std::collections::HashSet;

use serde::Serialize;

use crate::conversion::model_error::ModelError;
use crate::conversion::path::{NameTest, Path, Scope, Step, Target};
use crate::conversion::spec::Conversion;

/// How an element sets its text apart from the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextBreak {
    /// As a paragraph.
    Block,
    /// As a line.
    Line,
    /// By a space.
    Cell,
    /// Not at all.
    Inline,
}

/// The names of elements, by how they set their text apart: `P`, `tei:lb` or `*:lb`, as in paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TextElements {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cells: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inline: Vec<String>,
}

impl TextElements {
    /// What a conversion says, as far as it is written in it.
    pub(crate) fn of(conversion: &Conversion) -> Self {
        let [blocks, lines, cells, inline] = lists(conversion).map(Clone::clone);
        Self { blocks, lines, cells, inline }
    }

    /// The elements of this name, and how each sets its text apart.
    pub fn breaks(&self, scope: &Scope<'_>) -> Result<Vec<(NameTest, TextBreak)>, ModelError> {
        let lists = [
            ("blocks", &self.blocks, TextBreak::Block),
            ("lines", &self.lines, TextBreak::Line),
            ("cells", &self.cells, TextBreak::Cell),
            ("inline", &self.inline, TextBreak::Inline),
        ];
        let (mut breaks, mut known) = (Vec::new(), HashSet::new());
        for (list, names, text_break) in lists {
            for (index, name) in names.iter().enumerate() {
                let place = format!("{list}[{index}]");
                let test = name_test(&place, name, scope)?;
                if !known.insert(test.clone()) {
                    return Err(ModelError::NamedTwice { place, name: name.clone() });
                }
                breaks.push((test, text_break));
            }
        }
        Ok(breaks)
    }
}

/// Adds the elements that a user names to those of a preset. Of a name that both have, the user's list counts; `*:a` is
/// also that of the preset's `a` and `p:a`.
pub(crate) fn amend(preset: &mut Conversion, own: &Conversion) {
    let is_own = |name: &String| {
        let local = name.split_once(':').map_or(name.as_str(), |(_, local)| local);
        let is_same = |own: &String| own == name || own.strip_prefix("*:") == Some(local);
        lists(own).into_iter().flatten().any(is_same)
    };
    let Conversion { blocks, lines, cells, inline, .. } = preset;
    for (list, added) in [blocks, lines, cells, inline].into_iter().zip(lists(own)) {
        list.retain(|name| !is_own(name));
        list.extend(added.iter().cloned());
    }
}

const fn lists(conversion: &Conversion) -> [&Vec<String>; 4] {
    [&conversion.blocks, &conversion.lines, &conversion.cells, &conversion.inline]
}

/// A name, as the test that a step of a path makes of it.
fn name_test(place: &str, name: &str, scope: &Scope<'_>) -> Result<NameTest, ModelError> {
    let place = || place.to_owned();
    let path = Path::parse(name, scope).map_err(|fault| ModelError::Path { place: place(), fault })?;
    let is_step = !path.absolute && path.target == Target::Element;
    match <[Step; 1]>::try_from(path.steps) {
        Ok([Step { descend: false, test, predicates }])
            if is_step && predicates.is_empty() && has_local_name(&test) =>
        {
            Ok(test)
        }
        _ => Err(ModelError::NotName { place: place(), name: name.to_owned() }),
    }
}

const fn has_local_name(test: &NameTest) -> bool {
    matches!(test, NameTest::Named { .. } | NameTest::AnyNamespace(_))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::conversion::Conversion;

    fn conversion(more: &Value) -> Conversion {
        let mut model = json!({"record": "/r", "fields": [{"name": "a", "path": ["a"]}]});
        model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(model).unwrap()
    }

    #[test]
    fn a_name_is_one_element_in_one_list() {
        let namespaces = json!({"t": "urn:t"});
        let good =
            json!({"namespaces": namespaces, "blocks": ["P", "t:P"], "cells": ["*:P"], "inline": ["p"]});
        conversion(&good).resolve().unwrap();
        for (more, expected) in [
            (json!({"blocks": ["a/b"]}), "blocks[0]: expected the name of an element"),
            (json!({"lines": ["a", "*"]}), "lines[1]: expected the name of an element"),
            (json!({"lines": ["a[@b]"]}), "lines[0]: expected the name of an element"),
            (json!({"cells": ["@a"]}), "cells[0]: expected the name of an element"),
            (json!({"cells": ["//a"]}), "cells[0]: expected the name of an element"),
            (json!({"inline": ["."]}), "inline[0]: expected the name of an element"),
            (json!({"inline": ["t:a"]}), "inline[0]: the prefix \"t\" is not among the namespaces"),
            (json!({"blocks": ["a"], "inline": ["b", "a"]}), "inline[1]: \"a\" is named before"),
        ] {
            let fault = conversion(&more).resolve().unwrap_err().to_string();
            assert!(fault.starts_with(expected), "{more}: {fault}");
        }
    }

    #[test]
    fn a_users_list_counts_more_than_that_of_a_preset() {
        let mut preset = conversion(&json!({"blocks": ["a", "b"], "cells": ["c"]}));
        super::amend(&mut preset, &conversion(&json!({"inline": ["b"], "cells": ["d"]})));
        assert_eq!((&preset.blocks, &preset.inline), (&vec!["a".to_owned()], &vec!["b".to_owned()]));
        assert_eq!(preset.cells, ["c", "d"]);
        let mut preset = conversion(&json!({"blocks": ["a", "p:a", "b", "p:b"]}));
        super::amend(&mut preset, &conversion(&json!({"lines": ["*:a", "b"]})));
        assert_eq!(
            (preset.blocks, preset.lines),
            (vec!["p:b".to_owned()], vec!["*:a".to_owned(), "b".to_owned()])
        );
    }
}
