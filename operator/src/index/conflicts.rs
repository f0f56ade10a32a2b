//! Fields that existing indices of a source map in another way than its model, as its workers recorded them in the
//! index template. Pure: the caller passes the time.

use std::time::{Duration, Instant};

use docmill_crds::conversion::{EXTRA_FIELD, Field, Model};
use docmill_crds::records::applied_mapping::AppliedMapping;
use docmill_crds::records::enrichments::key;

/// While workers may change the record, it is read again after this time.
const FRESH: Duration = Duration::from_secs(5);

/// The last record that was read. Losing it costs one request.
#[derive(Debug, Default)]
pub struct ConflictMemory(Option<ReadConflicts>);

#[derive(Debug)]
struct ReadConflicts {
    at: Instant,
    /// There was no worker that could change the record.
    at_rest: bool,
    fields: Vec<String>,
}

impl ConflictMemory {
    /// The remembered fields, if they are recent enough. `busy`: there is a backlog or a worker.
    pub fn known(&self, busy: bool, now: Instant) -> Option<Vec<String>> {
        let read = self.0.as_ref()?;
        let holds = if busy { now.duration_since(read.at) < FRESH } else { read.at_rest };
        holds.then(|| read.fields.clone())
    }

    /// Remembers the fields.
    pub fn remember(&mut self, fields: Vec<String>, busy: bool, now: Instant) {
        self.0 = Some(ReadConflicts { at: now, at_rest: !busy, fields });
    }
}

/// The fields of a record that the model has: whoever may write to the cluster could have added other words.
pub fn of_model(applied: Option<AppliedMapping>, model: &Model) -> Vec<String> {
    let has = |field: &Field, name: &String| field.name == *name || field.resolution.as_ref() == Some(name);
    let is_known = |name: &String| {
        name == EXTRA_FIELD || name == key::DOCMILL || model.fields.iter().any(|field| has(field, name))
    };
    applied.map(|applied| applied.conflicts).unwrap_or_default().into_iter().filter(is_known).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use docmill_crds::conversion::Conversion;
    use docmill_crds::records::applied_mapping::AppliedMapping;
    use serde_json::{Map, json};

    use super::{ConflictMemory, of_model};

    #[test]
    fn only_fields_of_the_model_are_told() {
        let model = json!({"record": "/r", "fields": [{"name": "title", "path": ["title"]}]});
        let model = serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap();
        let recorded = vec!["title".to_owned(), "call 555".to_owned(), "_docmill".to_owned()];
        let applied = AppliedMapping::new(&Map::new(), recorded);
        assert_eq!(of_model(Some(applied), &model), ["title", "_docmill"]);
        assert!(of_model(None, &model).is_empty());
    }

    #[test]
    fn at_rest_the_record_is_read_once() {
        let (mut memory, start) = (ConflictMemory::default(), Instant::now());
        let later = start + Duration::from_mins(1);
        assert_eq!(memory.known(false, start), None);
        memory.remember(Vec::new(), true, start);
        assert_eq!(memory.known(true, start), Some(Vec::new()));
        assert_eq!(memory.known(true, later), None);
        assert_eq!(memory.known(false, start), None, "a worker may have changed it after it was read");
        memory.remember(Vec::new(), false, start);
        assert_eq!(memory.known(false, later), Some(Vec::new()));
        assert_eq!(memory.known(true, later), None);
    }
}
