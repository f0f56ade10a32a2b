//! Requests to the records API, which the operator serves through the API server.

use docmill_crds::records::lineage::Day;
use docmill_crds::records_api::document::DocumentList;
use docmill_crds::records_api::error::UnitError;
use docmill_crds::records_api::history::DocumentHistory;
use docmill_crds::records_api::manifest::{Manifest, ManifestQuery};
use docmill_crds::records_api::path::{self, Subresource};
use docmill_crds::records_api::query::{DocumentQuery, UnitQuery};
use docmill_crds::records_api::search::SearchQuery;
use docmill_crds::records_api::unit::{Unit, UnitList};
use futures::AsyncReadExt as _;
use http::Request;
use serde::de::DeserializeOwned;

use super::Cluster;
use crate::failure::Failure;

/// Why a request to the records API has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The cluster does not serve the API.
    NotServed(Failure),
    /// The API has no such record.
    NotFound(Failure),
    /// The user may not see it.
    Forbidden(Failure),
    /// The content has more bytes than the API answers.
    TooLarge(Failure),
    /// Nobody answers for the API: other requests have the same end.
    Down(Failure),
    /// Anything else.
    Other(Failure),
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let (RecordError::NotServed(failure)
        | RecordError::NotFound(failure)
        | RecordError::Forbidden(failure)
        | RecordError::TooLarge(failure)
        | RecordError::Down(failure)
        | RecordError::Other(failure)) = error;
        failure
    }
}

impl Cluster {
    /// A page of the units that a query selects.
    pub async fn units(&self, query: &UnitQuery) -> Result<UnitList, RecordError> {
        self.json("list units", &path::units(self.namespace(), query)).await
    }

    /// A unit by its digest.
    pub async fn unit(&self, digest: &str, source: Option<&str>) -> Result<Unit, RecordError> {
        let path = path::unit(self.namespace(), digest, None, &of_source(source));
        self.json(&format!("look up unit {digest}"), &path).await
    }

    /// Why a unit was refused, with excerpts of the object.
    pub async fn unit_error(&self, digest: &str, source: Option<&str>) -> Result<UnitError, RecordError> {
        let path = path::unit(self.namespace(), digest, Some(Subresource::Error), &of_source(source));
        self.json(&format!("read the error of unit {digest}"), &path).await
    }

    /// The documents with an id, of one source or of all, and in words which sources could not be asked.
    pub async fn documents(&self, id: &str, source: Option<&str>) -> Result<DocumentList, RecordError> {
        let query = DocumentQuery { id: Some(id.to_owned()), ..of_source(source) };
        let path = path::documents(self.namespace(), &query);
        self.json(&format!("look up document {id}"), &path).await
    }

    /// Documents by words of their content, the best match first.
    pub async fn search(&self, query: &SearchQuery) -> Result<DocumentList, RecordError> {
        self.json("search documents", &path::search(self.namespace(), query)).await
    }

    /// The units that a document came from.
    pub async fn history(&self, id: &str, source: Option<&str>) -> Result<DocumentHistory, RecordError> {
        let path = path::document(self.namespace(), id, Some(Subresource::History), &of_source(source));
        self.json(&format!("read the history of document {id}"), &path).await
    }

    /// Content of a document at one of its stages.
    pub async fn document_content(
        &self,
        id: &str,
        stage: Subresource,
        query: &DocumentQuery,
    ) -> Result<Vec<u8>, RecordError> {
        let path = path::document(self.namespace(), id, Some(stage), query);
        self.bytes(&format!("read {} of document {id}", stage.as_str()), &path).await
    }

    /// Content of a unit: its object or its snapshot.
    pub async fn unit_content(
        &self,
        digest: &str,
        stage: Subresource,
        source: Option<&str>,
    ) -> Result<Vec<u8>, RecordError> {
        let path = path::unit(self.namespace(), digest, Some(stage), &of_source(source));
        self.bytes(&format!("read {} of unit {digest}", stage.as_str()), &path).await
    }

    /// The daily manifest of a source.
    pub async fn manifest(&self, day: Day, query: &ManifestQuery) -> Result<Manifest, RecordError> {
        let path = path::manifest(self.namespace(), day, false, query);
        self.json(&format!("read the manifest of {day}"), &path).await
    }

    /// Some of the lines of a daily manifest, compressed, from the offset of the query on.
    pub async fn manifest_lines(&self, day: Day, query: &ManifestQuery) -> Result<Vec<u8>, RecordError> {
        let path = path::manifest(self.namespace(), day, true, query);
        self.bytes(&format!("read the lines of the manifest of {day}"), &path).await
    }

    /// The snapshot of a unit as a conversion model made it.
    pub async fn snapshot_by(
        &self,
        digest: &str,
        revision: &str,
        source: Option<&str>,
    ) -> Result<Vec<u8>, RecordError> {
        let query = DocumentQuery { revision: Some(revision.to_owned()), ..of_source(source) };
        let path = path::unit(self.namespace(), digest, Some(Subresource::Snapshot), &query);
        self.bytes(&format!("read the snapshot of unit {digest} by revision {revision}"), &path).await
    }

    async fn json<T: DeserializeOwned>(&self, tried: &str, path: &str) -> Result<T, RecordError> {
        let request = request(tried, path)?;
        self.client().request(request).await.map_err(|error| record_error(tried, &error))
    }

    async fn bytes(&self, tried: &str, path: &str) -> Result<Vec<u8>, RecordError> {
        let request = request(tried, path)?;
        let answer = self.client().request_stream(request).await;
        let answer = answer.map_err(|error| record_error(tried, &error))?;
        let mut reader = std::pin::pin!(answer);
        let mut bytes = Vec::new();
        match reader.read_to_end(&mut bytes).await {
            Ok(_) => Ok(bytes),
            Err(error) => Err(RecordError::Other(Failure::new(format!("failed to {tried}: {error}")))),
        }
    }
}

fn of_source(source: Option<&str>) -> DocumentQuery {
    DocumentQuery { source: source.map(str::to_owned), ..DocumentQuery::default() }
}

fn request(tried: &str, path: &str) -> Result<Request<Vec<u8>>, RecordError> {
    let request = Request::get(path).body(Vec::new());
    request.map_err(|error| RecordError::Other(Failure::new(format!("failed to {tried}: {error}"))))
}

/// That the API is missing, down or forbidden are three different things to mend.
fn record_error(tried: &str, error: &kube::Error) -> RecordError {
    let failure = Failure::of_api(tried, error);
    let kube::Error::Api(status) = error else { return RecordError::Other(failure) };
    match status.code {
        // The API server answers paths that nobody serves with a text, not with a status.
        404 if status.reason != "NotFound" => RecordError::NotServed(Failure::not_served(tried)),
        404 => RecordError::NotFound(failure),
        403 => RecordError::Forbidden(failure.advice(
            "ask an administrator for the role docmill-view, or for content docmill-content-view, in this namespace",
        )),
        413 => RecordError::TooLarge(failure),
        // The API's own status says what is wrong; the API server answers for an API that is down with a text.
        503 if status.reason != "ServiceUnavailable" => RecordError::Down(failure.advice(
            "the records API does not answer: `kubectl get apiservice v1alpha1.records.docmill.io` says why, and \
             `kubectl get pods -A -l app.kubernetes.io/name=docmill` whether the operator runs",
        )),
        _ => RecordError::Other(failure),
    }
}

impl Failure {
    /// The cluster does not serve the records API.
    fn not_served(tried: &str) -> Self {
        Self::new(format!("failed to {tried}: this cluster does not serve the records API")).advice(
            "set recordsAPI.enabled=true in the values of the chart (not for releases with watchNamespaces); runs, \
             suspend, resume and top work without it",
        )
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::{RecordError, record_error};
    use crate::failure::Failure;

    fn of(code: u16, reason: &str) -> RecordError {
        let reason = reason.to_owned();
        let status = Status { code, reason, message: "no".to_owned(), ..Status::default() };
        record_error("look up x", &kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn an_api_that_is_missing_down_or_forbidden_is_told_apart() {
        let explained = |error: RecordError| Failure::from(error).explanation();
        assert!(matches!(of(404, "NotFound"), RecordError::NotFound(_)));
        assert!(matches!(of(413, "RequestEntityTooLarge"), RecordError::TooLarge(_)));
        assert!(matches!(of(503, "Failed to parse error data"), RecordError::Down(_)));
        assert!(matches!(of(503, "ServiceUnavailable"), RecordError::Other(_)));
        let missing = of(404, "Failed to parse error data");
        assert!(matches!(missing, RecordError::NotServed(_)));
        assert!(explained(missing).contains("recordsAPI.enabled=true"));
        assert!(explained(of(503, "Failed to parse error data")).contains("kubectl get apiservice"));
        assert!(!explained(of(503, "ServiceUnavailable")).contains("kubectl get apiservice"));
        assert!(explained(of(403, "Forbidden")).contains("docmill-view, "));
    }
}
