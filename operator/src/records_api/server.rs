//! The HTTPS server of the API.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::serve::IncomingStream;
use docmill_clients::listener;
use rustls::pki_types::CertificateDer;

use super::handler::Handler;
use super::tls_settings::TlsSettings;
use crate::tls_listener::TlsListener;

/// The certificate of a client, which the handshake has verified.
#[derive(Clone)]
pub struct Peer(Option<CertificateDer<'static>>);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        let (_, session) = stream.io().get_ref();
        Self(session.peer_certificates().and_then(|chain| chain.first().cloned()))
    }
}

/// Serves as long as the process lives.
pub async fn serve(address: SocketAddr, tls: TlsSettings, handler: Handler) -> anyhow::Result<()> {
    let listener = listener::listen(address).await;
    let listener = listener.with_context(|| format!("failed to listen on {address} (--records-address)"))?;
    let secured = TlsListener::start(listener, move || tls.config())?;
    let served = axum::serve(secured, routes(handler).into_make_service_with_connect_info::<Peer>());
    served.await.context("failed to serve the Records API")
}

fn routes(handler: Handler) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(handler))
}

async fn answer(
    State(handler): State<Arc<Handler>>,
    ConnectInfo(Peer(client)): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    // No request of this API has a body that is read.
    let (request, _) = request.into_parts();
    handler.answer(client.as_ref(), &request).await
}
