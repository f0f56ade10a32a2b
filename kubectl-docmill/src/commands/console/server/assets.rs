//! Style, script and icon, which are parts of the program.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};

/// A file by its name.
pub fn file(name: &str) -> Option<Response> {
    let (form, content) = match name {
        "console.css" => ("text/css; charset=utf-8", include_str!("../assets/console.css")),
        "console.js" => ("text/javascript; charset=utf-8", include_str!("../assets/console.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => return None,
    };
    Some(([(header::CONTENT_TYPE, form)], content).into_response())
}
