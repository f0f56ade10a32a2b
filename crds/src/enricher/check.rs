//! What the schema cannot say of an enricher. The operator checks it before a run starts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::protocols::ITEMS;
use super::{Enricher, Input, OutputField, OutputType, Protocol};
use crate::error_class::{Classify, ErrorClass};
use crate::template::{Template, TemplateError};

/// What is wrong with an enricher. The user has to mend the resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnricherFault {
    /// No protocol; the schema was not applied.
    #[error(
        "no model is set: set one of openInference, openAIEmbeddings, openAIChat, textEmbeddings, http and builtin"
    )]
    NoModel,
    /// A template cannot be read.
    #[error("input {input:?}: {error}")]
    Template {
        /// Name of the input.
        input: String,
        /// What is wrong.
        error: TemplateError,
    },
    /// The inputs are not those that the protocol takes.
    #[error("inputs: {0}")]
    Inputs(String),
    /// The outputs are not those that the protocol gives.
    #[error("outputs: {0}")]
    Outputs(String),
    /// The mapping of an HTTP call names an input that there is not.
    #[error("http: {0:?} names no input; the inputs are: {1}")]
    UnknownInput(String, String),
}

impl Classify for EnricherFault {
    fn class(&self) -> ErrorClass {
        ErrorClass::User
    }
}

impl Enricher {
    /// Checks what the schema cannot say.
    pub fn check(&self) -> Result<(), EnricherFault> {
        self.inputs.iter().try_for_each(check_template)?;
        match self.protocol().ok_or(EnricherFault::NoModel)? {
            Protocol::OpenInference(_) => Ok(()),
            Protocol::OpenAIEmbeddings(_) | Protocol::TextEmbeddings(_) => {
                self.check_single_text()?;
                match self.outputs.as_slice() {
                    [OutputField { type_: OutputType::Vector, .. }] => Ok(()),
                    _ => Err(EnricherFault::Outputs("it gives exactly one, of type Vector".to_owned())),
                }
            }
            Protocol::OpenAIChat(_) => self.check_messages(),
            Protocol::Http(call) => {
                self.check_names(&call.request)?;
                call.item.as_ref().map_or(Ok(()), |item| self.check_names(item))
            }
            Protocol::Builtin(builtin) => {
                self.check_single_text()?;
                let unknown = |output: &&OutputField| {
                    output.from.as_deref().is_some_and(|from| !builtin.results().contains(&from))
                };
                match self.outputs.iter().find(unknown) {
                    None => Ok(()),
                    Some(output) => Err(EnricherFault::Outputs(format!(
                        "{} gives no {:?}, only: {}",
                        builtin.as_str(),
                        output.from.as_deref().unwrap_or_default(),
                        builtin.results().join(", ")
                    ))),
                }
            }
        }
    }

    fn check_single_text(&self) -> Result<(), EnricherFault> {
        match self.inputs.as_slice() {
            [Input { template: Some(_), .. }] => Ok(()),
            _ => Err(EnricherFault::Inputs("it takes exactly one, with a template".to_owned())),
        }
    }

    fn check_messages(&self) -> Result<(), EnricherFault> {
        const ROLES: [&str; 4] = ["system", "developer", "user", "assistant"];
        match self.inputs.iter().find(|input| !ROLES.contains(&input.name.as_str())) {
            None => Ok(()),
            Some(input) => Err(EnricherFault::Inputs(format!(
                "{:?} is no role of a message; name them {}",
                input.name,
                ROLES.join(", ")
            ))),
        }
    }

    /// Every `$name` of a mapping has to be an input.
    fn check_names(&self, mapping: &Value) -> Result<(), EnricherFault> {
        let names: BTreeSet<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
        let mut used = Vec::new();
        names_in(mapping, &mut used);
        match used.into_iter().find(|name| *name != ITEMS && !names.contains(&name[1..])) {
            None => Ok(()),
            Some(name) => {
                let names: Vec<&str> = names.into_iter().collect();
                Err(EnricherFault::UnknownInput(name.to_owned(), names.join(", ")))
            }
        }
    }
}

fn names_in<'a>(value: &'a Value, names: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.starts_with('$') => names.push(text),
        Value::Array(values) => values.iter().for_each(|value| names_in(value, names)),
        Value::Object(object) => object.values().for_each(|value| names_in(value, names)),
        _ => {}
    }
}

fn check_template(input: &Input) -> Result<(), EnricherFault> {
    let Some(template) = &input.template else { return Ok(()) };
    match Template::parse(template) {
        Ok(_) => Ok(()),
        Err(error) => Err(EnricherFault::Template { input: input.name.clone(), error }),
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
