//! Whose the records are: the name of the ledger's index, the owner in its mapping and each record say the same. Pure.

use serde_json::Value;

use super::judge::Evidence;

/// How the name of a ledger's index begins.
const PREFIX: &str = "docmill-units-";

/// Adds what is not as it has to be. An index that somebody deleted comes back without an owner until a worker starts.
pub(super) fn check(evidence: &Evidence, faults: &mut Vec<String>) {
    let named = evidence.ledger_index.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
    let Some((namespace, name)) = named else { return };
    let owner = &evidence.ledger_mark["owner"];
    if !owner.is_null() && (owner["namespace"] != namespace || owner["name"] != name) {
        faults.push(format!("{} belongs to {owner}", evidence.ledger_index));
    }
    if evidence.ledger_mark.is_null() && !evidence.ledger.is_empty() {
        faults.push(format!("{} does not say whose it is", evidence.ledger_index));
    }
    let source = Value::from(format!("{namespace}/{name}"));
    for record in evidence.ledger.iter().filter(|record| record.source["source"] != source) {
        faults.push(format!("{} has a record of {}", evidence.ledger_index, record.source["source"]));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Evidence;
    use super::check;
    use crate::elastic::Stored;

    fn faults(mark: Value, source: &str) -> usize {
        let record = Stored { index: "i".into(), id: "1".into(), source: json!({"source": source}) };
        let ledger_index = "docmill-units-news.prod.wire".into();
        let evidence =
            Evidence { ledger: vec![record], ledger_index, ledger_mark: mark, ..Evidence::default() };
        let mut faults = Vec::new();
        check(&evidence, &mut faults);
        faults.len()
    }

    #[test]
    fn records_and_owner_are_those_of_the_name() {
        let owned = |name: &str| json!({"format": 1, "owner": {"namespace": "news", "name": name}});
        assert_eq!(faults(owned("prod.wire"), "news/prod.wire"), 0);
        assert_eq!(faults(json!({"format": 1}), "news/prod.wire"), 0);
        assert_eq!(faults(owned("wire"), "news/prod.wire"), 1);
        assert_eq!(faults(owned("prod.wire"), "news-prod/wire"), 1);
        assert_eq!(faults(Value::Null, "news/prod.wire"), 1);
    }
}
