//! Refusals that name no place in the object, as error records list them. Workers refuse so, and so does whoever
//! reproduces what they did.

use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::member::Member;

/// The refusal of an object as a whole.
pub fn refused_object(reason: Reason, message: &str) -> Value {
    json!({"reason": reason, "message": message})
}

/// The refusal of a document by its number in the object, or in a member of it.
pub fn refused_document(member: Option<&Member>, number: u32, reason: Reason, message: &str) -> Value {
    let mut refusal = json!({"document": number, "reason": reason, "message": message});
    if let Some(member) = member {
        refusal["member"] = json!(member);
    }
    refusal
}

/// Why an object of so many bytes is refused unread, in words: at most `most` are read.
pub fn too_large(bytes: u64, most: u64) -> String {
    format!(
        "the object has {bytes} bytes, and at most {most} are read (spec.conversion.limits.maxObjectBytes)"
    )
}

/// What the last entry of a list says of the refusals that the list leaves out.
pub fn unlisted(count: usize) -> String {
    format!("{count} more documents of the object were refused and are not told one by one")
}

#[cfg(test)]
mod tests {
    use docmill_crds::reason::Reason;
    use serde_json::json;

    use super::{Member, refused_document};

    #[test]
    fn a_document_is_named_by_its_number_and_its_member() {
        let of = |member: Option<&Member>| refused_document(member, 3, Reason::NotAddressable, "no id");
        assert_eq!(of(None), json!({"document": 3, "reason": "NotAddressable", "message": "no id"}));
        assert_eq!(of(Some(&Member { number: 0, name: "b.xml".into() }))["member"], "b.xml");
    }
}
