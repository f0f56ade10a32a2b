//! A conversion that is the model of a resource of its own.

use super::format::Format;
use super::model_error::ModelError;
use super::model_ref::ModelRef;
use super::spec::Conversion;

impl Conversion {
    /// The `ConversionModel` whose model this is, if it refers to one. An error if it states another model
    /// beside that.
    pub fn reference(&self) -> Result<Option<&ModelRef>, ModelError> {
        let Some(reference) = &self.model_ref else { return Ok(None) };
        let parts = self.content_settings().into_iter();
        let more = [("format", self.format != Format::Xml), ("limits", self.limits.is_some())];
        match parts.chain(more).find(|(_, is_set)| *is_set) {
            Some((place, _)) => Err(ModelError::BesideReference { place }),
            None => Ok(Some(reference)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Conversion;

    fn conversion(value: Value) -> Conversion {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_reference_is_alone() {
        let alone = conversion(json!({"modelRef": {"name": "nitf-eu"}}));
        assert_eq!(alone.reference().unwrap().unwrap().name, "nitf-eu");
        assert_eq!(conversion(json!({"preset": "nitf"})).reference(), Ok(None));
        for (place, more) in [
            ("preset", json!({"preset": "nitf"})),
            ("record", json!({"record": "/a"})),
            ("fields", json!({"fields": [{"name": "a", "path": ["a"]}]})),
            ("timeZone", json!({"timeZone": "UTC"})),
            ("base", json!({"base": ["/a"]})),
            ("onFault", json!({"onFault": "Drop"})),
            ("entities", json!({"entities": "Named"})),
            ("repairs", json!({"repairs": ["LeadingSpace"]})),
            ("encoding", json!({"encoding": "utf-8"})),
            ("concatenated", json!({"concatenated": true})),
            ("blocks", json!({"blocks": ["P"]})),
            ("archive", json!({"archive": {}})),
            ("format", json!({"format": "Json"})),
            ("limits", json!({"limits": {}})),
        ] {
            let mut both = json!({"modelRef": {"name": "nitf-eu"}});
            both.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let fault = conversion(both).reference().unwrap_err().to_string();
            assert!(fault.starts_with(&format!("{place}: ")), "{fault}");
        }
    }

    #[test]
    fn a_reference_by_itself_is_no_model() {
        let fault = conversion(json!({"modelRef": {"name": "nitf-eu"}})).resolve().unwrap_err().to_string();
        assert!(fault.starts_with("modelRef: ") && fault.contains("\"nitf-eu\""), "{fault}");
    }
}
