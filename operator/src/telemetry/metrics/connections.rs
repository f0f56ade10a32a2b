//! Metrics of connections.

use docmill_crds::{ClusterConnection, Connection};

use super::resource_collector::{Gauge, ResourceMetrics, of_conditions};

impl ResourceMetrics for Connection {
    const LABEL: &'static str = "connection";
    const GAUGES: &'static [Gauge<Self>] = &[];
    const CONDITIONS: Gauge<Self> = Gauge {
        name: "docmill_connection_condition",
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: |connection| of_conditions(connection.status.iter().flat_map(|status| &status.conditions)),
    };
}

impl ResourceMetrics for ClusterConnection {
    const LABEL: &'static str = "connection";
    const GAUGES: &'static [Gauge<Self>] = &[];
    const CONDITIONS: Gauge<Self> = Gauge {
        name: "docmill_cluster_connection_condition",
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: |connection| of_conditions(connection.status.iter().flat_map(|status| &status.conditions)),
    };
}

#[cfg(test)]
mod tests {
    use docmill_crds::{ClusterConnection, Connection};
    use serde_json::{Value, json};

    use super::super::Metrics;
    use crate::testing::view_of;

    fn connection(metadata: &Value) -> Value {
        let ready = json!({"type": "Ready", "status": "True", "reason": "Reachable", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"});
        json!({
            "metadata": metadata,
            "spec": {"elasticsearch": {"urls": ["http://es:9200"]}},
            "status": {"conditions": [ready]},
        })
    }

    #[test]
    fn connections_of_both_kinds_show_their_conditions() {
        let one: Connection =
            serde_json::from_value(connection(&json!({"name": "es", "namespace": "news"}))).unwrap();
        let other: ClusterConnection = serde_json::from_value(connection(&json!({"name": "es"}))).unwrap();
        let metrics = Metrics::default();
        metrics.resources.connections.add_view(view_of(one));
        metrics.resources.cluster_connections.add_view(view_of(other));
        let text = metrics.text();
        for line in [
            r#"docmill_connection_condition{namespace="news",connection="es",type="Ready",reason="Reachable"} 1"#,
            r#"docmill_cluster_connection_condition{namespace="",connection="es",type="Ready",reason="Reachable"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
    }
}
