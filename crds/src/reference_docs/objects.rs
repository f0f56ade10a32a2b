//! The objects of the resources, each once however often it occurs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

/// An object with fields of its own.
pub(super) struct Object {
    /// Its name in the reference.
    pub(super) name: String,
    /// Its description, if all its places have the same one.
    pub(super) about: Option<String>,
    /// Its schema, without what depends on the place.
    pub(super) schema: JSONSchemaProps,
    /// The object that has it in one of its fields, and the field; several if it is shared.
    pub(super) places: BTreeSet<(usize, String)>,
    /// The kind that it belongs to, or `None` if several objects share it.
    pub(super) kind: Option<String>,
}

/// All of them, outer ones before those that they hold.
#[derive(Default)]
pub(super) struct Objects(Vec<Object>);

impl Objects {
    /// Takes in the part of a kind that is called `spec` or `status`, with all that it holds.
    pub(super) fn add(&mut self, kind: &str, part: &str, schema: &JSONSchemaProps) {
        // Not looked up: kinds that share a status still have a section of it each.
        let index = self.push(schema);
        self.0[index].name = format!("{kind}.{part}");
        self.0[index].kind = Some(kind.to_owned());
        if part == "spec" {
            self.0[index].about = None; // The kind says it.
        }
    }

    /// The object of this schema, if it is there.
    pub(super) fn find(&self, schema: &JSONSchemaProps) -> Option<&Object> {
        let shape = shape(schema);
        self.0.iter().find(|object| object.schema == shape)
    }

    /// The object of this number, for a place.
    pub(super) fn get(&self, index: usize) -> Option<&Object> {
        self.0.get(index)
    }

    /// The objects of a kind, or with those that are shared, each with all that it alone holds.
    pub(super) fn of(&self, kind: Option<&str>) -> impl Iterator<Item = &Object> {
        self.0.iter().filter(move |object| object.kind.as_deref() == kind)
    }

    /// The number of the object of this schema, which is taken in if it is not there.
    fn index(&mut self, schema: &JSONSchemaProps) -> usize {
        let shape = shape(schema);
        if let Some(index) = self.0.iter().position(|object| object.schema == shape) {
            if self.0[index].about != schema.description {
                self.0[index].about = None;
            }
            return index;
        }
        self.push(schema)
    }

    fn push(&mut self, schema: &JSONSchemaProps) -> usize {
        let index = self.0.len();
        let about = schema.description.clone();
        let (name, places, kind) = (String::new(), BTreeSet::new(), None);
        self.0.push(Object { name, about, schema: shape(schema), places, kind });
        for (field, child) in schema.properties.iter().flatten() {
            let (suffix, element) = element(child);
            if has_fields(element) && levels(schema, field).is_none() {
                let child = self.index(element);
                self.0[child].places.insert((index, format!("{field}{suffix}")));
            }
        }
        index
    }

    /// Gives each object its name: that of its one place, or one of its own where it is shared.
    pub(super) fn named(mut self) -> Self {
        let mut taken: BTreeSet<String> = self.0.iter().map(|object| object.name.clone()).collect();
        for index in 0..self.0.len() {
            let object = &self.0[index];
            let Some((parent, field)) = object.places.first().filter(|_| object.name.is_empty()) else {
                continue;
            };
            let long = format!("{}.{field}", self.0[*parent].name);
            let (name, kind) = if object.places.len() == 1 {
                (long, self.0[*parent].kind.clone())
            } else {
                let short = own_name(object.places.iter().map(|(_, field)| field.as_str()));
                (if taken.contains(&short) { long } else { short }, None)
            };
            taken.insert(name.clone());
            self.0[index].name = name;
            self.0[index].kind = kind;
        }
        self
    }
}

/// A name chosen from those of the fields: the shortest one.
fn own_name<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let field = fields.min_by_key(|field| field.len()).unwrap_or_default();
    let one = field.strip_suffix("s[]").or_else(|| field.strip_suffix("[]")).unwrap_or(field);
    let mut rest = one.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// The schema without the parts that depend on its place.
fn shape(schema: &JSONSchemaProps) -> JSONSchemaProps {
    JSONSchemaProps { description: None, nullable: None, default: None, ..schema.clone() }
}

/// Whether it is an object whose fields are known.
pub(super) fn has_fields(schema: &JSONSchemaProps) -> bool {
    schema.properties.as_ref().is_some_and(|properties| !properties.is_empty())
}

/// What a list or a map consists of in the end, and how its path goes on; anything else consists of itself.
fn element(schema: &JSONSchemaProps) -> (String, &JSONSchemaProps) {
    let (step, inner) = match (item(schema), value(schema)) {
        (Some(item), _) => ("[]", item),
        (_, Some(value)) => (".*", value),
        _ => return (String::new(), schema),
    };
    let (rest, inner) = element(inner);
    (format!("{step}{rest}"), inner)
}

/// The items of a list.
pub(super) fn item(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.items.as_ref()? {
        JSONSchemaPropsOrArray::Schema(item) => Some(item),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}

/// The values of a map.
pub(super) fn value(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.additional_properties.as_ref()? {
        JSONSchemaPropsOrBool::Schema(value) => Some(value),
        JSONSchemaPropsOrBool::Bool(_) => None,
    }
}

/// How deep an object holds objects like itself in a field, if it does: a schema has no recursion, so the
/// object is written out at every level.
pub(super) fn levels(schema: &JSONSchemaProps, field: &str) -> Option<usize> {
    let inner = element(schema.properties.as_ref()?.get(field)?).1;
    let alike = has_fields(inner) && others(schema, field) == others(inner, field);
    alike.then(|| 1 + levels(inner, field).unwrap_or(1))
}

fn others<'a>(schema: &'a JSONSchemaProps, field: &str) -> BTreeMap<&'a str, &'a JSONSchemaProps> {
    let fields = schema.properties.iter().flatten().filter(|(name, _)| *name != field);
    fields.map(|(name, schema)| (name.as_str(), schema)).collect()
}
