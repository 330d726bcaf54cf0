//! By what a record of `to` is known, and whether two records stay two.

use beds_core::{
    spec::{Domain, Field, Generated},
    validate::Errors,
};

use super::expression::Expression;

/// By what a record of `to` is found again: its key, or a unique field.
pub(super) fn identity(
    map: &[(usize, &'static Field, Expression)],
    to: &'static Domain,
    errors: &mut Errors,
) -> Vec<usize> {
    let is_mapped = |index: usize| map.iter().any(|(mapped, ..)| *mapped == index);
    if !to.key.is_empty() && to.key.iter().all(|&index| is_mapped(index)) {
        return to.key.to_vec();
    }
    let unique = to.fetch.filter.iter().copied().find(|&index| to.fields[index].unique && is_mapped(index));
    if let Some(unique) = unique {
        return vec![unique];
    }
    let names: Vec<_> = to.key.iter().map(|&index| format!("`{}`", to.fields[index].name)).collect();
    let by_database = to.key.iter().any(|&index| to.fields[index].generated == Some(Generated::Database));
    let how = if by_database || names.is_empty() {
        "a unique field that a fetch filters by".to_owned()
    } else {
        format!("{}, the key, or a unique field that a fetch filters by", names.join(", "))
    };
    errors.push(
        "args.map",
        format!("must give {how}: a record that is there already could not be known again"),
    );
    Vec::new()
}

/// Whether records that differ in `from` do so in `to`. Several that became one would be gone but for the last: a copy leaves them
/// where they were, a move takes them away.
pub(super) fn keeps_apart(
    map: &[(usize, &'static Field, Expression)],
    identity: &[usize],
    from: &'static Domain,
    to: &'static Domain,
    errors: &mut Errors,
) {
    let carried: Vec<usize> = map
        .iter()
        .filter(|(index, ..)| identity.contains(index))
        .flat_map(|(.., expression)| match expression {
            Expression::Field(source) => vec![*source],
            Expression::Join { from, with } if !with.is_empty() || from.len() == 1 => from.clone(),
            // What these give may be the same of several.
            Expression::Join { .. }
            | Expression::Constant(_)
            | Expression::Enum { .. }
            | Expression::Split { .. }
            | Expression::Case { .. }
            | Expression::Date { .. }
            | Expression::LookUp { .. } => Vec::new(),
        })
        .collect();
    let has_key = from.key.iter().all(|field| carried.contains(field));
    if has_key || carried.iter().any(|&field| from.fields[field].unique) {
        return;
    }
    let quoted = |domain: &'static Domain, fields: &mut dyn Iterator<Item = usize>| {
        let names: Vec<_> = fields.map(|field| format!("`{}`", domain.fields[field].name)).collect();
        names.join(", ")
    };
    let key = quoted(from, &mut from.key.iter().copied());
    let unique = quoted(from, &mut (0..from.fields.len()).filter(|&field| from.fields[field].unique));
    let unique = if unique.is_empty() { unique } else { format!(", or one of {unique},") };
    errors.push(
        "args.map",
        format!(
            "must give {} from {key}{unique} as it is or joined with others: of several records that become one, a move would \
             lose all but the last; copy them instead",
            quoted(to, &mut identity.iter().copied())
        ),
    );
}
