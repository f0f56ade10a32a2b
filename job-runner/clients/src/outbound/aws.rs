//! HTTP under the AWS SDK, by the same rules. The SDK itself follows no redirects; it reads whole responses
//! into memory, except for the content of objects.

mod certified;

use std::sync::Arc;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;

use super::Outbound;
use super::gates::Gate;
use super::resolver::Resolver;
use super::tls::{self, CertificateFault};
use crate::secrets::Secrets;
use certified::CertifiedClient;

/// How the SDK marks a request for the content of an object.
const GET_OBJECT: &str = "x-id=GetObject";

/// The client under those of buckets and queue: it sends requests to endpoints that a resource names, with the
/// certificates of its Secret, within the limits of the connection that is mounted under this name.
pub(crate) fn guarded_client(
    outbound: &Arc<Outbound>,
    secrets: &Secrets,
    mount: &str,
) -> Result<SharedHttpClient, CertificateFault> {
    let inner = if tls::has_certificates(secrets) {
        // An object is what is stored, whatever its Content-Encoding.
        let http = tls::build(super::http::client(outbound).no_gzip(), secrets)?;
        SharedHttpClient::new(CertifiedClient(http))
    } else {
        aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_with_resolver(Resolver::new(outbound.clone()))
    };
    let gate = outbound.gates.get(mount);
    Ok(SharedHttpClient::new(Guarded { inner, outbound: outbound.clone(), gate }))
}

#[derive(Debug)]
struct Guarded<T> {
    inner: T,
    outbound: Arc<Outbound>,
    gate: Option<Arc<Gate>>,
}

impl HttpClient for Guarded<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Guarded { inner, outbound: self.outbound.clone(), gate: self.gate.clone() })
    }
}

impl HttpConnector for Guarded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Err(fault) = self.outbound.policy.check_url(request.uri()) {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(fault.into())));
        }
        let has_content = request
            .uri()
            .split_once('?')
            .is_some_and(|(_, query)| query.split('&').any(|parameter| parameter == GET_OBJECT));
        let (inner, gate, most) = (self.inner.clone(), self.gate.clone(), self.outbound.limits.store);
        HttpConnectorFuture::new(async move {
            let answer = within(gate.as_deref(), &inner, request).await?;
            // An error in place of the content is read as a whole.
            Ok(if has_content && answer.status().is_success() { answer } else { limited(answer, most) })
        })
    }
}

/// Sends a request when it is its turn.
async fn within(
    gate: Option<&Gate>,
    inner: &SharedHttpConnector,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let Some(gate) = gate else { return inner.call(request).await };
    let _slot = gate.enter().await;
    let answer = inner.call(request);
    let Some(most) = gate.timeout() else { return answer.await };
    let in_time = tokio::time::timeout(most, answer).await;
    in_time.unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
}

fn limited(mut answer: HttpResponse, most: usize) -> HttpResponse {
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    *answer.body_mut() = SdkBody::from_body_1_x(Limited::new(body, most));
    answer
}
