//! The queue: ElasticMQ, which speaks the SQS protocol.

use std::{fs, path::PathBuf};

use crate::{
    home::{Home, is_made_from, make_from},
    parts::maven,
    progress::step,
    versions::Versions,
};

const POM: &str = include_str!("../../parts/elasticmq/pom.xml");
const SETTINGS: &str = include_str!("../../parts/elasticmq/elasticmq.conf");

/// Where it lies: `lib/` with the jars, and its settings.
pub(crate) fn folder(home: &Home, versions: &Versions) -> PathBuf {
    home.cache().join(format!("kit/elasticmq-{}", versions.elasticmq))
}

/// Gets the jars, once, and writes the settings.
pub(crate) fn ensure(home: &Home, versions: &Versions) -> anyhow::Result<()> {
    let folder = folder(home, versions);
    if !is_made_from(&folder, POM) {
        step(&format!("download ElasticMQ {}", versions.elasticmq), || {
            make_from(&folder, POM, |part| maven::jars(home, POM, &versions.elasticmq, &part.join("lib")))
        })?;
    }
    fs::write(folder.join("elasticmq.conf"), SETTINGS)?;
    Ok(())
}
