//! What all pages have: head, landmarks, navigation and search.

use crate::commands::console::markup::{Markup, all, element, link, tag};

/// A whole document.
pub fn document(title: &str, namespace: &str, content: Markup) -> String {
    let body = all([
        tag("a").class("skip").attribute("href", "#main").with("Skip to the content"),
        header(namespace),
        tag("main").attribute("id", "main").attribute("tabindex", "-1").with(content),
        footer(),
    ]);
    let html = all([head(title), element("body", body)]);
    format!("<!doctype html>{}", tag("html").attribute("lang", "en").with(html).as_str())
}

fn linked(relation: &str, address: &str) -> Markup {
    tag("link").attribute("rel", relation).attribute("href", address).void()
}

/// The icon; a browser looks for another one, which does not exist, on a page that names none.
fn icon() -> Markup {
    linked("icon", "/assets/icon.svg")
}

fn head(title: &str) -> Markup {
    let meta =
        |name: &str, content: &str| tag("meta").attribute("name", name).attribute("content", content).void();
    let parts = all([
        tag("meta").attribute("charset", "utf-8").void(),
        meta("viewport", "width=device-width, initial-scale=1"),
        meta("color-scheme", "light dark"),
        element("title", format!("{title} · Docmill")),
        icon(),
        linked("stylesheet", "/assets/console.css"),
        tag("script").attribute("src", "/assets/console.js").flag("defer").with(""),
    ]);
    element("head", parts)
}

fn header(namespace: &str) -> Markup {
    let pages = [("/", "Overview"), ("/runs", "Runs")];
    let entries = pages.map(|(address, name)| element("li", link(address, name)));
    let navigation = tag("nav").attribute("aria-label", "Pages").with(element("ul", all(entries)));
    let namespace = all(["Namespace ".into(), element("strong", namespace)]);
    let namespace = tag("p").class("namespace").with(namespace);
    let name = tag("p").class("name").with("Docmill");
    element("header", all([name, namespace, navigation, search("")]))
}

/// The form that looks up a document or an object, or searches for words.
pub fn search(target: &str) -> Markup {
    let what = "Id, key, URL, digest or words";
    let input = tag("input")
        .attribute("type", "search")
        .attribute("name", "target")
        .attribute("id", if target.is_empty() { "search" } else { "search-again" })
        .attribute("value", target)
        .attribute("placeholder", what)
        .attribute("autocomplete", "off")
        .attribute("aria-label", "Id, key, URL or digest, the start of a key, or words of documents")
        .flag("required")
        .void();
    let button = tag("button").attribute("type", "submit").with("Trace");
    tag("form").attribute("role", "search").attribute("action", "/trace").with(all([input, button]))
}

/// A value that a form sends along.
pub fn hidden(name: &str, value: &str) -> Markup {
    tag("input").attribute("type", "hidden").attribute("name", name).attribute("value", value).void()
}

fn footer() -> Markup {
    let pause = tag("button")
        .attribute("type", "button")
        .attribute("id", "pause")
        .attribute("aria-pressed", "false")
        .flag("hidden")
        .with("Pause updates");
    let state = tag("p").attribute("id", "connection").attribute("role", "status").with("");
    element("footer", all([pause, state]))
}

/// A part of a page that the script keeps up to date.
pub fn live(id: &'static str, content: Markup) -> Markup {
    tag("div").attribute("id", id).flag("data-live").with(content)
}

/// The one line that a screen reader is told when it changes.
pub fn summary(text: &str) -> Markup {
    let line = tag("p").class("summary").attribute("id", "summary");
    line.attribute("role", "status").flag("data-live").with(text)
}

/// What could not be read or done, and what to do next.
pub fn problem(title: &str, explanation: &str) -> Markup {
    let text = tag("pre").class("problem").attribute("role", "alert").with(Markup::lines(explanation));
    all([element("h1", title), text])
}

/// The page that the link of the terminal opens. It leads on by itself, so that the cookie is sent whichever program opened
/// the link, and the token leaves the address.
pub fn opened() -> String {
    let onward = tag("meta").attribute("http-equiv", "refresh").attribute("content", "0; url=/").void();
    let charset = tag("meta").attribute("charset", "utf-8").void();
    let head = all([charset, onward, icon(), element("title", "Docmill")]);
    let body = element("main", link("/", "Continue to the console"));
    let html = all([element("head", head), element("body", body)]);
    format!("<!doctype html>{}", tag("html").attribute("lang", "en").with(html).as_str())
}

#[cfg(test)]
mod tests {
    use super::{document, opened, problem};

    #[test]
    fn a_page_has_landmarks_and_nothing_inline() {
        let page = document("a < b", "news", problem("Failed", "<script>"));
        for part in [r#"id="main""#, r#"<nav aria-label="Pages">"#, r#"role="search""#, r#"lang="en">"#] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        for part in ["<title>a &lt; b · Docmill</title>", "&lt;script&gt;"] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        for page in [page, opened()] {
            assert!(!page.contains("style=") && !page.contains("onclick"), "{page}");
            assert!(page.contains(r#"rel="icon""#), "{page}");
            assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
        }
    }
}
