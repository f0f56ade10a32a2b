//! Faults, each of which every contender refuses.

/// What is wrong with an article.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// It has no headline.
    #[default]
    NoHeadline,
    /// Its date is a phrase.
    PhraseAsDate,
    /// Its text is empty.
    NoText,
    /// An end tag does not match its start tag.
    MismatchedTag,
    /// Its second half is missing.
    Truncated,
    /// Bytes that are not UTF-8.
    BadEncoding,
    /// A page of a gateway in place of an article.
    OtherDocument,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoHeadline,
        Self::PhraseAsDate,
        Self::NoText,
        Self::MismatchedTag,
        Self::Truncated,
        Self::BadEncoding,
        Self::OtherDocument,
    ];

    /// Spoils the article's bytes, where that is what the fault is.
    pub fn spoil(self, xml: String) -> Vec<u8> {
        match self {
            Self::NoHeadline | Self::PhraseAsDate | Self::NoText => xml.into_bytes(),
            Self::MismatchedTag => xml.replacen("</p>", "</q>", 1).into_bytes(),
            Self::Truncated => {
                let mut bytes = xml.into_bytes();
                bytes.truncate(bytes.len() / 2);
                bytes
            }
            Self::BadEncoding => {
                let at = xml.find("</p>").unwrap_or(xml.len());
                let mut bytes = xml.into_bytes();
                bytes.splice(at..at, [0xFF, 0xFE, 0xC0]);
                bytes
            }
            Self::OtherDocument => {
                b"<?xml version=\"1.0\"?>\n<html><body><h1>502 Bad Gateway</h1></body></html>\n".to_vec()
            }
        }
    }
}
