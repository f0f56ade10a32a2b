//! Permissions that a proxy takes away until a statement of a policy gives them.

use anyhow::{Context as _, Result, ensure};
use e2e::faults::{Action, Answer, Match, Proxy, Rule};
use serde_json::Value;

use super::examine::{Diagnosis, Failed};

/// What is denied.
pub(super) struct Denied {
    /// The check that has to find it.
    check: &'static str,
    /// The permission, for example `s3:PutObject`.
    action: &'static str,
    /// The ARN of what it is about.
    resource: String,
    rule: Rule,
}

impl Denied {
    /// Denies these requests.
    pub(super) fn plant(
        proxy: &Proxy,
        requests: Match,
        answer: Answer,
        (check, action): (&'static str, &'static str),
        resource: String,
    ) -> Self {
        Self { check, action, resource, rule: proxy.rule(requests, Action::Answer(answer)) }
    }

    /// Permits what the statement in the remedy permits. An error if that is not what is denied.
    pub(super) fn mend(&self, diagnosis: &Diagnosis) -> Result<()> {
        let failed = diagnosis.fault(self.check)?;
        let statement = json_of(&failed)?;
        let allows = statement["Effect"] == "Allow"
            && names(&statement["Action"], self.action)
            && names(&statement["Resource"], &self.resource);
        ensure!(allows, "{} is not mended by {statement}", self.action);
        self.rule.remove();
        Ok(())
    }
}

/// The JSON that stands in a remedy on a line of its own.
pub(super) fn json_of(failed: &Failed) -> Result<Value> {
    let mut lines = failed.remedy.lines().filter_map(|line| serde_json::from_str(line.trim()).ok());
    lines.next().with_context(|| format!("no JSON in the remedy of {failed:?}"))
}

/// Whether a text, or one of a list, is this one.
pub(super) fn names(value: &Value, text: &str) -> bool {
    value == text || value.as_array().is_some_and(|all| all.iter().any(|one| one == text))
}

/// The JSON between this flag's quotation marks in a command.
pub(super) fn argument(failed: &Failed, flag: &str) -> Result<Value> {
    let text = failed.remedy.split_once(&format!("{flag} '")).and_then(|(_, rest)| rest.split_once('\''));
    let (text, _) = text.with_context(|| format!("no {flag} in the remedy of {failed:?}"))?;
    Ok(serde_json::from_str(text)?)
}
