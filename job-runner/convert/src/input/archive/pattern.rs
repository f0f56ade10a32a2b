//! Patterns of the names of members.

/// Whether a pattern stands for a name: `*` for any characters, `?` for one, all others for themselves. Takes at most
/// as many steps as pattern and name have characters, multiplied.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (mut rest, mut left) = (pattern.chars(), name.chars());
    // After the last `*`, and the text that it does not stand for yet.
    let mut retry = None;
    loop {
        let before = left.clone();
        match (rest.next(), left.next()) {
            (Some('*'), _) => {
                left = before;
                retry = Some((rest.clone(), left.clone()));
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            _ => {
                let Some((after, mut text)) = retry.take() else { return false };
                if text.next().is_none() {
                    return false;
                }
                (rest, left) = (after.clone(), text.clone());
                retry = Some((after, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    #[test]
    fn a_star_stands_for_anything_and_a_question_mark_for_one_character() {
        for (pattern, name) in [
            ("*.xml", "a.xml"),
            ("*.xml", "2026/01/a.xml"),
            ("*.xml", ".xml"),
            ("*.xml", "a.xml.xml"),
            ("articles/*.xml", "articles/b/a.xml"),
            ("*/?.xml", "x/ü.xml"),
            ("*", ""),
            ("**", "a"),
            ("a*b*c", "a-b-b-c"),
            ("a.xml", "a.xml"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.xml", "a.XML"),
            ("*.xml", "a.xml.gz"),
            ("articles/*.xml", "a.xml"),
            ("?.xml", "ab.xml"),
            ("?", ""),
            ("a*b*c", "a-c-b"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_means_what_a_recursive_reading_of_it_says(
            pattern in "[ab*?]{0,8}", name in "[ab]{0,10}",
        ) {
            fn naive(pattern: &[u8], name: &[u8]) -> bool {
                match (pattern.split_first(), name.split_first()) {
                    (None, None) => true,
                    (Some((b'*', rest)), _) => {
                        naive(rest, name) || name.split_first().is_some_and(|(_, left)| naive(pattern, left))
                    }
                    (Some((wanted, rest)), Some((found, left))) => {
                        (*wanted == b'?' || wanted == found) && naive(rest, left)
                    }
                    _ => false,
                }
            }
            prop_assert_eq!(matches(&pattern, &name), naive(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
