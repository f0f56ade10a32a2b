//! Metrics of conversion models.

use docmill_crds::ConversionModel;

use super::resource_collector::{Gauge, ResourceMetrics, of_conditions};

impl ResourceMetrics for ConversionModel {
    const LABEL: &'static str = "model";
    const GAUGES: &'static [Gauge<Self>] = &[];
    const CONDITIONS: Gauge<Self> = Gauge {
        name: "docmill_conversion_model_condition",
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: |model| of_conditions(model.status.iter().flat_map(|status| &status.conditions)),
    };
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::super::Metrics;
    use crate::controllers::conversion_model::tests::model;
    use crate::outcome::conditions::{ConditionUpdate, build, condition_type};
    use crate::testing::view_of;

    #[test]
    fn a_model_shows_its_condition() {
        let mut model = model();
        let updates = vec![ConditionUpdate::new(condition_type::READY, true, "Valid", "")];
        let conditions = build(&[], updates, None, Timestamp::UNIX_EPOCH);
        model.status = Some(docmill_crds::ConversionModelStatus { conditions, ..Default::default() });
        let metrics = Metrics::default();
        metrics.resources.models.add_view(view_of(model));
        let line = r#"docmill_conversion_model_condition{namespace="news",model="nitf-eu",type="Ready",reason="Valid"} 1"#;
        let text = metrics.text();
        assert!(text.contains(line), "{text}");
    }
}
