//! Documents by words of their content: found by whoever may read content, of one source alone, and by words alone.

use anyhow::{Result, ensure};
use docmill_crds::records_api::path;
use docmill_crds::records_api::search::SearchQuery;
use e2e::articles::{Article, Form};
use e2e::corpus::Corpus;
use e2e::resources::SOURCE;
use e2e::viewer::Viewer;
use e2e::world::World;
use serde_json::Value;

use super::{NOBODY, READER, VIEWER, ask, get};

const KEY: &str = "wire/searched.xml";
/// Words that no other article of these tests has.
const PARAGRAPH: &str = "Quokkas nibble marmalade at dawn.";

/// Adds an article with words of its own; returns its id.
pub(super) fn add_article(corpus: &mut Corpus, series: &str) -> String {
    let article = Article { paragraphs: vec![PARAGRAPH.to_owned()], ..Article::generated(series, 3000) };
    corpus.add(KEY, &article, Form::Nitf);
    article.guid
}

fn query(text: &str) -> SearchQuery {
    SearchQuery { source: Some(SOURCE.to_owned()), text: text.to_owned(), limit: None }
}

pub(super) async fn finds_by_words(world: &World, id: &str) -> Result<()> {
    world.articles.refresh(&world.articles_pattern()).await?;
    let of_all = SearchQuery { source: None, ..query("marmalade quokkas") };
    for asked in [query("marmalade quokkas"), query("\"nibble marmalade\" -zeppelins"), of_all] {
        let list = get(world, READER, &path::search(&world.name, &asked)).await?;
        let found = &list["items"][0];
        ensure!(list["items"].as_array().map(Vec::len) == Some(1), "{asked:?}: {list}");
        ensure!(found["id"] == id && found["source"] == SOURCE, "{asked:?}: {list}");
        ensure!(found["unit"]["raw"]["key"] == KEY && found["indexed"]["index"].is_string(), "{list}");
        ensure!(!list.to_string().contains("nibble"), "content: {list}");
    }
    for text in [
        "marmalade zeppelins",
        "\"marmalade nibble\"",
        "marmal*",
        "/marmal.*/",
        "quokas~1",
        "body:marmalade",
        "marmalade AND _docmill.source:*",
    ] {
        let list = get(world, READER, &path::search(&world.name, &query(text))).await?;
        ensure!(items(&list) == 0, "{text}: {list}");
    }
    refuses(world).await?;
    by_the_plugin(world, id).await
}

async fn refuses(world: &World) -> Result<()> {
    for user in [VIEWER, NOBODY] {
        let answer = ask(world, user, &path::search(&world.name, &query("marmalade"))).await?;
        ensure!(!answer.ok && answer.stderr.contains("Forbidden"), "{user}: {answer:?}");
        let is_explained = answer.stderr.contains("takes the right to read content");
        ensure!(is_explained == (user == VIEWER), "{user}: {}", answer.stderr);
    }
    for text in ["*", "\"", "a\nb", &"a".repeat(257)] {
        let answer = ask(world, READER, &path::search(&world.name, &query(text))).await?;
        ensure!(!answer.ok && answer.stderr.contains("text: write"), "{text:?}: {answer:?}");
    }
    Ok(())
}

async fn by_the_plugin(world: &World, id: &str) -> Result<()> {
    let reader = Viewer::create(world, "searcher", &["content-view"]).await?;
    let found = reader.docmill(&["search", SOURCE, "quokkas", "marmalade"]).await?;
    ensure!(found.code == Some(0) && found.stdout.contains(id) && found.stdout.contains(KEY), "{found:?}");
    ensure!(found.stdout.contains("kubectl docmill trace"), "{found:?}");
    let nothing = reader.docmill(&["search", SOURCE, "zeppelins", "-o", "name"]).await?;
    ensure!(nothing.code == Some(3) && nothing.stdout.is_empty(), "{nothing:?}");
    let viewer = Viewer::create(world, "no-searcher", &["view"]).await?;
    let refused = viewer.docmill(&["search", SOURCE, "quokkas"]).await?;
    ensure!(refused.code == Some(1) && refused.stderr.contains("docmill-content-view"), "{refused:?}");
    Ok(())
}

fn items(list: &Value) -> usize {
    list["items"].as_array().map_or(0, Vec::len)
}
