//! The runs that the console can create, and the form that asks for one. Pure.

use docmill_crds::IngestRun;
use docmill_crds::reason::Reason;
use jiff::Timestamp;
use strum::{IntoStaticStr, VariantArray};

use super::parameters::Parameters;
use crate::commands::ingest_runs::args::{
    AuditArgs, ObjectArgs, ReconvertArgs, ReplayArgs, RunArgs, WriteArgs,
};
use crate::commands::ingest_runs::{resource, spec};

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum RunMode {
    /// Retry refused units.
    Replay,
    /// Convert objects again with the conversion in force.
    Reconvert,
    /// Compare the stores, and change nothing.
    Audit,
}

impl RunMode {
    /// As it is written in addresses, and as the command of the plugin.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What it does, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Replay => "Retries the units that were refused.",
            Self::Reconvert => {
                "Converts the objects again that were converted with another revision than the one in force."
            }
            Self::Audit => "Compares bucket, records, snapshots, index and errors. It changes nothing.",
        }
    }
}

/// A run that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunForm {
    /// What it does.
    pub mode: RunMode,
    /// Name of the source.
    pub source: String,
    /// Of a replay: only units that were refused for this reason.
    pub reason: Option<Reason>,
}

impl RunForm {
    /// Reads the parameters `mode` and `reason`; `None` if one of them has no meaning.
    pub fn parse(source: &str, parameters: &Parameters) -> Option<Self> {
        let wanted = parameters.get("mode")?;
        let mode = RunMode::VARIANTS.iter().copied().find(|mode| mode.as_str() == wanted)?;
        let reason = match parameters.get("reason") {
            Some(wanted) => Some(Reason::VARIANTS.iter().copied().find(|reason| reason.as_str() == wanted)?),
            None => None,
        };
        Some(Self { mode, source: source.to_owned(), reason })
    }

    /// The run, as the command of this name creates it.
    pub fn resource(&self, now: Timestamp) -> IngestRun {
        let source = self.source.clone();
        let run = RunArgs { name: None, parallelism: 1, detach: true };
        let (objects, write) = (ObjectArgs::default(), WriteArgs::default());
        let spec = match self.mode {
            RunMode::Replay => {
                let reasons = self.reason.into_iter().collect();
                spec::replay(&ReplayArgs { source, reasons, since: None, objects, write, run }, now)
            }
            RunMode::Reconvert => spec::reconvert(&ReconvertArgs { source, all: false, objects, write, run }),
            RunMode::Audit => spec::audit(&AuditArgs { source, repair: false, max_deleted_units: None, run }),
        };
        resource(spec, None)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{Parameters, RunForm};

    fn spec(query: &str) -> Option<Value> {
        let form = RunForm::parse("wire", &Parameters::parse(query))?;
        Some(json!(form.resource(Timestamp::UNIX_EPOCH).spec))
    }

    #[test]
    fn a_form_becomes_the_run_of_the_command() {
        let replay = spec("mode=replay&reason=MissingField").unwrap();
        assert_eq!(replay["mode"], "Replay");
        assert_eq!(replay["select"], json!({"failed": {"reasons": ["MissingField"]}}));
        assert_eq!(spec("mode=reconvert").unwrap()["select"], json!({"revisionNot": "Current"}));
        let audit = spec("mode=audit").unwrap();
        assert_eq!((&audit["mode"], &audit["repair"]), (&json!("Audit"), &json!(false)));
        for query in ["", "mode=shadow", "mode=replay&reason=Nonsense"] {
            assert_eq!(spec(query), None, "{query}");
        }
    }

    #[test]
    fn the_api_server_makes_the_name_of_the_run() {
        let form = RunForm::parse("wire", &Parameters::parse("mode=audit")).unwrap();
        let metadata = form.resource(Timestamp::UNIX_EPOCH).metadata;
        assert_eq!((metadata.generate_name.as_deref(), metadata.name), (Some("audit-wire-"), None));
    }
}
