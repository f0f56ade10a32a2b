//! The parameters of requests.

use super::parameters::{join, split};
use super::state::State;
use super::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::records::lineage::Day;

/// Which units are listed. All that is set has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitQuery {
    /// Name of the `IngestSource`. It may be left out if the namespace has one source alone.
    pub source: Option<String>,
    /// The key of the object. A version of it that is in the bucket and has no record is listed too, as pending.
    pub key: Option<String>,
    /// How the key starts.
    pub prefix: Option<String>,
    /// The state: one of the ledger.
    pub state: Option<State>,
    /// The reason code.
    pub reason: Option<String>,
    /// Recorded at this time or later; RFC 3339.
    pub since: Option<String>,
    /// Recorded before this time; RFC 3339.
    pub until: Option<String>,
    /// Of an object that landed on this day, in UTC. Such units are listed by key and version, and not the last recorded
    /// first.
    pub day: Option<Day>,
    /// Digest of the conversion model.
    pub revision: Option<String>,
    /// Id of a document that the unit has.
    pub document_id: Option<String>,
    /// Units at most; see [`Self::page`].
    pub limit: Option<u32>,
    /// `metadata.continue` of the list before.
    pub continue_token: Option<String>,
}

/// Why parameters cannot be used. The text is for whoever sent the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// They are no text.
    #[error("the query of the URL is not UTF-8")]
    NotText,
    /// A value has the wrong form.
    #[error("{name}: write {expected}")]
    Value {
        /// The name of the parameter.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

impl UnitQuery {
    /// Reads the query of a URL. Parameters of other names are left to the API server.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut parsed = Self::default();
        for (name, value) in split(query).ok_or(QueryError::NotText)? {
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "source" => parsed.source = Some(value),
                "key" => parsed.key = Some(value),
                "prefix" => parsed.prefix = Some(value),
                "state" => parsed.state = Some(state(&value)?),
                "reason" => parsed.reason = Some(value),
                "since" => parsed.since = Some(time("since", value)?),
                "until" => parsed.until = Some(time("until", value)?),
                "day" => parsed.day = Some(day(&value)?),
                "revision" => parsed.revision = Some(value),
                "documentId" => parsed.document_id = Some(value),
                "limit" => parsed.limit = Some(limit(&value, "a number of units")?),
                "continue" => parsed.continue_token = Some(value),
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// The query of a URL, without the question mark.
    pub fn to_query(&self) -> String {
        let texts = [
            ("source", &self.source),
            ("key", &self.key),
            ("prefix", &self.prefix),
            ("reason", &self.reason),
            ("since", &self.since),
            ("until", &self.until),
            ("revision", &self.revision),
            ("documentId", &self.document_id),
            ("continue", &self.continue_token),
        ];
        let mut given: Vec<(&str, String)> =
            texts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
        given.extend(self.day.map(|day| ("day", day.to_string())));
        given.extend(self.state.map(|state| ("state", state.as_str().to_owned())));
        given.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        join(&given)
    }

    /// How many units a page has: the limit, within 1 and [`MAX_LIMIT`], or [`DEFAULT_LIMIT`].
    pub fn page(&self) -> u32 {
        within(self.limit, DEFAULT_LIMIT, MAX_LIMIT)
    }
}

/// Which document is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Name of the `IngestSource`. Left out for one document: the only source of the namespace. Left out for a list: all.
    pub source: Option<String>,
    /// Id of the document, for a list.
    pub id: Option<String>,
    /// Name of the `EnrichmentRun` whose copy `enriched` answers. It may be left out if one target alone has a copy.
    pub run: Option<String>,
    /// Digest of the conversion model whose `snapshot` of a unit is meant. Left out: the one that the ledger names.
    pub revision: Option<String>,
}

impl DocumentQuery {
    /// Reads the query of a URL. Parameters of other names are left to the API server.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut parsed = Self::default();
        for (name, value) in split(query).ok_or(QueryError::NotText)? {
            let field = match name.as_str() {
                "source" => &mut parsed.source,
                "id" => &mut parsed.id,
                "run" => &mut parsed.run,
                "revision" => &mut parsed.revision,
                _ => continue,
            };
            *field = Some(value).filter(|value| !value.is_empty());
        }
        Ok(parsed)
    }

    /// The query of a URL, without the question mark.
    pub fn to_query(&self) -> String {
        let texts =
            [("source", &self.source), ("id", &self.id), ("run", &self.run), ("revision", &self.revision)];
        let given: Vec<(&str, String)> =
            texts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
        join(&given)
    }
}

fn state(value: &str) -> Result<State, QueryError> {
    let expected = "Indexed, Converted, Failed, Skipped, Superseded or Removed";
    let of_units = |state: &State| !matches!(state, State::Pending | State::Enriched | State::Missing);
    State::parse(value).filter(of_units).ok_or(QueryError::Value { name: "state", expected })
}

fn time(name: &'static str, value: String) -> Result<String, QueryError> {
    let expected = "a time in RFC 3339, for example 2026-01-02T03:04:05Z";
    if value.parse::<jiff::Timestamp>().is_ok() {
        Ok(value)
    } else {
        Err(QueryError::Value { name, expected })
    }
}

fn day(value: &str) -> Result<Day, QueryError> {
    Day::parse(value)
        .ok_or(QueryError::Value { name: "day", expected: "a day in UTC, for example 2026-01-02" })
}

/// Reads a limit, which is to be as `expected` says.
pub(super) fn limit(value: &str, expected: &'static str) -> Result<u32, QueryError> {
    value.parse().map_err(|_| QueryError::Value { name: "limit", expected })
}

/// The limit, within 1 and `most`; `default` without one.
pub(super) fn within(limit: Option<u32>, default: u32, most: u32) -> u32 {
    limit.filter(|limit| *limit > 0).unwrap_or(default).min(most)
}

#[cfg(test)]
mod tests {
    use super::{DocumentQuery, QueryError, UnitQuery};
    use crate::records::lineage::Day;
    use crate::records_api::state::State;

    #[test]
    fn a_query_is_read_as_it_was_written() {
        let query = UnitQuery {
            source: Some("wire".into()),
            key: Some("a b/ä+&.xml".into()),
            prefix: Some("a".into()),
            state: Some(State::Failed),
            reason: Some("WrongType".into()),
            since: Some("2026-01-02T03:04:05Z".into()),
            until: Some("2026-01-03T03:04:05Z".into()),
            day: Day::parse("2026-01-02"),
            revision: Some("5f".into()),
            document_id: Some("urn:1".into()),
            limit: Some(7),
            continue_token: Some("7b".into()),
        };
        assert_eq!(UnitQuery::parse(&query.to_query()), Ok(query));
        let query = DocumentQuery {
            source: Some("wire".into()),
            id: Some("a/b".into()),
            run: None,
            revision: Some("5f2c1a2b3c4d".into()),
        };
        assert_eq!(DocumentQuery::parse(&query.to_query()), Ok(query));
    }

    #[test]
    fn what_a_query_does_not_take_is_told() {
        for (query, named) in [
            ("state=Pending", "state"),
            ("state=failed", "state"),
            ("since=today", "since"),
            ("day=2026-02-30", "day"),
            ("limit=-1", "limit"),
        ] {
            let Err(QueryError::Value { name, .. }) = UnitQuery::parse(query) else { panic!("{query}") };
            assert_eq!(name, named);
        }
        assert_eq!(UnitQuery::parse("key=%FF"), Err(QueryError::NotText));
        assert_eq!(UnitQuery::parse("pretty=true&source="), Ok(UnitQuery::default()));
    }

    #[test]
    fn a_page_is_never_larger_than_the_maximum() {
        let page = |limit| UnitQuery { limit, ..UnitQuery::default() }.page();
        assert_eq!([page(None), page(Some(0)), page(Some(3)), page(Some(u32::MAX))], [100, 100, 3, 500]);
    }
}
