//! Environment variables that a `podTemplate` may set. Pure.
//!
//! Names have to be listed by the administrator, because many of them grant something: proxies, OTLP endpoints and
//! the settings of the AWS SDK send requests, and with them tokens, to addresses that no rule about endpoints
//! covers.

use docmill_crds::contract::SLICE_ENV;

use super::Fault;
use crate::k8s::rules::pattern::Patterns;

/// What Docmill or Kubernetes sets, and what decides which code runs, by whole names.
const OWN: [&str; 6] =
    [SLICE_ENV, "RUST_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT", "PATH", "GCONV_PATH", "LOCPATH"];
/// The same by the beginnings of names: Docmill, the address of the API server (which workers may not connect to),
/// the dynamic loader and the C library.
const OWN_PREFIXES: [&str; 5] = ["DOCMILL_", "KUBERNETES_", "LD_", "GLIBC_", "MALLOC_"];

/// Checks the name of a variable.
pub(super) fn check(name: &str, allowed: &Patterns) -> Option<Fault> {
    if OWN.contains(&name) || OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        let text = format!("spec.env {name:?} is set by Docmill or Kubernetes, or decides which code runs");
        return Some(Fault::Never(text));
    }
    let text = format!("spec.env {name:?} is not one that the administrator allows");
    (!allowed.matches(name)).then_some(Fault::NotAllowed(text))
}
