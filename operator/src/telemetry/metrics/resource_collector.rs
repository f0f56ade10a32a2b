//! Prometheus metrics of the resources of a kind. They are read from specs and statuses at each scrape, so
//! they match what `kubectl` shows, and the series of a deleted resource disappear with it.

use std::fmt::{self, Debug};
use std::sync::{Arc, PoisonError, RwLock};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use kube::{Resource, ResourceExt as _};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, LabelSetEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::k8s::view::View;
use crate::outcome::conditions::{UNREADABLE_SPEC, condition_type};

/// A kind whose resources have metrics.
pub trait ResourceMetrics: Resource<DynamicType = ()> + Clone + Debug + Send + Sync + 'static {
    /// The metric label that holds the name of a resource.
    const LABEL: &'static str;
    /// The gauges of each resource that can be read, besides [`Self::CONDITIONS`].
    const GAUGES: &'static [Gauge<Self>];
    /// The gauge of its conditions. One that cannot be read has it too, so that alerts see it.
    const CONDITIONS: Gauge<Self>;
}

/// Labels of a series besides namespace and name, which tell several series of one resource apart.
pub type Labels = Vec<(&'static str, String)>;

/// The series of a resource with their values.
pub type Series = Vec<(Labels, i64)>;

/// A gauge, and how its series are read from a resource.
pub struct Gauge<K> {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) read: fn(&K) -> Series,
}

/// The metrics of all resources of a kind. Empty until it has a view, which only the leader has.
pub struct ResourceCollector<K: ResourceMetrics>(Arc<RwLock<View<DeserializeGuard<K>>>>);

impl<K: ResourceMetrics> Default for ResourceCollector<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: ResourceMetrics> Clone for ResourceCollector<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: ResourceMetrics> Debug for ResourceCollector<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceCollector<{}>", K::kind(&()))
    }
}

impl<K: ResourceMetrics> ResourceCollector<K> {
    /// Exports the resources of this scope too, from now on.
    pub fn add_view(&self, resources: Store<DeserializeGuard<K>>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(resources);
    }

    /// The resources, as the views have them now.
    pub fn state(&self) -> Vec<Arc<DeserializeGuard<K>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).state()
    }
}

impl<K: ResourceMetrics> Collector for ResourceCollector<K> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let state = self.state();
        for gauge in K::GAUGES {
            write_gauge(&mut encoder, gauge, &state, Vec::new)?;
        }
        write_gauge(&mut encoder, &K::CONDITIONS, &state, unreadable)
    }
}

/// Writes the series of all resources; `unreadable` are those of one that cannot be read.
fn write_gauge<K: ResourceMetrics>(
    encoder: &mut DescriptorEncoder<'_>,
    gauge: &Gauge<K>,
    state: &[Arc<DeserializeGuard<K>>],
    unreadable: fn() -> Series,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(gauge.name, gauge.help, None, MetricType::Gauge)?;
    for resource in state {
        for (extra_labels, value) in resource.0.as_ref().map_or_else(|_| unreadable(), gauge.read) {
            let mut labels = vec![
                ("namespace", resource.namespace().unwrap_or_default()),
                (K::LABEL, resource.name_any()),
            ];
            labels.extend(extra_labels);
            ConstGauge::new(value).encode(metric.encode_family(&SeriesLabels(labels))?)?;
        }
    }
    Ok(())
}

/// The condition that a resource gets whose spec cannot be read. The others are not known: they are in its status, which
/// was not read either.
fn unreadable() -> Series {
    let labels = [("type", condition_type::READY), ("reason", UNREADABLE_SPEC)];
    vec![(labels.map(|(name, value)| (name, value.to_owned())).to_vec(), 0)]
}

#[derive(Debug)]
struct SeriesLabels(Labels);

impl EncodeLabelSet for SeriesLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }
}

/// The only series of a resource, if the value is known.
pub(super) fn one(value: Option<i64>) -> Series {
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

/// One series for each known count.
pub(super) fn by_state(counts: &[(&str, Option<i64>)]) -> Series {
    let known = counts.iter().filter_map(|(state, count)| Some((*state, (*count)?)));
    known.map(|(state, count)| (vec![("state", state.to_owned())], count)).collect()
}

/// One series for each condition.
pub(super) fn of_conditions<'a>(conditions: impl IntoIterator<Item = &'a Condition>) -> Series {
    let labels = |kind: &str, reason: &str| vec![("type", kind.to_owned()), ("reason", reason.to_owned())];
    conditions
        .into_iter()
        .map(|condition| (labels(&condition.type_, &condition.reason), i64::from(condition.status == "True")))
        .collect()
}
