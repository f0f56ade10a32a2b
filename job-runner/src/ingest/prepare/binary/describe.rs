//! Reads an object to its end, and describes it.

use aws_sdk_s3::primitives::ByteStream;
use docmill_clients::aws::StoreError;
use docmill_clients::clock;
use docmill_convert::Document;

use super::content::{ContentFacts, Intake};
use super::document::{ObjectFacts, document};
use super::tags::Tags;
use crate::ingest::source::object::{self, ObjectHeaders, OpenedObject};
use crate::ingest::unit::Unit;
use crate::ingest::unit::object_ref::ObjectRef;

/// Describes objects.
#[derive(Debug, Default)]
pub struct Describer {
    tags: Tags,
}

/// An object that was read and described.
#[derive(Debug)]
pub struct Described {
    /// The unit.
    pub unit: Unit,
    /// SHA-256 of the object, in hex.
    pub raw_digest: String,
    /// Its document.
    pub document: Document,
}

impl Describer {
    /// Reads an object and its tags; `None` if it is gone before its tags are read. The tags are those of
    /// this moment: for an object without a version id they may belong to one that has just replaced it,
    /// which is processed separately.
    pub async fn describe(
        &self,
        s3: &aws_sdk_s3::Client,
        landed: &ObjectRef,
        opened: OpenedObject,
    ) -> Result<Option<Described>, StoreError> {
        let OpenedObject { unit, length, headers, body } = opened;
        let content = take_in(landed, length, body).await?;
        let Some(tags) = self.tags.of(s3, landed, headers.tag_count).await? else { return Ok(None) };
        let last_modified = Some(clock::rfc3339(unit.last_modified_millis));
        let headers = ObjectHeaders {
            content_type: headers.content_type.filter(|declared| !declared.is_empty()),
            ..headers
        };
        let document = document(&unit.id.key, &content, ObjectFacts { last_modified, headers, tags });
        Ok(Some(Described { unit, raw_digest: content.digest, document }))
    }
}

/// Reads a body piece by piece, as it comes in.
async fn take_in(landed: &ObjectRef, length: i64, mut body: ByteStream) -> Result<ContentFacts, StoreError> {
    let mut intake = Intake::default();
    while let Some(piece) = body.next().await {
        intake.push(&piece.map_err(|error| StoreError::unavailable(object::action(landed), &error))?);
    }
    let content = intake.finish();
    object::check_length(landed, length, usize::try_from(content.size).unwrap_or(usize::MAX))?;
    Ok(content)
}
