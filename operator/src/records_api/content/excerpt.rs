//! The text around faults. Pure.

use docmill_crds::records_api::error::{Excerpt, MAX_EXCERPTS};
use serde_json::Value;

/// Characters before and after the fault.
const BEFORE: usize = 60;
const AFTER: usize = 40;

/// The text around the first faults of an error record, in an object that is text in UTF-8. Faults in members of an archive
/// have none: their lines are counted in the member.
pub fn excerpts(record: &Value, object: &[u8]) -> Vec<Excerpt> {
    let Ok(text) = std::str::from_utf8(object.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(object)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (refusal, refused) in list(record, "refusals").iter().enumerate() {
        if refused.get("member").is_some() {
            continue;
        }
        for (fault, told) in list(refused, "faults").iter().enumerate() {
            if found.len() == MAX_EXCERPTS {
                return found;
            }
            let number =
                |key: &str| told.get(key).and_then(Value::as_u64).and_then(|at| u32::try_from(at).ok());
            let (Some(line), Some(column)) = (number("line"), number("column")) else { continue };
            found.extend(around(text, line, column).map(|(text, caret)| Excerpt {
                refusal,
                fault,
                line,
                column,
                text,
                caret,
            }));
        }
    }
    found
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The part of a line around a character, both counted from 1, and the place of that character in it.
fn around(text: &str, line: u32, column: u32) -> Option<(String, usize)> {
    let line = text.lines().nth(usize::try_from(line.checked_sub(1)?).ok()?)?;
    let at = usize::try_from(column.saturating_sub(1)).ok()?;
    let start = at.saturating_sub(BEFORE);
    let mut characters = line.chars().skip(start);
    let shown: String = characters.by_ref().take(BEFORE.min(at) + AFTER).map(printable).collect();
    let begins = if start > 0 { "…" } else { "" };
    let ends = if characters.next().is_some() { "…" } else { "" };
    Some((format!("{begins}{shown}{ends}"), at - start + begins.chars().count()))
}

fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::excerpts;

    #[test]
    fn the_caret_is_at_the_fault() {
        let fault = |line: u32, column: u32| json!({"reason": "WrongType", "line": line, "column": column});
        let long = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let object = format!("\u{feff}<a>\n  <date>ü\u{1b}</date>\n{long}\n");
        let record = json!({"refusals": [
            {"faults": [fault(2, 3), fault(3, 501), fault(9, 1)]},
            {"member": "b.xml", "faults": [fault(1, 1)]}]});
        let found = excerpts(&record, object.as_bytes());
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].text, "  <date>ü\u{fffd}</date>");
        assert_eq!(found[0].text.chars().nth(found[0].caret), Some('<'));
        assert_eq!((found[1].refusal, found[1].fault), (0, 1));
        assert_eq!(found[1].text.chars().nth(found[1].caret), Some('!'));
        assert!(found[1].text.starts_with("…a") && found[1].text.ends_with("b…"), "{}", found[1].text);
        assert!(excerpts(&record, b"\xFF\xFE<").is_empty(), "another encoding");
    }
}
