//! A place made ready: its buckets, its index, and its queue, full.

use anyhow::Result;
use serde_json::Value;

use super::notification::message;
use super::spread::spread;
use crate::contenders::Contender;
use crate::place::Place;
use crate::stores::{BATCH, Elastic, Keys, Listed, S3, Sqs, Stores};

/// Connections that messages are sent by.
const CONNECTIONS: usize = 8;

/// Makes buckets, index and queue for a contender, and tells the queue of these objects.
pub async fn land(
    place: &mut Place,
    stores: &Stores,
    keys: &Keys,
    contender: Contender,
    (objects, index): (&[Listed], Option<&Value>),
) -> Result<()> {
    let mut s3 = S3::new(&stores.s3, keys)?;
    for bucket in [place.snapshots_bucket(), place.errors_bucket()] {
        s3.create_bucket(&bucket).await?;
    }
    if let (Some(name), Some(body)) = (contender.index(place), index) {
        Elastic::new(&stores.elastic)?.call("PUT", &format!("/{name}"), Some(body)).await?;
    }
    if contender.has_queue() {
        let path = Sqs::new(&stores.sqs)?.create(&place.name).await?;
        place.queue_path = path;
        tell(place, stores, objects).await?;
    }
    Ok(())
}

/// Tells the queue of objects.
pub async fn tell(place: &Place, stores: &Stores, objects: &[Listed]) -> Result<()> {
    let bodies: Vec<String> = objects.iter().map(|object| message(&place.raw_bucket, object)).collect();
    let url = place.queue_url(stores);
    spread(&bodies, CONNECTIONS, |bodies| {
        let (queue, url) = (Sqs::new(&stores.sqs), url.clone());
        async move {
            let mut queue = queue?;
            for batch in bodies.chunks(BATCH) {
                queue.send(&url, batch).await?;
            }
            anyhow::Ok(())
        }
    })
    .await
    .map(drop)
}
