//! The bare limits: this program again, as a process of its own, so that it is measured like the others.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use super::contender::Contender;
use super::programs::Programs;
use crate::limits;
use crate::place::Place;
use crate::stores::Stores;

/// Connections of the bare limit of the object store.
const OBJECT_CONNECTIONS: usize = 16;
/// Connections of the bare limit of the queue service.
const MESSAGE_CONNECTIONS: usize = 4;

/// How bulk requests are sent, and how their index refreshes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// Documents of a request.
    pub batch: usize,
    /// Requests that are under way at a time.
    pub connections: usize,
    /// The index's `refresh_interval`, if it is not the worker's.
    pub refresh_interval: Option<&'static str>,
}

/// A bare limit.
#[derive(Debug, Subcommand)]
pub enum Limit {
    /// Bulk requests of ready lines.
    Bulk {
        #[arg(long)]
        elastic: String,
        #[arg(long)]
        index: String,
        #[arg(long)]
        documents: PathBuf,
        #[arg(long)]
        count: usize,
        #[arg(long)]
        batch: usize,
        #[arg(long)]
        connections: usize,
    },
    /// A GET of each raw object, and a PUT of each document.
    Objects {
        #[arg(long)]
        s3: String,
        #[arg(long)]
        raw: String,
        #[arg(long)]
        snapshots: String,
        #[arg(long)]
        keys: PathBuf,
        #[arg(long)]
        documents: PathBuf,
        #[arg(long)]
        count: usize,
        #[arg(long)]
        connections: usize,
    },
    /// Receives and deletes.
    Messages {
        #[arg(long)]
        sqs: String,
        #[arg(long)]
        queue: String,
        #[arg(long)]
        count: usize,
        #[arg(long)]
        connections: usize,
    },
}

/// Is a bare limit, to its end.
pub async fn limit(limit: Limit) -> Result<()> {
    match limit {
        Limit::Bulk { elastic, index, documents, count, batch, connections } => {
            limits::bulk(&elastic, &index, &documents, count, batch, connections).await
        }
        Limit::Objects { s3, raw, snapshots, keys, documents, count, connections } => {
            limits::objects(&s3, &raw, &snapshots, (keys.as_path(), documents.as_path()), count, connections)
                .await
        }
        Limit::Messages { sqs, queue, count, connections } => {
            limits::messages(&sqs, &queue, count, connections).await
        }
    }
}

/// The command of bare bulk requests.
pub fn bulk(programs: &Programs, place: &Place, stores: &Stores, settings: &Bulk) -> Result<Command> {
    let index = Contender::Bulk.index(place).unwrap_or_default();
    let mut command = own_program()?;
    command
        .args(["limit", "bulk", "--elastic", &stores.elastic, "--index", &index])
        .arg("--documents")
        .arg(programs.documents_file())
        .args(["--count", &place.sound().to_string()])
        .args(["--batch", &settings.batch.to_string()])
        .args(["--connections", &settings.connections.to_string()]);
    Ok(command)
}

/// The command of a bare GET and PUT.
pub fn objects(programs: &Programs, place: &Place, stores: &Stores) -> Result<Command> {
    let mut command = own_program()?;
    command
        .args(["limit", "objects", "--s3", &stores.s3, "--raw", &place.raw_bucket])
        .args(["--snapshots", &place.snapshots_bucket()])
        .arg("--keys")
        .arg(programs.keys_file())
        .arg("--documents")
        .arg(programs.documents_file())
        .args(["--count", &place.articles.to_string()])
        .args(["--connections", &OBJECT_CONNECTIONS.to_string()]);
    Ok(command)
}

/// The command of bare receiving and deleting.
pub fn messages(place: &Place, stores: &Stores) -> Result<Command> {
    let mut command = own_program()?;
    command
        .args(["limit", "messages", "--sqs", &stores.sqs, "--queue", &place.queue_url(stores)])
        .args(["--count", &place.articles.to_string()])
        .args(["--connections", &MESSAGE_CONNECTIONS.to_string()]);
    Ok(command)
}

/// This program, which is each of the bare limits too.
fn own_program() -> Result<Command> {
    let program = std::env::current_exe().context("failed to find this program")?;
    Ok(Command::new(program))
}
