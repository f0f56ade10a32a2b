//! The HTTP server of the console, on the loopback address alone.
//!
//! - [`guard`]: whose requests are answered, and the headers of all answers; [`opening`]: the link of the terminal;
//! - [`handlers`]: one function a page, of a [`visit`]; [`reading`]: what a page shows, read from the records API;
//!   [`assets`]: style, script and icon.

pub mod assets;
mod guard;
mod handlers;
pub mod opening;
mod reading;
mod visit;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;

use super::session::{self, Access};
use super::state::Console;
use crate::failure::Failure;
use opening::Opening;

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

/// The status code of a page that says what went wrong.
pub fn status_of(failure: &Failure) -> StatusCode {
    match failure.code() {
        Some(401) => StatusCode::UNAUTHORIZED,
        Some(403) => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// All pages and the link that opens them, behind the guard.
pub fn routes(console: &Arc<Console>, opening: Opening) -> Router {
    let access = Access::Browser(Arc::clone(&opening.session));
    let link = Router::new().route(session::OPEN, get(opening::open)).with_state(opening);
    guarded(pages(console).merge(link), access)
}

/// Puts the guard before all routes.
pub fn guarded(routes: Router, access: Access) -> Router {
    routes.layer(middleware::from_fn_with_state(access, guard::guard))
}

/// The pages of a namespace, for a guard to stand before.
pub fn pages(console: &Arc<Console>) -> Router {
    Router::new()
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
        .with_state(Arc::clone(console))
}
