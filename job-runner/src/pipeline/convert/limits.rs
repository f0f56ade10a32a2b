//! Caps on what one object may ask of the converter.

/// Caps with defaults that no honest news document meets. Bytes are of UTF-8, whatever the object's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one object, compressed if it is.
    pub object_bytes: u64,
    /// Bytes of one object after decompression.
    pub expanded_bytes: u64,
    /// How many times as many bytes decompression may give.
    pub expansion_ratio: u64,
    /// Bytes of one document, as it is written.
    pub document_bytes: usize,
    /// Bytes of the document type declaration.
    pub doctype_bytes: usize,
    /// Documents in one object.
    pub documents: u32,
    /// Elements, texts, comments and so on, of one document, and of what lies between two.
    pub nodes: u32,
    /// Levels of elements.
    pub depth: usize,
    /// Attributes and namespace declarations of one element.
    pub attributes: usize,
    /// Bytes of one attribute's value.
    pub attribute_bytes: usize,
    /// Bytes of all namespaces that are declared at one place, with their prefixes.
    pub namespace_bytes: usize,
    /// Bytes of one name.
    pub name_bytes: usize,
    /// Bytes of one run of text, of a tag, a comment or an instruction.
    pub text_bytes: usize,
    /// Bytes of all values of one document together.
    pub value_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            object_bytes: 1 << 30,
            expanded_bytes: 4 << 30,
            expansion_ratio: 200,
            document_bytes: 64 * MIB,
            doctype_bytes: MIB,
            documents: 100_000,
            nodes: 250_000,
            depth: 256,
            attributes: 256,
            attribute_bytes: MIB,
            namespace_bytes: MIB,
            name_bytes: 1000,
            text_bytes: 16 * MIB,
            value_bytes: 16 * MIB,
        }
    }
}
