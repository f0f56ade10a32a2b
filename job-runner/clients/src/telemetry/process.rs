//! Resource usage of the process itself, under the names that all Prometheus clients use.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Clock ticks a second in which Linux tells CPU time (`USER_HZ`), on every architecture that there are images for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory and CPU time of this process. Without a `/proc` there is none to show.
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
        ConstGauge::new(bytes).encode(metric)?;
        let Some(seconds) = std::fs::read_to_string("/proc/self/stat").ok().and_then(|text| cpu(&text))
        else {
            return Ok(());
        };
        let help = "Total user and system CPU time in seconds";
        let metric = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
        ConstCounter::new(seconds).encode(metric)
    }
}

/// `utime` and `stime`, the 14th and 15th field of `proc_pid_stat(5)`. The second one is a name in parentheses, which may
/// hold anything.
fn cpu(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    let ticks = times.next()?.ok()?.checked_add(times.next()?.ok()?)?;
    Some(f64::from(ticks) / TICKS_PER_SECOND)
}

/// `VmRSS:     12345 kB`, where kB are KiB (proc(5)).
fn resident(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{cpu, resident};

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\toperator\nVmRSS:\t   1000 kB\nThreads:\t3\n"), Some(1_024_000));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
    }

    #[test]
    fn cpu_time_is_read_in_seconds_whatever_the_name_of_the_process() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 3 0";
        assert!(cpu(stat).is_some_and(|seconds| (1.99..2.01).contains(&seconds)));
        assert_eq!(cpu("7 (a"), None);
    }
}
