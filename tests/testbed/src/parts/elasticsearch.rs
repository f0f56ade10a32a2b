//! Elasticsearch, laid out from the jars of Maven Central.
//!
//! The distribution's own folder cannot be had there, so that it is put together: the server's jars, the transport
//! module, a launcher that does what the start script does, and a small plug-in for what lives in modules that are not
//! published (`GET /`, the analyzer `english`, the processor `set`).

use std::{
    env::consts::ARCH,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    command::{run_logged, tool},
    home::{Home, is_made_from, make_from},
    host::toolchains::Java,
    parts::maven,
    progress::step,
    versions::Versions,
};

const POM: &str = include_str!("../../parts/elasticsearch/pom.xml");
const SETTINGS: &str = include_str!("../../parts/elasticsearch/elasticsearch.yml");
const LOGGING: &str = include_str!("../../parts/elasticsearch/log4j2.properties");

/// One release of Elasticsearch, and what its Java code looks like.
pub(crate) struct Release {
    version: String,
    java: u32,
    launcher: &'static str,
    plugin: &'static str,
    /// A line of the pod's arguments: newer Java wants native access to be allowed by name.
    pub(crate) native_access: &'static str,
}

/// The release that this Java runs.
pub(crate) fn release(versions: &Versions, java: &Java) -> Release {
    if java.release >= 21 {
        Release {
            version: versions.elasticsearch.java_21.clone(),
            java: 21,
            launcher: include_str!("../../parts/elasticsearch/es9/EsLauncher.java"),
            plugin: include_str!("../../parts/elasticsearch/es9/TestKitPlugin.java"),
            native_access: "- --enable-native-access=org.elasticsearch.nativeaccess,org.elasticsearch.foreign,org.apache.lucene.core",
        }
    } else {
        Release {
            version: versions.elasticsearch.java_17.clone(),
            java: 17,
            launcher: include_str!("../../parts/elasticsearch/es8/EsLauncher.java"),
            plugin: include_str!("../../parts/elasticsearch/es8/TestKitPlugin.java"),
            native_access: "# Java 17 has no native access to allow.",
        }
    }
}

impl Release {
    /// Where it lies: `home/`, and the launcher's jar.
    pub(crate) fn folder(&self, home: &Home) -> PathBuf {
        home.cache().join(format!("kit/elasticsearch-{}", self.version))
    }

    /// Lays it out where it is missing or was made from something else.
    pub(crate) fn ensure(&self, home: &Home, java: &Java) -> anyhow::Result<()> {
        let (folder, recipe) =
            (self.folder(home), [POM, SETTINGS, LOGGING, self.launcher, self.plugin].concat());
        if is_made_from(&folder, &recipe) {
            return Ok(());
        }
        step(&format!("download Elasticsearch {}", self.version), || {
            make_from(&folder, &recipe, |part| self.lay_out(home, java, part))
        })
    }

    fn lay_out(&self, home: &Home, java: &Java, part: &Path) -> anyhow::Result<()> {
        let lib = part.join("home/lib");
        maven::jars(home, POM, &self.version, &lib)?;
        for folder in ["home/config", "home/plugins", "home/modules/testkit"] {
            fs::create_dir_all(part.join(folder))?;
        }
        maven::compile(home, java, "EsLauncher", self.launcher, &lib, &part.join("launcher.jar"))?;
        let testkit = part.join("home/modules/testkit");
        maven::compile(home, java, "TestKitPlugin", self.plugin, &lib, &testkit.join("testkit.jar"))?;
        fs::write(testkit.join("plugin-descriptor.properties"), self.descriptor())?;
        fs::write(part.join("home/config/elasticsearch.yml"), SETTINGS)?;
        fs::write(part.join("home/config/log4j2.properties"), LOGGING)?;
        native_library(&lib)?;
        self.transport_module(home, java, &lib, &part.join("home/modules/transport-netty4"))
    }

    fn descriptor(&self) -> String {
        let Self { version, java, .. } = self;
        format!(
            "name=testkit\ndescription=what unpublished modules would give\nversion={version}\nelasticsearch.version={version}\njava.version={java}\nclassname=estest.TestKitPlugin\n"
        )
    }

    /// The transport is a module with jars of its own, and does not start from `lib`. Its descriptor is inside its jar.
    fn transport_module(&self, home: &Home, java: &Java, lib: &Path, module: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(module)?;
        let transport = format!("transport-netty4-{}.jar", self.version);
        for entry in fs::read_dir(lib)?.flatten() {
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text == transport.as_str() || text.starts_with("netty-") {
                fs::rename(entry.path(), module.join(&name))?;
            }
        }
        let log = home.log("build-jars")?;
        let inside = "META-INF/es-plugins/transport-netty4";
        run_logged(
            tool(java.home.join("bin/jar")).current_dir(module).args(["xf", &transport, inside]),
            &log,
        )?;
        for entry in
            fs::read_dir(module.join(inside)).context("the transport module has no descriptor")?.flatten()
        {
            fs::rename(entry.path(), module.join(entry.file_name()))?;
        }
        fs::remove_dir_all(module.join("META-INF"))
            .context("failed to remove the unpacked descriptor's folder")
    }
}

/// The server calls zstd natively, and looks for it in a folder named after the platform.
fn native_library(lib: &Path) -> anyhow::Result<()> {
    let (platform, debian) = if ARCH == "aarch64" {
        ("linux-aarch64", "aarch64-linux-gnu")
    } else {
        ("linux-x64", "x86_64-linux-gnu")
    };
    let folder = lib.join("platform").join(platform);
    fs::create_dir_all(&folder)?;
    let source = format!("/usr/lib/{debian}/libzstd.so.1");
    fs::copy(&source, folder.join("libzstd.so"))
        .with_context(|| format!("failed to copy {source} (package libzstd1)"))?;
    Ok(())
}
