//! What it was measured on, and with.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::thread;

use jiff::Timestamp;

use crate::contenders::Bulk;

/// The machine and the versions of what runs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// When it was measured.
    pub time: String,
    /// Model of the processor.
    pub processor: String,
    /// Logical processors.
    pub processors: usize,
    /// Memory.
    pub memory: String,
    /// Version of the kernel.
    pub kernel: String,
    /// Versions of programs, by their names.
    pub versions: BTreeMap<String, String>,
}

impl Machine {
    /// This machine, with these versions.
    pub fn this(versions: BTreeMap<String, String>) -> Self {
        let line = |file: &str, name: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim_start_matches([':', ' ', '\t']).trim().to_owned()
        };
        Self {
            time: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            processor: line("/proc/cpuinfo", "model name"),
            processors: thread::available_parallelism().map_or(1, usize::from),
            memory: line("/proc/meminfo", "MemTotal"),
            kernel: line("/proc/sys/kernel/osrelease", ""),
            versions,
        }
    }

    /// As a sentence of Markdown.
    pub fn markdown(&self, bulk: &Bulk) -> String {
        let Self { time, processor, processors, memory, kernel, versions } = self;
        let mut text = format!("{time}, {processors} × {processor}, {memory}, Linux {kernel}");
        for (name, version) in versions {
            // Writing to a String cannot fail.
            let _ = write!(text, ", {name} {version}");
        }
        let Bulk { batch, connections, refresh_interval } = bulk;
        let refresh = refresh_interval.unwrap_or("the worker's");
        let _ = writeln!(
            text,
            ". Bare bulk requests: {batch} documents, {connections} at a time, `refresh_interval`: {refresh}."
        );
        text
    }
}
