//! HTTP under the AWS SDK with the certificates of a Secret. The SDK's own client takes none of the client's, so requests
//! go through the client that reaches the other stores. It resolves `.` and `..` in paths, so the store refuses requests
//! for keys with such a segment: their signature is for another path.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

/// The client; clones share its connections.
#[derive(Clone, Debug)]
pub(super) struct CertifiedClient(pub(super) reqwest::Client);

#[derive(Debug)]
struct Connector {
    http: reqwest::Client,
    /// How long the head of a response may take.
    read_timeout: Option<Duration>,
}

impl HttpClient for CertifiedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let read_timeout = settings.read_timeout();
        SharedHttpConnector::new(Connector { http: self.0.clone(), read_timeout })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (http, read_timeout) = (self.http.clone(), self.read_timeout);
        HttpConnectorFuture::new(async move {
            let answer = send(&http, request);
            let Some(most) = read_timeout else { return answer.await };
            let in_time = tokio::time::timeout(most, answer).await;
            in_time.unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
        })
    }
}

async fn send(http: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))
        .map_err(|error| ConnectorError::user(error.into()))?;
    let answer = http.execute(request).await.map_err(broken)?;
    let answer = http::Response::<reqwest::Body>::from(answer).map(SdkBody::from_body_1_x);
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}

fn broken(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
