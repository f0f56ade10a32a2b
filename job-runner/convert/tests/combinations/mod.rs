//! Combinations of what a model may allow beyond well-formed objects.

use docmill_crds::conversion::Repair;
use serde_json::{Map, Value, json};

/// The name of a setting, and its value or one of its values.
type Setting = (&'static str, Value);

/// What can be combined.
fn settings() -> Vec<Setting> {
    let repairs = Repair::ALL.map(|repair| ("repairs", json!(repair)));
    let others = [
        ("entities", json!("Named")),
        ("entities", json!("Declared")),
        ("encoding", json!("utf-8")),
        ("encoding", json!("windows-1252")),
        ("encoding", json!("utf-16le")),
        ("encoding", json!("iso-2022-jp")),
        ("concatenated", json!(true)),
        ("archive", json!({})),
    ];
    repairs.into_iter().chain(others).collect()
}

/// For every two settings that go together a combination that has both, and any of the others: all pairs, and at the
/// same time a sample of the thousands that there are. They are the same ones every time.
pub fn of_pairs() -> Vec<Map<String, Value>> {
    let settings = settings();
    let mut combinations = Vec::new();
    for (index, second) in settings.iter().enumerate() {
        for first in &settings[..index] {
            if first.0 == second.0 && first.0 != "repairs" {
                continue;
            }
            let bits = mixed(combinations.len() as u64);
            let others = settings.iter().enumerate().filter(|(bit, _)| (bits >> bit) & 1 == 1);
            let others = others.map(|(_, setting)| setting);
            combinations.push(combined(others.chain([first, second])));
        }
    }
    combinations
}

/// The settings of a model. Repairs are a list; of any other setting the last value counts.
fn combined<'s>(settings: impl Iterator<Item = &'s Setting>) -> Map<String, Value> {
    let mut combination = Map::new();
    let mut repairs = Vec::new();
    for (name, value) in settings {
        if *name != "repairs" {
            combination.insert((*name).to_owned(), value.clone());
        } else if !repairs.contains(value) {
            repairs.push(value.clone());
        }
    }
    combination.insert("repairs".to_owned(), Value::Array(repairs));
    combination
}

/// The bits of a number, mixed as splitmix64 does.
fn mixed(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}
