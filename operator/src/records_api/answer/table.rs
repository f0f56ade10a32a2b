//! Lists as kubectl shows them, in columns. Pure.

use docmill_crds::records_api::document::Document;
use docmill_crds::records_api::unit::Unit;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ListMeta, ObjectMeta};
use serde_json::{Value, json};

/// Whether a client asks for columns, as kubectl does for people.
pub fn is_wanted(accept: &str) -> bool {
    accept.split(',').any(|form| {
        let has = |wanted: &str| form.split(';').any(|part| part.trim() == wanted);
        has("as=Table") && has("v=v1")
    })
}

/// Units in columns.
pub fn of_units(units: &[Unit], metadata: &ListMeta) -> Value {
    let told = |unit: &Unit| {
        let conversion = unit.conversion.as_ref();
        let attempts = conversion.map(|conversion| conversion.attempts);
        let recorded = conversion.map(|conversion| conversion.recorded_time.as_str());
        let runner = conversion.map(|conversion| conversion.runner.as_str());
        let cells = json!([
            unit.metadata.name,
            unit.source,
            unit.raw.key,
            unit.state,
            unit.reason,
            unit.document_count,
            attempts,
            recorded,
            runner,
        ]);
        row(&cells, &unit.metadata)
    };
    let columns = [
        column("Name", "string", 1),
        column("Source", "string", 1),
        column("Key", "string", 0),
        column("State", "string", 0),
        column("Reason", "string", 0),
        column("Documents", "integer", 0),
        column("Attempts", "integer", 0),
        column("Recorded", "date", 0),
        column("Runner", "string", 1),
    ];
    table(&columns, &units.iter().map(told).collect::<Vec<_>>(), metadata)
}

/// Documents in columns.
pub fn of_documents(documents: &[Document], metadata: &ListMeta) -> Value {
    let told = |document: &Document| {
        let indexed = document.indexed.as_ref();
        let key = document.unit.as_ref().map(|unit| unit.raw.key.as_str());
        let cells = json!([
            document.metadata.name,
            document.id,
            document.source,
            document.state,
            indexed.map(|indexed| indexed.index.as_str()),
            indexed.and_then(|indexed| indexed.indexed_time.as_deref()),
            key,
        ]);
        row(&cells, &document.metadata)
    };
    let columns = [
        column("Name", "string", 1),
        column("Id", "string", 0),
        column("Source", "string", 0),
        column("State", "string", 0),
        column("Index", "string", 0),
        column("Indexed", "date", 0),
        column("Key", "string", 1),
    ];
    table(&columns, &documents.iter().map(told).collect::<Vec<_>>(), metadata)
}

fn table(columns: &[Value], rows: &[Value], metadata: &ListMeta) -> Value {
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

fn row(cells: &Value, metadata: &ObjectMeta) -> Value {
    let object =
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata});
    json!({"cells": cells, "object": object})
}

/// A column; those of priority 1 are shown by `--output wide` alone.
fn column(name: &str, form: &str, priority: i32) -> Value {
    let format = if name == "Name" { "name" } else { "" };
    json!({"name": name, "type": form, "format": format, "description": "", "priority": priority})
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
    use serde_json::json;

    use super::{is_wanted, of_documents, of_units};

    #[test]
    fn kubectl_gets_columns_and_programs_get_objects() {
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert!(is_wanted(kubectl));
        for accept in ["application/json", "", "*/*", "application/json;as=Table;v=v1beta1;g=meta.k8s.io"] {
            assert!(!is_wanted(accept), "{accept}");
        }
    }

    #[test]
    fn every_row_has_a_cell_for_each_column() {
        let raw = json!({"bucket": "raw", "key": "a.xml", "version": "v"});
        let unit = json!({"apiVersion": "v", "kind": "Unit", "metadata": {"name": "00"}, "source": "wire",
            "state": "Pending", "raw": raw});
        let document = json!({"apiVersion": "v", "kind": "Document", "metadata": {"name": "a"}, "id": "a",
            "source": "wire", "state": "Indexed"});
        let (unit, document) =
            (serde_json::from_value(unit).unwrap(), serde_json::from_value(document).unwrap());
        for table in
            [of_units(&[unit], &ListMeta::default()), of_documents(&[document], &ListMeta::default())]
        {
            let cells = table["rows"][0]["cells"].as_array().unwrap();
            assert_eq!(Some(cells.len()), table["columnDefinitions"].as_array().map(Vec::len));
        }
    }
}
