//! What a user who may see records, and no content, tries in order to get more: headers that name somebody else, impersonation,
//! another namespace, and paths that two servers could read differently.

use anyhow::{Context as _, Result, ensure};
use docmill_crds::records_api::path::{self, Subresource};
use docmill_crds::records_api::query::{DocumentQuery, UnitQuery};
use e2e::viewer::Viewer;
use e2e::world::World;
use hyper::Request;
use kube::Client;

use super::{READER, of_source};

/// How every object of the world begins: content has it, and nothing else.
const CONTENT: &str = "<nitf";
/// Headers by which the API server tells an aggregated API who asks.
const FORGED: [(&str, &str); 3] =
    [("x-remote-user", READER), ("x-remote-group", "system:masters"), ("x-remote-extra-scopes", "all")];

pub(super) async fn gets_nothing(world: &World, id: &str) -> Result<()> {
    let viewer = Viewer::create(world, "forger", &["view"]).await?;
    let raw = path::document(&world.name, id, Some(Subresource::Raw), &of_source());
    let impersonated = viewer.kubectl(&["get", "--raw", &raw, "--as", READER]).await?;
    ensure!(!impersonated.ok && impersonated.stderr.contains("cannot impersonate"), "{impersonated:?}");

    let client = viewer.client().await?;
    let own = path::document(&world.name, id, None, &of_source());
    ensure!(ask(&client, &own, &[]).await?.contains(id), "a viewer may trace");
    let elsewhere = path::units("default", &UnitQuery::default());
    for (path, headers) in [(&raw, &[][..]), (&raw, &FORGED[..]), (&elsewhere, &FORGED[..])] {
        let refused = ask(&client, path, headers).await.err();
        let refused =
            format!("{:#}", refused.with_context(|| format!("{path} with {headers:?} is answered"))?);
        ensure!(refused.contains("forbidden"), "{path} with {headers:?}: {refused}");
    }
    for path in tricks(world, id) {
        let answer = ask(&client, &path, &FORGED).await.unwrap_or_default();
        ensure!(!answer.contains(CONTENT), "{path} gives content: {answer}");
    }
    Ok(())
}

/// Ways to write the path of an object's content that are not that path.
fn tricks(world: &World, id: &str) -> Vec<String> {
    let document = path::document(&world.name, id, None, &DocumentQuery::default());
    let (base, name) = document.rsplit_once('/').unwrap_or_default();
    let namespace = base.strip_suffix("/documents").unwrap_or_default();
    vec![
        format!("{base}/{name}%2Fraw"),
        format!("{base}/{name}/history/../raw"),
        format!("{base}/{name}/history/%2e%2e/raw"),
        format!("{namespace}/units/%2e%2e/documents/{name}/raw"),
        format!("{namespace}//documents/{name}/raw"),
        format!("{base}/{name};/raw"),
        format!("{base}/{name}/raw/"),
        format!("{base}/{name}/RAW"),
    ]
}

async fn ask(client: &Client, path: &str, headers: &[(&str, &str)]) -> Result<String> {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    Ok(client.request_text(request.body(Vec::new())?).await?)
}
