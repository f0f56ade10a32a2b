//! Text as Markdown.

/// The header of a page, after its title.
pub(super) const GENERATED: &str = "<!-- Generated from the types in crds/src. To change it, change those and run: cargo run -p docmill-crds --example crdgen -->";

/// The anchor of a heading, as mdBook and GitHub generate it.
pub fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A link to a heading of the same page.
pub(super) fn link(heading: &str) -> String {
    format!("[{heading}](#{})", anchor(heading), heading = heading.replace('[', "\\[").replace(']', "\\]"))
}

/// Something literal.
pub(super) fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Prose of a doc comment: code stays as it is, and everything else is escaped.
pub(super) fn prose(text: &str) -> String {
    let parts = text.trim().split('`').enumerate();
    let parts = parts.map(|(number, part)| if number % 2 == 1 { part.to_owned() } else { plain(part) });
    parts.collect::<Vec<_>>().join("`")
}

fn plain(text: &str) -> String {
    let text = text.replace('<', "&lt;").replace('*', "\\*");
    let lines = text.split('\n').map(str::trim).collect::<Vec<_>>();
    let joined = lines.join("\n").replace("\n\n", "\n<br>").replace("\n- ", "\n<br>- ");
    let end = if text.ends_with(['\n', ' ']) { " " } else { "" };
    let start = if text.starts_with(['\n', ' ']) { " " } else { "" };
    format!("{start}{}{end}", joined.trim().replace('\n', " "))
}

/// A row of a table.
pub(super) fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells = cells.into_iter().map(|cell| cell.replace('|', "\\|").replace('\n', " "));
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// The first two lines of a table.
pub(super) fn head(columns: &[&str]) -> [String; 2] {
    [row(columns.iter().copied()), format!("|{}", "---|".repeat(columns.len()))]
}

#[cfg(test)]
mod tests {
    use super::{anchor, link, prose, row};

    #[test]
    fn a_cell_holds_no_markup_of_its_own() {
        assert_eq!(row(["a|b", "c\nd"]), r"| a\|b | c d |");
        assert_eq!(prose("one\ntwo <x> `<y>\nz*` *"), "one two &lt;x> `<y>\nz*` \\*");
        assert_eq!(prose("one\n\ntwo\n- three"), "one <br>two <br>- three");
    }

    #[test]
    fn a_link_leads_to_the_heading() {
        assert_eq!(anchor("Field.fields[] of"), "fieldfields-of");
        assert_eq!(link("a[].b"), r"[a\[\].b](#ab)");
    }
}
