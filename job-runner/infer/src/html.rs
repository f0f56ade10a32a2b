//! HTML that is written as text, escaped or in CDATA. Pure.

/// Elements within a line.
const INLINE: [&str; 10] = ["a", "b", "i", "u", "em", "strong", "span", "sub", "sup", "img"];

/// Elements that divide a text.
const BLOCKS: [&str; 16] = [
    "p",
    "br",
    "div",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "blockquote",
    "figure",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
];

/// What tags of HTML a text has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tags {
    #[default]
    None,
    /// Only within lines.
    Inline,
    /// Also paragraphs and the like.
    Blocks,
}

/// The tags in a text.
pub(super) fn tags(text: &str) -> Tags {
    let tags = text.split('<').skip(1).map(|part| {
        let part = part.strip_prefix('/').unwrap_or(part);
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let is_any = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        if !rest.starts_with(['>', '/', ' ', '\n', '\t']) {
            Tags::None
        } else if is_any(&BLOCKS) {
            Tags::Blocks
        } else if is_any(&INLINE) {
            Tags::Inline
        } else {
            Tags::None
        }
    });
    tags.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Tags, tags};

    #[test]
    fn tags_of_html_are_told_from_other_signs() {
        for (text, expected) in [
            ("Rates rise", Tags::None),
            ("a < b and b > c, <wire> too", Tags::None),
            ("<ada@example.org>", Tags::None),
            ("Rates <em>rise</em>", Tags::Inline),
            ("<a href='x'>Rates</a>", Tags::Inline),
            ("<P>One</P>", Tags::Blocks),
            ("One<br/>two <b>three</b>", Tags::Blocks),
        ] {
            assert_eq!(tags(text), expected, "{text}");
        }
    }
}
