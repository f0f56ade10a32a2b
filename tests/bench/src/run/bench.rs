//! What all turns of a run share.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::clean::remove;
use super::land::land;
use super::upload::upload;
use crate::contenders::{Bulk, Contender, Programs};
use crate::env::Env;
use crate::files::write;
use crate::measure::{Servers, Side};
use crate::place::{Place, raw_bucket};
use crate::stores::{Listed, S3, Stores};

/// For how long the servers are watched at rest.
const RESTING: Duration = Duration::from_secs(10);

/// What all turns of a run share.
pub struct Bench {
    /// Where everything is.
    pub env: Env,
    /// What contenders are started with.
    pub programs: Programs,
    /// The servers' control groups.
    pub servers: Servers,
    /// Seconds of CPU time that each server spends a second at rest.
    pub rest: BTreeMap<Side, f64>,
    /// Raw objects, by their numbers.
    pub objects: Vec<Listed>,
    /// Mapping and settings of the worker's index of articles, for those who do not make one themselves.
    pub index: Option<Value>,
    /// How bare bulk requests are sent.
    pub bulk: Bulk,
    turns: u32,
}

impl Bench {
    /// Makes the raw bucket and fills it; measures the servers at rest before.
    pub async fn start(env: Env, programs: Programs, servers: Servers, articles: u32) -> Result<Self> {
        eprintln!("measuring the servers at rest for {} s", RESTING.as_secs());
        let rest = at_rest(&servers).await?;
        eprintln!("putting {articles} raw objects");
        let bucket = raw_bucket();
        S3::new(&env.stores.s3, &env.keys)?.create_bucket(&bucket).await?;
        let objects = upload(&env.stores, &env.keys, &bucket, 0, articles).await?;
        let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        write(&programs.keys_file(), &keys.join("\n"))?;
        let bulk = Bulk { batch: 500, connections: 2, refresh_interval: None };
        Ok(Self { env, programs, servers, rest, objects, index: None, bulk, turns: 0 })
    }

    /// A place for a contender, made ready, with its queue full of the first `articles` objects.
    pub async fn place(&mut self, contender: Contender, articles: u32) -> Result<Place> {
        self.turns += 1;
        let mut place = Place::of_turn(self.turns, articles);
        let count = usize::try_from(articles)?;
        let objects = self.objects.get(..count).context("fewer objects landed than the turn wants")?;
        let index = self.index_body(contender);
        let (stores, keys) = (&self.env.stores, &self.env.keys);
        land(&mut place, stores, keys, contender, (objects, index.as_ref())).await?;
        Ok(place)
    }

    fn index_body(&self, contender: Contender) -> Option<Value> {
        let mut body = self.index.clone()?;
        if let (Contender::Bulk, Some(interval)) = (contender, self.bulk.refresh_interval) {
            body["settings"]["index"]["refresh_interval"] = interval.into();
        }
        Some(body)
    }

    /// The stores as contenders reach them when they are measured.
    pub const fn stores(&self) -> &Stores {
        &self.env.stores
    }

    /// Removes what a turn has made.
    pub async fn remove(&self, place: &Place) -> Result<()> {
        remove(&self.env.stores, &self.env.s3_folder, &place.name).await
    }
}

async fn at_rest(servers: &Servers) -> Result<BTreeMap<Side, f64>> {
    let (before, began) = (servers.seconds()?, Instant::now());
    tokio::time::sleep(RESTING).await;
    let (after, seconds) = (servers.seconds()?, began.elapsed().as_secs_f64());
    let spent =
        |side: &Side| after.get(side).zip(before.get(side)).map_or(0.0, |(after, before)| after - before);
    Ok(after.keys().map(|side| (*side, spent(side) / seconds)).collect())
}
