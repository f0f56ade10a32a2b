//! The objects in `testdata/` and what the preset of their folder makes of them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use docmill_crds::conversion::Preset;
use serde_json::{Value, json};

use super::{Converter, converter, verdicts};

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata")
}

fn outcome(converter: &Converter, bytes: &[u8]) -> Value {
    let verdicts = verdicts(converter, bytes).into_iter();
    let outcome = |verdict| match verdict {
        Ok(document) => json!({ "document": super::json(&document) }),
        Err(refusal) => json!({ "refusal": refusal }),
    };
    verdicts.map(outcome).collect()
}

#[test]
fn golden_pairs() {
    let mut checked = 0;
    for preset in Preset::ALL {
        let converter = converter(json!({ "preset": preset }));
        for entry in fs::read_dir(testdata().join(preset.as_str())).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "xml") {
                continue;
            }
            let found = outcome(&converter, &fs::read(&path).unwrap());
            let golden = path.with_extension("json");
            if env::var_os("UPDATE_GOLDEN").is_some() {
                fs::write(&golden, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
            }
            let expected: Value = serde_json::from_str(&fs::read_to_string(&golden).unwrap()).unwrap();
            assert_eq!(found, expected, "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 60, "only {checked} pairs were found");
}
