//! What the operator's metrics say of the operator itself.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

/// Resident memory in bytes.
pub const RESIDENT_MEMORY: &str = "process_resident_memory_bytes";
/// CPU time in seconds since the start of the process.
pub const CPU_SECONDS: &str = "process_cpu_seconds_total";

/// The value of a metric without labels.
pub fn value(metrics: &str, name: &str) -> Result<f64> {
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.with_context(|| format!("no {name}"))?.parse()?)
}

/// The requests of the operator so far, by target.
pub fn requests(metrics: &str) -> Result<BTreeMap<String, f64>> {
    const NAME: &str = "docmill_operator_requests_total{target=\"";
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(NAME));
    lines
        .map(|line| {
            let (target, value) =
                line.split_once("\"} ").with_context(|| format!("cannot be read: {line}"))?;
            Ok((target.to_owned(), value.parse()?))
        })
        .collect()
}

/// The reconciles of sources so far, whatever their outcome.
pub fn source_reconciles(metrics: &str) -> f64 {
    const NAME: &str = "docmill_operator_reconciles_total{kind=\"IngestSource\"";
    let lines = metrics.lines().filter_map(|line| line.strip_prefix(NAME));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::{CPU_SECONDS, RESIDENT_MEMORY, requests, source_reconciles, value};

    const METRICS: &str = "\
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1024
process_cpu_seconds_total 2.5
docmill_operator_requests_total{target=\"Queue\"} 7
docmill_operator_reconciles_total{kind=\"IngestSource\",outcome=\"Done\"} 5
docmill_operator_reconciles_total{kind=\"IngestSource\",outcome=\"Failed\"} 1
docmill_operator_reconciles_total{kind=\"IngestRun\",outcome=\"Done\"} 9
";

    #[test]
    fn the_operators_own_metrics_are_read() {
        assert_eq!(value(METRICS, RESIDENT_MEMORY).expect("a value").to_string(), "1024");
        assert_eq!(value(METRICS, CPU_SECONDS).expect("a value").to_string(), "2.5");
        assert!(value(METRICS, "process").is_err());
        assert_eq!(requests(METRICS).expect("requests")["Queue"].to_string(), "7");
        assert_eq!(source_reconciles(METRICS).to_string(), "6");
    }
}
