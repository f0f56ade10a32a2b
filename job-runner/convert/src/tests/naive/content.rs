//! What is in an element: as plain text, and as markup in a form of which two can be compared.

use roxmltree::Node;
use serde_json::{Value, json};

/// What the models of the tests say of elements that set text apart, beside what is known of all documents.
pub(crate) fn text_elements() -> Value {
    json!({"blocks": ["mu:a"], "lines": ["c"], "cells": ["*:b"], "inline": ["mv:p"]})
}

/// How far apart the text on both sides of an element is: 0 not at all, 1 by a space, 2 by a line end, 3 by an empty
/// line. Names that the tests use.
fn gap(element: Node<'_, '_>) -> u8 {
    match (element.tag_name().namespace().unwrap_or_default(), element.tag_name().name()) {
        ("urn:v", "p") => 0,
        ("urn:u", "a") | (_, "p") => 3,
        ("", "c") | (_, "br") => 2,
        (_, "b" | "td") => 1,
        _ => 0,
    }
}

/// A text as it grows, one character at a time.
struct Flat {
    text: String,
    gap: u8,
    paragraphs: bool,
}

impl Flat {
    const fn new(paragraphs: bool) -> Self {
        Self { text: String::new(), gap: 0, paragraphs }
    }

    fn character(&mut self, c: char) {
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            self.gap = self.gap.max(1);
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(match (self.gap, self.paragraphs) {
                (0, _) => "",
                (2, true) => "\n",
                (3, true) => "\n\n",
                _ => " ",
            });
        }
        self.gap = 0;
        self.text.push(c);
    }

    fn element(
        &mut self,
        element: Node<'_, '_>,
        silent: bool,
        own: bool,
        excluded: &impl Fn(Node<'_, '_>) -> bool,
    ) {
        for child in element.children() {
            if child.is_text() && !silent {
                child.text().unwrap_or_default().chars().for_each(|c| self.character(c));
            } else if child.is_element() {
                let gap = gap(child);
                self.gap = self.gap.max(gap);
                if !excluded(child) {
                    self.element(child, silent || own, own, excluded);
                }
                self.gap = self.gap.max(gap);
            }
        }
    }
}

/// Text in one line, or in paragraphs.
pub(crate) fn plain(text: &str, paragraphs: bool) -> String {
    let mut flat = Flat::new(paragraphs);
    text.chars().for_each(|c| flat.character(c));
    flat.text
}

/// The text of an element. `own`: without that of its children.
pub(crate) fn flat(
    element: Node<'_, '_>,
    own: bool,
    paragraphs: bool,
    excluded: &impl Fn(Node<'_, '_>) -> bool,
) -> String {
    let mut flat = Flat::new(paragraphs);
    flat.element(element, false, own, excluded);
    flat.text
}

/// The content of an element, with the namespaces written out: prefixes and the order of attributes do not matter.
pub(crate) fn canonical(element: Node<'_, '_>, excluded: &impl Fn(Node<'_, '_>) -> bool) -> String {
    inner(element, excluded).trim_matches([' ', '\t', '\r', '\n']).to_owned()
}

fn inner(element: Node<'_, '_>, excluded: &impl Fn(Node<'_, '_>) -> bool) -> String {
    let name = |namespace: Option<&str>, local: &str| format!("{{{}}}{local}", namespace.unwrap_or_default());
    let child = |child: Node<'_, '_>| {
        if !child.is_element() {
            return child.text().filter(|_| child.is_text()).unwrap_or_default().to_owned();
        }
        if excluded(child) {
            return String::new();
        }
        let mut attributes: Vec<_> = child
            .attributes()
            .map(|a| format!(" {}={:?}", name(a.namespace(), a.name()), a.value()))
            .collect();
        attributes.sort();
        let tag = name(child.tag_name().namespace(), child.tag_name().name());
        format!("<{tag}{}>{}</>", attributes.concat(), inner(child, excluded))
    };
    element.children().map(child).collect()
}
