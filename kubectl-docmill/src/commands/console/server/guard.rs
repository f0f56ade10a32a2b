//! Before every page: whether its request is answered; after every answer: what browsers may do with it.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::commands::console::session::{Access, Refusal};

/// Scripts, styles and images are those of the console alone, and nothing is inline; no other page may frame it, nothing is
/// kept, and no address of a page is told to another site. `same-origin` and not `no-referrer`: with that, browsers send
/// forms with the origin `null`.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'self'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Middleware: refuses what is not for this console, and adds the headers to every answer.
pub async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    let refusal = access.refusal(request.method(), request.uri().path(), request.headers());
    let mut response = match refusal {
        None => next.run(request).await,
        Some(refusal) => refused(&refusal),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn refused(refusal: &Refusal) -> Response {
    let words = format!("{refusal}\n");
    match refusal {
        Refusal::NoToken => {
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], words).into_response()
        }
        Refusal::Host(_) | Refusal::Site(_) | Refusal::Origin | Refusal::NoCookie => {
            (StatusCode::FORBIDDEN, words).into_response()
        }
    }
}
