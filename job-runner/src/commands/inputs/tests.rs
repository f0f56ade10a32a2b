use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::Inputs;
use crate::commands::scratch::Scratch;

/// The paths below the folder, in order; an error as `!path`.
fn listed(scratch: &Scratch, paths: &[&str]) -> Vec<String> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| scratch.path(path)).collect();
    let name = |path: &PathBuf| path.strip_prefix(scratch.root()).unwrap().display().to_string();
    Inputs::new(&paths)
        .map(|input| input.map_or_else(|error| format!("!{}", name(&error.path)), |input| name(&input.path)))
        .collect()
}

#[test]
fn folders_are_walked_in_the_order_of_names_and_hidden_files_are_left_out() {
    let scratch = Scratch::with(&["b.xml", "a/2.xml", "a/10.xml", "a/.hidden.xml", ".git/c.xml", "c.txt"]);
    assert_eq!(listed(&scratch, &[""]), ["a/10.xml", "a/2.xml", "b.xml", "c.txt"]);
    assert_eq!(
        listed(&scratch, &["c.txt", "a/.hidden.xml", "a"]),
        ["c.txt", "a/.hidden.xml", "a/10.xml", "a/2.xml"]
    );
}

#[test]
fn files_come_with_their_length() {
    let scratch = Scratch::with(&["empty.xml"]);
    scratch.write("four.xml", "<a/>");
    let inputs = Inputs::new(&[scratch.path(""), "-".into()]);
    let found: Vec<_> = inputs.map(|input| input.unwrap().bytes).collect();
    assert_eq!(found, [Some(0), Some(4), None]);
}

#[test]
fn a_path_that_does_not_exist_is_an_error_in_its_place() {
    let scratch = Scratch::with(&["a.xml", "b.xml"]);
    assert_eq!(listed(&scratch, &["a.xml", "none.xml", "b.xml"]), ["a.xml", "!none.xml", "b.xml"]);
}

#[test]
fn links_are_followed_and_never_in_circles() {
    let scratch = Scratch::with(&["a/1.xml", "elsewhere/2.xml"]);
    symlink(scratch.path("a"), scratch.path("a/again")).unwrap();
    symlink(scratch.path(""), scratch.path("a/up")).unwrap();
    symlink(scratch.path("elsewhere"), scratch.path("a/linked")).unwrap();
    assert_eq!(listed(&scratch, &["a"]), ["a/1.xml", "a/linked/2.xml"]);
    assert_eq!(listed(&scratch, &["a", "a"]).len(), 4, "who names a folder twice gets it twice");
}

#[test]
fn what_is_no_file_is_left_out_of_folders() {
    let scratch = Scratch::with(&["a/1.xml"]);
    let _socket = std::os::unix::net::UnixListener::bind(scratch.path("a/socket")).unwrap();
    fs::create_dir(scratch.path("a/empty")).unwrap();
    assert_eq!(listed(&scratch, &["a"]), ["a/1.xml"]);
}
