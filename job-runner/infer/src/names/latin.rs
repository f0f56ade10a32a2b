//! Latin letters with marks, as the plain ones below the marks. Pure.

use std::borrow::Cow;

/// Plain letters, and the small letters that are written like them.
const LETTERS: [(&str, &str); 29] = [
    ("a", "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ"),
    ("ae", "æ"),
    ("b", "ḃḅḇ"),
    ("c", "çćĉċčḉ"),
    ("d", "ďḋḍḏḑḓđð"),
    ("e", "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệə"),
    ("f", "ḟ"),
    ("g", "ĝğġģǧǵḡ"),
    ("h", "ĥȟḣḥḧḩḫẖħ"),
    ("i", "ìíîïĩīĭįǐȉȋḭḯỉịı"),
    ("j", "ĵǰ"),
    ("k", "ķǩḱḳḵ"),
    ("l", "ĺļľḷḹḻḽł"),
    ("m", "ḿṁṃ"),
    ("n", "ñńņňǹṅṇṉṋŋ"),
    ("o", "òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợø"),
    ("oe", "œ"),
    ("p", "ṕṗ"),
    ("r", "ŕŗřȑȓṙṛṝṟ"),
    ("s", "śŝşšșṡṣṥṧṩ"),
    ("ss", "ß"),
    ("t", "ţťțṫṭṯṱẗŧ"),
    ("th", "þ"),
    ("u", "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
    ("v", "ṽṿ"),
    ("w", "ŵẁẃẅẇẉẘ"),
    ("x", "ẋẍ"),
    ("y", "ýÿŷȳẏẙỳỵỷỹ"),
    ("z", "źżžẑẓẕ"),
];

/// A name whose Latin letters have no marks, as far as they are known; other letters stay as they are.
pub(super) fn plain(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    let all_capitals = !name.contains(char::is_lowercase);
    let mut plain = String::new();
    for c in name.chars().filter(|c| !is_mark(*c)) {
        let small = c.to_lowercase().next().unwrap_or(c);
        match LETTERS.iter().find(|(_, marked)| marked.contains(small)) {
            Some((letters, _)) if c == small => plain.push_str(letters),
            Some((letters, _)) if all_capitals => plain.push_str(&letters.to_ascii_uppercase()),
            Some((letters, _)) => {
                let (first, rest) = letters.split_at(1);
                plain.push_str(&first.to_ascii_uppercase());
                plain.push_str(rest);
            }
            // The capital of the Turkish i.
            None if small.is_ascii() => plain.push(if c == small { c } else { small.to_ascii_uppercase() }),
            None => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

/// A mark that stands on the letter before it.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn marks_are_left_out_and_other_alphabets_stay() {
        for (name, expected) in [
            ("title", "title"),
            ("Émission", "Emission"),
            ("ŒUVRE", "OEUVRE"),
            ("Œuvre", "Oeuvre"),
            ("İçerik", "Icerik"),
            ("straße", "strasse"),
            ("e\u{301}tat", "etat"),
            ("дата", "дата"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }
}
