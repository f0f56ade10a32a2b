//! Relative URIs that are still relative after `xml:base`.

use std::borrow::Cow;

use super::document_validator::Judge;
use crate::automaton::FieldPlan;
use crate::evaluate::record::Content;
use crate::types::uri;

impl<'a> Judge<'a, '_> {
    /// A value, if it is a relative URI and the field resolves it, resolved against the base of the model.
    pub(super) fn resolved<'t>(&self, field: &FieldPlan, text: &'t str) -> Cow<'t, str> {
        let base = if field.resolves && uri::is_relative(text) { self.base() } else { None };
        base.map_or(Cow::Borrowed(text), |base| Cow::Owned(uri::resolve(base, text)))
    }

    /// The base of the model, if the object has one.
    fn base(&self) -> Option<&'a str> {
        let places = [Some(self.inside), Some(self.outside).filter(|outside| !outside.is_empty())];
        self.automaton.base.clone().find_map(|slot| {
            places.into_iter().flatten().find_map(|record| {
                match record.found(record.first(0, slot)?).content {
                    Content::Text { start, end } | Content::Json { start, end, .. } => {
                        Some(record.text(start, end))
                    }
                    _ => None,
                }
            })
        })
    }
}
