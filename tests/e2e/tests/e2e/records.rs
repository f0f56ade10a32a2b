//! The Records API, through the API server: what a user with the chart's roles sees of units and documents, and what nobody
//! sees without a role.

mod forgery;
mod search;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use docmill_crds::records_api::path::{self, Subresource};
use docmill_crds::records_api::query::{DocumentQuery, UnitQuery};
use docmill_crds::records_api::state::State;
use e2e::articles::{Article, Fault, Form};
use e2e::command::Finished;
use e2e::corpus::Corpus;
use e2e::install::{NAMESPACE, RELEASE};
use e2e::resources::SOURCE;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use serde_json::Value;

const BROKEN: &str = "wire/bad.xml";
const UNTOLD: &str = "wire/untold.xml";
/// May see records; may read content too; may do nothing.
const VIEWER: &str = "records-viewer";
const READER: &str = "records-reader";
const NOBODY: &str = "records-nobody";
/// Within how long the API server reaches the API, once it is installed.
const SERVED: Duration = Duration::from_mins(1);
/// Within how long the API server has fetched the documents of OpenAPI, which it does once a minute.
const EXPLAINED: Duration = Duration::from_mins(2);

#[tokio::test]
async fn users_see_what_became_of_objects_and_content_takes_a_role_of_its_own() -> Result<()> {
    world::run("records", async |world| {
        let mut corpus = Corpus::generated(&world.name, Form::Nitf, 2, 0);
        let searched = search::add_article(&mut corpus, &world.name);
        let broken = Article::generated(&world.name, 1000);
        corpus.add_broken(BROKEN, &broken, Form::Nitf, Fault::ALL[0]);
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        world.put(&corpus).await?;
        world.counted(3, 1).await?;
        bind(world, VIEWER, "view").await?;
        bind(world, READER, "content-view").await?;
        served(world).await?;
        let id = indexed(world).await?;
        failed(world).await?;
        pending(world).await?;
        refused(world, &id).await?;
        forgery::gets_nothing(world, &id).await?;
        explained(world).await?;
        search::finds_by_words(world, &searched).await?;
        content(world, &id).await
    })
    .await
}

async fn bind(world: &World, user: &str, role: &str) -> Result<()> {
    let (role, user) = (format!("--clusterrole={RELEASE}-{role}"), format!("--user={user}"));
    let name = user.trim_start_matches("--user=");
    let create = ["create", "rolebinding", name, &role, &user, "--namespace", &world.name];
    world.cluster.kubectl(&create).await.map(drop)
}

async fn ask(world: &World, user: &str, path: &str) -> Result<Finished> {
    let user = format!("--as={user}");
    world.cluster.try_kubectl(&["get", "--raw", path, &user], None).await
}

async fn get(world: &World, user: &str, path: &str) -> Result<Value> {
    let answer = ask(world, user, path).await?.expect_ok(path)?;
    serde_json::from_str(&answer).with_context(|| format!("{path}: no JSON: {answer}"))
}

fn of_source() -> DocumentQuery {
    DocumentQuery { source: Some(SOURCE.to_owned()), ..DocumentQuery::default() }
}

fn units(world: &World, query: UnitQuery) -> String {
    path::units(&world.name, &UnitQuery { source: Some(SOURCE.to_owned()), ..query })
}

async fn served(world: &World) -> Result<()> {
    let listing = units(world, UnitQuery::default());
    until("the API server reaches the Records API", SERVED, async || {
        let answer = ask(world, VIEWER, &listing).await?;
        Ok(Look::holds(answer.ok, answer.stderr))
    })
    .await
}

/// Pages through the indexed units, and traces a document of one; returns its id.
async fn indexed(world: &World) -> Result<String> {
    let query = UnitQuery { state: Some(State::Indexed), limit: Some(1), ..UnitQuery::default() };
    let first = get(world, VIEWER, &units(world, query.clone())).await?;
    let token = first["metadata"]["continue"].as_str().context("no continue")?.to_owned();
    let next = UnitQuery { continue_token: Some(token), ..query };
    let second = get(world, VIEWER, &units(world, next)).await?;
    let name = |list: &Value| list["items"][0]["metadata"]["name"].as_str().map(str::to_owned);
    let (one, other) = (name(&first).context("no unit")?, name(&second).context("no second unit")?);
    ensure!(one != other, "the second page begins as the first: {second}");
    let unit = get(world, VIEWER, &path::unit(&world.name, &one, None, &of_source())).await?;
    ensure!(unit["raw"]["presence"] == "Present" && unit["raw"]["size"].as_i64() > Some(0), "{unit}");
    let id = unit["documents"][0]["id"].as_str().with_context(|| format!("no document in {unit}"))?;
    let document = get(world, VIEWER, &path::document(&world.name, id, None, &of_source())).await?;
    ensure!(
        document["state"] == "Indexed" && document["unit"]["metadata"]["name"] == one.as_str(),
        "{document}"
    );
    ensure!(document["indexed"]["isPresent"] == true, "{document}");
    ensure!(document["indexed"]["indexedTime"].is_string(), "{document}");
    let history = path::document(&world.name, id, Some(Subresource::History), &of_source());
    let history = get(world, VIEWER, &history).await?;
    ensure!(history["entries"][0]["isCurrent"] == true, "{history}");
    let by_id = DocumentQuery { id: Some(id.to_owned()), ..DocumentQuery::default() };
    let found = get(world, VIEWER, &path::documents(&world.name, &by_id)).await?;
    ensure!(found["items"].as_array().map(Vec::len) == Some(1), "{found}");
    let user = format!("--as={VIEWER}");
    let shown = world.cluster.kubectl(&["get", "units", "--namespace", &world.name, &user]).await?;
    ensure!(shown.starts_with("KEY") && shown.contains(BROKEN) && shown.contains("Failed"), "{shown}");
    Ok(id.to_owned())
}

async fn failed(world: &World) -> Result<()> {
    let query = UnitQuery { state: Some(State::Failed), ..UnitQuery::default() };
    let list = get(world, VIEWER, &units(world, query)).await?;
    let name = list["items"][0]["metadata"]["name"].as_str().with_context(|| format!("no unit in {list}"))?;
    let unit = get(world, VIEWER, &path::unit(&world.name, name, None, &of_source())).await?;
    let fault = &unit["failure"]["faults"][0];
    ensure!(unit["raw"]["key"] == BROKEN && fault["line"].as_i64() > Some(1), "{unit}");
    ensure!(!unit.to_string().contains("\"found\""), "a value of the object: {unit}");
    let error = path::unit(&world.name, name, Some(Subresource::Error), &of_source());
    let error = get(world, READER, &error).await?;
    ensure!(error["record"]["refusals"][0]["faults"][0]["line"] == fault["line"], "{error}");
    ensure!(error["excerpts"][0]["text"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    Ok(())
}

/// An object of which nobody has told is pending, and one that is not there is nothing.
async fn pending(world: &World) -> Result<()> {
    world.lose_notifications().await?;
    let article = Article::generated(&world.name, 2000).write(Form::Nitf);
    world.s3.put(&world.raw_bucket(), UNTOLD, article).await?;
    let of_key = |key: &str| units(world, UnitQuery { key: Some(key.to_owned()), ..UnitQuery::default() });
    let list = get(world, VIEWER, &of_key(UNTOLD)).await?;
    ensure!(list["items"][0]["state"] == "Pending" && list["items"][0]["raw"]["key"] == UNTOLD, "{list}");
    let list = get(world, VIEWER, &of_key("wire/nothing.xml")).await?;
    ensure!(list["items"].as_array().is_some_and(Vec::is_empty), "{list}");
    let unknown = path::document(&world.name, "urn:nothing", None, &of_source());
    let unknown = ask(world, VIEWER, &unknown).await?;
    ensure!(!unknown.ok && unknown.stderr.contains("NotFound"), "{}", unknown.stderr);
    Ok(())
}

async fn refused(world: &World, id: &str) -> Result<()> {
    let raw = path::document(&world.name, id, Some(Subresource::Raw), &of_source());
    let elsewhere = path::units("default", &UnitQuery::default());
    let own = units(world, UnitQuery::default());
    for (user, path) in [
        (VIEWER, raw.as_str()),
        (VIEWER, elsewhere.as_str()),
        (READER, elsewhere.as_str()),
        (NOBODY, own.as_str()),
    ] {
        let answer = ask(world, user, path).await?;
        ensure!(!answer.ok && answer.stderr.contains("Forbidden"), "{user}: {path}: {answer:?}");
    }
    // Past the API server's own proxy to Services, which has no certificate of the front proxy.
    let service = format!("/api/v1/namespaces/{NAMESPACE}/services/https:{RELEASE}-records:records/proxy");
    let past = format!("{service}{own}");
    let answer = world.cluster.try_kubectl(&["get", "--raw", &past], None).await?;
    ensure!(!answer.ok && !answer.stdout.contains("items"), "{answer:?}");
    Ok(())
}

/// `kubectl explain` knows the resources, once the API server has fetched what is said of them.
async fn explained(world: &World) -> Result<()> {
    until("kubectl explains units", EXPLAINED, async || {
        let explain = ["explain", "units.records.docmill.io"];
        let answer = world.cluster.try_kubectl(&explain, None).await?;
        let is_told = answer.ok && answer.stdout.contains("supersededBy");
        Ok(Look::holds(is_told, format!("{}{}", answer.stdout, answer.stderr)))
    })
    .await
}

async fn content(world: &World, id: &str) -> Result<()> {
    let part = |part: Subresource| path::document(&world.name, id, Some(part), &of_source());
    let document = get(world, READER, &path::document(&world.name, id, None, &of_source())).await?;
    let key = document["unit"]["raw"]["key"].as_str().context("no key")?;
    let raw = ask(world, READER, &part(Subresource::Raw)).await?.expect_ok("raw")?;
    let object = world.s3.get(&world.raw_bucket(), key).await?;
    ensure!(raw == String::from_utf8_lossy(&object), "{raw}");
    let (snapshot, indexed) = (
        get(world, READER, &part(Subresource::Snapshot)).await?,
        get(world, READER, &part(Subresource::Indexed)).await?,
    );
    ensure!(
        snapshot["_docmill"]["unit"]["key"] == key && snapshot["headline"] == indexed["headline"],
        "{snapshot}"
    );
    let enriched = ask(world, READER, &part(Subresource::Enriched)).await?;
    ensure!(!enriched.ok && enriched.stderr.contains("NotFound"), "{}", enriched.stderr);
    Ok(())
}
