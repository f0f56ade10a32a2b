//! One function a page: it reads, and has what it read rendered.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use docmill_crds::records_api::query::DocumentQuery;
use jiff::Timestamp;

use super::reading;
use crate::commands::console::links;
use crate::commands::console::markup::Markup;
use crate::commands::console::observations::ObservedRun;
use crate::commands::console::pages::{self, layout};
use crate::commands::console::parameters::Parameters;
use crate::commands::console::run_form::RunForm;
use crate::commands::console::state::Console;
use crate::commands::diff::{self, Which, side::Side};
use crate::failure::Failure;
use crate::runs::run_state::Run as _;

type Shared = State<Arc<Console>>;

fn parameters(query: Option<String>) -> Parameters {
    Parameters::parse(&query.unwrap_or_default())
}

fn page(console: &Console, title: &str, content: Markup) -> Response {
    Html(layout::document(title, console.cluster.namespace(), content)).into_response()
}

fn problem(console: &Console, status: StatusCode, title: &str, explanation: &str) -> Response {
    (status, page(console, title, layout::problem(title, explanation))).into_response()
}

fn failed(console: &Console, failure: &Failure) -> Response {
    problem(console, StatusCode::BAD_GATEWAY, "That did not work", &failure.explanation())
}

fn missing(console: &Console) -> Response {
    problem(console, StatusCode::NOT_FOUND, "There is no such page", "The overview lists the sources.")
}

fn bad_request(console: &Console, explanation: &str) -> Response {
    problem(console, StatusCode::BAD_REQUEST, "This address has a mistake", explanation)
}

/// Takes the token of the link, and gives the cookie.
pub async fn open(State(console): Shared, RawQuery(query): RawQuery) -> Response {
    let query = parameters(query);
    match console.session.redeem(query.get("token").unwrap_or_default()) {
        Ok(Some(cookie)) => {
            // Whether the terminal can show the next link is no concern of this browser.
            let _ = console.screen.print(&console.session.announcement());
            ([(header::SET_COOKIE, cookie)], Html(layout::opened())).into_response()
        }
        Ok(None) => {
            let explanation = "this link was used before: open the latest one that the terminal shows\n";
            (StatusCode::FORBIDDEN, explanation).into_response()
        }
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.explanation()).into_response(),
    }
}

/// All sources.
pub async fn overview(State(console): Shared) -> Response {
    let content = console.observe(|seen| pages::overview::page(seen));
    page(&console, "Overview", content)
}

/// One source.
pub async fn source(State(console): Shared, Path(name): Path<String>) -> Response {
    let may_run = console.may_create_runs().await;
    let content = console.observe(|seen| pages::source::page(seen, &name, may_run, Timestamp::now()));
    content.map_or_else(|| missing(&console), |content| page(&console, &name, content))
}

/// What was refused of a source.
pub async fn failures(
    State(console): Shared,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    if !console.observe(|seen| seen.sources.contains_key(&name)) {
        return missing(&console);
    }
    let query = parameters(query);
    match reading::failures(&console.cluster, &name, query.get("reason")).await {
        Ok(found) => {
            let may_run = console.may_create_runs().await;
            let content = pages::failures::page(&found, may_run, Timestamp::now());
            page(&console, &format!("Failures of {name}"), content)
        }
        Err(failure) => failed(&console, &failure),
    }
}

/// All runs.
pub async fn runs(State(console): Shared) -> Response {
    let content = console.observe(|seen| pages::runs::page(seen));
    page(&console, "Runs", content)
}

/// One run.
pub async fn run(State(console): Shared, Path((kind, name)): Path<(String, String)>) -> Response {
    if !links::is_name(&name) {
        return missing(&console);
    }
    match reading::run(&console.cluster, &kind, &name).await {
        Ok(Some(state)) => {
            let known = console.observe(|seen| seen.run(&state.name).cloned()).unwrap_or_default();
            page(&console, &name, pages::runs::one(&ObservedRun { state, ..known }))
        }
        Ok(None) => missing(&console),
        Err(failure) => failed(&console, &failure),
    }
}

/// A document or an object.
pub async fn trace(State(console): Shared, RawQuery(query): RawQuery) -> Response {
    let query = parameters(query);
    let Some(target) = query.get("target") else { return Redirect::to("/").into_response() };
    match reading::trace(&console.cluster, target, query.get("source")).await {
        Ok(found) => page(&console, target, pages::trace::page(&found, Timestamp::now())),
        Err(failure) => failed(&console, &failure),
    }
}

/// What differs between two stages of a document.
pub async fn diff(State(console): Shared, RawQuery(query): RawQuery) -> Response {
    let query = parameters(query);
    let (Some(id), Some(source)) = (query.get("id"), query.get("source")) else {
        return bad_request(&console, "Name the document by id and source.");
    };
    let side = |name: &str, default: &str| query.get(name).unwrap_or(default).parse::<Side>();
    let (from, to) = match (side("from", "snapshot"), side("to", "indexed")) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(explanation), _) | (_, Err(explanation)) => return bad_request(&console, &explanation),
    };
    let place = DocumentQuery { source: Some(source.to_owned()), ..DocumentQuery::default() };
    let which = Which { id, place, provenance: false };
    match diff::compare(&console.cluster, &which, &from, &to).await {
        Ok(diff) => page(&console, &format!("Differences of {id}"), pages::diff::page(id, source, &diff)),
        Err(failure) => failed(&console, &failure),
    }
}

/// Whether to create a run.
pub async fn new_run(
    State(console): Shared,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(form) = form(&console, &name, &parameters(query)) else { return missing(&console) };
    let may_run = console.may_create_runs().await;
    match serde_saphyr::to_string(&form.resource(Timestamp::now()).spec) {
        Ok(spec) => {
            let content = pages::new_run::page(&form, &spec, console.session.form_token(), may_run);
            page(&console, "Create a run", content)
        }
        Err(error) => failed(&console, &Failure::new(format!("failed to write the run: {error}"))),
    }
}

/// Creates a run, and leads to it.
pub async fn create_run(State(console): Shared, Path(name): Path<String>, body: String) -> Response {
    let sent = Parameters::parse(&body);
    let is_own = sent.get("form").is_some_and(|token| console.session.accepts_form(token));
    if !is_own {
        let explanation = "This form is of an earlier console: go back to the source, and ask again.";
        return problem(&console, StatusCode::FORBIDDEN, "Nothing was created", explanation);
    }
    let Some(form) = form(&console, &name, &sent) else { return missing(&console) };
    match console.cluster.create(&form.resource(Timestamp::now())).await {
        Ok(run) => Redirect::to(&links::run(&run.state().name)).into_response(),
        Err(failure) => failed(&console, &failure),
    }
}

/// The run that is asked for; `None` if there is no such source or mode.
fn form(console: &Console, source: &str, parameters: &Parameters) -> Option<RunForm> {
    let is_known = console.observe(|seen| seen.sources.contains_key(source));
    if is_known { RunForm::parse(source, parameters) } else { None }
}

/// Style, script and icon.
pub async fn asset(State(console): Shared, Path(file): Path<String>) -> Response {
    let (form, content) = match file.as_str() {
        "console.css" => ("text/css; charset=utf-8", include_str!("../assets/console.css")),
        "console.js" => ("text/javascript; charset=utf-8", include_str!("../assets/console.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => return missing(&console),
    };
    ([(header::CONTENT_TYPE, form)], content).into_response()
}

/// Any other address.
pub async fn unknown(State(console): Shared) -> Response {
    missing(&console)
}
