//! Names for fields, derived from the names of elements and attributes. Pure.

mod latin;

use std::borrow::Cow;
use std::collections::HashSet;

use latin::plain;

/// Maximum characters of a field's name.
const LONGEST: usize = 64;

/// Words that German and Dutch write together with those before them: `Erscheinungsdatum` is a `datum`.
const COMPOUNDED: [&str; 5] = ["datum", "titel", "uberschrift", "ueberschrift", "kennung"];

/// A name that no field has yet: the last of these names, with as many of those before it as needed, else
/// with a number.
pub(super) fn unique(names: &[impl AsRef<str>], taken: &mut HashSet<String>) -> String {
    let names: Vec<_> = names.iter().map(|name| plain(name.as_ref())).collect();
    // Where the last cannot be written, those before it would look like its own.
    let can_last = names.last().is_some_and(|name| can_name(name));
    let outermost = if can_last { 0 } else { names.len().saturating_sub(1) };
    let mut name = String::new();
    for start in (outermost..names.len()).rev() {
        name = camel_case(&names[start..]);
        if taken.insert(name.clone()) {
            return name;
        }
    }
    name.truncate(LONGEST - 6);
    let numbered = (2..=u32::MAX).map(|number| format!("{name}{number}")).find(|name| !taken.contains(name));
    let name = numbered.unwrap_or(name);
    taken.insert(name.clone());
    name
}

/// Whether a name has anything that a field's name may have.
pub(super) fn can_name(name: &str) -> bool {
    words(&plain(name)).next().is_some()
}

/// One word after the other, each but the first with a capital.
fn camel_case(names: &[Cow<'_, str>]) -> String {
    let mut name = String::new();
    for word in names.iter().flat_map(|name| words(name)) {
        if name.is_empty() {
            name.push_str(&uncapitalised(word));
        } else {
            let (first, rest) = word.split_at(1);
            name.push_str(&first.to_ascii_uppercase());
            name.push_str(rest);
        }
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "field");
    }
    name.truncate(LONGEST);
    name
}

/// The parts between characters that a field's name cannot have, or that separate words.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// `GUID` becomes `guid`, `PubDate` becomes `pubDate`, `URLPath` becomes `urlPath`, and `URLs` becomes `urls`.
fn uncapitalised(word: &str) -> String {
    if !word.contains(|c: char| c.is_ascii_lowercase()) {
        return word.to_ascii_lowercase();
    }
    let capitals = word.bytes().take_while(u8::is_ascii_uppercase).count();
    // The last capital begins the next word.
    let first = match &word[capitals..] {
        "s" => word.len(),
        rest if rest.starts_with(|c: char| c.is_ascii_lowercase()) => capitals.saturating_sub(1).max(1),
        _ => capitals,
    };
    let (first, rest) = word.split_at(first);
    format!("{}{rest}", first.to_ascii_lowercase())
}

/// Whether one of these is a word of the name: `date` of `pubDate`, `pub-date` and `date_1`.
pub(super) fn has_word(name: &str, wanted: &[&str]) -> bool {
    parts(name).iter().any(|word| is_one_of(word, wanted))
}

/// Whether one of these is the last word of the name.
pub(super) fn ends_with_word(name: &str, wanted: &[&str]) -> bool {
    parts(name).last().is_some_and(|word| is_one_of(word, wanted))
}

fn is_one_of(word: &str, wanted: &[&str]) -> bool {
    wanted.contains(&word) || COMPOUNDED.iter().any(|end| word.ends_with(*end) && wanted.contains(end))
}

/// The words of a name in lower case; capitals start one.
fn parts(name: &str) -> Vec<String> {
    let name = plain(name);
    let parts = words(&name).flat_map(|word| {
        let mut parts: Vec<String> = Vec::new();
        let mut small = false;
        for c in word.chars() {
            match parts.last_mut().filter(|_| !(small && c.is_ascii_uppercase())) {
                Some(part) => part.push(c.to_ascii_lowercase()),
                None => parts.push(c.to_ascii_lowercase().to_string()),
            }
            small = !c.is_ascii_uppercase();
        }
        parts
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{can_name, ends_with_word, has_word, unique};

    #[test]
    fn names_are_in_camel_case() {
        for (local, name) in [
            ("title", "title"),
            ("PubDate", "pubDate"),
            ("GUID", "guid"),
            ("UBLVersionID", "ublVersionID"),
            ("URLs", "urls"),
            ("H1N1x", "h1N1x"),
            ("A1B", "a1b"),
            ("date.issue", "dateIssue"),
            ("id-string", "idString"),
            ("article_type", "articleType"),
            ("1st", "field1st"),
            ("日付", "field"),
            ("日付_id", "id"),
            ("Überschrift", "uberschrift"),
            ("título", "titulo"),
            ("GRÖẞE", "grosse"),
            ("tiêuĐề", "tieuDe"),
            ("zażółć-gęślą", "zazolcGesla"),
            ("U\u{308}ber", "uber"),
        ] {
            assert_eq!(unique(&[local], &mut HashSet::new()), name);
        }
        assert_eq!(unique(&["x".repeat(100).as_str()], &mut HashSet::new()).len(), 64);
    }

    #[test]
    fn a_name_that_is_taken_gets_more_words_and_then_a_number() {
        let mut taken = HashSet::new();
        let names = [1, 2, 3, 4, 5].map(|_| unique(&["head", "author", "name"], &mut taken));
        assert_eq!(names, ["name", "authorName", "headAuthorName", "headAuthorName2", "headAuthorName3"]);
    }

    #[test]
    fn names_in_other_letters_are_numbered_in_their_order() {
        let mut taken = HashSet::new();
        let names = ["заголовок", "дата", "標題", "τίτλος"];
        let names = names.map(|name| unique(&["doc", name], &mut taken));
        assert_eq!(names, ["field", "field2", "field3", "field4"]);
        assert!(can_name("título") && can_name("標題_id") && !can_name("標題"));
    }

    #[test]
    fn words_are_told_by_capitals_and_marks() {
        assert!(has_word("pubDate", &["date"]));
        assert!(has_word("DATE.issue", &["date"]));
        assert!(!has_word("update", &["date"]));
        assert!(has_word("Erscheinungsdatum", &["datum"]) && !has_word("Datumsangabe", &["datum"]));
        assert!(ends_with_word("Zwischenüberschrift", &["uberschrift"]));
        assert!(ends_with_word("articleID", &["id"]));
        assert!(ends_with_word("doc-id", &["id"]));
        assert!(!ends_with_word("paid", &["id"]));
        assert!(!has_word("idéal", &["id"]));
    }
}
