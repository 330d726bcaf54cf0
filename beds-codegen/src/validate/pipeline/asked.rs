//! Constants in queries that MongoDB refuses for any documents.

use super::{check::Check, impossible::constant, shape::is_placeholder};
use crate::{
    aggregation::{TYPES, Takes},
    diagnostic::{calls, doubts, pipelines, stages as diagnostics},
    json::{Json, Member, Node, is_path, member},
    span::Span,
};

/// Operators of a query that compare with a value.
const COMPARISONS: [&str; 6] = ["$eq", "$gt", "$gte", "$lt", "$lte", "$ne"];

/// The members of a JSON schema that are schemas, that map names to schemas, and that are lists of schemas.
const SCHEMA: [&str; 4] = ["not", "items", "additionalItems", "additionalProperties"];
const SCHEMAS_BY_NAME: [&str; 3] = ["properties", "patternProperties", "dependencies"];
const SCHEMAS: [&str; 4] = ["allOf", "anyOf", "oneOf", "items"];

impl Check<'_, '_> {
    /// Reports constants of a query's operator with which every run fails.
    pub(super) fn asked(&mut self, operator: &Member) {
        let (name, value) = (operator.name.value.as_str(), &operator.value);
        if is_placeholder(value) {
            return;
        }
        match name {
            "$not" if value.value.operator().is_none() => {
                self.refused(value.span, name, "takes an operator", "write one: {\"$not\": {\"$eq\": …}}");
            }
            "$type" => self.types(value, name),
            "$bitsAllClear" | "$bitsAllSet" | "$bitsAnyClear" | "$bitsAnySet" => self.bits(value, name),
            "$geoWithin" => self.corners(value),
            name if COMPARISONS.contains(&name) => self.field_as_text(value, name),
            _ => {}
        }
    }

    /// A text in a comparison of a query that looks like a field's path. In a query it is not a path.
    pub(super) fn field_as_text(&mut self, node: &Node, operator: &str) {
        let Some(path) = node.value.text().and_then(|text| text.strip_prefix('$')) else { return };
        if let Some(arg) =
            path.strip_prefix('$').and_then(|name| self.args.iter().find(|arg| arg.field.name == name))
        {
            let (text, name) = (format!("${path}"), arg.field.name.as_str());
            let is_used = self.uses.iter().any(|found| found.name == name);
            let said = calls::text_for_argument(node.span, (&text, name), is_used, self.named);
            return self.errors.push(said);
        }
        let name = path.strip_prefix('$').unwrap_or(path);
        if is_path(name) {
            self.errors.push(doubts::field_as_text(node.span, path, operator, self.named));
        }
    }

    /// The names or numbers of types. `$type` needs at least one.
    pub(super) fn types(&mut self, node: &Node, of: &str) {
        match &node.value {
            Json::List(items) if items.is_empty() => {
                self.refused(node.span, of, "takes at least one type", "name a type: \"string\"");
            }
            Json::List(items) => items.iter().for_each(|item| self.bson_type(item, of)),
            _ => self.bson_type(node, of),
        }
    }

    /// The name or the number of a type.
    pub(super) fn bson_type(&mut self, node: &Node, of: &str) {
        match &node.value {
            Json::Text(name) if name.starts_with('$') && of == "to" => {}
            Json::Text(name) if !TYPES.contains(&name.as_str()) => {
                let error = pipelines::unknown_word(node.span, name, of, TYPES, self.named);
                self.errors.push(error);
            }
            Json::Number(number) => {
                let is_type = number.parse::<f64>().is_ok_and(|number| {
                    number.fract() == 0.0
                        && ((1.0..=19.0).contains(&number) || [-1.0, 127.0, 255.0].contains(&number))
                });
                if !is_type {
                    let why = "takes the name or the number of a type, but no type has this number";
                    self.refused(node.span, of, why, "name the type: \"string\"");
                }
            }
            Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) | Json::Text(_) => {}
        }
    }

    /// A bit mask, or bit positions.
    fn bits(&mut self, node: &Node, of: &str) {
        let is_place = |node: &Node| {
            is_placeholder(node) || constant(node).is_some_and(|bit| bit >= 0.0 && bit.fract() == 0.0)
        };
        let wrong = match &node.value {
            Json::List(items) => items.iter().find(|item| !is_place(item)),
            _ => Some(node).filter(|node| !is_place(node)),
        };
        if let Some(wrong) = wrong {
            let why = format!("takes {}", Takes::Bits.as_str());
            return self.refused(wrong.span, of, &why, "write the places of the bits: [0, 3]");
        }
        if let Json::List(items) = &node.value {
            for item in items {
                self.operand_kind(item, Takes::Natural, of);
            }
        }
    }

    /// The two corners of a box.
    fn corners(&mut self, node: &Node) {
        let boxed =
            node.value.members().and_then(|members| member(members, "$box").map(|member| &member.value));
        if let Some(Node { value: Json::List(corners), .. }) = boxed
            && let Some(boxed) = boxed
        {
            let is_point = |node: &Node| matches!(node.value, Json::List(_) | Json::Object(_));
            if corners.len() < 2 || !corners.iter().all(is_point) {
                let help = "write the lower left and the upper right one: [[0, 0], [10, 10]]";
                self.refused(boxed.span, "$box", "takes two corners", help);
            }
        }
    }

    /// The types that a JSON schema names.
    pub(super) fn schema(&mut self, node: &Node) {
        for member in node.value.members().unwrap_or_default() {
            let (name, value) = (member.name.value.as_str(), &member.value);
            match &value.value {
                Json::Text(_) | Json::List(_) if name == "bsonType" => self.types(value, "bsonType"),
                Json::List(items) if SCHEMAS.contains(&name) => {
                    for item in items {
                        self.schema(item);
                    }
                }
                Json::Object(_) if SCHEMA.contains(&name) => self.schema(value),
                Json::Object(inner) if SCHEMAS_BY_NAME.contains(&name) => {
                    for member in inner {
                        self.schema(&member.value);
                    }
                }
                Json::Null
                | Json::Bool(_)
                | Json::Number(_)
                | Json::Text(_)
                | Json::List(_)
                | Json::Object(_) => {}
            }
        }
    }

    /// Reports a constant that an operator never accepts.
    pub(super) fn refused(&mut self, span: Span, of: &str, why: &str, help: &str) {
        self.errors.push(diagnostics::impossible(span, of, why, help, self.named));
    }
}
