//! A request for a page of a namespace.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;

use crate::commands::console::state::Console;

/// What every page is made with.
pub struct Visit {
    /// What was seen of the namespace.
    pub console: Arc<Console>,
    /// The path and the query, as if there were no pages but those of the namespace.
    pub address: String,
}

impl FromRequestParts<Arc<Console>> for Visit {
    type Rejection = Infallible;

    fn from_request_parts(
        parts: &mut Parts,
        console: &Arc<Console>,
    ) -> impl Future<Output = Result<Self, Infallible>> + Send {
        let address = parts.uri.path_and_query().map_or("", PathAndQuery::as_str).to_owned();
        ready(Ok(Self { console: Arc::clone(console), address }))
    }
}
