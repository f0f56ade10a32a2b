//! The same where snapshots are packed, and what only packs can have wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody};
use docmill_crds::api::storage::BucketLocation;
use docmill_crds::records::units::{UnitRecord, units_index};
use job_runner::ingest::snapshot::packed::packer::PackStore;
use job_runner::ingest::snapshot::packed::{Frame, Pack, Reference, compress};
use job_runner::ingest::snapshot::read;
use job_runner::ingest::unit::task::Reprocess;
use job_runner::run::RunContext;
use tokio_util::sync::CancellationToken;

use super::{PATIENCE, Place, audit, json, rebuilt_out_of_snapshots, records, rehearsed};

/// Units with a snapshot.
const SOUND: usize = 9;

impl Place {
    async fn packs(&self) -> BTreeMap<String, Vec<u8>> {
        let listed = self.s3.list_objects_v2().bucket(&self.name).prefix("json/").send().await.unwrap();
        let mut packs = BTreeMap::new();
        for key in listed.contents().iter().filter_map(|object| object.key()) {
            let object = self.s3.get_object().bucket(&self.name).key(key).send().await.unwrap();
            packs.insert(key.to_owned(), object.body.collect().await.unwrap().to_vec());
        }
        packs
    }

    async fn records(&self, context: &RunContext) -> BTreeMap<String, UnitRecord> {
        records(context, &units_index("audit", &self.name)).await
    }

    /// Stores a pack of one unit that nobody knows, in the name of a source.
    async fn store_stray(&self, source: &str) {
        let unit = "0123456789abcdef".repeat(2);
        let lines = format!("{{\"of\":\"{source}\"}}\n");
        let frame = Frame {
            unit,
            key: "in/nobody.json".into(),
            raw_digest: "00".into(),
            revision: "5f".into(),
            bytes: compress(lines.as_bytes()).unwrap(),
        };
        let mut pack = Pack::default();
        pack.push(frame);
        let location = BucketLocation { bucket: self.name.clone(), prefix: "json/".into() };
        let pack = pack.seal(&location.prefix, clock::now_millis()).unwrap();
        let place =
            PackStore { s3: self.s3.clone(), location, source: source.to_owned(), revision: "5f".to_owned() };
        place.put(&pack).await.unwrap();
    }
}

fn pack_of(record: &UnitRecord) -> &str {
    Reference::parse(record.snapshot.as_deref().unwrap()).key()
}

#[tokio::test(flavor = "multi_thread")]
async fn units_share_packs_each_is_read_by_its_range_and_the_whole_is_all_of_them() {
    let Some(place) = Place::packing("packs", "Packed").await else { return };
    let context = place.context(json!({"mode": "Audit"})).await;
    place.ingest(&context).await;
    let (packs, records) = (place.packs().await, place.records(&context).await);
    assert!(packs.len() < SOUND, "{} packs for {SOUND} units", packs.len());
    assert!(packs.keys().all(|key| key.starts_with("json/.docmill/packs/")), "{:?}", packs.keys());
    let mut documents = BTreeSet::new();
    for record in records.values().filter(|record| record.snapshot.is_some()) {
        let reference = record.snapshot.as_deref().unwrap();
        let opened = read::open(&place.s3, &place.name, reference).await.unwrap().unwrap();
        let line: serde_json::Value =
            serde_json::from_slice(&opened.bytes(1 << 20).await.unwrap().unwrap()).unwrap();
        assert_eq!(
            (&line["id"], &line["_docmill"]["snapshot"]),
            (&json!(record.documents[0].id), &json!(reference))
        );
        assert_eq!(line["_docmill"]["unit"]["key"], record.unit.key);
        documents.insert(record.documents[0].id.clone());
        let listed = read::list(&place.s3, &place.name, pack_of(record)).await.unwrap().unwrap();
        assert!(listed.entries.iter().any(|entry| entry.unit == record.unit.digest()), "{listed:?}");
    }
    let mut whole = String::new();
    for pack in packs.values() {
        zstd::Decoder::new(&pack[..]).unwrap().read_to_string(&mut whole).unwrap();
    }
    let all = whole.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let all: BTreeSet<_> = all.map(|document| document["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((all, whole.lines().count()), (documents, SOUND));
    place.clean_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_change_is_not_packed_again() {
    let Some(place) = Place::packing("packs-again", "Packed").await else { return };
    let context = place.context(json!({"mode": "Reconvert"})).await;
    place.ingest(&context).await;
    let (packs, records) = (place.packs().await, place.records(&context).await);
    place.process(&context, Reprocess::Yes).await;
    assert!(place.packs().await.keys().eq(packs.keys()), "something was packed again");
    let of_sound = |records: BTreeMap<String, UnitRecord>| {
        records.into_values().filter(|record| record.snapshot.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(of_sound(place.records(&context).await), of_sound(records));
    place.clean_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_indices_are_rebuilt_out_of_packs() {
    if let Some(place) = Place::packing("packs-rebuild", "Packed").await {
        Box::pin(rebuilt_out_of_snapshots(place)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rehearsals_read_packs() {
    if let Some(place) = Place::packing("packs-shadow", "Packed").await {
        Box::pin(rehearsed(place)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_that_is_gone_or_cut_off_is_missed_by_its_units_and_a_stray_one_is_an_orphan() {
    let Some(place) = Place::packing("packs-audit", "Packed").await else { return };
    let context = place.context(json!({"mode": "Audit"})).await;
    place.ingest(&context).await;
    let sound = audit(&context).await;
    assert_eq!(sound["kinds"], json!({}), "{sound:#}");

    let packs = place.packs().await;
    let (lost, bytes) = packs.first_key_value().unwrap();
    let records = place.records(&context).await;
    let missing =
        records.values().filter(|record| record.snapshot.is_some() && pack_of(record) == lost).count();
    place
        .s3
        .put_object()
        .bucket(&place.name)
        .key(lost)
        .body(bytes[..bytes.len() - 3].to_vec().into())
        .send()
        .await
        .unwrap();
    assert_eq!(read::list(&place.s3, &place.name, lost).await.unwrap(), None, "a pack that was cut off");
    place.store_stray(&format!("audit/{}", place.name)).await;
    place.store_stray("audit/another").await;

    let found = audit(&context).await;
    assert_eq!(found["kinds"], kinds(missing, 0), "{found:#}");
    let repairing = place.context(json!({"mode": "Audit", "repair": true})).await;
    let mended = audit(&repairing).await;
    assert_eq!(mended["kinds"], kinds(missing, missing), "{mended:#}");
    let after = audit(&context).await;
    assert_eq!(after["kinds"], json!({}), "{after:#}");
    let left = place.packs().await;
    assert!(left.contains_key(lost), "a pack with units that are known is kept");
    let of_another = |pack: &Vec<u8>| pack.windows(14).any(|bytes| bytes == b"in/nobody.json");
    assert_eq!(
        left.values().filter(|pack| of_another(pack)).count(),
        1,
        "that of another source is left alone"
    );
    place.clean_up().await;
}

fn kinds(missing: usize, repaired: usize) -> serde_json::Value {
    json!({
        "SnapshotMissing": {"found": missing, "repaired": repaired},
        "SnapshotOrphaned": {"found": 1, "repaired": usize::from(repaired > 0)},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_the_place_of_another_unit_is_found_and_put_right() {
    let Some(place) = Place::packing("packs-wrong", "Packed").await else { return };
    let context = place.context(json!({"mode": "Audit"})).await;
    place.ingest(&context).await;
    let ledger = units_index("audit", &place.name);
    let records = place.records(&context).await;
    let (one, other) = (&records["in/1.json"], &records["in/2.json"]);
    let wrong = UnitRecord { snapshot: other.snapshot.clone(), ..one.clone() };
    let version = context.clusters.ledger.get(&ledger, &one.unit.digest()).await.unwrap().unwrap().version;
    let mut bulk = BulkBody::default();
    bulk.push_index(Address { index: &ledger, id: &one.unit.digest() }, Some(version), &json(&wrong));
    context.clusters.ledger.bulk_all(bulk, PATIENCE, &CancellationToken::new()).await.unwrap();
    let repairing = place.context(json!({"mode": "Audit", "repair": true})).await;
    let mended = audit(&repairing).await;
    assert_eq!(mended["kinds"], json!({"SnapshotMissing": {"found": 1, "repaired": 1}}), "{mended:#}");
    assert_eq!(mended["differences"][0]["key"], "in/1.json");
    place.clean_up().await;
}
