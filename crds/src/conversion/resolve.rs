//! Turns what a user writes into the model that a worker compiles: expands the preset and checks every part.

use std::sync::{Mutex, PoisonError};

use super::format::{Format, binary, json};
use super::model::{Model, check_names};
use super::model_error::ModelError;
use super::preset::Preset;
use super::reading::archive::Archive;
use super::reading::encoding;
use super::spec::Conversion;
use super::text::elements::{self, TextElements};

impl Conversion {
    /// Expands the preset and checks everything. A reference has to be replaced by its model before.
    pub fn resolve(&self) -> Result<Model, ModelError> {
        if let Some(reference) = self.reference()? {
            return Err(ModelError::Reference { name: reference.name.clone() });
        }
        match self.format {
            Format::Xml => {}
            Format::Json => json::check(self)?,
            Format::Binary => return binary::resolve(self),
        }
        let model = self.expand()?.into_model()?;
        model.check()?;
        Ok(model)
    }

    /// The revision of the resolved model: see [`Model::revision`].
    pub fn revision(&self) -> Result<String, ModelError> {
        Ok(self.resolve()?.revision())
    }

    /// What the file of a preset says. Each is parsed once in a process, since the operator resolves a model whenever it
    /// looks at a source.
    pub fn of_preset(preset: Preset) -> Result<Self, ModelError> {
        static PARSED: Mutex<Vec<(Preset, Conversion)>> = Mutex::new(Vec::new());
        let mut parsed = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = parsed.iter().find(|(known, _)| *known == preset) {
            return Ok(known.clone());
        }
        let conversion: Self = serde_saphyr::from_str(preset.yaml())
            .map_err(|error| ModelError::Preset { preset, problem: error.to_string() })?;
        parsed.push((preset, conversion.clone()));
        Ok(conversion)
    }

    /// The preset, amended by what the user wrote; without a preset, what the user wrote.
    fn expand(&self) -> Result<Self, ModelError> {
        let Some(preset) = self.preset else { return Ok(self.clone()) };
        let mut base = Self::of_preset(preset)?;
        base.format = self.format;
        base.record = self.record.clone().or(base.record);
        base.default_namespaces = self.default_namespaces.clone().or(base.default_namespaces);
        if !self.empty_if.is_empty() {
            base.empty_if.clone_from(&self.empty_if);
        }
        base.extra = self.extra.or(base.extra);
        base.time_zone = self.time_zone.clone().or(base.time_zone);
        if !self.base.is_empty() {
            base.base.clone_from(&self.base);
        }
        base.on_fault = self.on_fault.or(base.on_fault);
        base.entities = self.entities.or(base.entities);
        if !self.repairs.is_empty() {
            base.repairs.clone_from(&self.repairs);
        }
        base.encoding = self.encoding.clone().or(base.encoding);
        base.concatenated |= self.concatenated;
        elements::amend(&mut base, self);
        base.archive = self.archive.clone().or(base.archive);
        base.namespaces.extend(self.namespaces.clone());
        base.limits = match (&self.limits, base.limits) {
            (Some(own), Some(preset)) => Some(own.or(&preset)),
            (own, preset) => own.clone().or(preset),
        };
        for field in &self.fields {
            match base.fields.iter_mut().find(|known| known.name == field.name) {
                Some(known) => *known = field.clone(),
                None => base.fields.push(field.clone()),
            }
        }
        check_names("fields", &self.fields)?;
        Ok(base)
    }

    fn into_model(self) -> Result<Model, ModelError> {
        if self.fields.is_empty() {
            return Err(ModelError::NoFields);
        }
        let text = TextElements::of(&self);
        let mut repairs = self.repairs;
        repairs.sort_unstable();
        repairs.dedup();
        Ok(Model {
            format: self.format,
            record: self.record.ok_or(ModelError::NoRecord)?,
            empty_if: self.empty_if,
            namespaces: self.namespaces,
            default_namespaces: self.default_namespaces.unwrap_or_else(|| vec![String::new()]),
            fields: self.fields,
            extra: self.extra.unwrap_or_default(),
            time_zone: self.time_zone,
            base: self.base,
            on_fault: self.on_fault.unwrap_or_default(),
            entities: self.entities.unwrap_or_default(),
            repairs,
            encoding: self.encoding.as_deref().map(encoding::check).transpose()?,
            concatenated: self.concatenated,
            text,
            archive: self.archive.as_ref().map(Archive::resolve).transpose()?,
            limits: self.limits.unwrap_or_default().resolve()?,
        })
    }
}
