//! The price table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Prices in USD, or in whatever currency all of them are in. What a file leaves out is a list price of us-east-1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Prices {
    /// A million PUT of S3, and of LIST.
    pub s3_put_million: f64,
    /// A million GET of S3.
    pub s3_get_million: f64,
    /// A million requests to SQS, 64 KiB each.
    pub sqs_million: f64,
    /// An hour of a worker.
    pub worker_hour: f64,
    /// A GB of S3 for a month.
    pub storage_gb_month: f64,
    /// A thousand calls of a model, by the name of its enricher. A model that is not named costs nothing.
    pub model_calls_thousand: BTreeMap<String, f64>,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            s3_put_million: 5.00,
            s3_get_million: 0.40,
            sqs_million: 0.40,
            worker_hour: 0.04937,
            storage_gb_month: 0.023,
            model_calls_thousand: BTreeMap::new(),
        }
    }
}

impl Prices {
    /// Reads a table from YAML.
    pub fn read(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Prices;

    #[test]
    fn a_table_states_what_differs() {
        let prices = Prices::read("workerHour: 0.5\nmodelCallsThousand: {topics: 0.2}").unwrap();
        assert_eq!(prices.worker_hour.to_string(), "0.5");
        assert_eq!(prices.s3_put_million.to_string(), "5");
        assert_eq!(prices.model_calls_thousand.len(), 1);
        assert!(Prices::read("worker: 1").is_err(), "a misspelt name is no price");
    }
}
