//! The page about costs: its tables, and whether its bill is what follows from them.

mod page_table;

use anyhow::{Context as _, Result, ensure};
use docmill_crds::api::storage::Packing;
use kubectl_docmill::estimate::Prices;
use kubectl_docmill::estimate::arithmetic::million_cost;
use kubectl_docmill::estimate::requests::{BY_LOAD, Requests, of_one_worker};

use super::install::checkout;
use page_table::PageTable;

const PAGE: &str = "docs/operations/cost.md";
const MILLION: f64 = 1e6;
/// The column of what one worker does in a second.
const OF_ONE: &str = "articles a second of one";
/// To what the bills are rounded.
const CENT: f64 = 0.01;
const DOLLAR: f64 = 1.0;

/// How many articles a second arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// 50, for one worker.
    Fifty,
    /// 500, for two workers.
    FiveHundred,
    /// 5,000, for as many workers as it takes, each of which is busy.
    FiveThousand,
}

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The read of an article.
    Get,
    /// The write of a snapshot, or of a pack of them.
    Put(Packing),
    /// The message that S3 sends.
    Send,
    /// A receive of messages.
    Receive,
    /// A deletion of messages.
    Delete,
    /// An extension of the time for which messages are hidden.
    Extend,
}

/// The tables of the page.
#[derive(Debug)]
pub struct CostPage {
    requests: PageTable,
    prices: PageTable,
    workers: PageTable,
    lambdas: PageTable,
    per_million: PageTable,
    per_month: PageTable,
}

impl Load {
    const ALL: [Self; 3] = [Self::Fifty, Self::FiveHundred, Self::FiveThousand];

    const fn per_second(self) -> f64 {
        match self {
            Self::Fifty => 50.0,
            Self::FiveHundred => 500.0,
            Self::FiveThousand => 5000.0,
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Fifty => "50 a second",
            Self::FiveHundred => "500 a second",
            Self::FiveThousand => "5,000 a second",
        }
    }

    /// Millions of articles in 30 days.
    fn millions_a_month(self) -> f64 {
        self.per_second() * 86_400.0 * 30.0 / MILLION
    }
}

impl Request {
    const fn row(self) -> &'static str {
        match self {
            Self::Get => "S3 GET, articles",
            Self::Put(Packing::PerUnit) => "S3 PUT, snapshots, PerUnit",
            Self::Put(Packing::Packed) => "S3 PUT, snapshots, Packed",
            Self::Send => "SQS SendMessage, by S3",
            Self::Receive => "SQS ReceiveMessage",
            Self::Delete => "SQS DeleteMessageBatch",
            Self::Extend => "SQS ChangeMessageVisibilityBatch",
        }
    }
}

impl CostPage {
    /// Reads the page.
    pub fn read() -> Result<Self> {
        let page =
            std::fs::read_to_string(checkout(PAGE)).with_context(|| format!("failed to read {PAGE}"))?;
        Self::of(&page).context(PAGE)
    }

    fn of(page: &str) -> Result<Self> {
        let table = |head| PageTable::find(page, head);
        Ok(Self {
            requests: table("requests per million articles")?,
            prices: table("price")?,
            workers: table("workers")?,
            lambdas: table("Lambda, per million articles")?,
            per_million: table("USD per million articles")?,
            per_month: table("USD in 30 days")?,
        })
    }

    /// Checks that the bill is what follows from counts, prices and workers, and the number of workers from what one
    /// does.
    pub fn check(&self) -> Result<()> {
        for load in Load::ALL {
            for packing in [Packing::PerUnit, Packing::Packed] {
                let row = row_of(packing);
                let workers = load.per_second() / self.workers.number(row, OF_ONE)?;
                self.workers.expect(row, load.column(), workers.ceil(), 0.0)?;
                self.check_bill(row, self.docmill(packing, load)?, load)?;
            }
            self.check_bill("two Lambdas", self.two_lambdas()?, load)?;
        }
        Ok(())
    }

    fn check_bill(&self, row: &str, per_million: f64, load: Load) -> Result<()> {
        self.per_million.expect(row, load.column(), per_million, CENT)?;
        self.per_month.expect(row, load.column(), per_million * load.millions_a_month(), DOLLAR)
    }

    /// How many such requests a million articles take at most.
    pub fn requests(&self, request: Request, load: Load) -> Result<f64> {
        self.requests.number(request.row(), load.column())
    }

    /// All requests of a million articles.
    fn all_requests(&self, load: Load) -> Result<Requests> {
        let count = |request| self.requests(request, load);
        Ok(Requests {
            get: count(Request::Get)?,
            put_per_unit: count(Request::Put(Packing::PerUnit))?,
            put_packed: count(Request::Put(Packing::Packed))?,
            send: count(Request::Send)?,
            receive: count(Request::Receive)?,
            delete: count(Request::Delete)?,
            extend: count(Request::Extend)?,
        })
    }

    /// The prices that an estimate takes; others are its own.
    fn estimate_prices(&self) -> Result<Prices> {
        let price = |row: &str| self.prices.number(row, "USD");
        Ok(Prices {
            s3_put_million: price("a million S3 PUT")?,
            s3_get_million: price("a million S3 GET")?,
            sqs_million: price("a million SQS requests")?,
            worker_hour: price("an hour of a worker")?,
            ..Prices::default()
        })
    }

    /// Checks that `kubectl docmill estimate` reckons with what the page says.
    pub fn check_estimate(&self) -> Result<()> {
        ensure!(self.estimate_prices()? == Prices::default(), "other prices: {:?}", Prices::default());
        for (load, (per_second, requests)) in Load::ALL.into_iter().zip(BY_LOAD) {
            ensure!((load.per_second() - per_second).abs() < 1e-9, "{load:?} is not {per_second}");
            ensure!(self.all_requests(load)? == requests, "other requests at {load:?}: {requests:?}");
        }
        for packing in [Packing::PerUnit, Packing::Packed] {
            self.workers.expect(row_of(packing), OF_ONE, of_one_worker(packing), 0.0)?;
        }
        Ok(())
    }

    /// What a million articles cost with Docmill.
    fn docmill(&self, packing: Packing, load: Load) -> Result<f64> {
        let workers = self.workers.number(row_of(packing), load.column())?;
        let (requests, prices) = (self.all_requests(load)?, self.estimate_prices()?);
        Ok(million_cost(&requests, packing, &prices, workers, load.per_second()))
    }

    /// The same with two Lambdas for each article.
    fn two_lambdas(&self) -> Result<f64> {
        let items = [
            ("requests", "a million Lambda requests"),
            ("GB-seconds", "a million Lambda GB-seconds"),
            ("S3 GET", "a million S3 GET"),
            ("S3 PUT", "a million S3 PUT"),
        ];
        let cost = |(row, price): (&str, &str)| -> Result<f64> {
            Ok(self.lambdas.number(row, "")? / MILLION * self.prices.number(price, "USD")?)
        };
        items.into_iter().map(cost).sum()
    }
}

const fn row_of(packing: Packing) -> &'static str {
    match packing {
        Packing::PerUnit => "PerUnit",
        Packing::Packed => "Packed",
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::{CostPage, Load, PAGE, Packing, Request, checkout};

    #[test]
    fn the_bill_is_what_follows_from_counts_and_prices() -> Result<()> {
        CostPage::read()?.check()
    }

    #[test]
    fn an_estimate_reckons_with_the_figures_of_the_page() -> Result<()> {
        CostPage::read()?.check_estimate()
    }

    #[test]
    fn a_figure_that_does_not_follow_is_found() -> Result<()> {
        let page = std::fs::read_to_string(checkout(PAGE))?;
        for (right, wrong) in [
            ("| a million S3 GET | 0.40 |", "| a million S3 GET | 0.41 |"),
            ("| 6.31 |", "| 6.32 |"),
            ("| 14,122 |", "| 14,123 |"),
            ("| 17 |", "| 16 |"),
            ("| GB-seconds | 150,000 |", "| GB-seconds | 151,000 |"),
        ] {
            assert!(page.contains(right), "{PAGE} has no {right}");
            let error = CostPage::of(&page.replace(right, wrong))?.check();
            assert!(error.is_err(), "{wrong} was not found");
        }
        Ok(())
    }

    #[test]
    fn an_article_is_read_once_and_its_own_snapshot_is_written_once() -> Result<()> {
        let page = CostPage::read()?;
        for load in Load::ALL {
            for request in [Request::Get, Request::Put(Packing::PerUnit), Request::Send] {
                assert!((page.requests(request, load)? - 1e6).abs() < 1e-9, "{request:?}");
            }
        }
        Ok(())
    }
}
