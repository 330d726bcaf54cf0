//! Writes that would get the answer `ok`, although a part of them fails, is skipped or is lost.

use beds_core::{
    inspect::Catalogue,
    spec::{Domain, Field, Objects, Type, mariadb},
};

use super::{catalogue, column, domain, is_said, routine, said};

#[derive(Debug, Clone, Copy)]
enum Operation {
    Create,
    Update,
    Upsert,
    Delete,
}
use Operation::{Create, Delete, Update, Upsert};

/// The table with a nullable column `price`, and another table with the same columns.
fn wide(operation: Operation, body: &str) -> Catalogue {
    let parameters: &[&str] = match operation {
        Delete => &["o", "r"],
        Create | Update | Upsert => &["o", "r", "c", "x"],
    };
    let mut catalogue = catalogue(vec![routine("u", parameters, body)], Vec::new());
    let mut price = column("price");
    price.nullable = true;
    catalogue.relations[0].columns.push(price);
    let mut other = catalogue.relations[0].clone();
    other.name = "stage".to_owned();
    catalogue.relations.push(other);
    catalogue
}

fn wide_domain(operation: Operation) -> Domain {
    let mut domain = domain([None, None, None], None);
    let int = |name| Field::new(name, name, Type::int(-2_147_483_648, 2_147_483_647));
    let mut fields: Vec<Field> = ["id_order", "id_part", "amount"].map(|name| int(name).required()).into();
    fields.push(int("price").nullable());
    domain.fields = fields.leak();
    if let Objects::MariaDb(objects) = &mut domain.objects {
        let args: &[usize] = if matches!(operation, Delete) { &[0, 1] } else { &[0, 1, 2, 3] };
        let procedure = Some(mariadb::Procedure::new("u", "", args));
        match operation {
            Create => objects.create = procedure,
            Update => objects.update = procedure,
            Upsert => objects.upsert = procedure,
            Delete => objects.delete = procedure,
        }
    }
    domain
}

/// Each text with its finding. In the texts, `INSERT`, `UPDATE` and `DELETE` stand for correct statements.
#[track_caller]
fn each(cases: &[(Operation, &str, &str)]) {
    let key = "where id_order = o and id_part = r";
    for (operation, body, expected) in cases {
        let body = body
            .replace("INSERT", "insert into line (id_order, id_part, amount, price) values (o, r, c, x)")
            .replace("UPDATE", &format!("update line set amount = c, price = x {key}"))
            .replace("DELETE", &format!("delete from line {key}"))
            .replace("KEY", key);
        is_said(&said(&wide_domain(*operation), &wide(*operation, &body)), expected, &body);
    }
}

#[test]
fn a_handler_that_passes_over_errors_is_found() {
    let error = "error hides errors";
    let warning = "warning hides errors";
    each(&[
        (Create, "begin declare continue handler for sqlexception begin end; INSERT; end", error),
        (Create, "begin declare exit handler for 1062 set @was = 1; INSERT; end", error),
        (
            Update,
            "begin declare exit handler for sqlexception insert into log (a) values (o); UPDATE; end",
            error,
        ),
        (Delete, "begin declare continue handler for not found, 1451 begin end; DELETE; end", error),
        (Upsert, "begin declare exit handler for 1062 begin end; INSERT; UPDATE; end", error),
        (
            Create,
            "begin declare d condition for 1062; declare exit handler for d begin end; INSERT; end",
            error,
        ),
        (Create, "begin declare exit handler for sqlstate '23000' begin end; INSERT; end", warning),
        // The handler may be for another statement.
        (
            Update,
            "begin begin declare exit handler for 1051 begin end; drop temporary table t; end; UPDATE; end",
            warning,
        ),
        // The text raises an error by itself, or the handler catches no error.
        (
            Update,
            "begin declare exit handler for sqlexception begin set @a = 1; resignal; end; UPDATE; end",
            "",
        ),
        (
            Update,
            "begin declare bad int; declare continue handler for sqlexception set bad = 1; UPDATE; \
             if bad then signal sqlstate '45000'; end if; end",
            "",
        ),
        (Update, "begin declare continue handler for not found, sqlwarning begin end; UPDATE; end", ""),
        (Upsert, "begin declare exit handler for 1062 UPDATE; INSERT; end", ""),
    ]);
}

#[test]
fn a_create_that_may_insert_nothing_is_found() {
    let condition = "warning its insert depends on a condition";
    let query = "warning its insert takes the result of a query";
    each(&[
        (Create, "begin if not exists (select 1 from line KEY) then INSERT; end if; end", condition),
        (Create, "b: begin if c < 0 then leave b; end if; INSERT; end", condition),
        (Create, "begin if c < 0 then signal sqlstate '45000'; end if; INSERT; end", ""),
        (Create, "begin if c < 0 then set @a = 1; end if; INSERT; end", ""),
        (Create, "begin if c < 0 then INSERT; else INSERT; end if; end", ""),
        (Create, "begin if c < 0 then signal sqlstate '45000'; else INSERT; end if; end", ""),
        (Create, "insert into line (id_order, id_part, amount, price) select o, r, c, x from stage", query),
        (
            Create,
            "insert into line (id_order, id_part, amount, price) select o, r, c, x from dual where not exists (select 1 from line KEY)",
            query,
        ),
        (Create, "insert into line (id_order, id_part, amount, price) select o, r, c, x from dual", ""),
        (
            Create,
            "insert into line (id_order, id_part, amount, price) select o, r, c, x + count(*) from stage where amount = c",
            "",
        ),
        (
            Create,
            "insert into line (id_order, id_part, amount, price) values (o, r, c, (select x from stage where amount = c))",
            "",
        ),
    ]);
}

#[test]
fn a_write_that_is_taken_back_is_found() {
    let taken_back = "warning may take its write back by `rollback to savepoint`";
    each(&[
        (Create, "begin savepoint s; INSERT; if c < 0 then rollback to savepoint s; end if; end", taken_back),
        (Update, "begin savepoint s; UPDATE; if c < 0 then rollback work to s; end if; end", taken_back),
        (
            Delete,
            "begin savepoint s; DELETE; if row_count() > 1 then rollback to s; signal sqlstate '45000'; end if; end",
            "",
        ),
        (
            Update,
            "begin declare exit handler for sqlexception begin rollback to s; resignal; end; savepoint s; UPDATE; end",
            "",
        ),
        (Update, "begin savepoint s; UPDATE; release savepoint s; end", ""),
    ]);
}

#[test]
fn a_version_that_may_not_be_null_is_found() {
    let finds_none = "error finds no record for a request without `if_version`";
    let mut domain = wide_domain(Update);
    domain.version = Some(3);
    for (set, condition, expected) in [
        ("amount = c", "price = x", finds_none),
        ("amount = c", "x = line.price", finds_none),
        ("amount = c", "(x is null or price = x)", ""),
        ("amount = c", "price = coalesce(x, price)", ""),
        ("amount = c", "price <=> ifnull(x, price)", ""),
        ("amount = c", "(price = x) is not false", ""),
        ("amount = c", "(price <> x) is not true", ""),
        ("amount = c", "(price = x) is true", finds_none),
    ] {
        let body = format!(
            "update line set {set}, price = price + 1 where id_order = o and id_part = r and {condition}"
        );
        is_said(&said(&domain, &wide(Update, &body)), expected, &body);
    }
    // The text gives the parameter a value of its own, or tells the two cases apart.
    for body in [
        "begin if x is null then select price into x from line where id_order = o and id_part = r; end if; \
         update line set amount = c, price = price + 1 where id_order = o and id_part = r and price = x; end",
        "begin if x is null then update line set amount = c, price = price + 1 where id_order = o and id_part = r; else \
         update line set amount = c, price = price + 1 where id_order = o and id_part = r and price = x; end if; end",
    ] {
        let found = said(&domain, &wide(Update, body));
        assert!(!found.iter().any(|found| found.contains("if_version")), "{body}: {found:?}");
    }
}

#[test]
fn a_time_zone_that_the_server_does_not_know_is_found() {
    let body = "update line set amount = c, price = x where id_order = o and id_part = r and \
                convert_tz(now(), 'Europe/Berlin', '+00:00') > '2000-01-01'";
    let mut catalogue = wide(Update, body);
    is_said(&said(&wide_domain(Update), &catalogue), "", body);
    catalogue.no_zones.insert("Europe/Berlin".to_owned());
    let expected = "warning converts with the time zone `Europe/Berlin`, which the server does not know";
    is_said(&said(&wide_domain(Update), &catalogue), expected, body);
}

#[test]
fn a_value_that_is_lost_on_its_way_is_found() {
    let another = "error gives another value to its parameter `c`";
    each(&[
        (Update, "begin set c = 5; UPDATE; end", another),
        (Create, "begin select max(amount) into c from line; INSERT; end", another),
        (Create, "begin set c = ifnull(c, 5); INSERT; end", ""),
        (Create, "begin set c = c + 1; INSERT; end", ""),
        (Create, "begin if c < 0 then set c = 0; end if; INSERT; end", ""),
        (Create, "begin INSERT; set c = 0; end", ""),
        // A later statement.
        (
            Update,
            "begin UPDATE; update line set amount = 0 KEY; end",
            "warning gives the column `amount` another value",
        ),
        (
            Create,
            "begin INSERT; update line set price = c KEY; end",
            "warning gives the column `price` another value",
        ),
        (Create, "begin INSERT; update line set amount = amount + 1 KEY; end", ""),
        (Update, "begin UPDATE; if c > 5 then update line set amount = 5 KEY; end if; end", ""),
        (Update, "begin update line set amount = 0 KEY; UPDATE; end", ""),
        // Null.
        (
            Update,
            "update line set amount = c, price = coalesce(x, price) KEY",
            "warning a null that is given for parameter `x`",
        ),
        (
            Update,
            "update line set amount = c, price = if(x is null, line.price, x) KEY",
            "warning a null that is given",
        ),
        (
            Update,
            "update line set amount = c, price = case when x is null then price else x end KEY",
            "warning a null that is given",
        ),
        (Update, "update line set amount = coalesce(c, amount), price = x KEY", ""),
        (Create, "insert into line (id_order, id_part, amount, price) values (o, r, c, coalesce(x, 0))", ""),
        // In an update of several tables the qualifiers of the columns decide.
        (
            Update,
            "update line l join stage s on s.id_order = l.id_order set l.amount = 1, s.amount = c, l.price = x \
             where l.id_order = o and l.id_part = r",
            "",
        ),
        (
            Update,
            "update line, stage set line.amount = c, line.price = c where line.id_order = o and line.id_part = r and x > 0",
            "error parameter `x` of `u` is lost, and the answer is `ok`: it does not go into the column `price`",
        ),
        (
            Update,
            "update stage as s, line as l set l.amount = c, l.price = x, l.id_part = 7 where l.id_order = o and l.id_part = r",
            "error gives its record another key",
        ),
        // Another table.
        (Delete, "begin DELETE; delete from stage; end", "warning deletes all records of `stage`"),
        (Delete, "begin DELETE; delete from stage where id_order = o; end", ""),
        (Delete, "begin create temporary table t (a int); DELETE; delete from t; end", ""),
    ]);
}
