//! What all pages have: head, landmarks, navigation and search.

use crate::commands::console::links::{self, Place};
use crate::commands::console::markup::{Markup, all, element, link, tag};

/// A page of a namespace. `address` is its own, relative to where the pages of the namespace are.
pub fn document(title: &str, place: &Place, address: &str, content: Markup) -> String {
    // In full: `#main` alone would be a place on the overview, as all addresses are relative to the base.
    let main = format!("{}#main", place.path_of(address));
    let body = all([
        tag("a").class("skip").attribute("href", main).with("Skip to the content"),
        header(place),
        tag("main").attribute("id", "main").attribute("tabindex", "-1").with(content),
        footer(),
    ]);
    html(head(title, place.base()), body)
}

/// A page that belongs to no namespace.
pub fn standalone(title: &str, content: Markup) -> String {
    let name = element("header", tag("p").class("name").with("Docmill"));
    let main = tag("main").attribute("id", "main").with(content);
    html(head(title, "/"), all([name, main, footer()]))
}

fn html(head: Markup, body: Markup) -> String {
    let content = all([head, element("body", body)]);
    format!("<!doctype html>{}", tag("html").attribute("lang", "en").with(content).as_str())
}

fn linked(relation: &str, address: &str) -> Markup {
    tag("link").attribute("rel", relation).attribute("href", address).void()
}

/// The icon; a browser looks for another one, which does not exist, on a page that names none.
fn icon() -> Markup {
    linked("icon", "assets/icon.svg")
}

fn head(title: &str, base: &str) -> Markup {
    let meta =
        |name: &str, content: &str| tag("meta").attribute("name", name).attribute("content", content).void();
    let parts = all([
        tag("meta").attribute("charset", "utf-8").void(),
        tag("base").attribute("href", base).void(),
        meta("viewport", "width=device-width, initial-scale=1"),
        meta("color-scheme", "light dark"),
        element("title", format!("{title} · Docmill")),
        icon(),
        linked("stylesheet", "assets/console.css"),
        tag("script").attribute("src", "assets/console.js").flag("defer").with(""),
    ]);
    element("head", parts)
}

fn header(place: &Place) -> Markup {
    let namespaces = place.is_one_of_many.then_some(("/", "Namespaces"));
    let pages = [(links::OVERVIEW, "Overview"), (links::RUNS, "Runs")].into_iter().chain(namespaces);
    let entries = pages.map(|(address, name)| element("li", link(address, name)));
    let navigation = tag("nav").attribute("aria-label", "Pages").with(element("ul", all(entries)));
    let namespace = all(["Namespace ".into(), element("strong", &place.namespace)]);
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
    tag("form").attribute("role", "search").attribute("action", links::TRACE).with(all([input, button]))
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
    html(element("head", head), body)
}

#[cfg(test)]
mod tests {
    use super::{document, opened, problem, standalone};
    use crate::commands::console::links::Place;

    #[test]
    fn a_page_has_landmarks_and_nothing_inline() {
        let page = document("a < b", &Place::alone("news"), "", problem("Failed", "<script>"));
        for part in [r#"id="main""#, r#"<nav aria-label="Pages">"#, r#"role="search""#, r#"lang="en">"#] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        for part in ["<title>a &lt; b · Docmill</title>", "&lt;script&gt;"] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        for page in [page, opened(), standalone("Namespaces", problem("Failed", "<script>"))] {
            assert!(!page.contains("style=") && !page.contains("onclick"), "{page}");
            assert!(page.contains(r#"rel="icon""#), "{page}");
            assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
        }
    }

    #[test]
    fn addresses_are_relative_to_the_namespace_and_the_skip_link_stays_on_its_page() {
        let page = |place: &Place| document("Runs", place, "runs?a=b", problem("Failed", "no"));
        let many = page(&Place::below_its_name("news", true));
        let skip = r#"href="/namespaces/news/runs?a=b#main""#;
        let base = r#"<base href="/namespaces/news/">"#;
        for part in [base, skip, r#"href="/">Namespaces</a>"#, r#"href="./""#] {
            assert!(many.contains(part), "no {part} in {many}");
        }
        let alone = page(&Place::alone("news"));
        assert!(alone.contains(r#"<base href="/">"#) && !alone.contains("Namespaces</a>"), "{alone}");
    }
}
