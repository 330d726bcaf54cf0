//! Placeholders: whether one is allowed at a position, and how its value becomes a literal there.

use super::{
    check::Check,
    names,
    used::{Use, Wrap},
};
use crate::{
    aggregation::{Slot, Takes},
    diagnostic::{calls, placeholders},
    json::{Json, Node, member},
    model::{Arg, Type},
    span::{Span, Spanned},
};

/// A placeholder, as written.
struct Placeholder<'n> {
    name: &'n Spanned<String>,
    is_regex: bool,
}

impl Check<'_, '_> {
    /// Checks a placeholder at a position.
    pub(super) fn argument(&mut self, node: &Node, slot: Slot, of: &str) {
        let Some(name) = written(node) else {
            return self.errors.push(calls::bad_placeholder(bad_part(node), self.named));
        };
        let name_node = Spanned::new(name.name.to_owned(), name.at);
        let placeholder = Placeholder { name: &name_node, is_regex: name.is_regex };
        // It counts as used at any position.
        let index = self.uses.len();
        self.uses.push(Use { at: node.span, name: name.name.to_owned(), wrap: Wrap::Bare });
        let Some(arg) = self.args.iter().find(|arg| arg.field.name == name.name) else {
            let known = self.args.iter().map(|arg| arg.field.name.as_str());
            return self.errors.push(calls::unknown_arg(name.at, self.call, name.name, known));
        };
        self.reach.read(names::has_open(&arg.field.ty));
        if let Some(wrap) = self.place(node, &placeholder, arg, slot, of) {
            self.uses[index].wrap = wrap;
        }
    }

    /// How the value becomes a literal in a slot; `None` if it is not allowed, which is reported.
    fn place(
        &mut self,
        node: &Node,
        placeholder: &Placeholder<'_>,
        arg: &Arg,
        slot: Slot,
        of: &str,
    ) -> Option<Wrap> {
        let slot = match slot {
            Slot::Either(slots) => {
                let is_name = |slot: &&Slot| {
                    matches!(slot, Slot::Constant(_) | Slot::Word(_) | Slot::Path | Slot::Name(_))
                };
                let taking = slots.iter().find(|slot| slot.takes_values());
                *taking.or_else(|| slots.iter().find(is_name)).or(slots.last())?
            }
            slot => slot,
        };
        let is_pattern = matches!(slot, Slot::Pattern | Slot::Regex);
        if placeholder.is_regex && !is_pattern {
            self.errors.push(placeholders::no_regex_here(node.span, of, self.named));
            return None;
        }
        if !slot.takes_values() || self.is_steered {
            let what = if self.is_steered { Slot::Steer } else { slot };
            self.errors.push(placeholders::value_not_here(node.span, of, what.refusal(), self.named));
            return None;
        }
        if self.names_fields(slot, &arg.field.ty) {
            self.naming_is_told = true;
            self.errors.push(placeholders::value_not_here(node.span, of, names::REFUSAL, self.named));
            return None;
        }
        if is_pattern && !placeholder.is_regex {
            let name = &placeholder.name.value;
            self.errors.push(placeholders::undeclared_regex(node.span, name, of, self.named));
            return None;
        }
        let (wrap, takes) = match slot {
            Slot::Filter => (Wrap::Equal, Takes::Any),
            Slot::Value(takes) => (Wrap::Bare, takes),
            Slot::Elements => (Wrap::Bare, Takes::List),
            Slot::Regex => (Wrap::Bare, Takes::Text),
            Slot::Pattern => (Wrap::Literal, Takes::Text),
            _ => (Wrap::Literal, Takes::Any),
        };
        if !suits(&arg.field.ty, takes) {
            let ty = arg.field.ty.name();
            self.errors.push(placeholders::argument_type(
                node.span,
                (&arg.field.name, ty),
                of,
                takes.as_str(),
                (self.call, self.named),
            ));
            return None;
        }
        if let Some(least) = least(takes).filter(|least| allows_below(&arg.field.ty, *least)) {
            let is_list = matches!(arg.field.ty, Type::List { .. });
            self.errors.push(placeholders::argument_bound(
                node.span,
                (&arg.field.name, is_list),
                of,
                least,
                (self.call, self.named),
            ));
            return None;
        }
        if takes != Takes::Any && arg.field.nullable {
            self.errors.push(placeholders::argument_null(
                node.span,
                &arg.field.name,
                of,
                (self.call, self.named),
            ));
            return None;
        }
        Some(wrap)
    }
}

impl Slot {
    /// Whether a client's value is allowed here.
    pub(super) fn takes_values(self) -> bool {
        match self {
            Self::Expression
            | Self::By
            | Self::Among(_)
            | Self::Document
            | Self::Pairs
            | Self::Pattern
            | Self::Regex
            | Self::Filter
            | Self::Elements
            | Self::Value(_) => true,
            // A single expression can replace a list only if the list may have one entry.
            Self::Expressions(least, _) => least <= 1,
            Self::Either(slots) => slots.iter().any(|slot| slot.takes_values()),
            Self::Condition
            | Self::Steer
            | Self::Query
            | Self::Element
            | Self::Pipeline(_)
            | Self::Group
            | Self::Accumulator
            | Self::Window
            | Self::Sort
            | Self::Constant(_)
            | Self::Word(_)
            | Self::Path
            | Self::Name(_)
            | Self::Search
            | Self::Keys(_)
            | Self::Map(_)
            | Self::List(_) => false,
        }
    }

    /// What the position decides, and the advice.
    fn refusal(self) -> (&'static str, &'static str) {
        match self {
            Self::Condition => (
                "this selects the documents",
                "compare with the value: {\"$eq\": [\"$status\", {\"$arg\": \"NAME\"}]}",
            ),
            Self::Query | Self::Element => (
                "a client cannot send conditions",
                "write the conditions, with an argument for the value: {\"status\": {\"$arg\": \"NAME\"}}",
            ),
            Self::List(Self::Query) => {
                ("a client cannot send conditions", "write the list: [{\"status\": {\"$arg\": \"NAME\"}}, …]")
            }
            Self::Pipeline(_) => {
                ("a client cannot send stages", "write the stages, with arguments only for values")
            }
            Self::Steer => (
                "this selects a field, a format or a type",
                "write it as a constant; to let clients choose, use `$switch` with a constant in each branch",
            ),
            Self::Constant(_) | Self::Word(_) | Self::Path | Self::Name(_) => (
                "this is a name or a constant of the pipeline",
                "write it as a constant; to let clients choose, write a call for each choice",
            ),
            Self::Sort => ("a client cannot send a sort order", "write 1 or -1; write a call for each order"),
            Self::Expressions(..) => {
                ("a list of expressions is expected", "write the list: [\"$name\", {\"$arg\": \"NAME\"}]")
            }
            Self::Search => (
                "this selects how the search works",
                "pass values only as the text to search for, such as `query` of `text` or `phrase`",
            ),
            _ => {
                ("a part of the pipeline is expected", "write this part, with an argument only for the value")
            }
        }
    }
}

/// Whether the values of a type fit a position.
pub(super) fn suits(ty: &Type, takes: Takes) -> bool {
    match takes {
        Takes::Any => true,
        Takes::Int | Takes::Positive | Takes::Natural => matches!(ty, Type::Int { .. } | Type::UInt { .. }),
        // Bytes are also valid as a mask.
        Takes::Bits => match ty {
            Type::List { item, .. } => suits(&item.ty, Takes::Int),
            _ => suits(ty, Takes::Int) || matches!(ty, Type::Bytes { .. }),
        },
        Takes::Number => {
            matches!(ty, Type::Int { .. } | Type::UInt { .. } | Type::Float { .. } | Type::Decimal { .. })
        }
        // MongoDB stores dates and times of day as texts.
        Takes::Text => matches!(
            ty,
            Type::String { .. } | Type::Text { .. } | Type::Enum { .. } | Type::Date | Type::Time
        ),
        Takes::Bool => matches!(ty, Type::Bool),
        Takes::Amount => suits(ty, Takes::Number) || suits(ty, Takes::Moment),
        Takes::Moment => matches!(ty, Type::DateTime | Type::ObjectId),
        Takes::List => matches!(ty, Type::List { .. }),
        Takes::Composite => suits(ty, Takes::List) || suits(ty, Takes::Object),
        Takes::Object => matches!(ty, Type::Object { .. } | Type::Json),
    }
}

/// The least number that a position accepts.
const fn least(takes: Takes) -> Option<u8> {
    match takes {
        Takes::Positive => Some(1),
        Takes::Natural | Takes::Bits => Some(0),
        Takes::Any
        | Takes::Int
        | Takes::Number
        | Takes::Text
        | Takes::Bool
        | Takes::Amount
        | Takes::Moment
        | Takes::List
        | Takes::Object
        | Takes::Composite => None,
    }
}

/// Whether clients may send a number below this one.
fn allows_below(ty: &Type, least: u8) -> bool {
    match ty {
        Type::Int { min, .. } => *min < i64::from(least),
        Type::UInt { min, .. } => *min < u64::from(least),
        Type::List { item, .. } => allows_below(&item.ty, least),
        _ => false,
    }
}

struct Written<'n> {
    name: &'n str,
    at: Span,
    is_regex: bool,
}

/// The argument that a well-formed placeholder names.
pub(super) fn name(node: &Node) -> Option<&str> {
    written(node).map(|written| written.name)
}

/// The placeholder, if it is well-formed: `{"$arg": "NAME"}`, or with `"as": "regex"`.
fn written(node: &Node) -> Option<Written<'_>> {
    let members = node.value.members()?;
    let arg = member(members, "$arg")?;
    let Json::Text(name) = &arg.value.value else { return None };
    let is_regex = match members {
        [_] => false,
        [one, other] => {
            let other = if one.name.value == "$arg" { other } else { one };
            (other.name.value == "as" && other.value.value.text() == Some("regex")).then_some(true)?
        }
        _ => return None,
    };
    Some(Written { name, at: arg.value.span, is_regex })
}

/// The faulty part of a placeholder.
fn bad_part(node: &Node) -> Span {
    let members = node.value.members().unwrap_or_default();
    let other = members.iter().find(|member| !matches!(member.name.value.as_str(), "$arg" | "as"));
    let not_text = members.iter().find(|member| member.value.value.text().is_none());
    other.map(|member| member.name.span).or(not_text.map(|member| member.value.span)).unwrap_or(node.span)
}
