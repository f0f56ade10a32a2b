//! Answers one request: who sent it, what it is for, whether its user may have that, and the answer, within a time and a
//! number of requests at once.

use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use docmill_crds::records::units::UnitRecord;
use docmill_crds::records_api::API_VERSION;
use docmill_crds::records_api::document::DocumentList;
use docmill_crds::records_api::manifest::ManifestQuery;
use docmill_crds::records_api::path::Subresource;
use docmill_crds::records_api::query::{DocumentQuery, QueryError, UnitQuery};
use docmill_crds::records_api::search::SearchQuery;
use docmill_crds::records_api::unit::{self, UnitList};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use rustls::pki_types::CertificateDer;

use super::answer::{Failure, bytes_response, json_response, table};
use super::authentication::User;
use super::authorization::Authorizer;
use super::content_turns::ContentTurns;
use super::in_flight::InFlight;
use super::route::{RecordsRoute, Route, Target};
use super::sources::{OpenSource, Sources};
use super::tls_settings::TlsSettings;
use super::{content, discovery, documents, manifests, units};
use crate::telemetry::metrics::Metrics;

/// Time limit for an answer: below that of the API server, which gives up after a minute.
const DEADLINE: Duration = Duration::from_secs(25);
const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const ZSTD: &str = "application/zstd";
const BYTES: &str = "application/octet-stream";

/// What every request needs.
pub struct Handler {
    tls: TlsSettings,
    authorizer: Authorizer,
    sources: Sources,
    in_flight: InFlight,
    content: ContentTurns,
    metrics: Arc<Metrics>,
}

impl Handler {
    /// Answers with what these sources have.
    pub fn new(tls: TlsSettings, authorizer: Authorizer, sources: Sources, metrics: Arc<Metrics>) -> Self {
        let (in_flight, content) = (InFlight::default(), ContentTurns::default());
        Self { tls, authorizer, sources, in_flight, content, metrics }
    }

    /// Answers a request of a client with this certificate.
    pub async fn answer(&self, client: Option<&CertificateDer<'static>>, request: &Parts) -> Response {
        let route = Route::parse(request.uri.path());
        let resource = match &route {
            Some(Route::Records(route)) => route.resource(),
            _ => String::new(),
        };
        let response = match self.try_answer(client, request, route).await {
            Ok(response) => response,
            Err(failure) => failure.into_response(),
        };
        if !resource.is_empty() {
            self.metrics.records_request(resource, response.status().as_u16());
        }
        response
    }

    async fn try_answer(
        &self,
        client: Option<&CertificateDer<'static>>,
        request: &Parts,
        route: Option<Route>,
    ) -> Result<Response, Failure> {
        let user = self.user(client, request)?;
        let route = route.ok_or_else(|| Failure::not_found("there is no such path in the Records API"))?;
        if request.method != Method::GET {
            return Err(Failure::method_not_allowed());
        }
        match route {
            Route::Health => Ok("ok".into_response()),
            Route::Discovery(asked) => Ok(json_response(&discovery::answer(asked))),
            Route::Records(route) => {
                self.authorizer.check(&user, route.attributes()).await?;
                let _slot = self.in_flight.begin(&route.namespace).ok_or_else(Failure::too_many)?;
                let records = Box::pin(self.records(&user, &route, request));
                let answer = tokio::time::timeout(DEADLINE, records).await;
                let answer = answer.unwrap_or_else(|_| {
                    let seconds = DEADLINE.as_secs();
                    Err(Failure::timeout(format!(
                        "the stores did not answer within {seconds} s; repeat the request"
                    )))
                });
                answer.inspect_err(|failure| {
                    if failure.code == StatusCode::SERVICE_UNAVAILABLE {
                        self.sources.doubt(&route.namespace);
                    }
                })
            }
        }
    }

    /// The user for whom the API server sends the request. Nobody else is heard.
    fn user(&self, client: Option<&CertificateDer<'static>>, request: &Parts) -> Result<User, Failure> {
        let proxy = self.tls.front_proxy();
        let proxy = proxy.filter(|proxy| client.is_some_and(|client| proxy.admits(client)));
        let proxy = proxy.ok_or_else(|| {
            Failure::unauthorized("only the API server may send requests here; send yours to the API server")
        })?;
        User::of(&request.headers, &proxy)
            .ok_or_else(|| Failure::unauthorized("the request does not say for which user it is"))
    }

    async fn records(&self, user: &User, route: &RecordsRoute, request: &Parts) -> Result<Response, Failure> {
        let (namespace, query) = (route.namespace.as_str(), request.uri.query().unwrap_or_default());
        let selects_anything = selects_anything(query)?;
        let accept = request.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let in_columns = table::is_wanted(accept.unwrap_or_default());
        match &route.target {
            Target::Units if !selects_anything => {
                let empty = UnitList {
                    api_version: API_VERSION.to_owned(),
                    kind: unit::LIST_KIND.to_owned(),
                    metadata: ListMeta::default(),
                    items: Vec::new(),
                    warnings: Vec::new(),
                };
                Ok(units_answer(&empty, in_columns))
            }
            Target::Documents if !selects_anything => {
                let empty = DocumentList::new(Vec::new(), Vec::new());
                Ok(documents_answer(&empty, in_columns))
            }
            Target::Units | Target::Documents if namespace.is_empty() => {
                Err(Failure::bad_request("records are listed in one namespace at a time; name it"))
            }
            Target::Units => {
                let query = UnitQuery::parse(query).map_err(|error| wrong(&error))?;
                Box::pin(self.units(namespace, &query, in_columns)).await
            }
            Target::Documents => match SearchQuery::parse(query).map_err(|error| wrong(&error))? {
                Some(words) => Box::pin(self.search(user, route, &words, in_columns)).await,
                None => self.documents(namespace, &named(query)?, in_columns).await,
            },
            Target::Unit { digest, part: None } => {
                let source = named(query)?.source;
                let unit = units::read::get(&self.sources, namespace, source.as_deref(), digest).await?;
                let columns = || table::of_units(std::slice::from_ref(&unit), &ListMeta::default());
                Ok(if in_columns { json_response(&columns()) } else { json_response(&unit) })
            }
            Target::Unit { digest, part: Some(part) } => {
                Box::pin(self.part_of_unit(namespace, &named(query)?, digest, *part)).await
            }
            Target::Document { id, part: None, .. } => {
                let source = named(query)?.source;
                let document =
                    Box::pin(documents::read::get(&self.sources, namespace, source.as_deref(), id)).await?;
                let columns = || table::of_documents(std::slice::from_ref(&document), &ListMeta::default());
                Ok(if in_columns { json_response(&columns()) } else { json_response(&document) })
            }
            Target::Document { id, part: Some(part), .. } => {
                Box::pin(self.part_of_document(namespace, &named(query)?, id, *part)).await
            }
            Target::Manifest { day, lines } => {
                let query = ManifestQuery::parse(query).map_err(|error| wrong(&error))?;
                if *lines {
                    let _turn = self.content.next(namespace).await;
                    let lines = Box::pin(manifests::lines(&self.sources, namespace, *day, &query)).await?;
                    return Ok(bytes_response(ZSTD, lines));
                }
                let manifest = Box::pin(manifests::get(&self.sources, namespace, *day, &query)).await?;
                Ok(json_response(&manifest))
            }
        }
    }

    async fn units(&self, namespace: &str, query: &UnitQuery, in_columns: bool) -> Result<Response, Failure> {
        let list = Box::pin(units::read::list(&self.sources, namespace, query)).await?;
        Ok(units_answer(&list, in_columns))
    }

    async fn documents(
        &self,
        namespace: &str,
        query: &DocumentQuery,
        in_columns: bool,
    ) -> Result<Response, Failure> {
        let id = query.id.as_deref().ok_or_else(|| {
            Failure::bad_request(
                "list documents by an id or by words (documents?id=ID, documents?text=WORDS), or list units",
            )
        })?;
        let list = documents::read::list(&self.sources, namespace, query.source.as_deref(), id).await?;
        Ok(documents_answer(&list, in_columns))
    }

    /// Whoever learns which documents have a word, word by word reads them: a search takes the right to read content.
    async fn search(
        &self,
        user: &User,
        route: &RecordsRoute,
        query: &SearchQuery,
        in_columns: bool,
    ) -> Result<Response, Failure> {
        let checked = self.authorizer.check(user, route.content_attributes()).await;
        checked.map_err(documents::search::explained)?;
        let list = Box::pin(documents::search::list(&self.sources, &route.namespace, query)).await?;
        Ok(documents_answer(&list, in_columns))
    }

    async fn part_of_unit(
        &self,
        namespace: &str,
        query: &DocumentQuery,
        digest: &str,
        part: Subresource,
    ) -> Result<Response, Failure> {
        let _turn = self.content.next(namespace).await;
        let source = self.sources.open(namespace, query.source.as_deref()).await?;
        let record = units::read::expect_record(&source, digest).await?;
        if part == Subresource::Snapshot {
            let revision = query.revision.as_deref();
            return Ok(bytes_response(LINES, content::snapshot::of_unit(&source, &record, revision).await?));
        }
        part_of_record(&source, &record, part).await
    }

    async fn part_of_document(
        &self,
        namespace: &str,
        query: &DocumentQuery,
        id: &str,
        part: Subresource,
    ) -> Result<Response, Failure> {
        let _turn = self.content.next(namespace).await;
        let source = self.sources.open(namespace, query.source.as_deref()).await?;
        match part {
            Subresource::History => Ok(json_response(&documents::history::get(&source, id).await?)),
            Subresource::Indexed => Ok(json_response(&documents::read::content(&source, id).await?)),
            Subresource::Enriched => {
                let run = query.run.as_deref();
                Ok(json_response(&documents::enriched::content(&self.sources, &source, id, run).await?))
            }
            Subresource::Raw | Subresource::Snapshot | Subresource::Error => {
                let place = documents::read::expect_place(&source, id).await?;
                let record = units::read::expect_record(&source, &place.unit).await?;
                if part == Subresource::Snapshot {
                    let line = content::snapshot::of_document(&source, &record, id).await?;
                    return Ok(bytes_response(JSON, line));
                }
                part_of_record(&source, &record, part).await
            }
        }
    }
}

fn units_answer(list: &UnitList, in_columns: bool) -> Response {
    if in_columns {
        json_response(&table::of_units(&list.items, &list.metadata))
    } else {
        json_response(list)
    }
}

fn documents_answer(list: &DocumentList, in_columns: bool) -> Response {
    if in_columns {
        json_response(&table::of_documents(&list.items, &list.metadata))
    } else {
        json_response(list)
    }
}

/// The parts of a unit that are the same for all of its documents.
async fn part_of_record(
    source: &OpenSource,
    record: &UnitRecord,
    part: Subresource,
) -> Result<Response, Failure> {
    match part {
        Subresource::Raw => Ok(bytes_response(BYTES, content::raw::get(source, record).await?)),
        Subresource::Error => Ok(json_response(&content::failure::get(source, record).await?)),
        Subresource::Snapshot | Subresource::Indexed | Subresource::Enriched | Subresource::History => {
            Err(Failure::not_found("units have no such part"))
        }
    }
}

fn named(query: &str) -> Result<DocumentQuery, Failure> {
    DocumentQuery::parse(query).map_err(|error| wrong(&error))
}

fn wrong(error: &QueryError) -> Failure {
    Failure::bad_request(error.to_string())
}

/// Whether anything can be selected, by what clients of Kubernetes ask of all resources. Records have no labels, so that
/// nothing has the labels of a selector; that is said by an empty list, since tools list everything with some label. Other
/// selectors, and a watch, are refused, as they would be taken as done.
fn selects_anything(query: &str) -> Result<bool, Failure> {
    let mut selects = true;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "watch" if !matches!(value, "" | "0" | "false") => return Err(Failure::method_not_allowed()),
            "labelSelector" if !value.is_empty() && !value.contains('!') && !value.contains("%21") => {
                selects = false;
            }
            "labelSelector" | "fieldSelector" if !value.is_empty() => {
                return Err(Failure::bad_request(
                    "records have no labels and cannot be selected by fields; give parameters such as ?state=Failed",
                ));
            }
            _ => {}
        }
    }
    Ok(selects)
}

#[cfg(test)]
mod tests {
    use super::selects_anything;

    #[test]
    fn what_cannot_be_done_is_refused_and_not_left_out() {
        for query in ["", "limit=5", "watch=false", "labelSelector=", "pretty=true&source=wire"] {
            assert_eq!(selects_anything(query), Ok(true), "{query}");
        }
        for query in ["labelSelector=a%3Db", "limit=5&labelSelector=a+in+%28b%29"] {
            assert_eq!(selects_anything(query), Ok(false), "{query}");
        }
        for query in ["watch=true", "watch=1", "labelSelector=a%21%3Db", "fieldSelector=metadata.name%3Da"] {
            assert!(selects_anything(query).is_err(), "{query}");
        }
    }
}
