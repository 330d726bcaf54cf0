//! What an upsert stores in a new record, and what it changes in an existing one.

use beds_core::{
    inspect::Catalogue,
    spec::{Domain, Field, Objects, Type, mariadb},
};

use super::{catalogue, column, domain, is_said, routine, said};

/// A table `line` with the key and four more columns, of which `rev` is the version, and `made` stays as it was
/// created.
fn wide(body: &str) -> Catalogue {
    let mut catalogue = catalogue(vec![routine("u", &["o", "r", "c", "x", "m"], body)], Vec::new());
    catalogue.relations[0].columns.extend(["price", "made", "rev"].map(column));
    catalogue
}

fn wide_domain() -> Domain {
    let mut domain = domain([None, None, None], None);
    let int = |name| Field::new(name, name, Type::int(-2_147_483_648, 2_147_483_647)).required();
    let mut fields: Vec<Field> = ["id_order", "id_part", "amount", "price"].map(int).into();
    fields.extend([int("made").immutable(), int("rev")]);
    domain.fields = fields.leak();
    domain.version = Some(5);
    if let Objects::MariaDb(objects) = &mut domain.objects {
        objects.upsert = Some(mariadb::Procedure::new("u", "", &[0, 1, 2, 3, 4]));
    }
    domain
}

const INSERT: &str = "insert into line (id_order, id_part, amount, price, made) values (o, r, c, x, m)";
const RIGHT: &str = "amount = c, price = x, rev = rev + 1";

#[test]
fn what_an_upsert_changes_is_judged_as_an_update() {
    for (sets, expected) in [
        // As an upsert should be.
        (RIGHT, ""),
        ("amount = values(amount), line.price = value(price), rev = line.rev + 1", ""),
        ("amount = c, price = x, made = made, rev = rev + (id_order = o)", ""),
        (
            "amount = if(id_order = o and id_part = r, c, amount), \
             price = case when id_order = o and id_part = r then x else price end, rev = rev + 1",
            "",
        ),
        ("id_order = o, id_part = values(id_part), amount = c + 1, price = abs(x), rev = rev + 1", ""),
        // Forgotten columns.
        (
            "amount = c, rev = rev + 1",
            "error parameter `x` of `u` is lost, and the answer is `ok`: it does not go into the column `price` where the record is there",
        ),
        (
            "amount = c, price = price, rev = rev + 1",
            "note parameter `x` of `u` is lost, and the answer is `ok`: it does not go into the column `price`",
        ),
        // The key.
        (&format!("id_part = 7, {RIGHT}"), "error gives its record another key: it sets `id_part`"),
        (&format!("id_part = 'X', {RIGHT}"), "error gives its record another key"),
        (&format!("id_part = o, {RIGHT}"), "error gives its record another key"),
        (&format!("id_part = values(id_order), {RIGHT}"), "error gives its record another key"),
        (&format!("id_part = r + 1, {RIGHT}"), "warning gives its record another key"),
    ] {
        let found = said(&wide_domain(), &wide(&format!("{INSERT} on duplicate key update {sets}")));
        is_said(&found, expected, sets);
    }
}

#[test]
fn an_upsert_that_exchanges_columns_is_found() {
    let exchanged = "amount = x, price = c, rev = rev + 1";
    for body in [
        format!("{INSERT} on duplicate key update {exchanged}"),
        format!(
            "{INSERT} on duplicate key update amount = values(price), price = values(amount), rev = rev + 1"
        ),
        format!(
            "{INSERT} on duplicate key update amount = if(id_order = o, x, amount), price = if(id_order = o, c, price)"
        ),
        format!("{INSERT} on duplicate key update amount = trim(x), price = cast(c as int)"),
        format!(
            "begin declare v int; set v = x; {INSERT} on duplicate key update amount = v, price = coalesce(c, price); end"
        ),
        format!(
            "insert into line (id_order, id_part, amount, price, made) select o, r, c, x, m from dual \
             on duplicate key update {exchanged}"
        ),
        format!(
            "begin if exists (select 1 from line where id_order = o and id_part = r) then \
             update line set {exchanged} where id_order = o and id_part = r; else {INSERT}; end if; end"
        ),
        format!(
            "begin update line set {exchanged} where id_order = o and id_part = r; \
             if row_count() = 0 then {INSERT}; end if; end"
        ),
    ] {
        let found = said(&wide_domain(), &wide(&body));
        let part = |column, other| {
            format!("goes into the column `{column}`, not into `{other}` where the record is there")
        };
        let is_expected = found.len() == 2
            && found.iter().all(|line| line.starts_with("error"))
            && [part("price", "amount"), part("amount", "price")]
                .iter()
                .all(|part| found.iter().any(|line| line.contains(part.as_str())));
        assert!(is_expected, "{body}: {found:#?}");
    }
    let replaces = "replace into line (id_order, id_part, amount, price, made) values (o, r, x, c, m)";
    let found = said(&wide_domain(), &wide(replaces));
    assert!(
        found.len() == 2 && found.iter().all(|line| line.contains("where the record is new")),
        "{found:#?}"
    );
}

#[test]
fn what_an_upsert_inserts_is_judged_as_a_create() {
    let there = format!("on duplicate key update {RIGHT}");
    let update = format!("update line set {RIGHT} where id_order = o and id_part = r");
    for (body, expected) in [
        ("replace into line (id_order, id_part, amount, price, made) values (o, r, c, x, m)".to_owned(), ""),
        (
            format!("insert into line (id_order, id_part, amount, made) values (o, r, c, m) {there}"),
            "error parameter `x` of `u` is lost, and the answer is `ok`: it does not go into the column `price` where the record is new",
        ),
        (
            format!(
                "insert into line (id_order, id_part, amount, price, made) values (o, r + 1, c, x, m) {there}"
            ),
            "warning gives the record another key than the client's: it computes `id_part`",
        ),
        (
            format!(
                "begin declare v int; set v = abs(r); \
                 insert into line (id_order, id_part, amount, price, made) values (o, v, c, x, m) {there}; end"
            ),
            "warning gives the record another key than the client's: it computes `id_part`",
        ),
        (format!("{INSERT}, (o, 7, c, x, m) {there}"), "warning creates more than one record of `line`"),
        (
            format!("{} {there}", INSERT.replace("insert", "insert ignore")),
            "error its `ignore` changes values",
        ),
        // One half alone.
        (INSERT.to_owned(), "error only inserts"),
        (format!("begin {update}; if m then select 1; end if; end"), "error inserts nothing"),
        (
            format!(
                "begin update line set {RIGHT} where id_order = o and id_part = r; if row_count() = 0 then {INSERT}; end if; end"
            ),
            "",
        ),
        (format!("begin delete from line where id_order = o and id_part = r; {INSERT}; end"), ""),
        // The record is created first, and filled afterwards.
        (
            format!(
                "begin insert into line (id_order, id_part, made) values (o, r, m) on duplicate key update made = made; {update}; end"
            ),
            "",
        ),
        (format!("begin if m > 0 then call other(o, r, c, x, m); end if; {INSERT}; end"), ""),
    ] {
        is_said(&said(&wide_domain(), &wide(&body)), expected, &body);
    }
}
