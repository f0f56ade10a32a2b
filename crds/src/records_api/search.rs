//! A search for documents by words of their content: `documents?text=WORDS`.

use super::parameters::{join, split};
use super::query::{self, QueryError};

/// Characters of the words at most.
pub const MAX_TEXT_CHARS: usize = 256;
/// Documents of an answer at most, whatever `limit` says.
pub const MAX_DOCUMENTS: u32 = 100;
/// Documents of an answer without `limit`.
pub const DEFAULT_DOCUMENTS: u32 = 20;

/// Which documents are searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Name of the `IngestSource`. Left out: all of the namespace.
    pub source: Option<String>,
    /// The words, see [`is_searchable`]. A document has to have all of them; `|` between two asks for one of them, `-` before a
    /// word for documents without it, and quotes for words in this order.
    pub text: String,
    /// Documents at most; see [`Self::size`].
    pub limit: Option<u32>,
}

impl SearchQuery {
    /// Reads the query of a URL; `None` if it has no words. Parameters of other names are left to the API server.
    pub fn parse(query: &str) -> Result<Option<Self>, QueryError> {
        let (mut parsed, mut limit, mut has_id) = (Self::default(), None, false);
        for (name, value) in split(query).ok_or(QueryError::NotText)? {
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "source" => parsed.source = Some(value),
                "text" => parsed.text = value,
                "limit" => limit = Some(value),
                "id" => has_id = true,
                _ => {}
            }
        }
        if parsed.text.is_empty() {
            return Ok(None);
        }
        if has_id {
            return Err(QueryError::Value { name: "text", expected: "either words or an id" });
        }
        if !is_searchable(&parsed.text) {
            let expected = "at most 256 characters on one line, with a letter or a digit";
            return Err(QueryError::Value { name: "text", expected });
        }
        parsed.limit = limit.map(|limit| query::limit(&limit, "a number of documents")).transpose()?;
        Ok(Some(parsed))
    }

    /// The query of a URL, without the question mark.
    pub fn to_query(&self) -> String {
        let mut given = vec![("text", self.text.clone())];
        given.extend(self.source.clone().map(|source| ("source", source)));
        given.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        join(&given)
    }

    /// How many documents an answer has at most: the limit, within 1 and [`MAX_DOCUMENTS`], or [`DEFAULT_DOCUMENTS`].
    pub fn size(&self) -> u32 {
        query::within(self.limit, DEFAULT_DOCUMENTS, MAX_DOCUMENTS)
    }
}

/// Whether a text can be searched for: it has a letter or a digit, at most [`MAX_TEXT_CHARS`] characters, and none of control.
/// Of operators alone, an index makes a search for everything.
pub fn is_searchable(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
        && !text.chars().any(char::is_control)
        && text.chars().count() <= MAX_TEXT_CHARS
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT_CHARS, QueryError, SearchQuery, is_searchable};

    #[test]
    fn a_search_is_read_as_it_was_written() {
        let query = SearchQuery {
            source: Some("wire".into()),
            text: "\"interest rates\" -a&b=c | zürich+%".into(),
            limit: Some(7),
        };
        assert_eq!(SearchQuery::parse(&query.to_query()), Ok(Some(query)));
        for query in ["", "id=a&limit=x", "text=&source=wire", "source=wire"] {
            assert_eq!(SearchQuery::parse(query), Ok(None), "{query}");
        }
    }

    #[test]
    fn what_is_no_search_is_told() {
        let long = format!("text={}", "a".repeat(MAX_TEXT_CHARS + 1));
        for (query, named) in [
            ("text=*", "text"),
            ("text=%2A+%7C+%22%22", "text"),
            ("text=+", "text"),
            ("text=a%0Ab", "text"),
            ("text=a&id=b", "text"),
            ("text=a&limit=-1", "limit"),
            (long.as_str(), "text"),
        ] {
            let Err(QueryError::Value { name, .. }) = SearchQuery::parse(query) else { panic!("{query}") };
            assert_eq!(name, named, "{query}");
        }
        assert_eq!(SearchQuery::parse("text=%FF"), Err(QueryError::NotText));
    }

    #[test]
    fn words_of_every_language_can_be_searched_for() {
        for text in ["interest rates", "Zürich", "利率", "процентная ставка", "7", "field:x", "/a.*/"]
        {
            assert!(is_searchable(text), "{text}");
        }
        assert!(is_searchable(&"ü".repeat(MAX_TEXT_CHARS)), "characters count, and not bytes");
    }

    #[test]
    fn an_answer_is_never_larger_than_the_maximum() {
        let size = |limit| SearchQuery { limit, ..SearchQuery::default() }.size();
        assert_eq!([size(None), size(Some(0)), size(Some(3)), size(Some(u32::MAX))], [20, 20, 3, 100]);
    }
}
