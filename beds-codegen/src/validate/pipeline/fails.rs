//! Stages that MongoDB refuses whatever the documents are.

use super::{check::Check, shape::is_placeholder};
use crate::{
    diagnostic::stages as diagnostics,
    json::{Json, Member, Node},
};

/// Stages that need at least one member or entry.
const NEVER_EMPTY: [&str; 5] = ["$addFields", "$facet", "$project", "$set", "$unset"];

impl Check<'_, '_> {
    /// What no run of the call would get past.
    pub(super) fn always_fails(&mut self, stage: &Member) {
        let name = stage.name.value.as_str();
        let is_empty = match &stage.value.value {
            Json::Object(members) => members.is_empty(),
            Json::List(items) => items.is_empty(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => false,
        };
        if is_empty && NEVER_EMPTY.contains(&name) {
            self.errors.push(diagnostics::empty_stage(stage.value.span, name, self.named));
        }
        if name == "$project" {
            let (mut taken, mut left_out) = (None, None);
            projected(stage.value.value.members().unwrap_or_default(), true, &mut taken, &mut left_out);
            if let (Some(taken), Some(left_out)) = (taken, left_out) {
                self.errors.push(diagnostics::mixed_projection(left_out.span, taken.span, self.named));
            }
        }
    }
}

/// The first member that a projection takes or computes, and the first that it leaves out; `_id` goes with both.
fn projected<'n>(
    members: &'n [Member],
    is_top: bool,
    taken: &mut Option<&'n Node>,
    left_out: &mut Option<&'n Node>,
) {
    for Member { value, .. } in members.iter().filter(|member| !is_top || member.name.value != "_id") {
        let is_none = match &value.value {
            Json::Bool(flag) => !flag,
            Json::Number(number) => number.parse::<f64>().is_ok_and(|number| number == 0.0),
            Json::Object(inner) if !is_placeholder(value) && value.value.operator().is_none() => {
                projected(inner, false, taken, left_out);
                continue;
            }
            // What is not known, or known only to projections of finds, is not judged.
            Json::Object(_) if value.value.operator().is_some_and(|found| found.name.value == "$meta") => {
                continue;
            }
            Json::Null | Json::Text(_) | Json::List(_) | Json::Object(_) => false,
        };
        let first = if is_none { &mut *left_out } else { &mut *taken };
        first.get_or_insert(value);
    }
}
