//! Finds documents by words of their content. What is told of a document is where it is and which unit it comes from, and
//! nothing of its content.

use axum::http::StatusCode;
use docmill_clients::elastic::ElasticError;
use docmill_crds::api::ingest_source::Index;
use docmill_crds::records_api::document::{Document, DocumentList};
use docmill_crds::records_api::search::SearchQuery;
use futures::future::join_all;

use super::answers::gather;
use super::search_query::{self, Hit};
use super::view::{self, SeenDocument};
use crate::records_api::answer::Failure;
use crate::records_api::answer::store_failure::of_elastic;
use crate::records_api::sources::{OpenSource, Sources};
use crate::records_api::units::read as units;

/// Status of an index that does not take a search.
const BAD_REQUEST: u16 = 400;

/// The documents with the words of a query, of a source or of all of the namespace, the best match first. The scores of
/// different sources can be compared roughly: each counts how rare a word is in its own indices.
pub async fn list(sources: &Sources, namespace: &str, query: &SearchQuery) -> Result<DocumentList, Failure> {
    let all = sources.all(namespace, query.source.as_deref()).await?;
    let asked = join_all(all.into_iter().map(|source| async move {
        let source = Box::pin(sources.open_stores(source)).await?;
        of_source(&source, query).await
    }));
    let (mut found, warnings) = gather(asked.await)?;
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found.truncate(usize::try_from(query.size()).unwrap_or(usize::MAX));
    Ok(DocumentList::new(found.into_iter().map(|(_, document)| document).collect(), warnings))
}

/// Says to whoever may not search why that takes more than a list by id.
pub fn explained(failure: Failure) -> Failure {
    if failure.code != StatusCode::FORBIDDEN {
        return failure;
    }
    Failure { message: format!("{}: a search takes the right to read content", failure.message), ..failure }
}

/// The documents of a source that a query finds, with their scores.
async fn of_source(source: &OpenSource, query: &SearchQuery) -> Result<Vec<(f64, Document)>, Failure> {
    let pattern = source.source.spec.index.as_ref().and_then(Index::pattern);
    let (Some(index), Some(pattern)) = (&source.index, pattern) else {
        return if query.source.is_some() { Err(not_indexed(source)) } else { Ok(Vec::new()) };
    };
    let body = search_query::body(&source.full_name(), &query.text, query.size());
    let answer = index.search(&pattern, &body).await.map_err(|error| refused(&error))?;
    let hits = search_query::hits(&answer);
    let digests: Vec<String> = hits.iter().filter_map(|hit| hit.unit.clone()).collect();
    let recorded = units::by_digest(source, &digests).await?;
    let document = |hit: Hit| {
        let seen = SeenDocument {
            unit: hit.unit.and_then(|digest| recorded.get(&digest).cloned()),
            indexed: Some(view::indexed(&hit.index, None, Some(&hit.docmill))),
            ..SeenDocument::default()
        };
        (hit.score, view::document(&hit.id, &source.namespace, &source.name, seen))
    };
    Ok(hits.into_iter().map(document).collect())
}

fn not_indexed(source: &OpenSource) -> Failure {
    let name = &source.name;
    Failure::bad_request(format!("the IngestSource {name:?} has no index that could be searched"))
}

/// Each word is looked for in each field, and an index limits how many such pairs a search has.
fn refused(error: &ElasticError) -> Failure {
    match error {
        ElasticError::Refused(cause) if cause.status == BAD_REQUEST => Failure::bad_request(format!(
            "the index does not take this search ({cause}); search for fewer words"
        )),
        other => of_elastic("the index", other),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use docmill_clients::elastic::{ElasticError, ErrorCause};

    use super::{Failure, explained, refused};

    #[test]
    fn a_search_that_an_index_does_not_take_is_the_users_to_mend() {
        let cause = |status| {
            let kind = "search_phase_execution_exception".into();
            ElasticError::Refused(ErrorCause { status, kind, reason: "hunter2".into() })
        };
        let failure = refused(&cause(400));
        assert_eq!(failure.code, StatusCode::BAD_REQUEST);
        assert!(failure.message.contains("fewer words"), "{failure:?}");
        assert!(!failure.message.contains("hunter2"), "{failure:?}");
        assert_eq!(refused(&cause(403)).code, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn only_a_missing_right_is_explained() {
        assert!(explained(Failure::forbidden("no")).message.contains("right to read content"));
        assert_eq!(explained(Failure::unavailable("later")), Failure::unavailable("later"));
    }
}
