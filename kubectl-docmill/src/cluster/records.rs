//! Requests to the records API, which the operator serves through the API server.

use http::Request;
use serde::de::DeserializeOwned;

use super::Cluster;
use crate::failure::Failure;

impl Cluster {
    /// The answer of the records API to a path with its query, as JSON. `tried` is for errors, for example `look up unit
    /// wire/1.xml`.
    pub async fn record<T: DeserializeOwned>(&self, tried: &str, path: &str) -> Result<T, Failure> {
        let request = request(path).map_err(|error| Failure::new(format!("failed to {tried}: {error}")))?;
        self.client().request(request).await.map_err(|error| failure(tried, &error))
    }

    /// The same as text: content of a document.
    pub async fn content(&self, tried: &str, path: &str) -> Result<String, Failure> {
        let request = request(path).map_err(|error| Failure::new(format!("failed to {tried}: {error}")))?;
        self.client().request_text(request).await.map_err(|error| failure(tried, &error))
    }
}

fn request(path: &str) -> Result<Request<Vec<u8>>, http::Error> {
    Request::get(path).body(Vec::new())
}

/// An error of the records API. That it is missing, down or forbidden are three different things to mend.
fn failure(tried: &str, error: &kube::Error) -> Failure {
    let failure = Failure::of_api(tried, error);
    match error {
        kube::Error::Api(status) if status.code == 404 && status.details.is_none() => failure.advice(
            "the records API is not enabled in this cluster: set recordsAPI.enabled=true in the values of the chart; \
             sources, runs, suspend and top work without it",
        ),
        kube::Error::Api(status) if status.code == 503 => failure.advice(
            "the records API does not answer: `kubectl get apiservice v1alpha1.records.docmill.io` says why, and \
             `kubectl get pods -A -l app.kubernetes.io/name=docmill` whether the operator runs",
        ),
        kube::Error::Api(status) if status.code == 403 => failure.advice(
            "ask an administrator for the role docmill-viewer, or for content docmill-content-viewer, in this namespace",
        ),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::failure;

    fn explained(code: u16) -> String {
        let status = Status { code, message: "no".to_owned(), ..Status::default() };
        failure("look up x", &kube::Error::Api(Box::new(status))).explanation()
    }

    #[test]
    fn an_api_that_is_missing_down_or_forbidden_is_told_apart() {
        assert!(explained(404).contains("recordsAPI.enabled=true"));
        assert!(explained(503).contains("kubectl get apiservice"));
        assert!(explained(403).contains("docmill-viewer"));
    }
}
