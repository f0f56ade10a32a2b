//! From counts and prices to money.

use docmill_crds::api::storage::Packing;

use super::prices::Prices;
use super::requests::Requests;

const MILLION: f64 = 1e6;
/// Seconds of 30 days.
pub const MONTH_SECONDS: f64 = 86_400.0 * 30.0;

/// What so many requests cost.
pub fn requests_cost(count: f64, price_of_million: f64) -> f64 {
    count / MILLION * price_of_million
}

/// What the requests and workers of a million objects cost, if so many workers take so many objects in a second.
pub fn million_cost(
    requests: &Requests,
    packing: Packing,
    prices: &Prices,
    workers: f64,
    per_second: f64,
) -> f64 {
    let worker_hours = workers * MILLION / per_second / 3600.0;
    requests_cost(requests.get, prices.s3_get_million)
        + requests_cost(requests.put(packing), prices.s3_put_million)
        + requests_cost(requests.queue(), prices.sqs_million)
        + worker_hours * prices.worker_hour
}

/// A count as a number with which to reckon. Beyond 2^53 it is rounded, which no estimate shows.
#[expect(clippy::cast_precision_loss, reason = "an estimate does not show the difference")]
pub const fn float(count: u64) -> f64 {
    count as f64
}
