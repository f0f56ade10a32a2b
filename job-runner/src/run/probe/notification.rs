//! Whether the raw bucket announces the objects of the source to its queue. Pure.

use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    FilterRule, FilterRuleName, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
};
use docmill_crds::api::ingest_run::probe::{Need, ProbeResult};
use docmill_crds::api::storage::RawLocation;

/// The events that tell of every new object.
const CREATED: &str = "s3:ObjectCreated:*";

/// Judges the configuration of a bucket. `arn` is that of the queue, if it is known.
pub(super) fn judge(
    configured: &GetBucketNotificationConfigurationOutput,
    arn: Option<&str>,
    raw: &RawLocation,
) -> ProbeResult {
    let own: Vec<_> = configured
        .queue_configurations()
        .iter()
        .filter(|queue| arn.is_none_or(|arn| queue.queue_arn() == arn))
        .collect();
    let goes_elsewhere =
        !configured.topic_configurations().is_empty() || configured.event_bridge_configuration().is_some();
    match first_gap(&own, raw) {
        None => ProbeResult::passed(Need::Notification),
        Some(_) if goes_elsewhere => {
            ProbeResult::unknown(Need::Notification, "by way of a topic or EventBridge: look there")
        }
        Some(gap) => ProbeResult::failed(Need::Notification, gap),
    }
}

/// What keeps notifications of some objects from the queue.
fn first_gap(own: &[&QueueConfiguration], raw: &RawLocation) -> Option<&'static str> {
    if own.is_empty() {
        return Some("the raw bucket sends nothing to this queue");
    }
    let own: Vec<_> = own.iter().filter(|queue| tells_all(queue)).collect();
    if own.is_empty() {
        return Some("the events are not s3:ObjectCreated:*");
    }
    let own: Vec<_> = own
        .into_iter()
        .filter(|queue| raw.prefix.starts_with(rule(queue, &FilterRuleName::Prefix)))
        .collect();
    if own.is_empty() {
        return Some("the prefix of the filter excludes objects");
    }
    let suffixes: Vec<&str> = match raw.suffixes.as_slice() {
        [] => vec![""],
        suffixes => suffixes.iter().map(String::as_str).collect(),
    };
    let is_told =
        |suffix: &&str| own.iter().any(|queue| suffix.ends_with(rule(queue, &FilterRuleName::Suffix)));
    (!suffixes.iter().all(is_told)).then_some("the suffix of the filter excludes objects")
}

fn tells_all(queue: &QueueConfiguration) -> bool {
    queue.events().iter().any(|event| event.as_str() == CREATED)
}

/// The value of a rule of the filter; empty if there is none.
fn rule<'a>(queue: &'a QueueConfiguration, name: &FilterRuleName) -> &'a str {
    let key = queue.filter().and_then(NotificationConfigurationFilter::key);
    let rules = key.map(S3KeyFilter::filter_rules).unwrap_or_default();
    let has_name =
        |rule: &&FilterRule| rule.name().is_some_and(|own| own.as_str().eq_ignore_ascii_case(name.as_str()));
    rules.iter().find(has_name).and_then(FilterRule::value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
    use aws_sdk_s3::types::{
        Event, EventBridgeConfiguration, FilterRule, FilterRuleName, NotificationConfigurationFilter,
        QueueConfiguration, S3KeyFilter,
    };
    use docmill_crds::api::ingest_run::probe::ProbeOutcome::{Failed, Passed, Unknown};
    use docmill_crds::api::storage::{OnDelete, RawLocation};

    use super::judge;

    const ARN: &str = "arn:aws:sqs:eu-west-1:1:wire";

    fn queue(event: Event, prefix: &str, suffix: &str) -> QueueConfiguration {
        let rule = |name, value: &str| FilterRule::builder().name(name).value(value).build();
        let key = S3KeyFilter::builder()
            .filter_rules(rule(FilterRuleName::Prefix, prefix))
            .filter_rules(rule(FilterRuleName::Suffix, suffix))
            .build();
        let filter = NotificationConfigurationFilter::builder().key(key).build();
        QueueConfiguration::builder().queue_arn(ARN).events(event).filter(filter).build().unwrap()
    }

    fn configured(queues: Vec<QueueConfiguration>) -> GetBucketNotificationConfigurationOutput {
        GetBucketNotificationConfigurationOutput::builder().set_queue_configurations(Some(queues)).build()
    }

    fn raw(suffixes: &[&str]) -> RawLocation {
        RawLocation {
            bucket: "raw".into(),
            prefix: "wire/".into(),
            suffixes: suffixes.iter().map(|&suffix| suffix.to_owned()).collect(),
            on_delete: OnDelete::Keep,
        }
    }

    #[test]
    fn every_object_of_the_source_has_to_be_announced() {
        let created = || Event::S3ObjectCreated;
        for (queues, suffixes, outcome) in [
            (vec![queue(created(), "wire/", "")], &[][..], Passed),
            (vec![queue(created(), "", "")], &[".xml"][..], Passed),
            (vec![queue(created(), "wire/a/", "")], &[][..], Failed),
            (vec![queue(created(), "wire/", ".xml")], &[][..], Failed),
            (vec![queue(created(), "wire/", ".xml")], &[".xml", ".xml.gz"][..], Failed),
            (
                vec![queue(created(), "wire/", ".xml"), queue(created(), "", ".gz")],
                &[".xml", ".xml.gz"][..],
                Passed,
            ),
            (vec![queue(Event::S3ObjectCreatedPut, "wire/", "")], &[][..], Failed),
            (vec![], &[][..], Failed),
        ] {
            let result = judge(&configured(queues.clone()), Some(ARN), &raw(suffixes));
            assert_eq!(result.outcome, outcome, "{queues:?}: {}", result.detail);
        }
    }

    #[test]
    fn a_queue_of_somebody_else_does_not_count_and_a_bus_is_not_followed() {
        let other = configured(vec![queue(Event::S3ObjectCreated, "", "")]);
        assert_eq!(judge(&other, Some("arn:aws:sqs:eu-west-1:1:other"), &raw(&[])).outcome, Failed);
        assert_eq!(judge(&other, None, &raw(&[])).outcome, Passed, "as far as can be told");
        let bus = EventBridgeConfiguration::builder().build();
        let bus = GetBucketNotificationConfigurationOutput::builder().event_bridge_configuration(bus).build();
        assert_eq!(judge(&bus, Some(ARN), &raw(&[])).outcome, Unknown);
    }
}
