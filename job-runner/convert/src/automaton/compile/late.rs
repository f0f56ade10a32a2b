//! Compiles predicates: those that are known when an element starts into its edge, and others into a guard.

use docmill_crds::conversion::{Condition, Path, Place, Predicate, Step, Target, Test};

use super::{Compiler, FieldPlace, at};
use crate::automaton::late::{Guard, LateCondition, LatePredicate};
use crate::automaton::{Action, EdgePredicate, NodeId, Scope, ScopeId, Slot, SlotContent, TextForm};
use crate::events::names::number;

impl Compiler<'_> {
    /// The predicates of a step that are known when the element starts.
    pub(super) fn edge_predicates(&mut self, step: &Step) -> Vec<EdgePredicate> {
        let (early, _) = step.by_time();
        early.into_iter().filter_map(|predicate| self.edge_predicate(predicate)).collect()
    }

    fn edge_predicate(&mut self, predicate: &Predicate) -> Option<EdgePredicate> {
        match predicate {
            Predicate::Holds(condition) => self.edge_condition(condition),
            Predicate::Place(Place::FromStart(wanted)) => Some(EdgePredicate::Place(self.place(), *wanted)),
            // Never known when an element starts.
            Predicate::Place(Place::FromEnd(_)) => None,
        }
    }

    fn edge_condition(&mut self, condition: &Condition) -> Option<EdgePredicate> {
        let mut each = |conditions: &[Condition]| -> Vec<_> {
            conditions.iter().filter_map(|condition| self.edge_condition(condition)).collect()
        };
        Some(match condition {
            Condition::All(conditions) => EdgePredicate::All(each(conditions)),
            Condition::Any(conditions) => EdgePredicate::Any(each(conditions)),
            Condition::Not(condition) => EdgePredicate::Not(Box::new(self.edge_condition(condition)?)),
            Condition::Attribute(attribute, test) => {
                EdgePredicate::Attribute(self.attribute_name(attribute), test.clone())
            }
            // Never known when an element starts.
            Condition::Content(..) => return None,
        })
    }

    /// Adds a path whose step number `late` is known late. Its values go to a guard at that step's element.
    pub(super) fn guarded(&mut self, path: &Path, late: usize, place: FieldPlace<'_>, slot: Slot) {
        let (steps, rest) = path.steps.split_at(late + 1);
        let (guard, scope) = (number(self.guards.len()), number(self.scopes.len()));
        let root = self.node();
        let (fields, templates) = (Vec::new(), Vec::new());
        self.scopes.push(Scope { root, slots: 1, speaks: false, fields, templates });
        self.guards.push(Guard { scope, predicates: Vec::new() });
        let id = self.add_slot(Slot { content: SlotContent::Guard(guard), ..slot });
        let node = self.walk(place.root, steps);
        self.act(node, Action::Begin(id));
        let predicates = steps.last().map_or_else(Vec::new, |step| {
            step.by_time()
                .1
                .into_iter()
                .map(|predicate| self.late_predicate(predicate, scope, root))
                .collect()
        });
        self.guards[at(guard)].predicates = predicates;
        let within = FieldPlace { scope, root, absolute_root: None, ..place };
        let rest = Path { absolute: false, steps: rest.to_vec(), target: path.target.clone() };
        let home = self.slots[at(id)].home;
        self.location(&rest, within, Slot { index: 0, first: 0, home, ..slot });
    }

    fn late_predicate(&mut self, predicate: &Predicate, scope: ScopeId, root: NodeId) -> LatePredicate {
        match predicate {
            Predicate::Holds(condition) => LatePredicate::Holds(self.late_condition(condition, scope, root)),
            Predicate::Place(place) => LatePredicate::Place(self.place(), *place),
        }
    }

    fn late_condition(&mut self, condition: &Condition, scope: ScopeId, root: NodeId) -> LateCondition {
        let mut each = |conditions: &[Condition]| -> Vec<_> {
            conditions.iter().map(|condition| self.late_condition(condition, scope, root)).collect()
        };
        match condition {
            Condition::All(conditions) => LateCondition::All(each(conditions)),
            Condition::Any(conditions) => LateCondition::Any(each(conditions)),
            Condition::Not(condition) => {
                LateCondition::Not(Box::new(self.late_condition(condition, scope, root)))
            }
            Condition::Attribute(attribute, test) => {
                let target = Target::Attribute(attribute.clone());
                self.values(&Path { absolute: false, steps: Vec::new(), target }, test, (scope, root))
            }
            Condition::Content(path, test) => self.values(path, test, (scope, root)),
        }
    }

    /// Adds a slot for what a condition is about.
    fn values(&mut self, path: &Path, test: &Test, (scope, root): (ScopeId, NodeId)) -> LateCondition {
        let content = match test {
            Test::Present | Test::Absent => SlotContent::Count,
            _ => SlotContent::Text { form: TextForm::Line, own: false, exclude: None, html: None },
        };
        let index = self.scopes[at(scope)].slots;
        self.scopes[at(scope)].slots += 1;
        let place = FieldPlace { model: "", path: "", scope, root, absolute_root: None };
        self.location(path, place, Slot { index, first: index, repeated: true, ..Slot::of(content) });
        LateCondition::Values(index, test.clone())
    }

    /// The number of another place among siblings.
    fn place(&mut self) -> u32 {
        self.places += 1;
        self.places
    }
}
