//! The HTTP server of the console, on the loopback address alone.
//!
//! - [`guard`]: who is answered, and the headers of all answers; [`handlers`]: one function a page; [`reading`]: what a page
//!   shows, read from the records API.

mod guard;
mod handlers;
mod reading;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;

use super::session;
use super::state::Console;
use crate::failure::Failure;

/// Bytes of a form at most.
const FORM_BYTES: usize = 16 * 1024;

/// Opens a port of the loopback address; 0 takes a free one.
pub async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Failure> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let failed = |error: std::io::Error| {
        Failure::new(format!("failed to listen on {wanted}: {error}"))
            .advice("choose another port with --port, or leave it out: a free one is taken")
    };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// All pages, behind the guard.
pub fn routes(console: &Arc<Console>) -> Router {
    Router::new()
        .route(session::OPEN, get(handlers::open))
        .route("/", get(handlers::overview))
        .route("/sources/{name}", get(handlers::source))
        .route("/sources/{name}/failures", get(handlers::failures))
        .route("/sources/{name}/runs", post(handlers::create_run))
        .route("/sources/{name}/runs/new", get(handlers::new_run))
        .route("/runs", get(handlers::runs))
        .route("/runs/{kind}/{name}", get(handlers::run))
        .route("/trace", get(handlers::trace))
        .route("/diff", get(handlers::diff))
        .route("/assets/{file}", get(handlers::asset))
        .fallback(handlers::unknown)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(console), guard::guard))
        .with_state(Arc::clone(console))
}
