//! Checks of an enricher that the schema cannot express. The operator runs them before a run starts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::builtin::Builtin;
use super::definition::Enricher;
use super::input::Input;
use super::outputs::{OutputField, OutputType};
use super::protocols::{HttpCall, ITEMS, Protocol};
use crate::error_class::{Classify, ErrorClass};
use crate::template::{Template, TemplateError};

/// What is wrong with an enricher. The user must correct the resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnricherFault {
    /// No protocol; the schema was not applied.
    #[error(
        "no model is set: set one of openInference, openAIEmbeddings, openAIChat, textEmbeddings, http and builtin"
    )]
    NoModel,
    /// A template cannot be parsed.
    #[error("input {input:?}: {error}")]
    Template {
        /// Name of the input.
        input: String,
        /// What is wrong.
        error: TemplateError,
    },
    /// The inputs do not fit the protocol.
    #[error("inputs: {0}")]
    Inputs(String),
    /// The outputs do not fit the protocol.
    #[error("outputs: {0}")]
    Outputs(String),
    /// The mapping of an HTTP call names an input that does not exist.
    #[error("http: {0:?} names no input; the inputs are: {1}")]
    UnknownInput(String, String),
    /// The definition of an HTTP call is invalid.
    #[error("http: {0}")]
    Http(String),
}

impl Classify for EnricherFault {
    fn class(&self) -> ErrorClass {
        ErrorClass::User
    }
}

impl Enricher {
    /// Checks what the schema cannot express.
    pub fn check(&self) -> Result<(), EnricherFault> {
        self.inputs.iter().try_for_each(check_template)?;
        let is_http = self.http.is_some();
        if self.outputs.iter().any(|output| !is_http && output.from.as_deref() == Some("")) {
            return Err(EnricherFault::Outputs("from is empty, which only http knows".to_owned()));
        }
        match self.protocol().ok_or(EnricherFault::NoModel)? {
            Protocol::OpenInference(_) => Ok(()),
            Protocol::OpenAIEmbeddings(_) | Protocol::TextEmbeddings(_) => {
                self.check_single_text()?;
                match self.outputs.as_slice() {
                    [OutputField { type_: OutputType::Vector, .. }] => Ok(()),
                    _ => Err(EnricherFault::Outputs("it gives exactly one, of type Vector".to_owned())),
                }
            }
            Protocol::OpenAIChat(_) => {
                self.check_messages()?;
                self.check_answer()
            }
            Protocol::Http(call) => self.check_http(call),
            Protocol::Builtin(builtin) => {
                self.check_single_text()?;
                self.outputs.iter().try_for_each(|output| check_builtin(builtin, output))
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

    /// Checks that the strict mode of structured outputs can describe the outputs.
    fn check_answer(&self) -> Result<(), EnricherFault> {
        let mut names = BTreeSet::new();
        for output in &self.outputs {
            let name = output.from.as_deref().unwrap_or(&output.field);
            if !names.insert(name) {
                return Err(EnricherFault::Outputs(format!(
                    "two are made from {name:?}; a chat gives each once"
                )));
            }
            if output.type_ == OutputType::Object {
                return Err(EnricherFault::Outputs(format!(
                    "{:?} is an Object, which a chat cannot be told the shape of; make each of its members an output",
                    output.field
                )));
            }
        }
        Ok(())
    }

    fn check_http(&self, call: &HttpCall) -> Result<(), EnricherFault> {
        call.headers.iter().try_for_each(|(name, value)| check_header(name, value))?;
        self.check_mapping(call)?;
        self.outputs.iter().try_for_each(check_pointer)
    }

    /// Every `$name` of a mapping must be an input, in the part where it is inserted, and there must be at
    /// least one.
    fn check_mapping(&self, call: &HttpCall) -> Result<(), EnricherFault> {
        let inputs: Vec<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
        let fault = |text: &str| Err(EnricherFault::Http(text.to_owned()));
        let several = call.takes_several();
        let mut in_request = Vec::new();
        names_in(&call.request, &mut in_request);
        in_request.retain(|name| *name != ITEMS);
        match (&call.item, several) {
            (Some(_), false) => return fault("item is there, but request has no \"$items\""),
            (None, false) if in_request.is_empty() => {
                return fault("request names no input, so that it would be the same for every document");
            }
            (_, true) if !in_request.is_empty() => {
                return fault("request has both \"$items\" and the name of an input; put the name into item");
            }
            _ => {}
        }
        if inputs.contains(&&ITEMS[1..]) {
            return fault("an input cannot have the name \"items\"");
        }
        let mut used = in_request;
        call.item.iter().for_each(|item| names_in(item, &mut used));
        match used.into_iter().find(|name| !inputs.contains(&&name[1..])) {
            None => Ok(()),
            Some(name) => Err(EnricherFault::UnknownInput(name.to_owned(), inputs.join(", "))),
        }
    }
}

/// The strings that stand for something; `$$` stands for itself.
fn names_in<'a>(value: &'a Value, names: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.starts_with('$') && !text.starts_with("$$") => names.push(text),
        Value::Array(values) => values.iter().for_each(|value| names_in(value, names)),
        Value::Object(object) => object.values().for_each(|value| names_in(value, names)),
        _ => {}
    }
}

/// RFC 9110: a name is a token, a value is visible characters separated by blanks. Some headers belong to the
/// connection.
fn check_header(name: &str, value: &str) -> Result<(), EnricherFault> {
    const RESERVED: [&str; 5] =
        ["authorization", "connection", "content-length", "host", "transfer-encoding"];
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let problem = if name.is_empty() || !name.chars().all(is_token) {
        "is no name of a header"
    } else if value.chars().any(|c| c.is_control() && c != '\t') {
        "has a value with control characters"
    } else if name.eq_ignore_ascii_case("authorization") {
        "is secret; put it into the Secret of secretRef"
    } else if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        "cannot be set, it is the connection's own"
    } else {
        return Ok(());
    };
    Err(EnricherFault::Http(format!("the header {name:?} {problem}")))
}

/// RFC 6901.
fn check_pointer(output: &OutputField) -> Result<(), EnricherFault> {
    let Some(pointer) = output.from.as_deref() else { return Ok(()) };
    let escapes_well = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if escapes_well && (pointer.is_empty() || pointer.starts_with('/')) {
        return Ok(());
    }
    Err(EnricherFault::Outputs(format!("from: {pointer:?} is no JSON Pointer, for example \"/label\"")))
}

fn check_builtin(builtin: Builtin, output: &OutputField) -> Result<(), EnricherFault> {
    let results = builtin.results();
    let found = match output.from.as_deref() {
        None => results.first(),
        Some(from) => results.iter().find(|result| result.name == from),
    };
    let Some(result) = found else {
        let names: Vec<&str> = results.iter().map(|result| result.name).collect();
        return Err(EnricherFault::Outputs(format!(
            "{} gives no {:?}, only: {}",
            builtin.as_str(),
            output.from.as_deref().unwrap_or_default(),
            names.join(", ")
        )));
    };
    if result.types.contains(&output.type_) && result.repeated == output.repeated {
        return Ok(());
    }
    let types: Vec<String> = result.types.iter().map(|type_| format!("{type_:?}")).collect();
    let (name, types) = (result.name, types.join(" or "));
    Err(EnricherFault::Outputs(format!("{name} is of type {types}, with repeated: {}", result.repeated)))
}

fn check_template(input: &Input) -> Result<(), EnricherFault> {
    let Some(template) = &input.template else { return Ok(()) };
    match Template::parse(template) {
        Ok(_) => Ok(()),
        Err(error) => Err(EnricherFault::Template { input: input.name.clone(), error }),
    }
}

#[cfg(test)]
mod tests;
