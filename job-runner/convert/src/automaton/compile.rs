//! Compiles a model to its automaton.

mod late;
mod nodes;
mod paths;
mod templates;
mod trials;

use std::cmp::Reverse;
use std::ops::Range;

use docmill_crds::conversion::{
    Attribute, Computed, Constraints, DateBounds, Field, FieldType, Model, ModelError, NameTest, OnFault,
    Path, Step, Syntax, Target, template_order,
};

use super::late::Guard;
use super::{
    Action, AttributeName, Automaton, DOCUMENT, Edge, FieldPlan, Node, NodeId, Outside, Scope, ScopeId, Slot,
    SlotContent, SlotId, TextForm,
};
use crate::events::names::{Names, UNKNOWN, number};
use crate::types::{self, DateRules};
use trials::Trials;

/// Compiles a resolved model.
pub(crate) fn compile(model: &Model) -> Result<Automaton, ModelError> {
    let syntax = model.format.syntax().ok_or(ModelError::NothingToRead)?;
    let mut compiler = Compiler {
        model,
        syntax,
        names: Names::new(),
        drafts: Vec::new(),
        slots: Vec::new(),
        scopes: Vec::new(),
        guards: Vec::new(),
        places: 0,
        outside: Vec::new(),
        inherited: Vec::new(),
    };
    // Every document knows it, so that a model's `xml:lang` and a document's are in the same namespace.
    compiler.names.intern_namespace("http://www.w3.org/XML/1998/namespace");
    let mut breaks = model.text.breaks(&model.scope())?;
    // A name in fewer namespaces counts more: that in any comes first, and the later ones replace it.
    breaks.sort_by_key(|(test, _)| match test {
        NameTest::Named { namespaces, .. } => Reverse(namespaces.len()),
        _ => Reverse(usize::MAX),
    });
    for (test, text_break) in breaks {
        compiler.names.set_gap(&test, text_break.into());
    }
    let root = compiler.node();
    let records = model.record_paths()?;
    for (index, (record, _)) in records.iter().enumerate() {
        let node = compiler.walk(root, &record.steps);
        compiler.act(node, Action::Record(number(index)));
    }
    for path in model.empty_paths()? {
        let node = compiler.walk(root, &path.steps);
        compiler.act(node, Action::MayBeEmpty);
    }
    compiler.scope("fields", &model.fields, ".", Some(root))?;
    let base = compiler.base(root)?;
    let resolves = compiler.slots.iter().any(|slot| slot.resolves);
    let nodes = compiler.drafts.into_iter().map(Draft::finish).collect();
    let records = records.into_iter().map(|(_, text)| text).collect();
    let Compiler { names, slots, scopes, guards, outside, inherited, .. } = compiler;
    let (extra, record) = (model.extra, model.record.clone());
    Ok(Automaton {
        names,
        nodes,
        slots,
        scopes,
        guards,
        root,
        outside,
        inherited,
        resolves,
        base,
        extra,
        syntax,
        record,
        records,
    })
}

struct Compiler<'m> {
    model: &'m Model,
    syntax: Syntax,
    names: Names,
    drafts: Vec<Draft>,
    slots: Vec<Slot>,
    scopes: Vec<Scope>,
    guards: Vec<Guard>,
    /// How many places among siblings are told apart so far.
    places: u32,
    outside: Vec<Outside>,
    inherited: Vec<AttributeName>,
}

/// A node and the steps that lead on from it; used to find paths with equal beginnings.
#[derive(Default)]
struct Draft {
    node: Node,
    named: Vec<(u32, Edge)>,
    steps: Vec<(Step, NodeId)>,
}

impl Draft {
    fn finish(mut self) -> Node {
        self.named.sort_by_key(|(id, edge)| (*id, edge.target));
        (self.node.names, self.node.named) = self.named.into_iter().unzip();
        self.node
    }
}

/// What the compilation of one field needs to know about its position.
#[derive(Clone, Copy)]
struct FieldPlace<'p> {
    /// For faults of the model: `fields[2].fields`.
    model: &'p str,
    /// For faults of documents: the path of the object, from the document's element.
    path: &'p str,
    scope: ScopeId,
    root: NodeId,
    /// Where absolute paths start; only the fields of a document have them.
    absolute_root: Option<NodeId>,
}

impl Compiler<'_> {
    fn scope(
        &mut self,
        model: &str,
        fields: &[Field],
        path: &str,
        absolute_root: Option<NodeId>,
    ) -> Result<ScopeId, ModelError> {
        let scope = number(self.scopes.len());
        debug_assert!((scope == DOCUMENT) == absolute_root.is_some());
        let root = self.node();
        self.scopes.push(Scope { root, slots: 0, speaks: false, fields: Vec::new(), templates: Vec::new() });
        for (index, field) in fields.iter().enumerate() {
            let model = format!("{model}[{index}]");
            let place = FieldPlace { model: &model, path, scope, root, absolute_root };
            let mut plan = self.field(field, place)?;
            plan.template = self.template(field, fields, place)?.map(Box::new);
            let speaks = plan.required || plan.counts || plan.default.is_some();
            let computes = plan.position || plan.template.is_some();
            plan.speaks = speaks || computes || !plan.required_if.is_empty();
            self.scopes[at(scope)].speaks |= speaks;
            self.scopes[at(scope)].fields.push(plan);
        }
        // The model was checked: there is an order.
        self.scopes[at(scope)].templates = template_order(fields).unwrap_or_default();
        Ok(scope)
    }

    fn field(&mut self, field: &Field, place: FieldPlace<'_>) -> Result<FieldPlan, ModelError> {
        let unions = field.path.iter().map(|path| self.parse_locations(path));
        let unions = unions.collect::<Result<Vec<_>, _>>()?;
        let paths: Vec<_> =
            unions.iter().zip(&field.path).map(|(union, path)| self.join(place.path, union, path)).collect();
        let path = paths.first().map_or("", String::as_str);
        let nested = match &field.parts {
            Some(parts) => {
                Some(self.scope(&format!("{}.parts", place.model), &parts.fields(), path, None)?)
            }
            None if field.kind == FieldType::Object => {
                Some(self.scope(&format!("{}.fields", place.model), &field.fields, path, None)?)
            }
            None => None,
        };
        let wrong = |part: &str, problem: String| ModelError::Field {
            place: format!("{}{part}", place.model),
            name: field.name.clone(),
            problem,
        };
        let computed = Computed::of(field).map_err(|fault| wrong(&fault.part, fault.problem))?;
        let on_fault = field.on_fault.unwrap_or(self.model.on_fault);
        let late = unions.iter().flatten().any(|(location, _)| location.is_late());
        let trials = Trials { syntax: self.syntax, on_fault: self.model.on_fault };
        let may_fail = trials.may_fail(field);
        let certain = computed.is_none() && on_fault == OnFault::Refuse && !may_fail;
        // A value of several is one only in the end.
        let tried = may_fail && !field.repeated && field.join.is_none();
        let first_slot = self.scopes[at(place.scope)].slots;
        let content = self.content(field, nested)?;
        let (mut counts, mut position) = (false, false);
        for union in &unions {
            let locations: Vec<_> = union.iter().map(|(location, _)| location).collect();
            counts = locations.iter().any(|location| location.target == Target::Count);
            position = locations.iter().any(|location| location.target == Target::Position);
            let (first, repeated) = (first_slot, field.repeated || field.join.is_some());
            let certain = certain && !late;
            let slot = Slot { first, repeated, certain, tried, resolves: field.resolve, ..Slot::of(content) };
            self.slot(&locations, place, slot);
        }
        let required_if = self.required_if(field, place)?;
        let dates = DateRules::of(field, self.model.time_zone.as_deref());
        let default = field.default.as_ref().map(|text| types::parse(field.kind, &dates, text)).transpose();
        let default = default.map_err(|expected| wrong(".default", format!("expected {expected}")))?;
        // Else it is only what becomes of values that a map does not have.
        let default = default.filter(|_| field.defaults_when_missing());
        let constraints = Constraints::of(field).map_err(|fault| wrong(&fault.part, fault.problem))?;
        let bounds = DateBounds::of(field).map_err(|fault| wrong(&fault.part, fault.problem))?;
        let key = |name: &str| format!("{}:", serde_json::Value::from(name));
        Ok(FieldPlan {
            name: field.name.clone(),
            key: key(&field.name),
            kind: field.kind,
            speaks: false,
            required: field.required,
            required_if,
            repeated: field.repeated,
            certain,
            tried,
            counts,
            position,
            resolves: field.resolve,
            default,
            template: None,
            computed: computed.map(Box::new),
            constraints: constraints.map(Box::new),
            bounds: bounds.map(Box::new),
            on_fault,
            resolution: field.resolution.as_deref().map(key),
            dates,
            first_slot,
            paths,
            scope: nested,
        })
    }

    /// The slots of what relative URIs are resolved against: none, if no field asks for it.
    fn base(&mut self, absolute_root: NodeId) -> Result<Range<u32>, ModelError> {
        let Scope { root, slots: first, .. } = self.scopes[at(DOCUMENT)];
        let place = FieldPlace {
            model: "base",
            path: ".",
            scope: DOCUMENT,
            root,
            absolute_root: Some(absolute_root),
        };
        if self.slots.iter().any(|slot| slot.resolves) {
            let content = SlotContent::Text { form: TextForm::Line, own: false, exclude: None, html: None };
            for path in self.model.base_paths()? {
                self.slot(&[&path], place, Slot { first, resolves: true, ..Slot::of(content) });
            }
        }
        Ok(first..self.scopes[at(DOCUMENT)].slots)
    }

    /// Slots that decide whether the field is required.
    fn required_if(&mut self, field: &Field, place: FieldPlace<'_>) -> Result<Range<u32>, ModelError> {
        let first = self.scopes[at(place.scope)].slots;
        for path in &field.required_if {
            let path = self.parse(path)?;
            let slot = Slot { first, repeated: true, ..Slot::of(SlotContent::Count) };
            self.slot(&[&path], place, slot);
        }
        Ok(first..self.scopes[at(place.scope)].slots)
    }

    fn content(&mut self, field: &Field, nested: Option<ScopeId>) -> Result<SlotContent, ModelError> {
        if let Some(scope) = nested {
            return Ok(SlotContent::Object(scope));
        }
        let mut exclude = None;
        for path in &field.exclude {
            let path = self.parse(path)?;
            let root = *exclude.get_or_insert_with(|| {
                self.drafts.push(Draft::default());
                number(self.drafts.len() - 1)
            });
            let node = self.walk(root, &path.steps);
            self.act(node, Action::Exclude);
        }
        Ok(SlotContent::Text { form: TextForm::of(field.kind), own: false, exclude, html: field.html })
    }

    /// Adds one path of a field, which leads to a slot of its own: one location, or the union of several.
    fn slot(&mut self, locations: &[&Path], place: FieldPlace<'_>, slot: Slot) {
        let late = locations.iter().any(|location| location.is_late());
        let scope = &mut self.scopes[at(place.scope)];
        let (index, union, certain) = (scope.slots, locations.len() > 1, slot.certain && !late);
        let slot = Slot { index, union, certain, late, ..slot };
        scope.slots += 1;
        for location in locations {
            self.location(location, place, slot);
        }
        if place.absolute_root.is_some() && locations.iter().any(|location| location.absolute) {
            self.outside.push(Outside { first: slot.first, index: slot.index, made: slot.made });
        }
    }

    fn location(&mut self, path: &Path, place: FieldPlace<'_>, mut slot: Slot) {
        if let Some(late) = path.steps.iter().position(Step::is_late) {
            return self.guarded(path, late, place, slot);
        }
        let in_parts = matches!(slot.content, SlotContent::Object(_));
        match (&mut slot.content, &path.target) {
            (SlotContent::Text { own, .. }, Target::Text) => *own = true,
            (content, Target::Count) => *content = SlotContent::Count,
            (content @ SlotContent::Text { .. }, Target::Name { local }) => {
                *content = SlotContent::Name { local: *local };
            }
            // Only dates in parts have such paths: the attribute is the whole date.
            (content, Target::Attribute(_)) if in_parts => {
                *content = SlotContent::Text { form: TextForm::Line, own: false, exclude: None, html: None };
            }
            // It is known without looking at the element.
            (_, Target::Position) => return,
            _ => {}
        }
        let index = slot.index;
        let id = self.add_slot(slot);
        let absolute_root = place.absolute_root.filter(|_| path.absolute);
        let start = absolute_root.unwrap_or(place.root);
        let trail = self.trail(start, &path.steps);
        let node = trail.last().copied().unwrap_or(start);
        if absolute_root.is_some() {
            let itself = usize::from(!matches!(path.target, Target::Attribute(_) | Target::Inherited(_)));
            for ancestor in trail.iter().rev().skip(itself) {
                let renews = &mut self.drafts[at(*ancestor)].node.renews;
                if !renews.contains(&index) {
                    renews.push(index);
                }
            }
        }
        match &path.target {
            Target::Attribute(attribute) => self.attribute(node, attribute, id),
            Target::Inherited(attribute) => self.inherited(node, attribute, id),
            _ => self.act(node, Action::Begin(id)),
        }
    }

    /// Adds a slot. Unless a guard around it says otherwise, its values stay there.
    fn add_slot(&mut self, slot: Slot) -> SlotId {
        let id = number(self.slots.len());
        let home = if slot.home == UNKNOWN { id } else { slot.home };
        self.slots.push(Slot { home, ..slot });
        id
    }

    fn attribute(&mut self, node: NodeId, attribute: &Attribute, slot: SlotId) {
        let name = self.attribute_name(attribute);
        self.drafts[at(node)].node.attributes.push((name, slot));
    }

    fn inherited(&mut self, node: NodeId, attribute: &Attribute, slot: SlotId) {
        let name = self.attribute_name(attribute);
        let known = self.inherited.iter().position(|known| *known == name);
        let index = known.unwrap_or(self.inherited.len());
        if known.is_none() {
            self.inherited.push(name);
        }
        self.drafts[at(node)].node.inherited.push((number(index), slot));
    }

    fn attribute_name(&mut self, attribute: &Attribute) -> AttributeName {
        let namespace = self.names.intern_namespace(&attribute.namespace);
        AttributeName { namespace, local: attribute.local.clone() }
    }
}

const fn at(id: u32) -> usize {
    id as usize
}
