//! Operands of the wrong kind: constants, and clients' values, by the types of their arguments.

use super::{argument, check::Check, shape::is_placeholder};
use crate::{
    aggregation::{Takes, Which},
    diagnostic::{kinds, placeholders},
    json::{Json, Member, Node, member},
    model::Type,
};

impl Check<'_, '_> {
    /// Refuses the operands of an operator or a stage that can never be of the required kind.
    pub(super) fn operands(&mut self, operator: &Member, wanted: &[(Which, Takes)]) {
        let of = operator.name.value.as_str();
        for (which, takes) in wanted {
            match (which, &operator.value.value) {
                (Which::Of(name), Json::Object(members)) if !is_placeholder(&operator.value) => {
                    let found = member(members, name);
                    if let Some(Member { name, value }) = found {
                        self.operand_kind(value, *takes, &name.value);
                    }
                }
                (Which::All | Which::Each, Json::List(items)) => {
                    for item in items {
                        self.operand_kind(item, *takes, of);
                    }
                }
                (Which::At(index), Json::List(items)) => {
                    if let Some(item) = items.get(*index) {
                        self.operand_kind(item, *takes, of);
                    }
                }
                (Which::Each, _) => self.list_kind(&operator.value, *takes, of),
                // An object without an operator has its operands by name.
                (Which::All | Which::At(0), value)
                    if is_placeholder(&operator.value)
                        || value.members().is_none()
                        || *takes == Takes::Object =>
                {
                    self.operand_kind(&operator.value, *takes, of);
                }
                (Which::All | Which::At(_) | Which::Of(_), _) => {}
            }
        }
    }

    /// A single operand that yields a list of these.
    fn list_kind(&mut self, node: &Node, takes: Takes, of: &str) {
        let arg = self.args.iter().find(|arg| Some(arg.field.name.as_str()) == argument::name(node));
        match arg.map(|arg| (&arg.field.name, &arg.field.ty)) {
            Some((name, Type::List { item, .. })) if !argument::suits(&item.ty, takes) => {
                let named = (name.as_str(), "list");
                let places = (self.call, self.named);
                let diagnostic =
                    placeholders::argument_type(node.span, named, of, "a list of objects", places);
                self.errors.push(diagnostic);
            }
            _ => self.operand_kind(node, Takes::List, of),
        }
    }

    pub(super) fn operand_kind(&mut self, node: &Node, takes: Takes, of: &str) {
        if is_placeholder(node) {
            let name = argument::name(node);
            let arg = self.args.iter().find(|arg| Some(arg.field.name.as_str()) == name);
            // JSON may be of any kind.
            let suits = |ty: &Type| argument::suits(ty, takes) || matches!(ty, Type::Json);
            if let Some(arg) = arg.filter(|arg| !suits(&arg.field.ty)) {
                let named = (arg.field.name.as_str(), arg.field.ty.name());
                let places = (self.call, self.named);
                let diagnostic = placeholders::argument_type(node.span, named, of, takes.as_str(), places);
                self.errors.push(diagnostic);
            }
            return;
        }
        let is_other = match &node.value {
            // A path or an operator may yield any kind. Null is accepted, and yields null.
            Json::Text(text) if text.starts_with('$') => false,
            Json::Null => false,
            Json::Object(_) => node.value.operator().is_none() && takes != Takes::Object,
            value => !takes.fits(value),
        };
        if is_other {
            self.errors.push(kinds::wrong_operand(node, of, takes.as_str(), self.named));
        }
    }
}
