//! What does not keep a rule, and why.

/// A rule, the end of a field's path, and why the field does not keep the rule.
pub type Exception = (&'static str, &'static str, &'static str);

const ENUMS: &str = "values of enums are CamelCase";
const TYPES: &str = "fields have a type";
const REFERENCES: &str = "references end in Ref and are atomic";
const TIMES: &str = "times end in Time";
const DURATIONS: &str = "durations are integers that end in Seconds";

/// All of them. docs/reference/api-conventions.md lists them too.
pub const EXCEPTIONS: &[Exception] = &[
    (ENUMS, ".preset", "names of formats, which have their own spelling"),
    (ENUMS, ".aws.service", "the names that AWS gives its services in signatures"),
    (ENUMS, ".seLinuxOptions.type", "SELinux's own names"),
    (ENUMS, ".fields[].type", "the model language, as in its files"),
    (TYPES, ".from.query", "Elasticsearch's Query DSL"),
    (TYPES, ".select.query", "Elasticsearch's Query DSL"),
    (TYPES, ".settings.analysis", "Elasticsearch's own settings"),
    (TYPES, ".http.request", "the JSON that another server takes"),
    (TYPES, ".http.item", "the JSON that another server takes"),
    (REFERENCES, ".from.index", "an index of Elasticsearch, not an object of Kubernetes"),
    (TIMES, ".select.failed.since", "the start of a range that has no end"),
    (TIMES, ".status.bounds.after", "an end of a range of indexed times"),
    (TIMES, ".status.bounds.until", "an end of a range of indexed times"),
    (DURATIONS, "IngestRun.status.duration", "for people, as kubectl shows that of a Job"),
    (DURATIONS, "EnrichmentRun.status.duration", "for people, as kubectl shows that of a Job"),
    (DURATIONS, ".window.aheadDays", "days of the calendar"),
];
