//! A document that is written from a model, and converted by it, is the same again.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::property::{escape, line};
use super::{converter, document};

/// A field, and how its values are written.
#[derive(Clone, Debug)]
struct Spec {
    name: String,
    place: Place,
    repeated: bool,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `<f0>`
    Element,
    /// `<f0-around><f0>`
    Within,
    /// `f0="…"`, which can neither be repeated nor have parts.
    Attribute,
}

#[derive(Clone, Debug)]
enum Shape {
    Scalar(&'static str),
    Object(Vec<Spec>),
}

fn fields(depth: u32) -> BoxedStrategy<Vec<Spec>> {
    let kinds = vec!["string", "text", "integer", "number", "boolean", "dateTime", "date", "uri", "language"];
    let mut shape = select(kinds).prop_map(Shape::Scalar).boxed();
    if depth > 0 {
        shape = prop_oneof![3 => shape, 1 => fields(depth - 1).prop_map(Shape::Object)].boxed();
    }
    let place = select(vec![Place::Element, Place::Within, Place::Attribute]);
    let named = |(index, (place, repeated, shape)): (usize, (Place, bool, Shape))| {
        let whole = matches!(shape, Shape::Object(_) | Shape::Scalar("text"));
        let place = if whole && place == Place::Attribute { Place::Element } else { place };
        Spec { name: format!("f{index}"), place, repeated: repeated && place != Place::Attribute, shape }
    };
    vec((place, any::<bool>(), shape), 1..6)
        .prop_map(move |drafts| drafts.into_iter().enumerate().map(named).collect())
        .boxed()
}

impl Spec {
    fn model(&self) -> Value {
        let path = match self.place {
            Place::Element => self.name.clone(),
            Place::Within => format!("{0}-around/{0}", self.name),
            Place::Attribute => format!("@{}", self.name),
        };
        let mut model = json!({"name": self.name, "path": [path], "repeated": self.repeated});
        match &self.shape {
            Shape::Scalar(kind) => model["type"] = json!(kind),
            Shape::Object(fields) => {
                model["type"] = json!("object");
                model["fields"] = fields.iter().map(Self::model).collect();
            }
        }
        model
    }

    /// A value as the document shows it; none for a field that has none.
    fn value(&self) -> BoxedStrategy<Option<Value>> {
        let one = match &self.shape {
            Shape::Scalar(kind) => scalar(kind).prop_map(Some).boxed(),
            Shape::Object(fields) => object(fields),
        };
        if !self.repeated {
            return (prop::bool::weighted(0.8), one)
                .prop_map(|(there, value)| value.filter(|_| there))
                .boxed();
        }
        let list = |values: Vec<Option<Value>>| {
            let values: Vec<_> = values.into_iter().flatten().collect();
            (!values.is_empty()).then_some(Value::Array(values))
        };
        vec(one, 0..4).prop_map(list).boxed()
    }

    /// Writes a value: as an attribute into `attributes`, otherwise into `content`.
    fn write(&self, value: &Value, attributes: &mut String, content: &mut String) {
        let values =
            if self.repeated { value.as_array().unwrap().as_slice() } else { std::slice::from_ref(value) };
        for value in values {
            let (mut inner_attributes, mut inner) = (String::new(), String::new());
            match &self.shape {
                Shape::Object(fields) => write_all(fields, value, &mut inner_attributes, &mut inner),
                Shape::Scalar("text") => {
                    let paragraphs = value.as_str().unwrap().split("\n\n");
                    inner = paragraphs
                        .map(|paragraph| format!("<p>{}</p>", escape(paragraph)))
                        .collect::<Vec<_>>()
                        .concat();
                }
                Shape::Scalar(_) => {
                    inner = escape(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str());
                }
            }
            let name = &self.name;
            let _ = match self.place {
                Place::Attribute => write!(attributes, " {name}=\"{inner}\""),
                Place::Element => writeln!(content, "<{name}{inner_attributes}>{inner}</{name}>"),
                Place::Within => {
                    write!(
                        content,
                        "<{name}-around> <{name}{inner_attributes}>{inner}</{name}></{name}-around>"
                    )
                }
            };
        }
    }
}

fn object(fields: &[Spec]) -> BoxedStrategy<Option<Value>> {
    let names: Vec<_> = fields.iter().map(|field| field.name.clone()).collect();
    let values: Vec<_> = fields.iter().map(Spec::value).collect();
    let filled = move |values: Vec<Option<Value>>| {
        let filled = names.iter().cloned().zip(values).filter_map(|(name, value)| Some((name, value?)));
        let object: Map<_, _> = filled.collect();
        (!object.is_empty()).then_some(Value::Object(object))
    };
    values.prop_map(filled).boxed()
}

fn scalar(kind: &'static str) -> BoxedStrategy<Value> {
    let day =
        (0..=9999, 1..=12, 1..=28).prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"));
    match kind {
        "string" => line().prop_map(Value::from).boxed(),
        "text" => vec(line(), 1..4).prop_map(|paragraphs| paragraphs.join("\n\n").into()).boxed(),
        "integer" => {
            prop_oneof![any::<i64>().prop_map(Value::from), any::<u64>().prop_map(Value::from)].boxed()
        }
        "number" => any::<i32>().prop_map(|eighths| (f64::from(eighths) / 8.0).into()).boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "date" => day.prop_map(Value::from).boxed(),
        "dateTime" => (day, 0..24, 0..60, 0..60, select(vec!["", ".5", ".125"]))
            .prop_map(|(day, hour, minute, second, fraction)| {
                format!("{day}T{hour:02}:{minute:02}:{second:02}{fraction}Z").into()
            })
            .boxed(),
        "uri" => "[a-z]{1,5}:[a-z0-9/.?=&'-]{1,20}".prop_map(Value::from).boxed(),
        _ => "[a-z]{2,3}(-[A-Z]{2})?".prop_map(Value::from).boxed(),
    }
}

fn write_all(fields: &[Spec], values: &Value, attributes: &mut String, content: &mut String) {
    for field in fields {
        if let Some(value) = values.get(&field.name) {
            field.write(value, attributes, content);
        }
    }
}

proptest! {
    #[test]
    fn a_document_written_from_a_model_and_converted_back_is_the_same(
        (fields, value) in fields(2).prop_flat_map(|fields| {
            let value = object(&fields);
            (Just(fields), value)
        }),
    ) {
        let value = value.unwrap_or_else(|| json!({}));
        let (mut attributes, mut content) = (String::new(), String::new());
        write_all(&fields, &value, &mut attributes, &mut content);
        let xml = format!("<r{attributes}>{content}</r>");
        let model = json!({"record": "/r", "fields": fields.iter().map(Spec::model).collect::<Vec<_>>()});
        prop_assert_eq!(document(&converter(model), &xml), value, "{}", xml);
    }
}
