//! What was refused of a unit: each fault with the line of the object, and the fault underlined in it.

use docmill_crds::records_api::error::{Excerpt, UnitError};
use docmill_crds::records_api::unit::Failure;
use serde_json::Value;

use super::tables::toned;
use crate::commands::console::markup::{Markup, all, element, tag};
use crate::commands::trace::faults::{Fault, of_error, place_words};
use crate::output::Tone;

/// Faults that are shown; the terminal shows all.
const SHOWN: usize = 20;

/// The faults of an error, with values and text.
pub fn with_values(error: &UnitError) -> Markup {
    let faults = of_error(error);
    if faults.is_empty() {
        let message = error.record.get("message").and_then(Value::as_str);
        return message.map(|message| element("p", message)).unwrap_or_default();
    }
    let more = faults.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| element("p", format!("and {more} more: kubectl docmill trace -o wide")));
    all([all(faults.iter().take(SHOWN).map(fault)), more.unwrap_or_default()])
}

/// The places of the faults, for those who may not read content.
pub fn places(failure: &Failure) -> Markup {
    let places = failure.faults.iter().map(|place| {
        element("li", all([toned(Tone::Bad, &place.reason), " ".into(), place_words(place).into()]))
    });
    tag("ul").class("faults").with(all(places))
}

fn fault(fault: &Fault<'_>) -> Markup {
    let word = |name: &str| fault.word(name);
    let field = word("field").map(|field| format!(" {field}")).unwrap_or_default();
    let expected = word("expected").map(|expected| format!(": expected {expected}")).unwrap_or_default();
    let found = word("found").map(|found| format!(", found {found:?}")).unwrap_or_default();
    let reason = toned(Tone::Bad, word("reason").unwrap_or_default());
    let head = element("p", all([reason, format!("{field}{expected}{found}").into()]));
    let at = word("at").map(|at| format!("{at}, ")).unwrap_or_default();
    let place = word("line")
        .zip(word("column"))
        .map(|(line, column)| tag("p").class("dim").with(format!("at {at}line {line}, column {column}")));
    let excerpt = fault.excerpt.map(excerpt).unwrap_or_default();
    tag("div").class("fault").with(all([head, place.unwrap_or_default(), excerpt]))
}

/// The line of the object. Its number is no part of the text that a user copies.
fn excerpt(excerpt: &Excerpt) -> Markup {
    let mut characters = excerpt.text.chars();
    let before: String = characters.by_ref().take(excerpt.caret).collect();
    // At the end of the line there is no character to underline.
    let marked = characters.next().unwrap_or(' ').to_string();
    let number = tag("span").class("line-number").attribute("data-line", excerpt.line.to_string()).with("");
    let parts = [number, before.into(), element("mark", marked), characters.as_str().into()];
    let label = format!("Line {}, with the fault marked", excerpt.line);
    let text = tag("pre").class("excerpt").attribute("tabindex", "0").attribute("aria-label", label);
    text.with(element("code", all(parts)))
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::error::UnitError;
    use serde_json::json;

    use super::with_values;
    use crate::commands::console::tests::recorded;

    #[test]
    fn the_fault_is_marked_in_its_line_and_nothing_of_the_object_is_markup() {
        let error: UnitError = serde_json::from_value(recorded::unit_error()).unwrap();
        let shown = with_values(&error);
        let line = "&lt;doc-id id-string=<mark>&quot;</mark>&quot;/&gt;&lt;script&gt;";
        assert!(shown.as_str().contains(line), "{}", shown.as_str());
        for part in ["MissingField", "guid: expected a value", "line 12, column 20", "data-line=\"12\""] {
            assert!(shown.as_str().contains(part), "no {part} in {}", shown.as_str());
        }
    }

    #[test]
    fn a_fault_at_the_end_of_its_line_is_marked_too() {
        let mut error = recorded::unit_error();
        error["excerpts"][0]["text"] = json!("ab");
        error["excerpts"][0]["caret"] = json!(2);
        let error: UnitError = serde_json::from_value(error).unwrap();
        assert!(with_values(&error).as_str().contains("ab<mark> </mark>"));
    }
}
