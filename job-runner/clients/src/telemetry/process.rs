//! Resource usage of the process itself, under the names that all Prometheus clients use.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// Memory of this process. Without a `/proc` there is none to show.
#[derive(Clone, Copy, Debug)]
pub struct ProcessMetrics;

impl Collector for ProcessMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(bytes) = std::fs::read_to_string("/proc/self/status").ok().and_then(|text| resident(&text))
        else {
            return Ok(());
        };
        let name = "process_resident_memory_bytes";
        let help = "Resident memory size in bytes";
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(bytes).encode(metric)
    }
}

/// `VmRSS:     12345 kB`, where kB are KiB (proc(5)).
fn resident(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::resident;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\toperator\nVmRSS:\t   1000 kB\nThreads:\t3\n"), Some(1_024_000));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
    }
}
