//! HTML that no foreign text can add a tag to: names of elements and attributes are constants of this program, and all
//! other text is escaped. Pure.

use std::fmt::Write as _;

use crate::output::untrusted;

/// A piece of HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// A text on one line.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self(escaped(&untrusted::one_line(text.as_ref())))
    }

    /// A text with its line breaks.
    pub fn lines(text: impl AsRef<str>) -> Self {
        Self(escaped(&untrusted::lines(text.as_ref())))
    }

    /// The HTML itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for Markup {
    fn from(text: T) -> Self {
        Self::text(text)
    }
}

impl FromIterator<Markup> for Markup {
    fn from_iter<I: IntoIterator<Item = Markup>>(pieces: I) -> Self {
        let mut whole = Self::default();
        for piece in pieces {
            whole.0.push_str(&piece.0);
        }
        whole
    }
}

/// Pieces one after another.
pub fn all(pieces: impl IntoIterator<Item = Markup>) -> Markup {
    pieces.into_iter().collect()
}

/// An element without attributes.
pub fn element(name: &'static str, content: impl Into<Markup>) -> Markup {
    tag(name).with(content)
}

/// The start of an element.
pub fn tag(name: &'static str) -> Tag {
    Tag { name, start: format!("<{name}") }
}

/// A link within the console.
pub fn link(address: &str, content: impl Into<Markup>) -> Markup {
    tag("a").attribute("href", address).with(content)
}

/// The start of an element, to which attributes are added.
#[derive(Clone, Debug)]
pub struct Tag {
    name: &'static str,
    start: String,
}

impl Tag {
    /// Adds an attribute.
    pub fn attribute(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value = escaped(&untrusted::one_line(value.as_ref()));
        // Writing to a text does not fail.
        let _ = write!(self.start, " {name}=\"{value}\"");
        self
    }

    /// Adds an attribute without a value.
    pub fn flag(mut self, name: &'static str) -> Self {
        self.start.push(' ');
        self.start.push_str(name);
        self
    }

    /// Adds classes; none if there are none.
    pub fn class(self, names: &'static str) -> Self {
        if names.is_empty() { self } else { self.attribute("class", names) }
    }

    /// Ends it with this content.
    pub fn with(self, content: impl Into<Markup>) -> Markup {
        Markup(format!("{}>{}</{}>", self.start, content.into().0, self.name))
    }

    /// Ends an element that has no content and no end tag, such as `input`.
    pub fn void(self) -> Markup {
        Markup(format!("{}>", self.start))
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{Markup, all, element, link, tag};

    #[test]
    fn elements_have_attributes_and_content() {
        let cell = tag("td").class("good").flag("hidden").with("a & b");
        assert_eq!(cell.as_str(), r#"<td class="good" hidden>a &amp; b</td>"#);
        let list = element("ul", all([element("li", "1"), tag("br").void()]));
        assert_eq!(list.as_str(), "<ul><li>1</li><br></ul>");
        assert_eq!(link("/a?b=1&c=2", "x").as_str(), r#"<a href="/a?b=1&amp;c=2">x</a>"#);
        assert_eq!(tag("p").class("").with("").as_str(), "<p></p>");
    }

    #[test]
    fn what_could_be_markup_is_shown_as_it_is_written() {
        let shown = tag("p").attribute("title", "\"><script>").with("<img onerror='x'>&lt;");
        let expected = "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;img onerror=&#39;x&#39;&gt;&amp;lt;</p>";
        assert_eq!(shown.as_str(), expected);
        assert_eq!(Markup::lines("a\n\u{1b}<b>").as_str(), "a\n\u{fffd}&lt;b&gt;");
    }

    proptest! {
        #[test]
        fn no_text_adds_a_tag_or_leaves_its_attribute(text in any::<String>()) {
            let shown = tag("p").attribute("title", &text).with(&text);
            let count = |wanted: char| shown.as_str().chars().filter(|c| *c == wanted).count();
            assert_eq!((count('<'), count('>'), count('"'), count('\'')), (2, 2, 2, 0), "{}", shown.as_str());
            assert!(!shown.as_str().chars().any(char::is_control), "{}", shown.as_str());
        }
    }
}
