//! Daily manifests, as they are in the snapshot bucket.

use docmill_clients::aws::{StoreError, listing};
use docmill_crds::digest::sha256;
use docmill_crds::records::lineage::{Day, DayManifest, day_folder, generation_of, statement_name};
use docmill_crds::records_api::API_VERSION;
use docmill_crds::records_api::manifest::{CHUNK_BYTES, KIND, Manifest, ManifestQuery};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;

use super::answer::Failure;
use super::answer::store_failure::of_store;
use super::sources::{OpenSource, Sources};
use super::units::objects;

const STATEMENT: &str = "the manifest";
const LINES: &str = "the lines of the manifest";
/// Bytes of a statement at most; it has a few fields.
const STATEMENT_BYTES: u64 = 64 * 1024;
/// Pages of a listing that are read for the newest generation of a day, of 1000 objects each.
const PAGES: usize = 20;

/// The statement of a day.
pub async fn get(
    sources: &Sources,
    namespace: &str,
    day: Day,
    query: &ManifestQuery,
) -> Result<Manifest, Failure> {
    let source = sources.open(namespace, query.source.as_deref()).await?;
    let (statement, digest) = statement(&source, day, query.generation).await?;
    let request = source.s3()?.head_object().bucket(&source.source.spec.snapshots.bucket);
    let head = objects::head(LINES, request.key(key(&source, day, &statement.lines)?)).await?;
    let created = statement.created_time.parse::<Timestamp>().ok();
    Ok(Manifest {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: ObjectMeta {
            name: Some(day.to_string()),
            namespace: Some(source.namespace.clone()),
            creation_timestamp: created.map(Time),
            ..ObjectMeta::default()
        },
        source: source.name,
        statement,
        digest,
        lines_size: head.and_then(|head| u64::try_from(head.content_length()?).ok()),
    })
}

/// Some bytes of the lines of a day, from the offset of the query on.
pub async fn lines(
    sources: &Sources,
    namespace: &str,
    day: Day,
    query: &ManifestQuery,
) -> Result<Vec<u8>, Failure> {
    let source = sources.open(namespace, query.source.as_deref()).await?;
    let (statement, _) = statement(&source, day, query.generation).await?;
    let from = query.offset.unwrap_or(0);
    let until = from.saturating_add(CHUNK_BYTES - 1);
    let request = source.s3()?.get_object().bucket(&source.source.spec.snapshots.bucket);
    let request = request.key(key(&source, day, &statement.lines)?).range(format!("bytes={from}-{until}"));
    let found = objects::read(LINES, request, CHUNK_BYTES, None).await?;
    found.ok_or_else(|| Failure::not_found(format!("{LINES} are not in the snapshot bucket any more")))
}

/// A statement, and the digest of the bytes that it is stored as.
async fn statement(
    source: &OpenSource,
    day: Day,
    generation: Option<i64>,
) -> Result<(DayManifest, String), Failure> {
    let none = || {
        let name = &source.name;
        Failure::not_found(format!(
            "the IngestSource {name:?} has no such manifest of {day}; an IngestRun of mode Manifest writes it"
        ))
    };
    let generation = match generation {
        Some(generation) => generation,
        None => newest_generation(source, day).await?.ok_or_else(none)?,
    };
    let request = source.s3()?.get_object().bucket(&source.source.spec.snapshots.bucket);
    let request = request.key(key(source, day, &statement_name(generation))?);
    let stored = objects::read(STATEMENT, request, STATEMENT_BYTES, None).await?.ok_or_else(none)?;
    let statement = serde_json::from_slice(&stored).map_err(|_| {
        Failure::unavailable("the manifest is not in a form that this version of Docmill reads")
    })?;
    Ok((statement, sha256(&stored)))
}

async fn newest_generation(source: &OpenSource, day: Day) -> Result<Option<i64>, Failure> {
    let (s3, bucket) = (source.s3()?, &source.source.spec.snapshots.bucket);
    let folder = folder(source, day);
    let (mut newest, mut token) = (None, None);
    for _ in 0..PAGES {
        let request = s3.list_objects_v2().bucket(bucket).prefix(&folder).encoding_type(listing::ENCODED);
        let request = request.set_continuation_token(token);
        // On the heap, as all that wait for it would be large.
        let listed = Box::pin(request.send()).await;
        let listed = listed.map_err(|error| of_store(STATEMENT, &StoreError::from_sdk(STATEMENT, &error)))?;
        let generations = listed.contents().iter().filter_map(|object| {
            let key = listing::key(listed.encoding_type(), object.key()?);
            generation_of(key.strip_prefix(&folder)?)
        });
        newest = generations.max().max(newest);
        token = listed.next_continuation_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(newest)
}

fn folder(source: &OpenSource, day: Day) -> String {
    day_folder(&source.source.spec.snapshots.prefix, &source.full_name(), day)
}

/// The key of an object of a day. A statement could name any, and is not believed: whoever may write into the bucket would
/// read with the credentials of the source.
fn key(source: &OpenSource, day: Day, name: &str) -> Result<String, Failure> {
    if name.is_empty() || name.contains('/') {
        return Err(Failure::unavailable("the manifest names lines that are not beside it"));
    }
    Ok(format!("{}{name}", folder(source, day)))
}
