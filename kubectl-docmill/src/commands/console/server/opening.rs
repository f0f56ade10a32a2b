//! The link that the terminal shows.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use crate::commands::console::pages::layout;
use crate::commands::console::parameters::Parameters;
use crate::commands::console::session::BrowserSession;
use crate::output::Screen;

/// What opens a console, and where the next link is shown.
#[derive(Clone)]
pub struct Opening {
    /// The secrets.
    pub session: Arc<BrowserSession>,
    /// The terminal.
    pub screen: Screen,
}

/// Takes the token of the link, and gives the cookie.
pub async fn open(State(opening): State<Opening>, RawQuery(query): RawQuery) -> Response {
    let query = Parameters::parse(&query.unwrap_or_default());
    match opening.session.redeem(query.get("token").unwrap_or_default()) {
        Ok(Some(cookie)) => {
            // Whether the terminal can show the next link is no concern of this browser.
            let _ = opening.screen.print(&opening.session.announcement());
            ([(header::SET_COOKIE, cookie)], Html(layout::opened())).into_response()
        }
        Ok(None) => {
            let explanation = "this link was used before: open the latest one that the terminal shows\n";
            (StatusCode::FORBIDDEN, explanation).into_response()
        }
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.explanation()).into_response(),
    }
}
