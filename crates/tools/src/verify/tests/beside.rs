//! Effects of writes beside, or instead of, the intended one.

use beds_core::{
    inspect::{Index, Kind},
    spec::{Domain, Objects, mariadb},
};

use super::{catalogue, domain, of_update, one, routine, said};

/// The domain with only an upsert.
fn upserting(name: &'static str) -> Domain {
    let mut domain = domain([None, None, None], None);
    if let Objects::MariaDb(objects) = &mut domain.objects {
        objects.upsert = Some(mariadb::Procedure::new(name, "", &[0, 1, 2]));
    }
    domain
}

#[test]
fn an_upsert_that_finds_a_record_by_another_unique_index_is_found() {
    let index = |columns: &[&str], whole: bool| Index {
        name: "another".to_owned(),
        unique: true,
        primary: false,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        whole,
        identifies: true,
        only: Vec::new(),
        counts_null: false,
        expires_s: None,
    };
    let insert = "insert into line (id_order, id_part, amount) values (o, r, c) on duplicate key update ";
    let found = |sets: &str, index: Option<Index>| {
        let mut catalogue =
            catalogue(vec![routine("u", &["o", "r", "c"], &format!("{insert}{sets}"))], Vec::new());
        catalogue.relations[0].indexes.extend(index);
        said(&upserting("u"), &catalogue)
    };
    let expected = "warning `u` may change another record of `line` than that of the key";
    for other in
        [index(&["amount"], true), index(&["id_order"], true), index(&["id_order", "id_part"], false)]
    {
        one(&found("amount = c", Some(other.clone())), expected);
        for guarded in [
            "amount = if(id_order = o and id_part = r, c, amount)",
            "line.amount = amount + (c - amount) * (id_order = o and id_part = r)",
        ] {
            assert_eq!(found(guarded, Some(other.clone())), [""; 0], "{guarded}");
        }
        one(
            &found("amount = line.amount", Some(other.clone())),
            "note the value given for parameter `c` of `u` is lost",
        );
        one(&found("amount = if(id_order = o, c, amount)", Some(other.clone())), expected);
        let keyed = "id_part = r, amount = if(id_order = o and id_part = r, c, amount)";
        one(&found(keyed, Some(other)), expected);
    }
    for harmless in [
        None,
        Some(index(&["id_part", "id_order"], true)),
        Some(index(&["amount", "id_order", "id_part"], true)),
    ] {
        assert_eq!(found("amount = c", harmless), [""; 0]);
    }
}

#[test]
fn what_writes_a_record_that_is_there_beside_the_one_it_should_is_found() {
    let insert = "insert into line (id_order, id_part, amount) values (o, r, c)";
    let update = "update line set amount = c where id_order = o and id_part = r";
    let of_create = |body: &str| {
        let catalogue = catalogue(vec![routine("u", &["o", "r", "c"], body)], Vec::new());
        said(&domain([Some("u"), None, None], None), &catalogue)
    };
    let of_delete = |body: &str| {
        let catalogue = catalogue(vec![routine("u", &["o", "r"], body)], Vec::new());
        said(&domain([None, None, Some("u")], None), &catalogue)
    };
    let found =
        of_create(&format!("begin declare continue handler for sqlstate '23000' {update}; {insert}; end"));
    one(&found, "warning `u` may change a record of `line` that is there already");
    let found = of_create("insert into line (id_order, id_part, amount) select o, r, c union select o, 7, c");
    one(&found, "warning `u` may create several records of `line`");
    let found = of_update(
        &["o", "r", "c"],
        &format!("begin delete from line where id_order = o and id_part = r; {insert}; end"),
    );
    one(&found, "warning `u` creates the record of `line` that it does not find");
    let found = of_delete("update line set id_part = id_part + 100 where id_order = o and id_part = r");
    one(&found, "gives its record another key");
}

#[test]
fn what_a_create_does_beside_its_record_is_found() {
    for (body, expected) in [
        ("insert into line (id_order, id_part, amount) select o, r, c", &[""; 0] as &[&str]),
        (
            "insert into line (id_order, id_part, amount) select r, o, c from dual",
            &["`o` of `c` goes into the column `id_part`", "`r` of `c` goes into the column `id_order`"],
        ),
        ("insert into line values (o, r, c), (o + 1, r, c)", &["creates more than one record"]),
        ("insert into line values (o * -1, r, c)", &["gives the record another key"]),
        ("insert into other values (o, r, c)", &["never into `line`"]),
        (
            "execute immediate 'insert into line values (?, ?, ?)' using r, o, c",
            &["a statement that it builds"],
        ),
        (
            "begin declare c int default 5; insert into line values (o, r, c); end",
            &["declares a variable `c`, which hides its parameter"],
        ),
    ] {
        let create = routine("c", &["o", "r", "c"], body);
        let found = said(&domain([Some("c"), None, None], None), &catalogue(vec![create], Vec::new()));
        let is_expected = found.len() == expected.len()
            && expected.iter().all(|part| found.iter().any(|line| line.contains(part)));
        assert!(is_expected, "{body}: {found:#?}");
    }
}

#[test]
fn a_delete_that_empties_another_table_is_found() {
    let of = |body: &str| {
        let deletes = routine("d", &["o", "r"], body);
        said(&domain([None, None, Some("d")], None), &catalogue(vec![deletes], Vec::new()))
    };
    let found = of("delete line, log from line join log where line.id_order = o and line.id_part = r");
    one(
        &found,
        "warning `d` deletes other records than that of the key: it joins tables on a condition that is always true",
    );
    for joined in [
        "delete line, log from line join log on log.a = line.id_order where line.id_order = o and line.id_part = r",
        "delete line, log from line, log where log.a = line.id_order and line.id_order = o and line.id_part = r",
    ] {
        assert!(of(joined).iter().all(|said| !said.contains("always true")), "{joined}");
    }
}

#[test]
fn a_key_that_a_function_makes_is_found() {
    let of = |body: &str| {
        let creates = routine("c", &["o", "r", "c"], body);
        said(&domain([Some("c"), None, None], None), &catalogue(vec![creates], Vec::new()))
    };
    for made in [
        "insert into line (id_order, id_part, amount) values (abs(o), r, c)",
        "insert into line set id_order = concat(o, 'x'), id_part = r, amount = c",
    ] {
        one(&of(made), "gives the record another key than the client's: it computes `id_order`");
    }
    let kept = "insert into line (id_order, id_part, amount) values (coalesce(o, 1), cast(r as int), c)";
    assert_eq!(of(kept), [""; 0]);
}

#[test]
fn a_collation_in_the_condition_of_a_text_is_found_and_no_other() {
    let of = |own: Option<&str>, usage: usize, body: &str| {
        let parameters: &[&str] = if usage == 2 { &["o", "r"] } else { &["o", "r", "c"] };
        let mut catalogue = catalogue(vec![routine("x", parameters, body)], Vec::new());
        if let Some(own) = own {
            for column in &mut catalogue.relations[0].columns[..2] {
                (column.kind, column.collation) = (Kind::string(20), Some(own.to_owned()));
            }
        }
        let mut names = [None; 3];
        names[usage] = Some("x");
        let mut found = said(&domain(names, None), &catalogue);
        found.retain(|line| line.contains("by the rules of"));
        found
    };
    let deletes = |how: &str| format!("delete from line where id_order = o {how} and id_part = r");
    let (latin, plain, nopad) = ("latin1_general_ci", "utf8mb4_bin", "utf8mb4_nopad_bin");
    for (own, how) in [
        (latin, "collate latin1_swedish_ci"),
        (nopad, "collate utf8mb4_bin"),
        (latin, "and line.id_part collate latin1_swedish_ci = r"),
    ] {
        one(&of(Some(own), 2, &deletes(how)), "warning `x` compares");
    }
    for (own, how) in [
        (Some(latin), "collate LATIN1_GENERAL_CI"),
        (Some(latin), "collate latin1_bin"),
        (Some(plain), "collate utf8mb4_nopad_bin"),
        // Numbers have no collation.
        (None, "collate utf8mb4_general_ci"),
        // The collation is not in a condition, or not on the key.
        (Some(latin), "order by id_order collate latin1_swedish_ci"),
        (Some(latin), "and amount collate latin1_swedish_ci = 1"),
    ] {
        assert_eq!(of(own, 2, &deletes(how)), [""; 0], "{how}");
    }
    for body in [
        "insert into line values (o collate latin1_swedish_ci, r, c)",
        "begin if c > (select count(*) from line where id_order = o collate latin1_swedish_ci) then \
         insert into line values (o, r, c); end if; end",
    ] {
        assert_eq!(of(Some(latin), 0, body), [""; 0], "{body}");
    }
    let sets = "update line set amount = (o collate latin1_swedish_ci) where id_order = o and id_part = r";
    assert_eq!(of(Some(latin), 1, sets), [""; 0]);
}
