//! Limits on the resources that one object may use in the converter.

use docmill_crds::conversion::ResolvedLimits;

/// Limits; the defaults are those of a model that sets none, and no legitimate news document reaches them.
/// Bytes are of UTF-8, whatever the object's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one object, compressed if it is compressed.
    pub object_bytes: u64,
    /// Bytes of one object after decompression.
    pub expanded_bytes: u64,
    /// How many times larger than the object the decompressed data may be, and so may its documents.
    pub expansion_ratio: u64,
    /// Bytes of one document as written.
    pub document_bytes: usize,
    /// Bytes of the document type declaration.
    pub doctype_bytes: usize,
    /// Documents in one object.
    pub documents: u32,
    /// Elements, texts, comments and so on, of one document, and of what lies between two. End tags are none.
    pub nodes: u32,
    /// Levels of elements.
    pub depth: usize,
    /// Attributes and namespace declarations of one element.
    pub attributes: usize,
    /// Bytes of one attribute's value.
    pub attribute_bytes: usize,
    /// Bytes of all namespaces in scope at one place, with their prefixes.
    pub namespace_bytes: usize,
    /// Bytes of one name.
    pub name_bytes: usize,
    /// Bytes of one run of text, of a tag, a comment or an instruction.
    pub text_bytes: usize,
    /// Bytes of all values of one document together.
    pub value_bytes: usize,
}

/// Expansion that is always allowed: small objects of little variety compress very well.
const FREE_EXPANSION: u64 = 1024 * 1024;

impl Limits {
    /// How many bytes `bytes` bytes may expand to.
    pub(crate) const fn expansion(&self, bytes: u64) -> u64 {
        let most = bytes.saturating_mul(self.expansion_ratio);
        if most < FREE_EXPANSION { FREE_EXPANSION } else { most }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&ResolvedLimits::DEFAULT)
    }
}

impl From<&ResolvedLimits> for Limits {
    fn from(limits: &ResolvedLimits) -> Self {
        Self {
            object_bytes: limits.max_object_bytes,
            expanded_bytes: limits.max_expanded_bytes,
            expansion_ratio: limits.max_expansion_ratio,
            document_bytes: size(limits.max_document_bytes),
            doctype_bytes: size(limits.max_doctype_bytes),
            documents: count(limits.max_documents),
            nodes: count(limits.max_nodes),
            depth: size(limits.max_depth),
            attributes: size(limits.max_attributes),
            attribute_bytes: size(limits.max_attribute_bytes),
            namespace_bytes: size(limits.max_namespace_bytes),
            name_bytes: size(limits.max_name_bytes),
            text_bytes: size(limits.max_text_bytes),
            value_bytes: size(limits.max_value_bytes),
        }
    }
}

/// A number that is too large becomes the largest that fits: no object can reach it.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
