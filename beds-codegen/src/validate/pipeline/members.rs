//! Objects and lists of stages and operators, member by member, and the fields that their values get into.

use super::{check::Check, shape::converted_to};
use crate::{
    aggregation::{self as table, Named, Slot},
    diagnostic::{kinds, pipelines as diagnostics},
    json::{Json, Member, Node, member},
};

impl Check<'_, '_> {
    /// An object with known members.
    pub(super) fn keys(&mut self, node: &Node, keys: &'static [table::Key], of: &str) {
        let Json::Object(members) = &node.value else {
            let is_it = keys.first().is_some_and(|key| key.slot.fits(node));
            return self.errors.push(kinds::no_object(node, of, keys, is_it, self.named));
        };
        self.bind(of, members);
        for member in members {
            if let Some(key) = keys.iter().find(|key| key.name == member.name.value) {
                match target(of, key.name, members) {
                    Some(field) => self.of_field(field, |check| check.key(member, *key, of, members)),
                    None => self.key(member, *key, of, members),
                }
            } else {
                let known: Vec<&str> = keys.iter().map(|key| key.name).collect();
                self.errors.push(diagnostics::unknown_key(&member.name, of, &known, self.named));
            }
        }
        let is_missing = |key: &&table::Key| {
            key.is_required && !members.iter().any(|member| member.name.value == key.name)
        };
        // A misspelt member is likely to be the one that would be reported as missing.
        if !members.iter().any(|member| !keys.iter().any(|key| key.name == member.name.value)) {
            for key in keys.iter().filter(is_missing) {
                self.errors.push(diagnostics::missing_key(node.span, key.name, of, self.named));
            }
        }
    }

    /// One known member.
    fn key(&mut self, member: &Member, key: table::Key, of: &str, members: &[Member]) {
        // The value of a variable becomes part of the result only where the variable is used.
        if matches!((of, key.name), ("$cond", "if") | ("branches", "case") | ("$let", "vars")) {
            return self.apart(|check| check.slot(&member.value, key.slot, key.name));
        }
        // In a text that becomes an object, the client chooses the names, too.
        let slot = if (of, key.name) == ("$convert", "input") && gives_members(members) {
            Slot::Steer
        } else {
            key.slot
        };
        let naming = self.naming_of(of, key.name);
        self.naming(naming, |check| check.slot(&member.value, slot, key.name));
    }

    /// An object with members of any name.
    pub(super) fn map(&mut self, node: &Node, inner: Slot, of: &str) {
        let Json::Object(members) = &node.value else {
            return self.errors.push(kinds::wrong_kind(node, of, "an object", self.named));
        };
        for member in members {
            let of_what = match of {
                "let" | "vars" => Named::Variable,
                "$facet" => Named::Member,
                _ => Named::Field,
            };
            if member.name.value.starts_with('$') {
                self.errors.push(diagnostics::dollar_name(&member.name, of, self.named));
            } else if self.is_name(&member.name, of_what, of) {
                let name = &member.name.value;
                if of == "$facet" {
                    self.reach.gather(name);
                }
                if matches!(of_what, Named::Variable) {
                    self.slot(&member.value, inner, name);
                } else {
                    self.of_field(name, |check| check.slot(&member.value, inner, name));
                }
            }
        }
    }

    pub(super) fn list(&mut self, node: &Node, inner: Slot, of: &str) {
        let Json::List(items) = &node.value else {
            return self.errors.push(kinds::wrong_kind(node, of, "a list", self.named));
        };
        for item in items {
            self.slot(item, inner, of);
        }
    }
}

/// The field that a member of a stage sets, if the stage sets one.
fn target<'m>(stage: &str, of: &str, members: &'m [Member]) -> Option<&'m str> {
    let named = |name: &str| member(members, name).and_then(|found| found.value.value.text());
    match (stage, of) {
        ("$bucket", "boundaries" | "default" | "groupBy") | ("$bucketAuto", "groupBy") => Some("_id"),
        ("$densify", "range") => named("field"),
        ("$geoNear", "distanceMultiplier" | "near") => named("distanceField"),
        ("$graphLookup" | "$lookup", _) => named("as"),
        _ => None,
    }
}

/// Whether `$convert` may turn its input into an object or a list.
fn gives_members(members: &[Member]) -> bool {
    let Some(to) = member(members, "to") else { return false };
    match &converted_to(&to.value).value {
        Json::Text(name) => name.starts_with('$') || matches!(name.as_str(), "array" | "object"),
        Json::Number(number) => matches!(number.parse::<f64>(), Ok(3.0 | 4.0)),
        _ => true,
    }
}
