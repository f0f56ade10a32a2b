//! The statements of a day in the snapshot bucket.

use docmill_clients::retry;
use docmill_crds::records::lineage::{
    Day, DayManifest, ManifestLink, day_folder, generation_of, statement_name,
};

use super::lines::Told;
use crate::ingest::source::listing::Listing;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// A statement, and the bytes that it is stored as.
pub(super) struct StoredStatement {
    pub(super) statement: DayManifest,
    stored: Vec<u8>,
}

impl StoredStatement {
    /// What another statement says of it.
    pub(super) fn link(&self) -> ManifestLink {
        ManifestLink::to(&self.statement, &self.stored)
    }

    /// Whether it says the same as these lines.
    pub(super) fn says(&self, told: &Told) -> bool {
        self.statement.root == told.root && self.statement.count == told.count
    }
}

/// The statements of a day.
pub(super) struct Statements<'a> {
    context: &'a RunContext,
    folder: String,
}

impl<'a> Statements<'a> {
    /// Those of a day of the source.
    pub(super) fn of(context: &'a RunContext, day: Day) -> Self {
        let folder = day_folder(&context.source().snapshots.prefix, &context.source_name(), day);
        Self { context, folder }
    }

    /// Key of an object of the day.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.folder)
    }

    /// Key of a statement of the day.
    pub(super) fn key_of(&self, generation: i64) -> String {
        self.key(&statement_name(generation))
    }

    /// The newest statement; `None` if there is none.
    pub(super) async fn newest(&self) -> Result<Option<StoredStatement>, RunError> {
        let Some(generation) = self.newest_generation().await? else { return Ok(None) };
        let key = self.key_of(generation);
        let Some(stored) = self.context.read_object(&key).await? else { return Err(RunError::Missing(key)) };
        match serde_json::from_slice(&stored) {
            Ok(statement) => Ok(Some(StoredStatement { statement, stored })),
            Err(error) => Err(RunError::File { key, error }),
        }
    }

    async fn newest_generation(&self) -> Result<Option<i64>, RunError> {
        let bucket = &self.context.source().snapshots.bucket;
        let mut listing = Listing::new(self.context.s3.clone(), bucket, false, &self.folder, None);
        let mut newest = None;
        loop {
            let next = async || listing.next_page().await;
            let page = retry::retry_transient(PATIENCE, &self.context.stop.closing, next).await?;
            let Some(page) = page else { return Ok(newest) };
            let names = page.iter().filter_map(|object| object.key.strip_prefix(&self.folder));
            newest = names.filter_map(generation_of).max().max(newest);
        }
    }

    /// Fails if there is a statement of a generation: another run, or another pod of this one, has written it meanwhile.
    pub(super) async fn check_next(&self, generation: i64) -> Result<(), RunError> {
        let key = self.key_of(generation);
        match self.context.read_object(&key).await? {
            Some(_) => Err(RunError::Overtaken(key)),
            None => Ok(()),
        }
    }

    /// Stores a statement, and replaces none. Its lines have to be there.
    pub(super) async fn store(&self, statement: &DayManifest) -> Result<(), RunError> {
        let key = self.key_of(statement.generation);
        let stored = match serde_json::to_vec(statement) {
            Ok(stored) => stored,
            Err(error) => return Err(RunError::File { key, error }),
        };
        let is_stored = Box::pin(self.context.create_object(&key, "application/json", stored)).await?;
        if is_stored { Ok(()) } else { Err(RunError::Overtaken(key)) }
    }
}
