//! Volumes that a `podTemplate` may have, and where they may be mounted. Pure.

use docmill_crds::api::pod_template::{PodVolume, PodVolumeMount};
use docmill_crds::contract::secret_mount;

use super::Fault;
use crate::k8s::rules::pattern::Patterns;

/// Where volumes may be mounted: directories from which no program, library or setting is read. `/tmp` is none of
/// them, because it is the home directory of the image's user, where the AWS SDK looks for its settings.
const MOUNT_ROOTS: [&str; 3] = ["/data", "/mnt", "/srv"];
/// Names of the volumes in which Docmill mounts Secrets.
const OWN: [&str; 6] = [
    secret_mount::STORAGE,
    secret_mount::QUEUE,
    secret_mount::INDEX,
    secret_mount::LEDGER,
    secret_mount::FROM,
    secret_mount::TO,
];
/// How the names of those begin that are numbered: for enrichers, and for clusters with enriched copies.
const NUMBERED: [&str; 2] = ["enricher-", "enriched-"];

/// Checks name and kind of a volume.
pub(super) fn check(volume: &PodVolume, allowed: &Patterns) -> Option<Fault> {
    let name = &volume.name;
    if is_own(name) {
        return Some(Fault::Never(format!(
            "spec.volumes {name:?} has the name of a volume of Docmill's own"
        )));
    }
    let kind = volume.kinds().find(|kind| !allowed.matches(kind))?;
    let text = format!("spec.volumes {name:?} is of the kind {kind}, which the administrator does not allow");
    Some(Fault::NotAllowed(text))
}

fn is_own(name: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    OWN.contains(&name) || NUMBERED.into_iter().any(|prefix| name.strip_prefix(prefix).is_some_and(is_number))
}

/// Checks where a volume is mounted.
pub(super) fn check_mount(mount: &PodVolumeMount) -> Option<Fault> {
    let path = &mount.mount_path;
    let text = format!("spec.volumeMounts {path:?} is not a directory below {}", MOUNT_ROOTS.join(", "));
    (!is_mountable(path)).then_some(Fault::Never(text))
}

fn is_mountable(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_below =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    MOUNT_ROOTS.into_iter().any(is_below) && path.split('/').skip(1).all(is_plain)
}
