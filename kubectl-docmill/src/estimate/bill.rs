//! The bill of a source or a run.

use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::api::storage::Packing;
use docmill_crds::{EnrichmentRun, IngestRun, IngestSource};
use serde::Serialize;

use super::amount::Amount;
use super::arithmetic::{MONTH_SECONDS, float, requests_cost};
use super::prices::Prices;
use super::requests::{BY_LOAD, Requests, of_one_worker};
use crate::output::{Cell, Show, Table, Tone, View, amounts};

/// Keys of one LIST.
const PAGE: f64 = 1000.0;
/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What is counted.
    pub what: String,
    /// How many.
    pub count: f64,
    /// What that costs, in the currency of the prices.
    pub cost: f64,
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// What it is for: `a month of source wire`.
    pub of: String,
    /// Objects.
    pub objects: f64,
    /// Documents.
    pub documents: f64,
    /// GB of the objects.
    pub gigabytes: f64,
    /// Its lines.
    pub items: Vec<Item>,
    /// Their sum.
    pub total: f64,
}

impl Bill {
    /// A month of a source.
    pub fn of_source(source: &IngestSource, amount: &Amount, prices: &Prices) -> Self {
        let spec = &source.spec;
        let (packing, per_second) = (spec.snapshots.packing, amount.per_second());
        let requests = Requests::at(per_second);
        let millions = amount.objects / 1e6;
        let mut items = vec![
            get(requests.get * millions, prices),
            put(packing, requests.put(packing) * millions, prices),
        ];
        if spec.trigger.sqs.is_some() {
            let count = requests.queue() * millions;
            items.push(item("requests to the queue", count, requests_cost(count, prices.sqs_million)));
        } else {
            items.push(list(amount.objects / PAGE, prices));
        }
        let workers = (per_second / of_one_worker(packing)).ceil();
        let hours = workers * MONTH_SECONDS / HOUR;
        items.push(worker_hours(hours, prices));
        items.push(stored(amount, prices));
        Self::sum(format!("a month of source {}", name(source.metadata.name.as_deref())), amount, items)
    }

    /// A run over objects, once.
    pub fn of_run(run: &IngestRun, packing: Packing, amount: &Amount, prices: &Prices) -> Self {
        let writes =
            matches!(run.spec.mode, IngestMode::Process | IngestMode::Replay | IngestMode::Reconvert);
        let mut items = vec![list(amount.objects / PAGE, prices), get(amount.objects, prices)];
        if writes {
            // Work comes in batches, as at the highest load.
            let [.., (_, most)] = BY_LOAD;
            items.push(put(packing, most.put(packing) * amount.objects / 1e6, prices));
        }
        items.push(worker_hours(amount.objects / of_one_worker(packing) / HOUR, prices));
        Self::sum(format!("run {}, once", name(run.metadata.name.as_deref())), amount, items)
    }

    /// An enrichment of documents, once. A result that is there already costs nothing and is not known here.
    pub fn of_enrichment(run: &EnrichmentRun, amount: &Amount, prices: &Prices) -> Self {
        let called = run.spec.enrichers.iter().filter(|enricher| enricher.builtin.is_none());
        let items = called.map(|enricher| {
            let batch = float(u64::try_from(enricher.batch_size).unwrap_or(1).max(1));
            let calls = (amount.documents() / batch).ceil();
            let price = prices.model_calls_thousand.get(&enricher.name).copied().unwrap_or(0.0);
            item(&format!("calls of {}", enricher.name), calls, calls / 1000.0 * price)
        });
        Self::sum(format!("enrichment {}, once", name(run.metadata.name.as_deref())), amount, items.collect())
    }

    fn sum(of: String, amount: &Amount, items: Vec<Item>) -> Self {
        let total = items.iter().map(|item| item.cost).sum();
        let (objects, documents, gigabytes) = (amount.objects, amount.documents(), amount.gigabytes());
        Self { of, objects, documents, gigabytes, items, total }
    }
}

fn name(name: Option<&str>) -> &str {
    name.unwrap_or("without a name")
}

fn item(what: &str, count: f64, cost: f64) -> Item {
    Item { what: what.to_owned(), count, cost }
}

fn get(count: f64, prices: &Prices) -> Item {
    item("GET of objects", count, requests_cost(count, prices.s3_get_million))
}

fn put(packing: Packing, count: f64, prices: &Prices) -> Item {
    let what = match packing {
        Packing::PerUnit => "PUT of snapshots",
        Packing::Packed => "PUT of packs of snapshots",
    };
    item(what, count, requests_cost(count, prices.s3_put_million))
}

fn list(count: f64, prices: &Prices) -> Item {
    item("LIST of the raw bucket", count.ceil(), requests_cost(count.ceil(), prices.s3_put_million))
}

fn worker_hours(hours: f64, prices: &Prices) -> Item {
    item("hours of workers", hours, hours * prices.worker_hour)
}

/// Snapshots are about as large as their objects, and stay.
fn stored(amount: &Amount, prices: &Prices) -> Item {
    let gigabytes = amount.gigabytes();
    item("GB of new snapshots, for a month", gigabytes, gigabytes * prices.storage_gb_month)
}

impl Show for Bill {
    fn human(&self, view: View) -> String {
        let mut table = Table::new(&["ITEM", "COUNT", "COST"]);
        for Item { what, count, cost } in &self.items {
            table.row([Cell::from(what), Cell::from(rounded(*count)), Cell::from(money(*cost))]);
        }
        table.row([
            Cell::new(Tone::Bold, "total"),
            Cell::default(),
            Cell::new(Tone::Bold, money(self.total)),
        ]);
        format!(
            "{}: {} objects, {} documents, {} GB\n\n{}\nNot in it: Elasticsearch, traffic, and what the raw bucket costs.\n",
            self.of,
            rounded(self.objects),
            rounded(self.documents),
            rounded(self.gigabytes),
            table.render(view.palette)
        )
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A count, with a fraction if it is small.
fn rounded(count: f64) -> String {
    if count < 100.0 { format!("{count:.1}") } else { grouped(&format!("{count:.0}")) }
}

fn money(amount: f64) -> String {
    let text = format!("{amount:.2}");
    match text.split_once('.') {
        Some((whole, cents)) => format!("{}.{cents}", grouped(whole)),
        None => text,
    }
}

/// Digits with separators: `1,234,567`.
fn grouped(digits: &str) -> String {
    digits.parse().map_or_else(|_| digits.to_owned(), amounts::count)
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::storage::Packing;
    use docmill_crds::{EnrichmentRun, IngestRun, IngestSource};
    use jiff::Timestamp;
    use serde_json::json;

    use super::Bill;
    use crate::estimate::{Amount, Prices};
    use crate::output::{Palette, Show as _, View};

    /// 50 a second.
    fn month() -> Amount {
        Amount { objects: 129_600_000.0, bytes_each: 5000.0, documents_each: 1.0 }
    }

    fn source(trigger: &serde_json::Value) -> IngestSource {
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestSource", "metadata": {"name": "wire"},
            "spec": {"storage": {"region": "eu-west-1", "bucket": "news"}, "trigger": trigger,
                     "conversion": {"preset": "nitf"}},
        }))
        .unwrap()
    }

    #[test]
    fn a_month_of_a_source_is_what_the_page_about_cost_says() {
        let queue = source(&json!({"sqs": {"queueURL": "http://sqs/0/wire"}}));
        let bill = Bill::of_source(&queue, &month(), &Prices::default());
        let storage = bill.items.last().unwrap().cost;
        assert_eq!(format!("{:.0}", bill.total - storage), "818");
        let text =
            bill.human(View { palette: Palette::default(), is_wide: false, now: Timestamp::UNIX_EPOCH });
        assert!(
            text.starts_with("a month of source wire: 129,600,000 objects, 129,600,000 documents, 648 GB\n"),
            "{text}"
        );
        assert!(text.contains("GET of objects                     129,600,000   51.84\n"), "{text}");
    }

    #[test]
    fn a_source_without_a_queue_lists_instead() {
        let bill =
            Bill::of_source(&source(&json!({"poll": {"intervalSeconds": 60}})), &month(), &Prices::default());
        let names: Vec<&str> = bill.items.iter().map(|item| item.what.as_str()).collect();
        assert!(
            names.contains(&"LIST of the raw bucket") && !names.contains(&"requests to the queue"),
            "{names:?}"
        );
    }

    #[test]
    fn a_rehearsal_writes_no_snapshots() {
        let run = |mode: &str| -> IngestRun {
            let mut run = json!({"apiVersion": "", "kind": "IngestRun", "metadata": {"name": "r"},
                                 "spec": {"sourceRef": {"name": "wire"}, "mode": mode}});
            if mode == "Shadow" {
                run["spec"]["conversion"] = json!({"preset": "nitf"});
            }
            serde_json::from_value(run).unwrap()
        };
        let items =
            |mode| Bill::of_run(&run(mode), Packing::PerUnit, &month(), &Prices::default()).items.len();
        assert_eq!((items("Reconvert"), items("Shadow")), (4, 3));
    }

    #[test]
    fn models_are_called_in_batches_at_their_price() {
        let enricher = |name: &str, kind: serde_json::Value| {
            let mut enricher = kind;
            enricher["name"] = name.into();
            enricher
        };
        let http = json!({"openInference": {"url": "http://m", "model": "m", "version": "1"}, "batchSize": 10,
            "inputs": [{"name": "text", "template": "{body}"}], "outputs": []});
        let run: EnrichmentRun = serde_json::from_value(json!({
            "apiVersion": "", "kind": "EnrichmentRun", "metadata": {"name": "topics"},
            "spec": {"from": {"sourceRef": {"name": "wire"}}, "enrichers": [enricher("topics", http)],
                     "to": {"elasticsearch": {"urls": ["http://es"]}, "index": {"name": "e-{date:%Y}"}}},
        }))
        .unwrap();
        let prices = Prices::read("modelCallsThousand: {topics: 0.5}").unwrap();
        let amount = Amount { objects: 1001.0, ..month() };
        let bill = Bill::of_enrichment(&run, &amount, &prices);
        let [calls] = bill.items.as_slice() else { panic!("{bill:?}") };
        assert_eq!(
            (calls.what.as_str(), format!("{:.0}", calls.count)),
            ("calls of topics", "101".to_owned())
        );
        assert!((bill.total - 0.0505).abs() < 1e-9, "{bill:?}");
    }
}
