//! `test --long`: the tests that take more than a minute, one after the other, as long as there is time.

use std::{
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use super::test::{Outcome, outcome, passes, summary};
use crate::{
    command::output,
    commands::{env, up},
    home::Home,
    parts::cargo::{PROFILE, cargo},
    progress::note,
};

/// Sets everything up, which builds the worker too, and runs the tests until the budget is used up. A test that was
/// begun runs to its end.
pub(crate) fn run(home: &Home, budget: Duration, arguments: &[String]) -> ExitCode {
    let started = Instant::now();
    let mut outcomes = vec![outcome("testbed", || up::run(home, None).map(|()| true))];
    if outcomes[0].passed {
        outcomes.extend(tests(home, arguments, || started.elapsed() < budget));
    }
    summary(&outcomes)
}

fn tests(home: &Home, arguments: &[String], in_time: impl Fn() -> bool) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut names = Vec::new();
    outcomes.push(outcome("build of the long tests", || {
        names = listed(&output(call(home)?.args(["--ignored", "--list"]).args(arguments))?);
        Ok(true)
    }));
    let mut left_out = Vec::new();
    for name in names {
        if in_time() {
            outcomes.push(outcome(&name, || one(home, &name)));
        } else {
            left_out.push(name);
        }
    }
    if !left_out.is_empty() {
        note(&format!("LEFT OUT for want of time (--minutes gives more): {}", left_out.join(", ")));
    }
    outcomes
}

fn one(home: &Home, name: &str) -> anyhow::Result<bool> {
    let mut test = call(home)?;
    test.args(["--ignored", "--nocapture", "--exact", name]);
    passes(test)
}

/// The test program, behind whose `--` arguments can be added.
fn call(home: &Home) -> anyhow::Result<Command> {
    let mut call = cargo(home)?;
    call.args(["test", "--profile", PROFILE, "--workspace", "--locked", "--test", "long", "--"]);
    call.envs(env::settings(home)?);
    Ok(call)
}

/// Names in the list that a test program prints: `name: test`.
fn listed(list: &str) -> Vec<String> {
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_list_of_tests_is_read() {
        let list = "kill_matrix::a: test\ncount::b: test\n\n2 tests, 0 benchmarks\n";
        assert_eq!(listed(list), ["kill_matrix::a", "count::b"]);
    }
}
