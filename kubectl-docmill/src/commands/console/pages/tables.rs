//! Tables: those of the terminal, and those with links in them.

use jiff::Timestamp;

use crate::commands::console::markup::{Markup, all, element, tag};
use crate::output::{Cell, Table, Tone};

/// The class of a tone.
pub const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Warn => "warn",
        Tone::Dim => "dim",
        Tone::Bold => "bold",
    }
}

/// A text in the colour of its meaning.
pub fn toned(tone: Tone, text: impl AsRef<str>) -> Markup {
    tag("span").class(class(tone)).with(text.as_ref())
}

/// A text that begins with a time, which stays in one line; any other text as it is.
pub fn moment(text: &str) -> Markup {
    match text.split_once(' ') {
        Some((time, rest)) if time.parse::<Timestamp>().is_ok() => {
            all([element("time", time), " ".into(), rest.into()])
        }
        _ => text.into(),
    }
}

/// A table of the terminal. Its first row has the headings.
pub fn of_terminal(caption: &str, table: &Table) -> Markup {
    let mut rows = table.rows().iter();
    let headings: Vec<String> =
        rows.next().into_iter().flatten().map(|cell| sentence_case(cell.text())).collect();
    let cell = |cell: &Cell| tag("span").class(class(cell.tone())).with(moment(cell.text()));
    let rows = rows.map(|row| row.iter().map(cell).collect()).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    of_rows(caption, &headings, rows)
}

/// A table whose rows begin with what they are about.
pub fn of_rows(caption: &str, headings: &[&str], rows: Vec<Vec<Markup>>) -> Markup {
    let heading = |heading: &&str| tag("th").attribute("scope", "col").with(*heading);
    let head = element("thead", element("tr", all(headings.iter().map(heading))));
    let body = element("tbody", all(rows.into_iter().map(row)));
    let table = element("table", all([element("caption", caption), head, body]));
    // Wider than a phone: it scrolls by itself, by the keyboard too.
    let scroll = tag("div").class("scroll").attribute("role", "region").attribute("tabindex", "0");
    scroll.attribute("aria-label", caption).with(table)
}

fn row(cells: Vec<Markup>) -> Markup {
    let cell = |(column, content): (usize, Markup)| {
        let start = if column == 0 { tag("th").attribute("scope", "row") } else { tag("td") };
        start.with(content)
    };
    element("tr", all(cells.into_iter().enumerate().map(cell)))
}

/// `LAST-SEEN` as `Last-seen`: capitals are read out letter by letter.
fn sentence_case(heading: &str) -> String {
    let mut letters = heading.chars();
    let first = letters.next().map(String::from).unwrap_or_default();
    first + &letters.as_str().to_lowercase()
}

/// Names and values.
pub fn definitions(pairs: impl IntoIterator<Item = (&'static str, Markup)>) -> Markup {
    let pair = |(name, value): (&'static str, Markup)| {
        element("div", all([element("dt", name), element("dd", value)]))
    };
    tag("dl").with(all(pairs.into_iter().map(pair)))
}

/// Commands that would help, one a line.
pub fn commands(lines: &[String]) -> Markup {
    if lines.is_empty() {
        return Markup::default();
    }
    let text = Markup::lines(lines.join("\n"));
    all([element("h2", "Next"), tag("pre").class("commands").with(element("code", text))])
}

/// How far something is, in percent.
pub fn progress(percent: i64, label: &str) -> Markup {
    let bar = tag("progress").attribute("max", "100").attribute("value", percent.to_string());
    bar.attribute("aria-label", label).with(format!("{percent}%"))
}

#[cfg(test)]
mod tests {
    use super::{commands, moment, of_terminal};
    use crate::output::{Cell, Table, Tone};

    #[test]
    fn a_table_of_the_terminal_keeps_headings_and_tones() {
        let mut table = Table::new(&["STAGE", "STATE"]);
        table.row([Cell::from("raw"), Cell::new(Tone::Bad, "<gone>")]);
        let shown = of_terminal("Stages", &table);
        let expected = [
            "<table><caption>Stages</caption><thead><tr>",
            r#"<th scope="col">Stage</th><th scope="col">State</th></tr></thead><tbody><tr>"#,
            r#"<th scope="row"><span>raw</span></th><td><span class="bad">&lt;gone&gt;</span></td>"#,
            "</tr></tbody></table>",
        ];
        assert!(shown.as_str().contains(&expected.concat()), "{}", shown.as_str());
    }

    #[test]
    fn a_time_stays_in_one_line() {
        let shown = moment("2026-01-03T00:00:00Z (5m ago)");
        assert_eq!(shown.as_str(), "<time>2026-01-03T00:00:00Z</time> (5m ago)");
        assert_eq!(moment("at <once>").as_str(), "at &lt;once&gt;");
    }

    #[test]
    fn without_advice_there_is_no_heading() {
        assert_eq!(commands(&[]).as_str(), "");
        assert!(commands(&["a".into(), "b".into()]).as_str().contains("<code>a\nb</code>"));
    }
}
