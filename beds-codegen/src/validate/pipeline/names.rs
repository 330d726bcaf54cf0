//! Expressions that set the names of document fields: no client names a field.

use super::{
    check::Check,
    shape::{Naming, is_placeholder},
};
use crate::{
    aggregation::Slot,
    json::{Json, Node},
    model::Type,
};

/// Why a value is refused, and the advice.
pub(super) const REFUSAL: (&str, &str) = (
    "the client would name fields",
    "write the names, with arguments only for values: {\"name\": {\"$arg\": \"NAME\"}}; an argument of the type `object` \
     declares its members",
);

/// Operators whose results contain no names from their operands.
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

/// Operators that return a list of pairs if their operands are such lists.
const LISTS: [&str; 16] = [
    "$concatArrays",
    "$cond",
    "$filter",
    "$firstN",
    "$ifNull",
    "$lastN",
    "$let",
    "$map",
    "$reverseArray",
    "$setDifference",
    "$setIntersection",
    "$setUnion",
    "$slice",
    "$sortArray",
    "$switch",
    "$zip",
];

/// Operators that return one of their operands.
const CHOICES: [&str; 4] = ["$cond", "$ifNull", "$let", "$switch"];

/// Whether clients name the members of values of this type.
fn is_open(ty: &Type) -> bool {
    match ty {
        Type::Json => true,
        Type::List { item, .. } => is_open(&item.ty),
        _ => false,
    }
}

/// The same for a value inside them, at any depth.
pub(super) fn has_open(ty: &Type) -> bool {
    match ty {
        Type::Json => true,
        Type::List { item, .. } => has_open(&item.ty),
        Type::Object { fields } => fields.iter().any(|field| has_open(&field.ty)),
        _ => false,
    }
}

impl Naming {
    /// Whether a client's value of this type would name fields.
    fn refuses(self, ty: &Type) -> bool {
        match self {
            Self::Nothing => false,
            Self::Document => is_open(ty),
            Self::Member => has_open(ty),
            // The number of pairs, or the index of the first, is not a name.
            Self::Pairs | Self::Entry | Self::Anything => !matches!(
                ty,
                Type::Bool | Type::Int { .. } | Type::UInt { .. } | Type::Float { .. } | Type::Decimal { .. }
            ),
        }
    }

    /// The purpose of the names in the operands of an operator.
    fn through(self, operator: &str) -> Self {
        match (self, operator) {
            (Self::Nothing, _) => Self::Nothing,
            (Self::Pairs, "$objectToArray") => Self::Document,
            (Self::Entry, "$objectToArray") => Self::Anything,
            (Self::Member | Self::Anything, "$objectToArray") => self,
            (_, operator) if NAMELESS.contains(&operator) => Self::Nothing,
            (Self::Document, "$getField") => Self::Member,
            (Self::Pairs, operator) if !LISTS.contains(&operator) => Self::Anything,
            (Self::Entry, operator) if !CHOICES.contains(&operator) => Self::Anything,
            _ => self,
        }
    }
}

impl Check<'_, '_> {
    /// The purpose of the names in this position, and in objects in it.
    pub(super) fn namings(&self) -> [Naming; 2] {
        [self.naming, self.inner]
    }

    /// Whether a value of this type would name fields in this position.
    pub(super) fn names_fields(&self, slot: Slot, ty: &Type) -> bool {
        let own = match slot {
            Slot::Pairs => Naming::Pairs,
            Slot::Document => Naming::Document,
            _ => Naming::Nothing,
        };
        own.refuses(ty) || self.namings().into_iter().any(|naming| naming.refuses(ty))
    }

    /// Runs the check of a position in which names have this purpose.
    pub(super) fn naming(&mut self, naming: Naming, work: impl FnOnce(&mut Self)) {
        let before = self.namings();
        self.naming = naming;
        if naming == Naming::Nothing {
            self.inner = Naming::Nothing;
        }
        work(self);
        [self.naming, self.inner] = before;
    }

    /// An expression whose names have this purpose.
    pub(super) fn names(&mut self, naming: Naming, node: &Node) {
        // Inside another such expression it would be the same mistake.
        if self.naming == Naming::Nothing {
            self.naming_is_told = false;
        }
        let before = self.inner;
        if matches!(self.naming, Naming::Member | Naming::Anything) {
            self.inner = self.naming;
        }
        // The operand may be written as a list with one entry.
        let node = match &node.value {
            Json::List(items) if naming == Naming::Pairs && items.len() == 1 => &items[0],
            _ => node,
        };
        self.naming(naming, |check| check.slot(node, Slot::Expression, "$arrayToObject"));
        self.inner = before;
    }

    /// Checks an operand of an operator.
    pub(super) fn operand(&mut self, node: &Node, slot: Slot, name: &str) {
        // In a text that becomes a list, the client chooses the names, too.
        let slot = if name == "$toArray" { Slot::Steer } else { slot };
        self.naming(self.naming.through(name), |check| check.slot(node, slot, name));
    }

    /// The purpose of the names in one member of an operator. A member that only selects or computes contains no names.
    pub(super) fn naming_of(&self, operator: &str, member: &str) -> Naming {
        match (self.naming, operator, member) {
            (_, _, "cond" | "if" | "case" | "vars" | "let") | (_, "$map", "input") => Naming::Nothing,
            (Naming::Document, "$setField", "value") => self.inner,
            (Naming::Pairs, "$map", "in") | (Naming::Pairs, "$zip", "defaults" | "inputs") => Naming::Entry,
            (naming, ..) => naming,
        }
    }

    /// A plain object or a list in an expression that sets names. Returns whether it was one.
    pub(super) fn named(&mut self, node: &Node) -> bool {
        match (self.naming, &node.value) {
            (Naming::Pairs, Json::List(items)) => {
                for item in items {
                    self.naming(Naming::Entry, |check| {
                        check.slot(item, Slot::Expression, "$arrayToObject");
                    });
                }
                true
            }
            (Naming::Entry, Json::List(items)) => {
                if let [name, value] = items.as_slice()
                    && !matches!(name.value, Json::List(_))
                    && !is_plain(name)
                {
                    self.slot(name, Slot::Steer, "$arrayToObject");
                    self.naming(self.inner, |check| check.slot(value, Slot::Expression, "$arrayToObject"));
                } else {
                    for item in items {
                        self.slot(item, Slot::Expression, "$arrayToObject");
                    }
                }
                true
            }
            (Naming::Pairs | Naming::Entry | Naming::Document, Json::Object(members))
                if node.value.operator().is_none() =>
            {
                for member in members {
                    let name = member.name.value.as_str();
                    let is_name = self.naming != Naming::Document && name == "k";
                    let slot = if is_name { Slot::Steer } else { Slot::Expression };
                    self.naming(self.inner, |check| check.slot(&member.value, slot, name));
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
