//! Expressions that give documents the names of their fields: no client names a field.

use super::{
    check::Check,
    shape::{Naming, is_placeholder},
};
use crate::{
    aggregation::Slot,
    json::{Json, Node},
    model::Type,
};

/// Why a value is refused, and what to write instead.
pub(super) const REFUSAL: (&str, &str) = (
    "the client would name fields",
    "write the names, with values in their places: {\"name\": {\"$arg\": \"NAME\"}}; an argument of the type `object` \
     declares its members",
);

/// Operators that give nothing with names of what stands in them.
const NAMELESS: [&str; 14] = [
    "$and",
    "$cmp",
    "$eq",
    "$gt",
    "$gte",
    "$in",
    "$indexOfArray",
    "$lt",
    "$lte",
    "$ne",
    "$not",
    "$objectToArray",
    "$or",
    "$size",
];

/// Whether clients name the members of such values.
pub(super) fn is_open(ty: &Type) -> bool {
    match ty {
        Type::Json => true,
        Type::List { item, .. } => is_open(&item.ty),
        _ => false,
    }
}

impl Check<'_, '_> {
    /// Whether a value of this type would name fields at this place.
    pub(super) fn names_fields(&self, slot: Slot, ty: &Type) -> bool {
        let naming = match slot {
            Slot::Pairs => Naming::Pairs,
            Slot::Document => Naming::Document,
            _ => self.naming,
        };
        match naming {
            Naming::Nothing => false,
            Naming::Document => is_open(ty),
            // How many pairs there are, or from where on, is no name.
            Naming::Pairs => !matches!(
                ty,
                Type::Bool | Type::Int { .. } | Type::UInt { .. } | Type::Float { .. } | Type::Decimal { .. }
            ),
        }
    }

    /// Does the work of a place where names are for this.
    pub(super) fn naming(&mut self, naming: Naming, work: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.naming, naming);
        work(self);
        self.naming = before;
    }

    /// An expression whose names are for this.
    pub(super) fn names(&mut self, naming: Naming, node: &Node) {
        // Inside of another such expression it is the same mistake.
        if self.naming == Naming::Nothing {
            self.naming_is_told = false;
        }
        self.naming(naming, |check| check.expression(node));
    }

    /// What stands in an operator.
    pub(super) fn operand(&mut self, node: &Node, slot: Slot, name: &str) {
        let naming = if NAMELESS.contains(&name) { Naming::Nothing } else { self.naming };
        self.naming(naming, |check| check.slot(node, slot, name));
    }

    /// What one member of an operator is for: what only chooses or computes has no names in it.
    pub(super) fn naming_of(&self, operator: &str, member: &str) -> Naming {
        let is_inner = matches!(
            (operator, member),
            (_, "cond" | "if" | "case" | "vars" | "let") | ("$map", "input") | ("$setField", "value")
        );
        if is_inner { Naming::Nothing } else { self.naming }
    }

    /// A plain object or a list in an expression that gives names. Tells whether it was one.
    pub(super) fn named(&mut self, node: &Node) -> bool {
        match (self.naming, &node.value) {
            (Naming::Pairs, Json::List(items)) => {
                // A pair is written as a list of two, too.
                if let [name, value] = items.as_slice()
                    && !matches!(name.value, Json::List(_))
                    && !is_plain(name)
                {
                    self.slot(name, Slot::Steer, "$arrayToObject");
                    self.naming(Naming::Nothing, |check| {
                        check.slot(value, Slot::Expression, "$arrayToObject");
                    });
                } else {
                    for item in items {
                        self.slot(item, Slot::Expression, "$arrayToObject");
                    }
                }
                true
            }
            (Naming::Pairs | Naming::Document, Json::Object(members)) if node.value.operator().is_none() => {
                for member in members {
                    let name = member.name.value.as_str();
                    let is_name = self.naming == Naming::Pairs && name == "k";
                    let slot = if is_name { Slot::Steer } else { Slot::Expression };
                    self.naming(Naming::Nothing, |check| check.slot(&member.value, slot, name));
                }
                true
            }
            _ => false,
        }
    }
}

/// Whether it is an object that is neither an operator nor a placeholder.
fn is_plain(node: &Node) -> bool {
    !is_placeholder(node) && node.value.members().is_some() && node.value.operator().is_none()
}
