//! How long a text is.

use serde_json::{Map, Value, json};

use super::words::words;

/// Words per minute of a silent reader of English (Brysbaert, "How many words do we read per minute?", 2019).
const WORDS_A_MINUTE: usize = 238;

/// `minutes`, `words` and `characters`. All of the text counts.
pub(crate) fn results(text: &str) -> Map<String, Value> {
    let words = words(text).count();
    Map::from_iter([
        ("minutes".to_owned(), json!(words.div_ceil(WORDS_A_MINUTE))),
        ("words".to_owned(), json!(words)),
        ("characters".to_owned(), json!(text.chars().count())),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::results;

    fn of(text: &str) -> Value {
        json!(results(text))
    }

    #[test]
    fn words_and_characters_are_counted_and_minutes_rounded_up() {
        assert_eq!(of(""), json!({"minutes": 0, "words": 0, "characters": 0}));
        assert_eq!(
            of("Über 3,000 people didn't – vote."),
            json!({"minutes": 1, "words": 5, "characters": 32})
        );
        assert_eq!(of(&"word ".repeat(238))["minutes"], 1);
        assert_eq!(of(&"word ".repeat(239))["minutes"], 2);
    }
}
