//! Which values are HTML that is written as text.

use docmill_crds::conversion::Html;

use super::Evaluator;
use crate::events::Element;

impl Evaluator<'_> {
    /// Whether the text of the element that starts is HTML, unless there are elements in it. The attribute that decides
    /// about it is claimed.
    pub(crate) fn is_html(&mut self, html: Option<Html>, element: &Element<'_>) -> bool {
        match html {
            None => false,
            Some(Html::Text) => true,
            Some(Html::ByType) => {
                let [of_atom, of_newsml] =
                    ["type", "contenttype"].map(|name| element.attributes.find(name, str::is_empty));
                let Some((index, attribute)) = of_atom.or(of_newsml) else { return false };
                self.claim.attribute(index);
                names_html(&attribute.value())
            }
        }
    }
}

/// Whether a type of Atom 1.0 (RFC 4287, section 3.1.1) is HTML, or one of Atom 0.3 and NewsML-G2, which have media types.
fn names_html(written: &str) -> bool {
    let kind = written.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("html") || kind.eq_ignore_ascii_case("text/html")
}

#[cfg(test)]
mod tests {
    use super::names_html;

    #[test]
    fn html_is_named_by_a_word_or_a_media_type() {
        for html in ["html", "HTML", "text/html", " text/html; charset=utf-8"] {
            assert!(names_html(html), "{html}");
        }
        for other in ["", "text", "xhtml", "text/plain", "application/xhtml+xml", "htm"] {
            assert!(!names_html(other), "{other}");
        }
    }
}
