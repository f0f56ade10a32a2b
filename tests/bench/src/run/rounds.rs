//! Warm-up and counting first, then round after round, each contender once in a round.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::bench::Bench;
use super::tune::tune;
use super::turn::measure;
use crate::contenders::Contender;
use crate::files::write;
use crate::measure::{Cost, Count, Counter};
use crate::place::Place;
use crate::stores::{Elastic, Size, Stores};

/// What of the articles is enough to warm up, to count requests and to tune.
const PART: u32 = 4;
/// Settings of an index that are a user's to choose.
const SETTINGS: [&str; 5] =
    ["number_of_shards", "number_of_replicas", "codec", "refresh_interval", "analysis"];

/// Requests that a contender made for so many articles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// Articles.
    pub articles: u32,
    /// Requests by store and kind.
    pub requests: BTreeMap<&'static str, BTreeMap<String, Count>>,
}

/// What was measured.
#[derive(Default)]
pub struct Rounds {
    /// Each contender's turns.
    pub costs: BTreeMap<Contender, Vec<Cost>>,
    /// Requests, where a contender's are not given by what it is.
    pub counted: BTreeMap<Contender, Counted>,
    /// Sizes of indices by what they hold.
    pub sizes: BTreeMap<Contender, BTreeMap<String, Size>>,
}

/// Measures everything, in so many rounds as the time allows.
pub async fn rounds(bench: &mut Bench, articles: u32, most: u32, end: Instant) -> Result<Rounds> {
    let mut rounds = Rounds::default();
    let contenders: Vec<Contender> = Contender::ALL
        .into_iter()
        .filter(|contender| *contender != Contender::Python || bench.programs.python.is_some())
        .collect();
    prepare(bench, &mut rounds, articles, &contenders).await?;
    let mut longest = Duration::ZERO;
    for round in 0..most {
        if Instant::now() + longest > end {
            eprintln!("LEFT OUT for want of time (--minutes gives more): {} of {most} rounds", most - round);
            break;
        }
        let began = Instant::now();
        let mut order = contenders.clone();
        order.rotate_left(usize::try_from(round)? % contenders.len());
        for contender in order {
            turn(bench, &mut rounds, contender, articles, round == 0).await?;
        }
        longest = longest.max(began.elapsed());
    }
    Ok(rounds)
}

async fn turn(
    bench: &mut Bench,
    rounds: &mut Rounds,
    contender: Contender,
    articles: u32,
    weigh: bool,
) -> Result<()> {
    let place = bench.place(contender, articles).await?;
    let cost = measure(bench, contender, &place, bench.stores()).await?;
    eprintln!("{:<24}{:>7.2} ms{:>8.0} articles/s", contender.label(), cost.all_millis(), cost.rate());
    rounds.costs.entry(contender).or_default().push(cost);
    if weigh && contender.has_index() {
        let sizes = weighed(bench.stores(), &place).await?;
        rounds.sizes.insert(contender, sizes);
    }
    bench.remove(&place).await
}

/// The worker goes first, through all articles: what it indexes is what bare bulk requests bring.
async fn prepare(
    bench: &mut Bench,
    rounds: &mut Rounds,
    articles: u32,
    contenders: &[Contender],
) -> Result<()> {
    eprintln!("warming up, and counting requests");
    let place = counted(bench, rounds, Contender::PerUnit, articles).await?;
    export(bench, &place).await?;
    bench.remove(&place).await?;
    let part = (articles / PART).max(1);
    for contender in contenders.iter().filter(|contender| contender.is_service()) {
        if *contender != Contender::PerUnit {
            let place = counted(bench, rounds, *contender, part).await?;
            bench.remove(&place).await?;
        }
    }
    eprintln!("looking for the best settings of bare bulk requests");
    tune(bench, part).await
}

/// A turn through proxies that count.
async fn counted(
    bench: &mut Bench,
    rounds: &mut Rounds,
    contender: Contender,
    articles: u32,
) -> Result<Place> {
    let place = bench.place(contender, articles).await?;
    let stores = bench.stores();
    let s3 = Counter::start(&stores.s3).await?;
    let sqs = Counter::start(&stores.sqs).await?;
    let elastic = Counter::start(&stores.elastic).await?;
    let through =
        Stores { s3: s3.url().to_owned(), sqs: sqs.url().to_owned(), elastic: elastic.url().to_owned() };
    measure(bench, contender, &place, &through).await?;
    let requests = [("S3", s3.counts()), ("queue", sqs.counts()), ("Elasticsearch", elastic.counts())];
    rounds.counted.insert(contender, Counted { articles, requests: requests.into() });
    Ok(place)
}

/// Writes the worker's documents as lines of bulk requests, and keeps mapping and settings of their index.
async fn export(bench: &mut Bench, place: &Place) -> Result<()> {
    let mut elastic = Elastic::new(&bench.stores().elastic)?;
    let pattern = place.articles_pattern();
    let mut lines = String::new();
    for document in elastic.all(&pattern).await? {
        let action = json!({"index": {"_id": document.id}});
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{action}\n{}", document.source);
    }
    write(&bench.programs.documents_file(), &lines)?;
    let made = elastic.call("GET", &format!("/{pattern}"), None).await?;
    let first = made.as_object().and_then(|indices| indices.values().next());
    let first = first.with_context(|| format!("the worker made no index {pattern}"))?;
    let settings = SETTINGS.iter().filter_map(|name| {
        let value = first["settings"]["index"].get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    let settings: serde_json::Map<String, Value> = settings.collect();
    bench.index = Some(json!({"settings": {"index": settings}, "mappings": first["mappings"]}));
    Ok(())
}

/// Sizes of a place's indices by what they hold.
async fn weighed(stores: &Stores, place: &Place) -> Result<BTreeMap<String, Size>> {
    let mut sizes: BTreeMap<String, Size> = BTreeMap::new();
    for (index, size) in Elastic::new(&stores.elastic)?.sizes(&place.pattern()).await? {
        let held = sizes.entry(place.content(&index).to_owned()).or_default();
        held.documents += size.documents;
        held.bytes += size.bytes;
    }
    Ok(sizes)
}
