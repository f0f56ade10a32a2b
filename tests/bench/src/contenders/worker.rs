//! The worker, by the work order that the operator would give it.

use std::process::Command;

use anyhow::{Context as _, Result};
use docmill_crds::contract::{
    ENDPOINTS_ALLOW_RESERVED_ENV, POD_NAME_ENV, SECRETS_DIR_ENV, WORK_ORDER_ENV, WORKER_MEMORY_ENV,
};
use serde_json::{Value, json};

use super::programs::Programs;
use crate::place::Place;
use crate::stores::{Keys, Stores};

/// The fields that the Python stack has too.
const MODEL: &str = include_str!("../../../../job-runner/convert/benches/articles.yaml");
/// Name of every source.
const SOURCE: &str = "wire";
/// The proxies that count are on loopback, which workers may not ask otherwise.
const THIS_MACHINE: &str = "127.0.0.0/8,localhost";
/// A worker ends when it is told to.
const IDLE_SECONDS: u32 = 600;

/// How snapshots are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// An object for each.
    PerUnit,
    /// Many in an object.
    Packed,
}

/// The command of a worker at a place, with these stores.
pub fn command(programs: &Programs, place: &Place, stores: &Stores, packing: Packing) -> Result<Command> {
    let order = order(place, stores, &programs.keys, packing)?;
    let mut command = Command::new(&programs.job_runner);
    command
        .arg("work")
        .env(WORK_ORDER_ENV, order.to_string())
        .env(POD_NAME_ENV, &place.name)
        .envs(WORKER_MEMORY_ENV)
        .env(ENDPOINTS_ALLOW_RESERVED_ENV, THIS_MACHINE)
        .env(SECRETS_DIR_ENV, programs.work.join("secrets"));
    Ok(command)
}

/// The work order: a source whose documents and records go to indices of the place.
pub fn order(place: &Place, stores: &Stores, keys: &Keys, packing: Packing) -> Result<Value> {
    let model: Value = serde_saphyr::from_str(MODEL).context("the bench's model is not YAML")?;
    let packing = match packing {
        Packing::PerUnit => "PerUnit",
        Packing::Packed => "Packed",
    };
    let spec = json!({
        // Without a Secret, a worker has the identity of its environment.
        "storage": {"region": keys.region, "endpoint": stores.s3, "forcePathStyle": true},
        "raw": {"bucket": place.raw_bucket, "prefix": "wire/", "suffixes": [".xml"]},
        "trigger": {"sqs": {"queueURL": place.queue_url(stores)}},
        "conversion": model,
        "snapshots": {"bucket": place.snapshots_bucket(), "prefix": "json/", "packing": packing},
        "errors": {"bucket": place.errors_bucket(), "prefix": "errors/"},
        "index": {
            "elasticsearch": {"urls": [stores.elastic]},
            "name": format!("articles-{}-{{published:%Y.%m}}", place.name),
            "id": "{id}",
        },
        "workers": {"max": 1, "idleSeconds": IDLE_SECONDS},
    });
    let name = &place.name;
    let order = json!({"namespace": name, "source": SOURCE, "uid": name, "cluster": "bench", "spec": spec});
    Ok(json!({"ingest": order}))
}

#[cfg(test)]
mod tests {
    use docmill_crds::contract::WorkOrder;

    use super::{Keys, Packing, Place, Stores, order};

    #[test]
    fn a_worker_takes_the_order() {
        let stores = Stores { s3: "http://s3".into(), sqs: "http://q".into(), elastic: "http://es".into() };
        let keys =
            Keys { access_key_id: "a".into(), secret_access_key: "s".into(), region: "us-east-1".into() };
        let place = Place::new("pbench-1-001", "pbench-1-raw");
        for packing in [Packing::PerUnit, Packing::Packed] {
            let order = order(&place, &stores, &keys, packing).expect("an order");
            let order: WorkOrder = serde_json::from_value(order).expect("a work order");
            assert!(matches!(order, WorkOrder::Ingest(_)));
        }
    }
}
