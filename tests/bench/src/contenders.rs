//! Who is measured: the worker, a Python stack, and what each server does by itself at the least.

mod limits;
mod python;
mod worker;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

pub use limits::{Bulk, Limit, limit};

use crate::run::Place;
use crate::stores::{Keys, Stores};
use worker::Packing;

/// Connections of the bare limit of the object store.
const OBJECT_CONNECTIONS: usize = 16;
/// Connections of the bare limit of the queue service.
const MESSAGE_CONNECTIONS: usize = 4;

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// The worker, with a snapshot for each object.
    PerUnit,
    /// The worker, with snapshots that share objects.
    Packed,
    /// What a careful team writes in Python.
    Python,
    /// Bare bulk requests with the worker's own documents.
    Bulk,
    /// A GET and a PUT for each article.
    Objects,
    /// Bare receiving and deleting.
    Messages,
}

impl Contender {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 6] =
        [Self::PerUnit, Self::Packed, Self::Python, Self::Bulk, Self::Objects, Self::Messages];

    /// What it is called in tables.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PerUnit => "Docmill, `PerUnit`",
            Self::Packed => "Docmill, `Packed`",
            Self::Python => "Python stack",
            Self::Bulk => "bare `_bulk`",
            Self::Objects => "bare GET + PUT",
            Self::Messages => "bare receive + delete",
        }
    }

    /// What it is called in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PerUnit => "perUnit",
            Self::Packed => "packed",
            Self::Python => "python",
            Self::Bulk => "bulk",
            Self::Objects => "objects",
            Self::Messages => "messages",
        }
    }

    /// Whether it takes its work from a queue.
    pub const fn has_queue(self) -> bool {
        matches!(self, Self::PerUnit | Self::Packed | Self::Python | Self::Messages)
    }

    /// Whether it brings articles into an index.
    pub const fn has_index(self) -> bool {
        matches!(self, Self::PerUnit | Self::Packed | Self::Python | Self::Bulk)
    }

    /// Whether it runs until it is told that the queue is empty.
    pub const fn is_service(self) -> bool {
        matches!(self, Self::PerUnit | Self::Packed | Self::Python)
    }

    /// The index that stands ready for it; the worker makes its own.
    pub fn index(self, place: &Place) -> Option<String> {
        match self {
            Self::Python => Some(format!("articles-{}-python", place.name)),
            Self::Bulk => Some(format!("articles-{}-bulk", place.name)),
            _ => None,
        }
    }
}

/// The programs and files that contenders are started with.
pub struct Programs {
    /// The worker, as it ships.
    pub job_runner: PathBuf,
    /// An interpreter with the Python stack's packages, and the stack; none where the packages could not be installed.
    pub python: Option<(PathBuf, PathBuf)>,
    /// Keys of the stores.
    pub keys: Keys,
    /// Folder of files and logs.
    pub work: PathBuf,
}

impl Programs {
    /// The file with the keys of all raw objects, one a line.
    pub fn keys_file(&self) -> PathBuf {
        self.work.join("keys.txt")
    }

    /// The file with the worker's own documents, as lines of a bulk request.
    pub fn documents_file(&self) -> PathBuf {
        self.work.join("documents.ndjson")
    }

    /// The command of a contender at a place, with these stores.
    pub fn command(&self, contender: Contender, place: &Place, stores: &Stores, bulk: &Bulk) -> Result<Command> {
        let mut command = match contender {
            Contender::PerUnit => worker::command(self, place, stores, Packing::PerUnit)?,
            Contender::Packed => worker::command(self, place, stores, Packing::Packed)?,
            Contender::Python => python::command(self, place, stores)?,
            Contender::Bulk => limits::bulk(self, place, stores, bulk)?,
            Contender::Objects => limits::objects(self, place, stores)?,
            Contender::Messages => limits::messages(place, stores)?,
        };
        command
            .env("AWS_ACCESS_KEY_ID", &self.keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.keys.secret_access_key)
            .env("AWS_REGION", &self.keys.region)
            .env("AWS_DEFAULT_REGION", &self.keys.region);
        Ok(command)
    }
}

/// This program, which is each of the bare limits too.
fn own_program() -> Result<Command> {
    let program = std::env::current_exe().context("failed to find this program")?;
    Ok(Command::new(program))
}
