//! Every relative link of the documentation, and every page that the code names, leads to a file and a heading; every source
//! file that the documentation names is there; and the book has every page.

#![allow(clippy::expect_used, reason = "a test ends by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use docmill_crds::reference_docs::anchor;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const SUMMARY: &str = "docs/SUMMARY.md";

/// Pages by their paths in the repository: their lines outside of code blocks, with the number of each.
type Pages = BTreeMap<PathBuf, Vec<(usize, String)>>;

/// All files of the repository, but hidden ones and what is built.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry of a folder");
            let file_name = entry.file_name();
            let (path, name) = (folder.join(&file_name), file_name.to_string_lossy());
            if !entry.file_type().expect("the type of an entry").is_dir() {
                files.push(path);
            } else if !name.starts_with('.') && name != "target" && name != "dist" {
                folders.push(path);
            }
        }
    }
    files
}

/// All of docs/, each README.md of the repository, and the pages beside the one at its root.
fn pages() -> Pages {
    let is_page = |path: &PathBuf| {
        let is_at_root = path.parent() == Some(Path::new(""));
        let is_in_docs = path.starts_with("docs") || is_at_root || path.ends_with("README.md");
        is_in_docs && path.extension().is_some_and(|end| end == "md")
    };
    let page = |path: PathBuf| {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).expect("a page");
        (path, prose(&text))
    };
    files().into_iter().filter(is_page).map(page).collect()
}

fn prose(text: &str) -> Vec<(usize, String)> {
    let mut in_block = false;
    let lines = (1..).zip(text.lines().map(str::to_owned));
    let outside = lines.filter(|(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !fence && !in_block
    });
    outside.collect()
}

/// The targets of the links in a line, except links to other sites. What is between backticks is code.
fn links(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect();
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains(':')).map(str::to_owned).collect()
}

/// The pages that code names, each with its heading if it names one: `docs/faq.md`, `docs/guides/aws.md#queue`.
fn named(text: &str) -> Vec<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/_.-#".contains(c);
    let names = text.match_indices("docs/").filter_map(|(start, _)| {
        let rest = text.get(start..)?;
        let name = rest.split(|c: char| !is_part(c)).next()?.trim_end_matches('.');
        let (page, anchor) = name.split_once('#').unwrap_or((name, ""));
        Path::new(page).extension().is_some_and(|end| end == "md").then_some((page, anchor))
    });
    names.collect()
}

/// The anchors that GitHub and mdBook give to the headings of a page.
fn anchors(lines: &[(usize, String)]) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for (_, line) in lines {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let slug = anchor(heading.trim());
        let count = counts.entry(slug.clone()).or_default();
        anchors.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
    anchors
}

/// A path that a page names, as a path in the repository: `docs/guides/../faq.md` is `docs/faq.md`.
fn resolve(page: &Path, target: &str) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in page.with_file_name(target).components() {
        if part == Component::ParentDir {
            resolved.pop();
        } else {
            resolved.push(part);
        }
    }
    resolved
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    let lines = pages.iter().flat_map(|(page, lines)| lines.iter().map(move |line| (page, line)));
    let mut broken = Vec::new();
    for (page, (number, line)) in lines {
        for link in links(line) {
            let (path, anchor) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = if path.is_empty() { page.clone() } else { resolve(page, path) };
            let found = match pages.get(&target) {
                Some(lines) => anchor.is_empty() || anchors(lines).contains(anchor),
                None => anchor.is_empty() && Path::new(ROOT).join(&target).exists(),
            };
            if !found {
                broken.push(format!("{}:{number}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_page_that_code_names_is_there() {
    const CODE: [&str; 6] = ["rs", "yaml", "tpl", "sh", "txt", "toml"];
    let pages = pages();
    let (mut seen, mut broken) = (0, Vec::new());
    for path in files() {
        if !path.extension().is_some_and(|end| CODE.iter().any(|code| end == *code)) {
            continue;
        }
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).unwrap_or_default();
        for (page, anchor) in named(&text) {
            seen += 1;
            let found = pages.get(&resolve(Path::new(""), page));
            if !found.is_some_and(|lines| anchor.is_empty() || anchors(lines).contains(anchor)) {
                broken.push(format!("{}: {page}#{anchor}", path.display()));
            }
        }
    }
    assert!(seen > 20, "{seen} pages are named");
    assert!(broken.is_empty(), "pages that are not there:\n{}", broken.join("\n"));
}

#[test]
fn every_source_file_that_the_documentation_names_is_there() {
    let (files, pages) = (files(), pages());
    let lines = pages.iter().flat_map(|(page, lines)| lines.iter().map(move |line| (page, line)));
    let (mut seen, mut missing) = (0, Vec::new());
    for (page, (number, line)) in lines {
        let names = line.split('`').skip(1).step_by(2).filter(|code| !code.contains([' ', '{', '*']));
        for name in names.map(Path::new).filter(|name| name.extension().is_some_and(|end| end == "rs")) {
            seen += 1;
            // Tests and modules go by the end of their paths: `long/count.rs`.
            if !files.iter().any(|file| file.ends_with(name)) {
                missing.push(format!("{}:{number}: {}", page.display(), name.display()));
            }
        }
    }
    assert!(seen > 100, "{seen} files");
    assert!(missing.is_empty(), "files that are not there:\n{}", missing.join("\n"));
}

#[test]
fn the_summary_lists_every_page() {
    let pages = pages();
    let summary = pages.get(Path::new(SUMMARY)).expect(SUMMARY);
    let entries = summary.iter().flat_map(|(_, line)| links(line));
    let listed: BTreeSet<_> = entries.map(|entry| resolve(Path::new(SUMMARY), &entry)).collect();
    let mut there: BTreeSet<_> = pages.keys().filter(|page| page.starts_with("docs")).cloned().collect();
    there.remove(Path::new(SUMMARY));
    let (unlisted, missing) = (&there - &listed, &listed - &there);
    assert!(unlisted.is_empty(), "pages that are not in {SUMMARY}: {unlisted:?}");
    assert!(missing.is_empty(), "entries of {SUMMARY} without a page: {missing:?}");
}
