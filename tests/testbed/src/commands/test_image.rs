//! `test --image`: a choice of the tests in pods, with the image of an archive: the build that ships.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, ensure};

use super::test::{in_parallel, passes};
use crate::{
    architecture::Architecture,
    cluster::images::Images,
    command::Failed,
    commands::{env, up},
    home::Home,
    parts::{
        cargo::{PROFILE, cargo},
        image::{
            archive::sha256,
            archived::{self, Archived},
        },
    },
    progress::{note, step},
};

/// What such an image is called on the node, before the digest of its archive.
const NAME: &str = "localhost/docmill:archive-";

/// The tests: each part of the product, in less than three minutes on two cores.
const CHOICE: [&str; 10] = [
    "archives::members_of_archives_become_documents_and_a_bad_one_is_kept_by_itself",
    "backlog::five_hundred_objects_bring_up_pods_and_end_as_records",
    "console::behind_a_proxy_everybody_sees_what_their_own_roles_show",
    "enrichment::every_article_gets_the_fields_of_both_models_and_a_second_run_selects_none",
    "plugin::a_user_finds_documents_and_failures_and_replays_them",
    "records::users_see_what_became_of_objects_and_content_takes_a_role_of_its_own",
    "refusals::refused_objects_lie_unchanged_beside_a_record_that_names_the_fault",
    "runs::a_backfill_finds_what_notifications_got_lost_of",
    "runs::a_replay_after_a_mended_model_empties_failures_and_the_errors_bucket",
    "traces::a_viewer_sees_what_became_of_documents_in_every_state",
];

/// Brings the testbed up, imports the archive, and runs the tests; with arguments, those that the arguments choose. The
/// tests call the plugin in the folder `programs`, or that of this checkout.
pub(crate) fn run(
    home: &Home,
    archive: &Path,
    programs: Option<&Path>,
    arguments: &[String],
) -> anyhow::Result<ExitCode> {
    let image = archived::read(archive)?;
    runs_here(&image)?;
    let programs = programs.map(folder_of_plugin).transpose()?;
    up::run(home, None)?;
    let name = step("import the archive", || import(home, archive, &image))?;
    note(&format!("the tests run with {}, imported as {name}", image.name));
    let passed = passes(call(home, &name, programs.as_deref(), arguments)?)?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn runs_here(image: &Archived) -> anyhow::Result<()> {
    let own = Architecture::OWN.name();
    if image.architecture == own {
        return Ok(());
    }
    let what = format!("{} is for {}, and this machine runs {own}", image.name, image.architecture);
    let advice = format!("run its tests on a machine of the architecture {}", image.architecture);
    Err(Failed::with_output(what, "").advice(advice).into())
}

/// The absolute path of the folder, as tests work in folders of their own.
fn folder_of_plugin(programs: &Path) -> anyhow::Result<PathBuf> {
    let folder = programs.canonicalize().with_context(|| format!("failed to find {}", programs.display()))?;
    ensure!(
        folder.join("kubectl-docmill").is_file(),
        "{} has no kubectl-docmill: name the folder of built programs, such as dist/programs/amd64",
        folder.display()
    );
    Ok(folder)
}

/// Gives the name of the image on the node. It is of this archive alone: an operator that runs is replaced only when its
/// image has another name.
fn import(home: &Home, archive: &Path, image: &Archived) -> anyhow::Result<String> {
    let _lock = home.lock()?;
    let images = Images::new(home);
    let digest: String = sha256(archive)?.chars().take(12).collect();
    let name = format!("{NAME}{digest}");
    if !images.has(&name) {
        images.import(archive)?;
        images.tag(&image.name, &name).with_context(|| {
            format!("the archive has to name its image in full, with a registry, unlike {}", image.name)
        })?;
    }
    for old in images.starting_with(NAME).iter().filter(|other| **other != name) {
        images.remove(old);
    }
    Ok(name)
}

fn call(home: &Home, image: &str, programs: Option<&Path>, arguments: &[String]) -> anyhow::Result<Command> {
    let mut test = cargo(home)?;
    test.args(["test", "--profile", PROFILE, "--workspace", "--locked", "--test", "e2e", "--"]);
    if arguments.is_empty() {
        test.arg("--exact").args(CHOICE);
    } else {
        test.args(arguments);
    }
    in_parallel(&mut test);
    for (name, value) in env::settings(home)? {
        let value = match (name, programs) {
            ("PATH", Some(programs)) => format!("{}:{value}", programs.display()),
            ("DOCMILL_IMAGE", _) => image.to_owned(),
            _ => value,
        };
        test.env(name, value);
    }
    Ok(test)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::home::checkout;

    #[test]
    fn the_chosen_tests_exist() {
        for test in CHOICE {
            let (module, name) = test.split_once("::").expect("a module");
            let file = checkout().join(format!("tests/e2e/tests/e2e/{module}.rs"));
            let source = fs::read_to_string(&file).expect("the tests' source");
            assert!(source.contains(&format!("async fn {name}(")), "{} has no {name}", file.display());
        }
    }

    #[test]
    fn an_image_of_another_architecture_is_refused() {
        let image = |architecture: &str| Archived { name: "x:1".into(), architecture: architecture.into() };
        assert!(runs_here(&image(Architecture::OWN.name())).is_ok());
        let error = runs_here(&image("s390x")).expect_err("a refusal").to_string();
        assert!(error.starts_with("x:1 is for s390x, and this machine runs "), "{error}");
    }
}
