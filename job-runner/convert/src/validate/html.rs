//! HTML made plain text, by the rules of mixed content. The tokens come from html5gum: the tokenizer of the WHATWG's
//! specification, in safe Rust, without dependencies, recursion or a tree, in time and memory linear in the text.

use std::convert::Infallible;
use std::sync::LazyLock;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use crate::evaluate::text::TextBuffer;
use crate::events::gap::Gap;
use crate::events::names::Names;

const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Elements whose content no reader sees.
const HIDDEN: &[&[u8]] =
    &[b"iframe", b"noembed", b"noframes", b"noscript", b"script", b"style", b"template", b"title"];

/// The plain text of HTML, in paragraphs.
pub fn html_to_text(html: &str) -> String {
    static NAMES: LazyLock<Names> = LazyLock::new(Names::new);
    plain_text(&NAMES, html, true)
}

/// The text of HTML, in paragraphs or in one line. `names` knows how elements set it apart.
pub(super) fn plain_text(names: &Names, html: &str, paragraphs: bool) -> String {
    let mut text = PlainText::new(names, paragraphs);
    // Most summaries are plain text.
    if !html.contains(['<', '&', '\r', '\0']) {
        text.buffer.push(html);
        return text.buffer.text().to_owned();
    }
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        text.take(&event);
        None
    });
    emitter.naively_switch_states(true);
    // Everything happens in the callback, and reading a text cannot fail.
    Tokenizer::new_with_emitter(html, emitter).for_each(drop);
    text.buffer.text().to_owned()
}

struct PlainText<'n> {
    names: &'n Names,
    namespace: u32,
    buffer: TextBuffer,
    /// The start tag that is being read. Text before it is told only in the course of it.
    tag: Vec<u8>,
    /// The element whose content is left out.
    hidden: Option<&'static [u8]>,
}

impl<'n> PlainText<'n> {
    fn new(names: &'n Names, paragraphs: bool) -> Self {
        let mut buffer = TextBuffer::default();
        buffer.start(paragraphs);
        Self { names, namespace: names.namespace(XHTML), buffer, tag: Vec::new(), hidden: None }
    }

    fn take(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag.clear();
                self.tag.extend_from_slice(name);
            }
            CallbackEvent::CloseStartTag { .. } if self.hidden.is_none() => {
                let gap = self.gap(&self.tag);
                self.buffer.set_apart(gap);
                self.hidden = HIDDEN.iter().find(|hidden| **hidden == self.tag.as_slice()).copied();
            }
            CallbackEvent::EndTag { name } if self.hidden.is_none_or(|hidden| hidden == *name) => {
                let gap = self.gap(name);
                self.buffer.set_apart(gap);
                self.hidden = None;
            }
            CallbackEvent::String { value } if self.hidden.is_none() => {
                self.buffer.push(&String::from_utf8_lossy(value));
            }
            _ => {}
        }
    }

    fn gap(&self, name: &[u8]) -> Gap {
        let name = std::str::from_utf8(name).unwrap_or_default();
        self.names.resolve(self.namespace, name).gap
    }
}

#[cfg(test)]
mod tests {
    use super::plain_text;
    use crate::events::names::Names;

    fn text(html: &str) -> String {
        plain_text(&Names::new(), html, true)
    }

    #[test]
    fn html_becomes_what_a_reader_sees() {
        for (html, expected) in [
            ("Smith &amp; Sons", "Smith & Sons"),
            ("AT&T &copy 2026 &#8212; &hellip;", "AT&T \u{a9} 2026 \u{2014} \u{2026}"),
            ("<p>One <b>two</b>.</p><p>Three", "One two.\n\nThree"),
            ("a<br>b<BR/>c", "a\nb\nc"),
            ("<ul><li>a<li>b</ul>c", "a\nb\n\nc"),
            ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
            ("<p class='x' title=\"a > b\">x</p><img src=y alt=z>y", "x\n\ny"),
            ("x<script>if (a<b) { \"</p>\" }</script>y<style>p{}</style>", "xy"),
            ("<noscript><img src=a></noscript><!-- c -->x<template><p>t</p></template>", "x"),
            ("1 < 2 and 3 > 2, <3", "1 < 2 and 3 > 2, <3"),
            ("un<b>break</b>able <i>x", "unbreakable x"),
            ("<title>Feed</title>text &lt;b&gt;", "text <b>"),
            ("  \n<p> </p> ", ""),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
        assert_eq!(plain_text(&Names::new(), "<p>a</p><p>b<br>c</p>", false), "a b c");
    }

    /// Nested deep, never closed, never ended: it is read once, and is no longer than it was.
    #[test]
    fn hostile_html_takes_linear_time() {
        for piece in ["<div>", "<a b c=d ", "<!--", "</p", "&amp", "<b ", "<table><tr>", "<![CDATA[", "<svg>"]
        {
            let html = piece.repeat(100_000);
            assert!(text(&html).len() <= html.len(), "{piece}");
        }
    }
}
