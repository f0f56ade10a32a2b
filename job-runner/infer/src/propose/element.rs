//! The field that tells records of several names apart. Pure.

use docmill_crds::conversion::Field;

use super::super::proposal::Proposed;
use super::MOST_FIELDS;

/// Its name: the first that no other field has.
const NAMES: [&str; 3] = ["element", "elementName", "nameOfElement"];

/// Adds the name of the element as the last field, if there is room.
pub(super) fn add(fields: &mut Vec<Proposed>, documents: u64) {
    let is_free = |name: &&&str| fields.iter().all(|proposed| proposed.field.name != **name);
    let Some(name) = NAMES.iter().find(is_free).filter(|_| fields.len() < MOST_FIELDS) else { return };
    let (name, path) = ((*name).to_owned(), vec!["local-name()".to_owned()]);
    let field = Field { name, path, ..Field::default() };
    let hint = Some("which tells the kinds apart");
    let (nested, role, example) = (Vec::new(), None, String::new());
    fields.push(Proposed { field, nested, role, hint, count: documents, of: documents, example });
}
