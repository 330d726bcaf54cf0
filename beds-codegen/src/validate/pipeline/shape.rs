//! The kind of value that a position takes, and whether a value is of that kind.

use crate::{
    aggregation::{Named, Place, STAGES, Slot, Takes},
    json::{Json, Member, Node, member},
    span::Spanned,
};

/// The purpose of the names in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// They belong to the pipeline itself.
    Nothing,
    /// The members of its result are the fields of a document.
    Document,
    /// The members of one of its members are the fields of a document.
    Member,
    /// It yields pairs, and the first of each is the name of a field.
    Pairs,
    /// It is such a pair.
    Entry,
    /// Any value in it may become such a name.
    Anything,
}

/// Whether the node is meant as a placeholder.
pub(super) fn is_placeholder(node: &Node) -> bool {
    node.value.members().is_some_and(|members| members.iter().any(|member| member.name.value == "$arg"))
}

/// The first name of a member that BSON cannot have.
pub(super) fn name_with_nul(node: &Node) -> Option<&Spanned<String>> {
    match &node.value {
        Json::List(items) => items.iter().find_map(name_with_nul),
        Json::Object(members) => members.iter().find_map(|Member { name, value }| {
            Some(name).filter(|name| name.value.contains('\0')).or_else(|| name_with_nul(value))
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => None,
    }
}

/// The operands of an operator. A single operand needs no list.
pub(super) fn operands(operator: &Member) -> &[Node] {
    match &operator.value.value {
        Json::List(items) => items,
        _ => std::slice::from_ref(&operator.value),
    }
}

/// The node with the type that `$convert` yields: its `to`, or the `type` in that.
pub(super) fn converted_to(to: &Node) -> &Node {
    let parts = to.value.members().filter(|_| !is_placeholder(to)).unwrap_or_default();
    member(parts, "type").map_or(to, |ty| &ty.value)
}

impl Takes {
    /// The accepted kind, with an article.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Int => "a whole number",
            Self::Positive => "a whole number from 1 on",
            Self::Natural => "a whole number from 0 on",
            Self::Bits => "a whole number from 0 on, or a list of such",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Bool => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Amount => "a number or a moment",
            Self::Moment => "a moment",
            Self::Composite => "an object or a list",
        }
    }

    /// Whether a value is of this kind.
    pub(super) fn fits(self, value: &Json) -> bool {
        match (self, value) {
            // The operator itself reports which constants are valid as bits.
            (Self::Any | Self::Bits, _)
            | (Self::Number | Self::Amount, Json::Number(_))
            | (Self::Text, Json::Text(_))
            | (Self::Bool, Json::Bool(_))
            | (Self::List | Self::Composite, Json::List(_))
            | (Self::Object | Self::Composite, Json::Object(_)) => true,
            (Self::Int, Json::Number(number)) => number.parse::<i64>().is_ok(),
            (Self::Positive, Json::Number(number)) => number.parse::<i64>().is_ok_and(|number| number > 0),
            (Self::Natural, Json::Number(number)) => number.parse::<i64>().is_ok_and(|number| number >= 0),
            _ => false,
        }
    }
}

impl Named {
    /// Whether the name is valid for this.
    pub(super) fn takes(self, name: &str) -> bool {
        let is_part = |part: &str| !part.is_empty() && !part.starts_with('$') && !part.contains('\0');
        match self {
            Self::Field => name.split('.').all(is_part),
            Self::Member => is_part(name) && !name.contains('.'),
            Self::Collection => is_part(name) && !name.contains('$'),
            Self::Target => is_part(name) && !name.contains('$') && !name.starts_with("system."),
            Self::Variable => {
                name.starts_with(|letter: char| letter.is_ascii_lowercase() || !letter.is_ascii())
            }
        }
    }
}

impl Slot {
    /// Whether a node is of the kind that this position takes.
    pub(super) fn fits(self, node: &Node) -> bool {
        match self {
            Self::Value(takes) | Self::Constant(takes) => takes.fits(&node.value),
            Self::Word(_) | Self::Path | Self::Name(_) | Self::Regex => node.value.text().is_some(),
            Self::List(_) | Self::Pipeline(_) | Self::Elements => matches!(node.value, Json::List(_)),
            Self::Keys(_) | Self::Map(_) => node.value.members().is_some() && node.value.operator().is_none(),
            Self::Sort | Self::Query | Self::Group | Self::Accumulator | Self::Window | Self::Search => {
                node.value.members().is_some()
            }
            Self::Either(slots) => slots.iter().any(|slot| slot.fits(node)),
            Self::Expression
            | Self::By
            | Self::Among(_)
            | Self::Condition
            | Self::Steer
            | Self::Document
            | Self::Pairs
            | Self::Pattern
            | Self::Expressions(..)
            | Self::Filter
            | Self::Element => true,
        }
    }

    /// The expected content, in words.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Value(takes) | Self::Constant(takes) => takes.as_str().to_owned(),
            Self::Word(_) | Self::Name(_) | Self::Regex => "a string".to_owned(),
            Self::Path => "a path such as \"$tags\"".to_owned(),
            Self::List(_) | Self::Elements => "a list".to_owned(),
            Self::Pipeline(_) => "a list of stages".to_owned(),
            Self::Query | Self::Element => "conditions such as {\"status\": \"active\"}".to_owned(),
            Self::Sort => "an order such as {\"price\": -1}".to_owned(),
            Self::Group => "an object such as {\"_id\": \"$status\", \"n\": {\"$sum\": 1}}".to_owned(),
            Self::Keys(_) | Self::Map(_) | Self::Accumulator | Self::Window | Self::Search => {
                "an object".to_owned()
            }
            Self::Either(slots) => {
                let all: Vec<String> = slots.iter().map(|slot| slot.expected()).collect();
                all.join(" or ")
            }
            Self::Expression
            | Self::By
            | Self::Among(_)
            | Self::Condition
            | Self::Steer
            | Self::Document
            | Self::Pairs
            | Self::Pattern
            | Self::Expressions(..)
            | Self::Filter => "an expression".to_owned(),
        }
    }
}

/// Whether a stage writes.
pub(super) fn writes(stage: &Node) -> bool {
    stage.value.operator().is_some_and(|operator| {
        STAGES.iter().any(|stage| stage.name == operator.name.value && stage.place == Place::Last)
    })
}

/// Whether a member is a pipeline that needs no collection.
pub(super) fn begins_with_documents(member: &Member) -> bool {
    let Json::List(stages) = &member.value.value else { return false };
    let first = stages.first().and_then(|stage| stage.value.operator());
    member.name.value == "pipeline" && first.is_some_and(|stage| stage.name.value == "$documents")
}
