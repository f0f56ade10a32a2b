//! What an article costs from bucket to index: the worker as it ships, a Python stack, and what each server does at the
//! least, side by side on the testbed's real servers. `cargo testbed bench` sets everything up and calls this.
//!
//! - [`corpus`]: the articles; [`stores`], [`mod@http`]: clients that do nothing but what is asked of them; [`place`]: what a
//!   turn has for itself;
//! - [`contenders`]: who is measured, each a process; [`limits`]: what the servers do at the least;
//! - [`measure`]: CPU time, memory and requests; [`run`]: turns and rounds; [`mod@growth`]: ledgers of different sizes;
//! - [`mod@report`]: tables, JSON and a picture.

mod contenders;
mod corpus;
mod env;
mod files;
mod float;
mod growth;
mod http;
mod limits;
mod measure;
mod place;
mod report;
mod run;
mod stores;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser, Subcommand};

use contenders::{Limit, Programs, limit};
use env::Env;
use measure::Servers;
use report::Machine;
use run::Bench;
use stores::Elastic;

/// What an article costs from bucket to index.
#[derive(Debug, Parser)]
#[command(name = "pipeline-bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The worker, a Python stack and the bare limits, by turns.
    Pipeline {
        #[command(flatten)]
        common: Common,
        /// Articles of each turn.
        #[arg(long, default_value_t = 10_000)]
        articles: u32,
        /// Rounds, in each of which each contender has a turn.
        #[arg(long, default_value_t = 3)]
        rounds: u32,
        /// Begin no further round that would end after so many minutes.
        #[arg(long, default_value_t = 12)]
        minutes: u64,
    },
    /// The worker, with ledgers of different sizes.
    Growth {
        #[command(flatten)]
        common: Common,
        /// Articles of each measurement.
        #[arg(long, default_value_t = 2_000)]
        articles: u32,
        /// Units of the ledger, smallest first.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,1000000")]
        units: Vec<u32>,
    },
    /// A bare limit: what this program starts itself as.
    #[command(hide = true)]
    Limit {
        #[command(subcommand)]
        limit: Limit,
    },
}

#[derive(Debug, Args)]
struct Common {
    /// The worker, as it ships.
    #[arg(long)]
    job_runner: PathBuf,
    /// An interpreter with the Python stack's packages.
    #[arg(long)]
    python: Option<PathBuf>,
    /// The Python stack.
    #[arg(long)]
    stack: Option<PathBuf>,
    /// Folder for tables, JSON and pictures.
    #[arg(long)]
    out: PathBuf,
    /// A version to be told of, as NAME=VERSION.
    #[arg(long)]
    version_of: Vec<String>,
}

fn main() -> ExitCode {
    match start(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> Result<()> {
    // A bare limit has one thread: what several cost beyond it is not the servers'.
    let mut builder = match command {
        Command::Limit { .. } => tokio::runtime::Builder::new_current_thread(),
        Command::Pipeline { .. } | Command::Growth { .. } => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().context("failed to start")?;
    runtime.block_on(async {
        match command {
            Command::Pipeline { common, articles, rounds, minutes } => {
                let end = Instant::now() + Duration::from_mins(minutes);
                pipeline(common, articles, rounds, end).await
            }
            Command::Growth { common, articles, units } => grow(common, articles, &units).await,
            Command::Limit { limit: which } => limit(which).await,
        }
    })
}

async fn pipeline(common: Common, articles: u32, most: u32, end: Instant) -> Result<()> {
    ensure!(articles >= 100 && most > 0, "measure at least 100 articles, in at least one round");
    let out = common.out.clone();
    let (bench, machine) = begin(common, articles).await?;
    let (measured, bulk) = ended(bench, async |bench: &mut Bench| {
        let rounds = run::rounds(bench, articles, most, end).await?;
        Ok((rounds, bench.bulk.clone()))
    })
    .await?;
    report::report(&measured, &machine, &bulk, &out)
}

async fn grow(common: Common, articles: u32, units: &[u32]) -> Result<()> {
    let out = common.out.clone();
    let (bench, machine) = begin(common, growth::UNITS).await?;
    let steps = ended(bench, async |bench: &mut Bench| growth::growth(bench, units, articles).await).await?;
    report::growth(&steps, &machine, &out)
}

/// Makes everything ready. What an earlier run left is removed first.
async fn begin(common: Common, articles: u32) -> Result<(Bench, Machine)> {
    let env = Env::read()?;
    let work = common.out.join("work");
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("failed to remove {}", work.display()))?;
    }
    fs::create_dir_all(&work).with_context(|| format!("failed to make {}", work.display()))?;
    let program = common.job_runner.display();
    ensure!(common.job_runner.is_file(), "{program} is missing: cargo testbed bench builds it");
    let mut elastic = Elastic::new(&env.stores.elastic)?;
    let elasticsearch = elastic.call("GET", "/", None).await.context("failed to ask Elasticsearch")?;
    let versions = common.version_of.iter().filter_map(|pair| pair.split_once('='));
    let mut versions: BTreeMap<String, String> =
        versions.map(|(name, version)| (name.to_owned(), version.to_owned())).collect();
    let version = elasticsearch["version"]["number"].as_str().unwrap_or_default();
    versions.insert("Elasticsearch".into(), version.to_owned());
    let programs = Programs {
        job_runner: common.job_runner,
        python: common.python.zip(common.stack),
        keys: env.keys.clone(),
        work,
    };
    run::remove_all(&env).await.context("failed to remove what an earlier run left")?;
    let servers = Servers::find(&env.namespace)?;
    Ok((Bench::start(env, programs, servers, articles).await?, Machine::this(versions)))
}

/// Removes everything, however the measurement ended.
async fn ended<T>(mut bench: Bench, measure: impl AsyncFnOnce(&mut Bench) -> Result<T>) -> Result<T> {
    let measured = measure(&mut bench).await;
    let removed = run::remove_all(&bench.env).await;
    let measured = measured.with_context(|| format!("logs are in {}", bench.programs.work.display()))?;
    removed.map(|()| measured)
}
