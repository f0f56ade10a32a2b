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
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;

use super::session::{self, Access};
use super::state::Console;
use crate::failure::Failure;
use opening::Opening;

/// How long requests in progress have to end.
const GRACE: Duration = Duration::from_secs(2);
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

/// Serves until `stopped` completes. Requests in progress then have a moment to end: some of them read for minutes.
pub async fn serve<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    routes: Router,
    stopped: impl Fn() -> F,
) -> Result<(), Failure> {
    let served = axum::serve(listener, routes).with_graceful_shutdown(stopped()).into_future();
    let overdue = async {
        stopped().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = served => served.map_err(|error| Failure::new(format!("failed to serve the console: {error}"))),
        () = overdue => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpStream;
    use tokio::sync::{mpsc, watch};

    use super::{listen, serve};

    #[tokio::test]
    async fn a_request_that_takes_long_does_not_keep_the_console_from_its_end() {
        let (began, mut requests) = mpsc::channel(1);
        let handler = move || {
            let began = began.clone();
            async move {
                let _ = began.send(()).await;
                std::future::pending::<()>().await;
            }
        };
        let (listener, address) = listen(0).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let stopped = move || {
            let mut stopped = stopped.clone();
            async move {
                let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
            }
        };
        let serving = tokio::spawn(serve(listener, Router::new().route("/", get(handler)), stopped));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        requests.recv().await.unwrap();
        stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(20), serving).await.unwrap().unwrap().unwrap();
    }
}
