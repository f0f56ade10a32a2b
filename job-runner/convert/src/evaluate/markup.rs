//! Inner XML that is well-formed by itself: every namespace is declared where it is first used, every
//! reference is resolved, comments and processing instructions are left out.

use crate::events::Element;
use crate::events::bindings::Bindings;
use crate::events::names::UNKNOWN;

/// Collects inner XML.
#[derive(Debug, Default)]
pub(crate) struct MarkupBuffer {
    xml: String,
    /// Names of open elements, as they were written.
    open: Vec<String>,
    /// The declarations in the collected markup.
    declared: Bindings,
    /// The last start tag still lacks its `>`.
    pending: bool,
}

impl MarkupBuffer {
    #[inline(never)]
    pub(crate) fn start(&mut self, element: &Element<'_>) {
        self.close_tag();
        let name = if element.prefix.is_empty() {
            element.local.to_owned()
        } else {
            format!("{}:{}", element.prefix, element.local)
        };
        self.xml.push('<');
        self.xml.push_str(&name);
        self.open.push(name);
        self.declare(element.prefix, element);
        for attribute in element.attributes.iter() {
            match (attribute.prefix, attribute.local) {
                ("xmlns", _) | ("", "xmlns") => continue,
                ("", local) => self.attribute_name("", local),
                (prefix, local) => {
                    if prefix != "xml" {
                        self.declare(prefix, element);
                    }
                    self.attribute_name(prefix, local);
                }
            }
            self.attribute_value(&attribute.value());
        }
        self.pending = true;
    }

    #[inline(never)]
    pub(crate) fn end(&mut self) {
        let Some(name) = self.open.pop() else { return };
        if self.pending {
            self.pending = false;
            self.xml.push_str("/>");
        } else {
            self.xml.push_str("</");
            self.xml.push_str(&name);
            self.xml.push('>');
        }
        self.declared.close(self.open.len() + 1);
    }

    /// Appends text as it is in the object: line ends become `\n` (XML 1.0, section 2.11).
    #[inline(never)]
    pub(crate) fn push(&mut self, text: &str) {
        self.close_tag();
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '\r' if characters.peek() == Some(&'\n') => {}
                '\r' => self.xml.push('\n'),
                _ => self.push_escaped(c),
            }
        }
    }

    /// Appends a character that was written as a reference.
    #[inline(never)]
    pub(crate) fn push_char(&mut self, c: char) {
        self.close_tag();
        if c == '\r' { self.xml.push_str("&#13;") } else { self.push_escaped(c) }
    }

    /// Bytes so far.
    pub(crate) const fn len(&self) -> usize {
        self.xml.len()
    }

    /// What was collected.
    pub(crate) fn text(&self) -> &str {
        self.xml.trim_matches([' ', '\t', '\r', '\n'])
    }

    fn close_tag(&mut self) {
        if std::mem::take(&mut self.pending) {
            self.xml.push('>');
        }
    }

    fn declare(&mut self, prefix: &str, element: &Element<'_>) {
        let uri = element.namespaces.uri(prefix);
        let in_force = self.declared.find(prefix).map_or("", |binding| self.declared.uri(binding));
        if in_force == uri || prefix == "xml" {
            return;
        }
        if prefix.is_empty() {
            self.attribute_name("", "xmlns");
        } else {
            self.attribute_name("xmlns", prefix);
        }
        self.attribute_value(uri);
        self.declared.bind(prefix, uri, UNKNOWN, self.open.len());
    }

    fn attribute_name(&mut self, prefix: &str, local: &str) {
        self.xml.push(' ');
        if !prefix.is_empty() {
            self.xml.push_str(prefix);
            self.xml.push(':');
        }
        self.xml.push_str(local);
    }

    fn attribute_value(&mut self, value: &str) {
        self.xml.push_str("=\"");
        for c in value.chars() {
            match c {
                '"' => self.xml.push_str("&quot;"),
                '\t' => self.xml.push_str("&#9;"),
                '\n' => self.xml.push_str("&#10;"),
                '\r' => self.xml.push_str("&#13;"),
                _ => self.push_escaped(c),
            }
        }
        self.xml.push('"');
    }

    fn push_escaped(&mut self, c: char) {
        match c {
            '&' => self.xml.push_str("&amp;"),
            '<' => self.xml.push_str("&lt;"),
            '>' => self.xml.push_str("&gt;"),
            _ => self.xml.push(c),
        }
    }
}
