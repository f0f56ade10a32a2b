//! Parameters of URLs, in the form of HTML forms.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The given parameters, joined; without the question mark.
pub fn join(parameters: &[(&str, String)]) -> String {
    let pair =
        |(name, value): &(&str, String)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    parameters.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// The parameters of a query; `None` if one of them is not UTF-8.
pub fn split(query: &str) -> Option<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{join, split};

    #[test]
    fn what_is_joined_is_split_again() {
        let joined = join(&[("key", "wire/ä &=+%.xml".to_owned()), ("limit", "5".to_owned())]);
        assert!(!joined.contains(['/', ' ', '+']), "{joined}");
        let split = split(&joined).unwrap();
        assert_eq!(split[0], ("key".to_owned(), "wire/ä &=+%.xml".to_owned()));
        assert_eq!(split[1], ("limit".to_owned(), "5".to_owned()));
    }

    #[test]
    fn other_forms_are_read_too_and_bytes_that_are_no_text_are_not() {
        assert_eq!(
            split("a+b=c+d&x&&"),
            Some(vec![("a b".into(), "c d".into()), ("x".into(), String::new())])
        );
        assert_eq!(split("key=%FF"), None);
    }
}
