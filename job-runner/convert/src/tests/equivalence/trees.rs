//! Random objects: small trees with namespaces, written with prefixes and without.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// The namespaces of the trees and the prefixes that models have for them. The trees have others.
pub(crate) const TREE_NAMES: [(&str, &str); 2] = [("mu", "urn:u"), ("mv", "urn:v")];

/// The namespaces of elements, each with the prefix that it has in trees; the last of them declares it as the default.
const NAMESPACES: &[(&str, Option<&str>)] =
    &[("", None), ("", None), ("", None), ("urn:u", Some("x")), ("urn:v", Some("y")), ("urn:u", None)];

#[derive(Clone, Debug)]
enum Node {
    /// As it is written.
    Text(&'static str),
    Element {
        namespace: &'static str,
        prefix: Option<&'static str>,
        local: &'static str,
        attributes: Vec<(&'static str, &'static str)>,
        children: Vec<Node>,
    },
}

/// A well-formed object.
pub(crate) fn tree() -> impl Strategy<Value = String> {
    let text = select(vec![
        "x",
        "y z",
        " ",
        "\n  ",
        "w&amp;",
        "&#233;\r\n",
        "<![CDATA[<c>]]>",
        "<!-- - -->",
        "<?pi?>",
        "&#32;q",
    ]);
    let leaf = prop_oneof![3 => text.prop_map(Node::Text), 1 => element(Just(Vec::new()))];
    let nodes = leaf.prop_recursive(6, 48, 5, |inner| element(vec(inner, 0..5)));
    vec(nodes, 0..6).prop_map(|nodes| {
        let mut xml = "<r xmlns:x='urn:u' xmlns:y='urn:v'>".to_owned();
        for node in nodes {
            node.write("", &mut xml);
        }
        xml + "</r>"
    })
}

fn element(children: impl Strategy<Value = Vec<Node>>) -> impl Strategy<Value = Node> {
    let attribute = (select(vec!["k", "l", "x:k", "y:k"]), select(vec!["1", "2", "12", "", " a\nb "]));
    let local = select(vec!["a", "a", "b", "b", "c", "p", "br", "td"]);
    (select(NAMESPACES), local, vec(attribute, 0..3), children).prop_map(
        |((namespace, prefix), local, mut attributes, children)| {
            attributes.sort_unstable();
            attributes.dedup_by_key(|(name, _)| *name);
            Node::Element { namespace, prefix, local, attributes, children }
        },
    )
}

impl Node {
    /// Writes the node where this is the default namespace.
    fn write(&self, default: &str, xml: &mut String) {
        let (namespace, prefix, local, attributes, children) = match self {
            Self::Text(text) => return xml.push_str(text),
            Self::Element { namespace, prefix, local, attributes, children } => {
                (*namespace, *prefix, local, attributes, children)
            }
        };
        let name = prefix.map_or_else(|| (*local).to_owned(), |prefix| format!("{prefix}:{local}"));
        let default = if prefix.is_none() && namespace != default {
            xml.extend(["<", &name, " xmlns='", namespace, "'"]);
            namespace
        } else {
            xml.extend(["<", &name]);
            default
        };
        for (name, value) in attributes {
            xml.extend([" ", name, "='", value, "'"]);
        }
        if children.is_empty() {
            return xml.push_str("/>");
        }
        xml.push('>');
        for child in children {
            child.write(default, xml);
        }
        xml.extend(["</", &name, ">"]);
    }
}
