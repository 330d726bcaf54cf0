//! How a record of `to` is identified, and whether two records stay two.

use beds_core::{
    spec::{Domain, Engine, Field, Generated, Type},
    validate::Errors,
};

use super::expression::Expression;

/// The fields that identify a record of `to`: its key, or a unique field.
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
        format!("must give {how}: otherwise a record that is there already could not be recognized"),
    );
    Vec::new()
}

/// Whether records that differ in `from` also differ in `to`. If several records became one, all but the last would be
/// lost: a copy leaves them in `from`, but a move deletes them.
pub(super) fn keeps_apart(
    map: &[(usize, &'static Field, Expression)],
    identity: &[usize],
    from: &'static Domain,
    to: &'static Domain,
    errors: &mut Errors,
) {
    // MongoDB stores moments in milliseconds, so moments within one millisecond become equal.
    let is_cut = |field: usize| {
        matches!(from.fields[field].ty, Type::DateTime)
            && (from.engine(), to.engine()) == (Engine::MariaDb, Engine::MongoDb)
    };
    let carried: Vec<usize> = map
        .iter()
        .filter(|(index, ..)| identity.contains(index))
        .flat_map(|(.., expression)| match expression {
            Expression::Field(source) => vec![*source],
            Expression::Join { from, with } if !with.is_empty() || from.len() == 1 => from.clone(),
            // These expressions may give the same result for several records.
            Expression::Join { .. }
            | Expression::Constant(_)
            | Expression::Enum { .. }
            | Expression::Split { .. }
            | Expression::Case { .. }
            | Expression::Date { .. }
            | Expression::LookUp { .. } => Vec::new(),
        })
        .filter(|&field| !is_cut(field))
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
            "must give {} from {key}{unique} unchanged or joined with others: if several records became one, a move \
             would lose all but the last; copy them instead",
            quoted(to, &mut identity.iter().copied())
        ),
    );
}

#[cfg(test)]
mod tests {
    use beds_core::spec::{mariadb, mongodb};

    use super::*;

    static FIELDS: [Field; 4] = [
        Field::new("place", "place", Type::string(0, 20)),
        Field::new("at", "at", Type::DateTime),
        Field::new("code", "code", Type::string(0, 20)).unique(),
        Field::new("name", "name", Type::string(0, 20)),
    ];
    static FROM: Domain =
        Domain::new("from", "", "").fields(&FIELDS).key(&[0, 1]).mariadb("m", mariadb::Objects::NONE);
    static TO: Domain =
        Domain::new("to", "", "").fields(&FIELDS).key(&[0, 1]).mariadb("m", mariadb::Objects::NONE);
    static CUT: Domain =
        Domain::new("to", "", "").fields(&FIELDS).key(&[0, 1]).mongodb("m", mongodb::Objects::NONE);

    /// Whether a map keeps records distinct that these fields of `to` identify.
    fn keeps(to: &'static Domain, identity: &[usize], map: Vec<(usize, Expression)>) -> bool {
        let map: Vec<_> =
            map.into_iter().map(|(index, expression)| (index, &FIELDS[index], expression)).collect();
        let mut errors = Errors::default();
        keeps_apart(&map, identity, &FROM, to, &mut errors);
        errors.count() == 0
    }

    #[test]
    fn records_stay_apart_by_a_whole_key_or_a_unique_field() {
        use Expression::{Constant, Field as Of, Join};
        let constant = || Constant(beds_protocol::Json::from("x"));
        let join = |from: &[usize], with: &str| Join { from: from.to_vec(), with: with.to_owned() };
        let key = || vec![(0, Of(0)), (1, Of(1))];
        for (to, identity, map, expected) in [
            (&TO, &[0, 1][..], key(), true),
            (&TO, &[0, 1], vec![(0, Of(1)), (1, Of(0))], true),
            (&TO, &[0, 1], vec![(0, Of(0)), (1, constant())], false),
            (&TO, &[0, 1], vec![(0, Of(2)), (1, constant())], true),
            (&TO, &[2], vec![(2, join(&[0, 1], "/"))], true),
            (&TO, &[2], vec![(2, join(&[0, 1], ""))], false),
            (&TO, &[2], vec![(2, join(&[2], ""))], true),
            (&TO, &[2], vec![(2, join(&[0, 3], "/"))], false),
            (&TO, &[2], vec![(2, Of(3))], false),
            // A field that is mapped to a field outside the identity does not distinguish them.
            (&TO, &[2], vec![(2, Of(3)), (3, Of(2))], false),
            // Two moments within one millisecond.
            (&CUT, &[0, 1], key(), false),
            (&CUT, &[0, 1], vec![(0, Of(2)), (1, Of(1))], true),
        ] {
            let told = format!("{} {identity:?} {map:?}", to.name);
            assert_eq!(keeps(to, identity, map), expected, "{told}");
        }
    }
}
