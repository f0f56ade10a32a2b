//! Templates of values, with the fields and paths that they name looked up.

/// What a field's value is made of.
#[derive(Debug)]
pub(crate) struct TemplatePlan {
    /// As written.
    pub(crate) text: String,
    /// The path of the document or object that the field is in, for people.
    pub(crate) path: String,
    pub(crate) parts: Vec<TemplatePart>,
}

#[derive(Debug)]
pub(crate) enum TemplatePart {
    Literal(String),
    /// The first of these that has a value.
    Choice(Vec<Operand>),
}

#[derive(Debug)]
pub(crate) enum Operand {
    Constant(String),
    Field {
        /// Its position among the fields beside this one.
        index: usize,
        /// The names that lead on from there, if it is an object.
        within: Vec<String>,
        /// How a date is written (strftime).
        format: Option<String>,
    },
    /// What a path finds, by the position of its slot.
    Found(u32),
    UnitKey,
    UnitDigest,
    Sha256(Vec<Vec<Self>>),
}

impl TemplatePlan {
    pub(crate) fn takes_digest(&self) -> bool {
        self.parts.iter().any(|part| match part {
            TemplatePart::Literal(_) => false,
            TemplatePart::Choice(choice) => choice.iter().any(Operand::takes_digest),
        })
    }
}

impl Operand {
    fn takes_digest(&self) -> bool {
        match self {
            Self::UnitDigest => true,
            Self::Sha256(list) => list.iter().flatten().any(Self::takes_digest),
            Self::Constant(_) | Self::Field { .. } | Self::Found(_) | Self::UnitKey => false,
        }
    }
}
