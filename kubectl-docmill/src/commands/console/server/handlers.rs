//! One function a page: it reads, and has what it read rendered.

use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use docmill_crds::records_api::query::DocumentQuery;
use jiff::Timestamp;

use super::visit::Visit;
use super::{assets, reading};
use crate::commands::console::links;
use crate::commands::console::markup::Markup;
use crate::commands::console::observations::ObservedRun;
use crate::commands::console::pages::{self, layout};
use crate::commands::console::parameters::Parameters;
use crate::commands::console::run_form::RunForm;
use crate::commands::diff::{self, Which, side::Side};
use crate::failure::Failure;
use crate::runs::run_state::Run as _;

fn parameters(query: Option<String>) -> Parameters {
    Parameters::parse(&query.unwrap_or_default())
}

fn page(visit: &Visit, title: &str, content: Markup) -> Response {
    Html(layout::document(title, &visit.console.place, &visit.address, content)).into_response()
}

fn problem(visit: &Visit, status: StatusCode, title: &str, explanation: &str) -> Response {
    (status, page(visit, title, layout::problem(title, explanation))).into_response()
}

fn failed(visit: &Visit, failure: &Failure) -> Response {
    problem(visit, super::status_of(failure), "That did not work", &failure.explanation())
}

fn missing(visit: &Visit) -> Response {
    problem(visit, StatusCode::NOT_FOUND, "There is no such page", "The overview lists the sources.")
}

/// To another page; to the overview if the address is empty.
fn redirect(visit: &Visit, address: &str) -> Response {
    Redirect::to(&visit.console.place.path_of(address)).into_response()
}

fn bad_request(visit: &Visit, explanation: &str) -> Response {
    problem(visit, StatusCode::BAD_REQUEST, "This address has a mistake", explanation)
}

/// All sources.
pub async fn overview(visit: Visit) -> Response {
    let content = visit.console.observe(|seen| pages::overview::page(seen));
    page(&visit, "Overview", content)
}

/// One source.
pub async fn source(visit: Visit, Path(name): Path<String>) -> Response {
    let may_run = visit.console.may_create_runs().await;
    let content = visit.console.observe(|seen| pages::source::page(seen, &name, may_run, Timestamp::now()));
    content.map_or_else(|| missing(&visit), |content| page(&visit, &name, content))
}

/// What was refused of a source.
pub async fn failures(visit: Visit, Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    if !visit.console.observe(|seen| seen.sources.contains_key(&name)) {
        return missing(&visit);
    }
    let query = parameters(query);
    match reading::failures(&visit.console.cluster, &name, query.get("reason")).await {
        Ok(found) => {
            let may_run = visit.console.may_create_runs().await;
            let content = pages::failures::page(&found, may_run, Timestamp::now());
            page(&visit, &format!("Failures of {name}"), content)
        }
        Err(failure) => failed(&visit, &failure),
    }
}

/// All runs.
pub async fn runs(visit: Visit) -> Response {
    let content = visit.console.observe(|seen| pages::runs::page(seen));
    page(&visit, "Runs", content)
}

/// One run.
pub async fn run(visit: Visit, Path((kind, name)): Path<(String, String)>) -> Response {
    if !links::is_name(&name) {
        return missing(&visit);
    }
    match reading::run(&visit.console.cluster, &kind, &name).await {
        Ok(Some(state)) => {
            let known = visit.console.observe(|seen| seen.run(&state.name).cloned()).unwrap_or_default();
            page(&visit, &name, pages::runs::one(&ObservedRun { state, ..known }))
        }
        Ok(None) => missing(&visit),
        Err(failure) => failed(&visit, &failure),
    }
}

/// A document or an object.
pub async fn trace(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let query = parameters(query);
    let Some(target) = query.get("target") else { return redirect(&visit, "") };
    match reading::trace(&visit.console.cluster, target, query.get("source")).await {
        Ok(found) => page(&visit, target, pages::trace::page(&found, Timestamp::now())),
        Err(failure) => failed(&visit, &failure),
    }
}

/// What differs between two stages of a document.
pub async fn diff(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let query = parameters(query);
    let (Some(id), Some(source)) = (query.get("id"), query.get("source")) else {
        return bad_request(&visit, "Name the document by id and source.");
    };
    let side = |name: &str, default: &str| query.get(name).unwrap_or(default).parse::<Side>();
    let (from, to) = match (side("from", "snapshot"), side("to", "indexed")) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(explanation), _) | (_, Err(explanation)) => return bad_request(&visit, &explanation),
    };
    let place = DocumentQuery { source: Some(source.to_owned()), ..DocumentQuery::default() };
    let which = Which { id, place, provenance: false };
    match diff::compare(&visit.console.cluster, &which, &from, &to).await {
        Ok(diff) => page(&visit, &format!("Differences of {id}"), pages::diff::page(id, source, &diff)),
        Err(failure) => failed(&visit, &failure),
    }
}

/// Whether to create a run.
pub async fn new_run(visit: Visit, Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    let Some(form) = form(&visit, &name, &parameters(query)) else { return missing(&visit) };
    let may_run = visit.console.may_create_runs().await;
    match serde_saphyr::to_string(&form.resource(Timestamp::now()).spec) {
        Ok(spec) => {
            let content = pages::new_run::page(&form, &spec, visit.console.form_token.as_str(), may_run);
            page(&visit, "Create a run", content)
        }
        Err(error) => failed(&visit, &Failure::new(format!("failed to write the run: {error}"))),
    }
}

/// Creates a run, and leads to it.
pub async fn create_run(visit: Visit, Path(name): Path<String>, body: String) -> Response {
    let sent = Parameters::parse(&body);
    let is_own = sent.get("form").is_some_and(|token| visit.console.form_token.accepts(token));
    if !is_own {
        let explanation = "This form is of an earlier console: go back to the source, and ask again.";
        return problem(&visit, StatusCode::FORBIDDEN, "Nothing was created", explanation);
    }
    let Some(form) = form(&visit, &name, &sent) else { return missing(&visit) };
    match visit.console.cluster.create(&form.resource(Timestamp::now())).await {
        Ok(run) => redirect(&visit, &links::run(&run.state().name)),
        Err(failure) => failed(&visit, &failure),
    }
}

/// The run that is asked for; `None` if there is no such source or mode.
fn form(visit: &Visit, source: &str, parameters: &Parameters) -> Option<RunForm> {
    let is_known = visit.console.observe(|seen| seen.sources.contains_key(source));
    if is_known { RunForm::parse(source, parameters) } else { None }
}

/// Style, script and icon.
pub async fn asset(visit: Visit, Path(file): Path<String>) -> Response {
    assets::file(&file).unwrap_or_else(|| missing(&visit))
}

/// Any other address.
pub async fn unknown(visit: Visit) -> Response {
    missing(&visit)
}
