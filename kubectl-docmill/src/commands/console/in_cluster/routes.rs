//! The HTTP server behind the proxy: the list of namespaces, and below the name of each the pages of its console for
//! whoever asks.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use tower::ServiceExt as _;

use super::gateway::Gateway;
use crate::commands::console::links::{Place, within_namespace};
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::console::pages::layout;
use crate::commands::console::server::{self, assets};
use crate::commands::console::session::{Access, Refusal};
use crate::failure::Failure;

type Shared = State<Arc<Gateway>>;

/// Everything, behind the guard.
pub fn routes(gateway: &Arc<Gateway>) -> Router {
    let routes = Router::new()
        .route("/", get(namespaces))
        .route("/assets/{file}", get(asset))
        .fallback(of_namespace)
        .with_state(Arc::clone(gateway));
    server::guarded(routes, Access::Proxy(Arc::clone(&gateway.session)))
}

/// What the kubelet asks for, which is told nothing else.
pub fn probes() -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" }))
}

/// The namespaces that the user may look at, or the pages of the only one that there is.
async fn namespaces(State(gateway): Shared, headers: HeaderMap) -> Response {
    if let [only] = gateway.namespaces.as_slice()
        && let Some(place) = gateway.place(only)
    {
        return Redirect::to(place.base()).into_response();
    }
    let Some(identity) = gateway.session.identity(&headers) else { return no_token() };
    match gateway.visible_to(&identity).await {
        Ok(places) => Html(layout::standalone("Namespaces", list(&places))).into_response(),
        Err(failure) => failed(&failure),
    }
}

fn list(places: &[Place]) -> Markup {
    let entry = |place: &Place| element("li", link(place.base(), &place.namespace));
    let content = if places.is_empty() {
        element("p", "There is no namespace here whose sources you may list: that takes the role view.")
    } else {
        tag("ul").with(all(places.iter().map(entry)))
    };
    all([element("h1", "Namespaces"), content])
}

async fn asset(Path(file): Path<String>) -> Response {
    assets::file(&file).unwrap_or_else(missing)
}

/// Hands a request on to the pages of its namespace, as if there were no others.
async fn of_namespace(State(gateway): Shared, mut request: Request) -> Response {
    let address = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    let Some((namespace, inner)) = within_namespace(address) else { return missing() };
    let Some(place) = gateway.place(namespace) else { return missing() };
    if inner.is_empty() {
        return Redirect::to(place.base()).into_response();
    }
    let Ok(inner) = inner.parse::<Uri>() else { return missing() };
    let Some(identity) = gateway.session.identity(request.headers()) else { return no_token() };
    match gateway.pages(&identity, place).await {
        Ok(pages) => {
            *request.uri_mut() = inner;
            pages.oneshot(request).await.into_response()
        }
        Err(failure) => failed(&failure),
    }
}

fn problem(status: StatusCode, title: &str, explanation: &str) -> Response {
    (status, Html(layout::standalone(title, layout::problem(title, explanation)))).into_response()
}

fn missing() -> Response {
    problem(StatusCode::NOT_FOUND, "There is no such page", "The first page lists the namespaces.")
}

/// The guard has refused such a request before.
fn no_token() -> Response {
    problem(StatusCode::UNAUTHORIZED, "You are not logged in", &Refusal::NoToken.to_string())
}

/// Why the API server does not answer this user, with the status that it has answered.
fn failed(failure: &Failure) -> Response {
    let status = server::status_of(failure);
    let title = match status {
        StatusCode::UNAUTHORIZED => "The cluster does not accept your login",
        StatusCode::FORBIDDEN => "You may not see this namespace",
        _ => "That did not work",
    };
    let mut response = problem(status, title, &failure.explanation());
    if status == StatusCode::UNAUTHORIZED {
        let scheme = header::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}
