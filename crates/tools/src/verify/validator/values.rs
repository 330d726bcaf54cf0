//! Compares a validator's condition on a value with the values of a type.

use super::{Said, stored_as, takes};
use beds_core::{inspect::Asks, spec::Type};
use beds_protocol::{shown, value::Decimal};

/// A rule that nobody can judge.
pub(super) fn not_judged(keyword: &str, of: &str) -> Said {
    Said::warning(format!(
        "the validator has {} for {of}, which was not judged: it may refuse what the template allows",
        shown(keyword)
    ))
}

/// The finding on a rule for values of this type. `name` is the member's name in messages.
pub(super) fn judge(name: &str, ty: &Type, asks: &Asks) -> Option<Said> {
    let is_any = matches!(ty, Type::Json);
    let refused = |what: String| Some(Said::warning(format!("the validator refuses {what} in {name}")));
    let narrow = |is: bool, what: String| if is || is_any { refused(what) } else { None };
    match asks {
        Asks::Types(types) => types_of(name, ty, types),
        Asks::Other(keyword) => Some(not_judged(keyword, name)),
        Asks::OneOf { texts, others } => one_of(name, ty, texts, others),
        Asks::LengthMin(least) => {
            let few = length(ty).filter(|(min, _)| min < least);
            let what = format!("strings of fewer than {least} characters");
            narrow(few.is_some(), what).map(|said| match (ty, few) {
                (Type::String { .. } | Type::Text { .. }, Some((min, _))) => {
                    said.hint(format!("the template allows {min}: write min = {least}"))
                }
                _ => said,
            })
        }
        Asks::LengthMax(most) => {
            let many = length(ty).filter(|(_, max)| max > most);
            let what = format!("strings of more than {most} characters");
            narrow(many.is_some(), what).map(|said| match (ty, many) {
                (Type::String { .. } | Type::Text { .. }, Some((_, max))) => {
                    said.hint(format!("the template allows {max}: write max = {most}"))
                }
                _ => said,
            })
        }
        Asks::Matches(pattern) => {
            let is_same = matches!(ty, Type::String { pattern: Some(own), .. } if {
                let own = own.source();
                [format!("^{own}$"), format!("^({own})$"), format!("^(?:{own})$")].contains(pattern)
            });
            let is_text = stored_as(ty) == Some("string");
            narrow(is_text && !is_same, format!("what {} does not match", shown(pattern)))
        }
        Asks::Least { bound, exclusive } => {
            let is_low = range(ty).is_some_and(|(min, _)| min < *bound || (*exclusive && min <= *bound));
            narrow(is_low, format!("numbers {} {bound}", if *exclusive { "up to" } else { "below" }))
                .map(|said| said.hint("say so in the template with `min`, or let the validator accept more"))
        }
        Asks::Greatest { bound, exclusive } => {
            let is_high = range(ty).is_some_and(|(_, max)| max > *bound || (*exclusive && max >= *bound));
            narrow(is_high, format!("numbers {} {bound}", if *exclusive { "from" } else { "above" }))
                .map(|said| said.hint("say so in the template with `max`, or let the validator accept more"))
        }
        Asks::ItemsMin(least) => {
            let is_list = matches!(ty, Type::List { .. });
            narrow(is_list && *least > 0, format!("lists of fewer than {least} items"))
        }
        Asks::ItemsMax(most) => {
            let is_longer = matches!(ty, Type::List { max, .. } if u64::from(*max) > *most);
            narrow(is_longer, format!("lists of more than {most} items"))
        }
        Asks::ItemsDiffer => {
            narrow(matches!(ty, Type::List { .. }), "lists that have an item twice".to_owned())
        }
        Asks::Required(member) => required(name, ty, member),
        Asks::Only(names) => only(name, ty, names),
        Asks::MembersMin(least) => {
            let few = members(ty).is_some_and(|(min, _)| min < *least);
            narrow(few, format!("objects of fewer than {least} members"))
        }
        Asks::MembersMax(most) => {
            let many = members(ty).is_some_and(|(_, max)| max > *most);
            narrow(many, format!("objects of more than {most} members"))
        }
    }
}

fn types_of(name: &str, ty: &Type, types: &[String]) -> Option<Said> {
    let accepted = shown(types.join(" or "));
    let Some(stored) = stored_as(ty) else {
        return Some(Said::warning(format!(
            "the validator accepts {name} as {accepted} only, but the template takes any JSON"
        )));
    };
    if takes(types, stored) {
        return None;
    }
    let said = Said::error(format!(
        "the validator accepts {name} as {accepted} only, but the node writes `{stored}`"
    ));
    Some(match stored {
        "long" => said.hint("let the validator accept [\"int\", \"long\"]"),
        _ => said.hint(format!("let the validator accept \"{stored}\", or correct the type in the template")),
    })
}

fn one_of(name: &str, ty: &Type, texts: &[String], others: &[String]) -> Option<Said> {
    let is_other = |value: &str| others.iter().any(|other| other == value);
    let none = || Said::error(format!("the `enum` of the validator has no value that {name} can have"));
    let some =
        || Said::warning(format!("the validator refuses values in {name} that its `enum` does not have"));
    match ty {
        Type::Enum { values } => {
            let is_refused = |value: &&&str| !texts.iter().any(|text| text == **value);
            let refused: Vec<&str> = values.iter().filter(is_refused).copied().collect();
            match refused.len() {
                0 => None,
                count if count == values.len() => Some(none()),
                _ => Some(Said::warning(format!(
                    "the validator refuses {} in {name}",
                    refused.iter().map(shown).collect::<Vec<_>>().join(", ")
                ))),
            }
        }
        Type::Bool if is_other("true") && is_other("false") => None,
        Type::Bool if !is_other("true") && !is_other("false") => Some(none()),
        Type::Int { min, max } if max.checked_sub(*min).is_some_and(|more| more < 1_000) => {
            let listed = (*min..=*max).filter(|number| is_other(&number.to_string())).count();
            match usize::try_from(max - min) {
                Ok(more) if listed == more + 1 => None,
                _ if listed == 0 => Some(none()),
                _ => Some(some()),
            }
        }
        Type::Json => Some(some()),
        Type::String { pattern: Some(own), .. }
            if alternatives(own.source()).is_some_and(|all| all.iter().all(|one| texts.contains(one))) =>
        {
            None
        }
        _ if stored_as(ty) == Some("string") && texts.is_empty() => Some(none()),
        _ if stored_as(ty) != Some("string") && others.iter().all(|other| other == "null") => Some(none()),
        _ => Some(some()),
    }
}

/// The texts that a pattern matches, if it only lists them: `new|old|x\.l`.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        let last = all.last_mut()?;
        match letter {
            '|' => all.push(String::new()),
            '\\' => last.push(letters.next().filter(char::is_ascii_punctuation)?),
            letter if ".+*?()[]{}^$".contains(letter) => return None,
            letter => last.push(letter),
        }
    }
    Some(all)
}

fn required(name: &str, ty: &Type, member: &str) -> Option<Said> {
    let Type::Object { fields } = ty else {
        let what = format!("the validator refuses objects without {} in {name}", shown(member));
        return matches!(ty, Type::Json).then(|| Said::warning(what));
    };
    let why = match fields.iter().find(|field| field.column == member) {
        None => "which the template does not have",
        Some(field) if !field.required => "which a client may leave out",
        Some(_) => return None,
    };
    let message = format!("the validator requires {} in {name}, {why}", shown(member));
    Some(Said::error(message).hint("make it a required member, or let the validator not require it"))
}

fn only(name: &str, ty: &Type, names: &[String]) -> Option<Said> {
    let Type::Object { fields } = ty else {
        let what = format!("the validator refuses members in {name} that it does not list");
        return matches!(ty, Type::Json).then(|| Said::warning(what));
    };
    let is_refused = |column: &&str| !names.iter().any(|listed| listed == column);
    let refused: Vec<String> =
        fields.iter().map(|field| field.column).filter(is_refused).map(shown).collect();
    let message = || format!("the validator forbids {} in {name}", refused.join(", "));
    (!refused.is_empty()).then(|| Said::error(message()).hint("add it to the validator's `properties`"))
}

/// The least and the greatest length of a value that is stored as a string.
fn length(ty: &Type) -> Option<(u64, u64)> {
    match ty {
        Type::String { min, max, .. } | Type::Text { min, max } => Some((u64::from(*min), u64::from(*max))),
        Type::Enum { values } => {
            let lengths = || values.iter().map(|value| value.chars().count() as u64);
            Some((lengths().min()?, lengths().max()?))
        }
        Type::Date => Some((10, 10)),
        Type::Time => Some((8, 15)),
        _ => None,
    }
}

/// The least and the greatest number.
fn range(ty: &Type) -> Option<(Decimal, Decimal)> {
    let (least, greatest) = match ty {
        Type::Int { min, max } => (min.to_string().parse(), max.to_string().parse()),
        // The node refuses a value that does not fit a `long`.
        Type::UInt { min, max } => {
            (min.to_string().parse(), max.min(&i64::MAX.unsigned_abs()).to_string().parse())
        }
        Type::Float { min, max } => {
            let bound = |bound: f64| Decimal::of_double(bound.clamp(f64::MIN, f64::MAX));
            return Some((bound(*min)?, bound(*max)?));
        }
        Type::Decimal { precision, scale, min, max } => {
            let unbounded = format!("1{}", "0".repeat(usize::from(precision.saturating_sub(*scale))));
            (
                min.map_or_else(|| format!("-{unbounded}").parse(), str::parse),
                max.map_or_else(|| unbounded.parse(), str::parse),
            )
        }
        _ => return None,
    };
    Some((least.ok()?, greatest.ok()?))
}

/// The least and the greatest number of members of an object.
fn members(ty: &Type) -> Option<(u64, u64)> {
    let Type::Object { fields } = ty else { return None };
    Some((fields.iter().filter(|field| field.required).count() as u64, fields.len() as u64))
}
