//! Raw objects into their bucket.

use anyhow::Result;
use hyper::body::Bytes;

use super::spread::spread;
use crate::corpus;
use crate::stores::{Keys, Listed, S3, Stores};

/// Connections at a time.
const CONNECTIONS: usize = 16;

/// Puts the articles with the numbers from `first` on, and gives what landed, by their numbers.
pub async fn upload(
    stores: &Stores,
    keys: &Keys,
    bucket: &str,
    first: u32,
    count: u32,
) -> Result<Vec<Listed>> {
    let numbers: Vec<u32> = (first..first + count).collect();
    let landed = spread(&numbers, CONNECTIONS, |numbers| {
        let (store, bucket) = (S3::new(&stores.s3, keys), bucket.to_owned());
        async move {
            let mut store = store?;
            let mut landed = Vec::with_capacity(numbers.len());
            for number in numbers {
                let article = corpus::Article::generated(number, corpus::BYTES);
                landed.push(store.put(&bucket, &article.key(), Bytes::from(article.write())).await?);
            }
            anyhow::Ok(landed)
        }
    })
    .await?;
    let mut landed: Vec<Listed> = landed.into_iter().flatten().collect();
    landed.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(landed)
}
