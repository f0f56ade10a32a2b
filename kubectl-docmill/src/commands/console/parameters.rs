//! The parameters of a request, from its URL or from the form in its body. Pure.

use docmill_crds::records_api::parameters::split;

/// Names and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query or a form. One that is not UTF-8 has no parameters.
    pub fn parse(text: &str) -> Self {
        Self(split(text).unwrap_or_default())
    }

    /// A value without spaces around it; `None` if it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn values_are_decoded_and_empty_ones_are_missing() {
        let parameters = Parameters::parse("target=wire%2Fa+b.xml&source=&x=1&x=2");
        assert_eq!(parameters.get("target"), Some("wire/a b.xml"));
        let values = ["source", "y", "x"].map(|name| parameters.get(name));
        assert_eq!(values, [None, None, Some("1")]);
        assert_eq!(Parameters::parse("a=%ff"), Parameters::default());
    }
}
