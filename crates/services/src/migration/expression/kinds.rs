//! The kinds of expressions that have rules of their own: other values, parts of moments, records of other templates.

use beds_core::{
    carry::May,
    spec::{Field, Type},
    validate::Errors,
};
use beds_protocol::{Json, Operation, Record, nearest, shown};

use super::{Expression, LookUp, PARTS, Part, Reader, fits, is_constant, text, unknown};
use crate::migration::shape::{Shape, bars};

impl Reader<'_> {
    pub(super) fn of_enum(
        &self,
        to: &'static Field,
        members: &Record,
        path: &str,
        errors: &mut Errors,
    ) -> Option<Expression> {
        let source = self.source(members, path, errors);
        let path_of = format!("{path}.enum");
        let Some(Json::Object(map)) = members.get("enum") else {
            errors.push(path_of, "must be an object that says what each value becomes");
            return None;
        };
        let other = members.get("else").cloned();
        if let Some(other) = &other {
            let _ = is_constant(to, other, format!("{path}.else"), errors);
        }
        for (value, json) in &map.0 {
            let _ = is_constant(to, json, format!("{path_of}.{value}"), errors);
        }
        let (from, field) = source?;
        let known: Option<Vec<&str>> = match &field.ty {
            Type::Enum { values } => Some(values.to_vec()),
            Type::Bool => Some(vec!["true", "false"]),
            Type::String { .. } | Type::Text { .. } | Type::Int { .. } | Type::UInt { .. } => None,
            other => {
                errors.push(
                    format!("{path}.from"),
                    format!(
                        "names `{}`, which is a {}: its values cannot be listed",
                        field.name,
                        other.name()
                    ),
                );
                return None;
            }
        };
        if let Some(known) = known {
            for (value, _) in map.0.iter().filter(|(value, _)| !known.contains(&value.as_str())) {
                let near = nearest(value, known.iter().copied());
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                errors
                    .push(format!("{path_of}.{value}"), format!("is not a value of `{}`{near}", field.name));
            }
            let missing: Vec<_> = known.iter().filter(|value| map.get(value).is_none()).map(shown).collect();
            if !missing.is_empty() && other.is_none() {
                let missing = missing.join(", ");
                errors
                    .push(path_of, format!("does not say what becomes of {missing}: add them, or an `else`"));
                return None;
            }
        }
        let values = map.0.iter().cloned().collect();
        Some(Expression::Enum { from, values, other })
    }

    pub(super) fn of_date(
        &self,
        to: &'static Field,
        members: &Record,
        path: &str,
        errors: &mut Errors,
    ) -> Option<Expression> {
        let source = self.source(members, path, errors);
        let name = text(members, "date", path, errors)?;
        let Some((_, part)) = PARTS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = PARTS.iter().map(|(known, _)| *known).collect();
            errors.push(format!("{path}.date"), format!("must be one of {}", known.join(", ")));
            return None;
        };
        let (from, field) = source?;
        let has = match &field.ty {
            Type::DateTime => true,
            Type::Date => !matches!(part, Part::Hour | Part::Minute | Part::Second | Part::Time),
            Type::Time => matches!(part, Part::Hour | Part::Minute | Part::Second | Part::Time),
            _ => false,
        };
        if !has {
            let ty = field.ty.name();
            errors.push(
                format!("{path}.date"),
                format!("cannot be taken from `{}`, which is a {ty}", field.name),
            );
            return None;
        }
        let shape = match part {
            Part::Date => Shape::Date,
            Part::Time => Shape::Time,
            Part::Year
            | Part::Month
            | Part::Day
            | Part::Weekday
            | Part::Hour
            | Part::Minute
            | Part::Second => Shape::Int,
        };
        fits(shape, to, path, errors)?;
        Some(Expression::Date { from, part: *part })
    }

    pub(super) fn of_look_up(
        &self,
        to: &'static Field,
        members: &Record,
        path: &str,
        errors: &mut Errors,
    ) -> Option<Expression> {
        let source = self.source(members, path, errors);
        let other = members.get("else").cloned();
        if let Some(other) = &other {
            let _ = is_constant(to, other, format!("{path}.else"), errors);
        }
        let name = text(members, "lookup", path, errors)?;
        let domain = match self.catalogue.domain(name) {
            Ok(domain) => domain,
            Err(error) => {
                let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                errors.push(format!("{path}.lookup"), format!("is not a template that is served here{hint}"));
                return None;
            }
        };
        let may = match May::of(self.cx, domain, Operation::Fetch) {
            Ok(may) => may,
            Err(error) => {
                errors.push(format!("{path}.lookup"), format!("cannot be read: {}", error.message));
                return None;
            }
        };
        let find = |key: &str, name: &str, errors: &mut Errors| {
            let found = may.sees(name);
            if found.is_none() {
                unknown(format!("{path}.{key}"), name, &may, domain.name, errors);
            }
            found
        };
        let by = match (members.get("by"), domain.key) {
            (Some(_), _) => text(members, "by", path, errors).and_then(|name| find("by", name, errors)),
            (None, [key]) => Some((*key, &domain.fields[*key])),
            (None, _) => {
                let reason = format!("is required: the key of `{}` is not one field", domain.name);
                errors.push(format!("{path}.by"), reason);
                None
            }
        };
        let give = text(members, "give", path, errors).and_then(|name| find("give", name, errors));
        let (by_index, by) = by?;
        let is_one = by.unique || domain.key == [by_index];
        let is_filter = domain.fetch.filter.contains(&by_index) || domain.key.contains(&by_index);
        if !is_one || !is_filter {
            let reason =
                format!("must be the key of `{}`, or a unique field that a fetch filters by", domain.name);
            errors.push(format!("{path}.by"), reason);
            return None;
        }
        let (from, field) = source?;
        if let Some(reason) = bars(Shape::Of(&field.ty), &by.ty) {
            errors.push(format!("{path}.by"), reason);
        }
        let (_, give) = give?;
        fits(Shape::Of(&give.ty), to, path, errors)?;
        Some(Expression::LookUp { from, look_up: LookUp { domain, by, give, other } })
    }
}
