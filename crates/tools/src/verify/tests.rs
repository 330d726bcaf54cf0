//! Findings on the procedures and triggers of a domain whose table has two key columns.

use beds_core::{
    inspect::{
        Catalogue, Column, Direction, Index, Kind, Parameter, Relation, RelationKind, Routine, RoutineKind,
        SqlMode, Trigger,
    },
    spec::{Domain, Field, Generated, Type, mariadb},
};

use super::{Finding, check_objects};
use crate::import::AllDeeds;

mod beside;
mod collection;
mod in_place;
mod kept;
mod new_key;
mod silent;
mod uncoded;
mod upserts;
mod view_keys;
mod views;

/// The findings on a domain and its database.
pub(super) fn check(domain: &Domain, catalogue: &Catalogue) -> Vec<Finding> {
    check_objects(domain, &domain.database_objects(), &AllDeeds::of(catalogue))
}

const COLUMNS: [&str; 3] = ["id_order", "id_part", "amount"];

fn column(name: &str) -> Column {
    Column::new(name, Kind::Int { min: -2_147_483_648, max: 2_147_483_647 }, "int(11)")
}

fn routine(name: &str, parameters: &[&str], body: &str) -> Routine {
    let parameter = |name: &&str| Parameter {
        name: (*name).to_owned(),
        direction: Direction::In,
        kind: column("").kind,
        written: "int(11)".to_owned(),
        collation: None,
    };
    Routine {
        name: name.to_owned(),
        kind: RoutineKind::Procedure,
        parameters: parameters.iter().map(parameter).collect(),
        returns: None,
        declares_read: false,
        declares_write: true,
        body: Some(body.to_owned()),
        comment: String::new(),
        mode: SqlMode { strict: true, ..SqlMode::default() },
        definer: None,
    }
}

/// The table, with these routines and triggers.
fn catalogue(routines: Vec<Routine>, triggers: Vec<Trigger>) -> Catalogue {
    let primary = Index {
        name: "PRIMARY".to_owned(),
        unique: true,
        primary: true,
        columns: COLUMNS[..2].iter().map(|name| (*name).to_owned()).collect(),
        whole: true,
        identifies: true,
        only: Vec::new(),
        counts_null: false,
        expires_s: None,
    };
    let table = Relation {
        columns: COLUMNS.iter().map(|name| column(name)).collect(),
        indexes: vec![primary],
        triggers,
        ..Relation::new("line", RelationKind::Table)
    };
    Catalogue { database: "shop".to_owned(), relations: vec![table], routines, ..Catalogue::default() }
}

/// The domain, with procedures of these names for `create`, `update` and `delete`, as far as they are named.
fn domain(names: [Option<&'static str>; 3], generated: Option<Generated>) -> Domain {
    domain_on(["id_order", "id_part"], names, generated)
}

/// The same domain, with these columns in its key.
fn domain_on(
    key: [&'static str; 2],
    names: [Option<&'static str>; 3],
    generated: Option<Generated>,
) -> Domain {
    let mut part = Field::new("id_part", key[1], Type::int(-2_147_483_648, 2_147_483_647));
    part.generated = generated;
    let int = |name, column| Field::new(name, column, Type::int(-2_147_483_648, 2_147_483_647)).required();
    let [create, update, delete] = names;
    let procedure = |name: Option<&'static str>, args: &'static [usize]| {
        name.map(|name| mariadb::Procedure::new(name, "", args))
    };
    Domain::new("line", "", "")
        .at_least_once()
        .fields(vec![int("id_order", key[0]), part, int("amount", "amount")].leak())
        .key(&[0, 1])
        .reads()
        .mariadb(
            "shop",
            mariadb::Objects {
                read: Some(mariadb::Source::table("line", "`line`", &["id_order", "id_part", "amount"])),
                create: procedure(create, if generated.is_some() { &[0, 2] } else { &[0, 1, 2] }),
                update: procedure(update, &[0, 1, 2]),
                delete: procedure(delete, &[0, 1]),
                ..mariadb::Objects::NONE
            },
        )
}

/// The findings on the operations.
fn said(domain: &Domain, catalogue: &Catalogue) -> Vec<String> {
    let findings =
        check(domain, catalogue).into_iter().filter(|finding| finding.place.starts_with("objects"));
    let besides = [
        "has no",
        "lacks",
        "`other`, which is not there",
        "`log`, which is not there",
        "ends the transaction",
    ];
    let findings = findings.filter(|finding| !besides.iter().any(|part| finding.message.contains(part)));
    findings.map(|finding| format!("{} {}", finding.severity.as_str(), finding.message)).collect()
}

fn of_update(parameters: &[&str], body: &str) -> Vec<String> {
    let catalogue = catalogue(vec![routine("u", parameters, body)], Vec::new());
    said(&domain([None, Some("u"), None], None), &catalogue)
}

#[track_caller]
fn one(found: &[String], expected: &str) {
    assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:#?}");
}

#[test]
fn a_key_that_is_compared_with_the_parameter_of_something_else_is_found() {
    let plain = "update line set amount = c where id_order = o and id_part = r";
    assert_eq!(of_update(&["o", "r", "c"], plain), [""; 0]);
    for (parameters, body) in [
        // The parameters changed places, and the text did not.
        (["r", "o", "c"], plain),
        (["o", "r", "c"], "update line set amount = c where id_order = r and id_part = o"),
        (["o", "r", "c"], "update line l set l.amount = c where (l.id_order, l.id_part) = (r, o)"),
        (["o", "r", "c"], "update line set amount = c where o = id_part and id_order = o"),
    ] {
        one(
            &of_update(&parameters, body),
            "error `u` changes other records than that of the key: it compares",
        );
    }
    // The new value selects the record.
    let found = of_update(&["a", "b", "c"], "update line set amount = b where id_order = a and id_part = c");
    one(&found, "it compares `id_part` with `c`, which is the parameter of something else");
    let found = of_update(&["o", "r", "c"], "update line set amount = c where id_order = o and id_part = c");
    one(&found, "it compares `id_part` with `c`");
    let found = of_update(&["o", "r", "c"], "update line set amount = c where id_order = o and id_part = 7");
    one(
        &found,
        "warning `u` changes other records than that of the key: it compares `id_part` with a constant",
    );
    // The column is also compared with its own parameter.
    let narrow = "update line set amount = c where id_order = o and id_part = r and id_part = c";
    assert_eq!(of_update(&["o", "r", "c"], narrow), [""; 0]);
    let deletes = routine("d", &["o", "r"], "delete from line where id_part = o and id_order = r");
    let found = said(&domain([None, None, Some("d")], None), &catalogue(vec![deletes], Vec::new()));
    one(&found, "error `d` deletes other records than that of the key: it compares `id_order` with `r`");
}

/// A condition instead of `id_order = o and id_part = r`, and the finding.
const CONDITIONS: &[(&str, &str)] = &[
    // Proved, however it is written.
    ("(id_order) = (o) and (id_part = r)", ""),
    ("o = line.id_order && r <=> id_part and amount > 0", ""),
    ("(id_order, id_part) in ((o, r)) and not exists (select 1 from other where x = r)", ""),
    ("id_order = o and id_part = r and (c is null or lower(amount) = c)", ""),
    // Swapped.
    ("id_order = (r) and id_part = (o)", "error with `r`"),
    ("(id_order, id_part) in ((o, r), (r, o))", "error with `r`"),
    ("id_order in (o, r) and id_part = r", "error with `r`"),
    // More than one way.
    ("id_order = o || id_part = r", "warning it does not compare"),
    ("id_order = o xor id_part = r", "error by something else than `=`"),
    ("not id_order = o and id_part = r", "error by something else than `=`"),
    ("(id_order = o and id_part = r) = 0", "error by something else than `=`"),
    ("(id_order = o and id_part = r) is not null", "error its condition is always true"),
    ("id_order = o = id_part = r", "warning computed"),
    ("case when o > 0 then id_order = o else true end and id_part >= r", "error by something else than `=`"),
    // Computed.
    ("id_order = -o and id_part = r", "warning `id_order` with something that is computed"),
    ("id_order = o + 1 and id_part = r", "warning computed"),
    ("id_order = o and id_part % 10 = r", "warning computed"),
    ("id_order div 10 = o div 10 and id_part = r", "warning computed"),
    ("id_order = coalesce(r, id_order) and id_part = ifnull(o, id_part)", "warning computed"),
    ("concat(id_order, id_part) = concat(o, r)", "warning computed"),
    ("id_order = abs(r) and id_part = r", "warning computed"),
    // Ranges, lists and patterns.
    ("id_order = o and id_part between r and r + 1", "warning by something else than `=`"),
    ("id_order = o and id_part like concat(r, '%')", "warning by something else than `=`"),
    ("id_order = o and id_part regexp r", "warning by something else than `=`"),
    ("id_order = o and id_part = 0x01", "warning with a constant"),
    ("id_order = o and id_part in (select b from other)", "warning computed"),
    ("id_order = o and id_part = any (select b from other)", "warning computed"),
    // The result is unknown.
    ("abs(id_order) = abs(o) and id_part = r", "warning not proved"),
    ("id_order = cast(o as int) and id_part = r", "note not proved"),
    ("id_order = o and id_part = @x", "warning not proved"),
    ("id_order = o and id_part = r for update", "warning its condition was not understood"),
    ("(id_order = o and id_part = r) + 1", "warning `u` changes other records"),
    ("exists (select 1 from line where id_order = o and id_part = r)", "warning not proved"),
    ("case when id_order = o and id_part = r then 1 else 1 end", "warning not proved"),
    ("not (id_order <> o) and id_part = r", "warning not proved"),
];

#[test]
fn a_condition_is_proved_or_something_is_said() {
    for (condition, expected) in CONDITIONS {
        let found = of_update(&["o", "r", "c"], &format!("update line set amount = c where {condition}"));
        is_said(&found, expected, condition);
    }
}

#[track_caller]
fn is_said(found: &[String], expected: &str, what: &str) {
    let is_one = |line: &String| {
        let (severity, said) = expected.split_once(' ').unwrap_or_default();
        line.starts_with(severity) && line.contains(said)
    };
    let is_expected =
        if expected.is_empty() { found.is_empty() } else { matches!(found, [line] if is_one(line)) };
    assert!(is_expected, "{what}: {found:#?} for {expected}");
}

#[test]
fn what_an_update_does_around_its_condition_is_found() {
    let plain = "update line set amount = c where id_order = o and id_part = r";
    for (body, expected) in [
        (format!("begin {plain}; insert into log (a) values (o); end"), ""),
        // Several tables.
        (
            "update line, other set line.amount = c where line.id_order = o and other.b = r".to_owned(),
            "warning it does not compare `id_part`",
        ),
        (
            "update line x join other on other.a = x.id_part set x.amount = c where x.id_order = o and other.a = r".to_owned(),
            "warning `id_part` with something else than a parameter",
        ),
        ("update line x, other y set x.amount = c where x.id_order = o and x.id_part = r and y.b = 1".to_owned(), ""),
        (
            "update line t join (select o q, r s) z set t.amount = c where t.id_order = z.s and t.id_part = z.q".to_owned(),
            "warning not proved",
        ),
        (
            "update line x, line r set x.amount = c where x.id_order = o and x.id_part = r.id_part".to_owned(),
            "warning not proved",
        ),
        // Another value under the name of a parameter, or another name for the value.
        (format!("begin declare o int default 1; {plain}; end"), "error declares a variable `o`"),
        (
            "begin declare k int; set k = r; update line set amount = c where id_order = o and id_part = k; end".to_owned(),
            "warning not proved",
        ),
        (
            "for x in (select * from line where id_order = o and id_part >= r) do \
             update line set amount = c where id_order = x.id_order and id_part = x.id_part; end for"
                .to_owned(),
            "warning not proved",
        ),
        (
            "execute immediate 'update line set amount = ? where id_order = ?' using c, o, r".to_owned(),
            "warning a statement that it builds",
        ),
        // Other records than the one that is read.
        (
            "insert into line (id_order, id_part, amount) values (o, r, c) on duplicate key update amount = c".to_owned(),
            "warning creates the record of `line` that it does not find",
        ),
        ("update other set amount = c where id_order = o and id_part = r".to_owned(), "warning never into `line`"),
        ("begin if o > r + c then truncate table line; end if; end".to_owned(), "error deletes all records"),
        ("begin if o > r + c then select 1; end if; end".to_owned(), "warning writes nothing"),
        (
            "begin if o > r + c then signal sqlstate '45000'; end if; end".to_owned(),
            "",
        ),
    ] {
        is_said(&of_update(&["o", "r", "c"], &body), expected, &body);
    }
    // A table that is certainly a different one.
    let other = "update other set amount = c where id_order = o and id_part = r";
    let mut catalogue = catalogue(vec![routine("u", &["o", "r", "c"], other)], Vec::new());
    catalogue.relations.push(Relation::new("other", RelationKind::Table));
    let found = said(&domain([None, Some("u"), None], None), &catalogue);
    one(&found, "error `u` writes into `other`, and never into `line`, which `read` shows");
    // Another table that the procedure empties as well.
    let body = format!("begin {plain}; truncate table other; set @x = truncate(1.5, 0); end");
    let both = vec![routine("u", &["o", "r", "c"], &body)];
    let mut catalogue = self::catalogue(both, Vec::new());
    catalogue.relations.push(Relation::new("other", RelationKind::Table));
    let found = said(&domain([None, Some("u"), None], None), &catalogue);
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("warning") && line.contains("deletes all records of `other`")),
        "{found:#?}"
    );
    // The called procedure assigns the parameter another value.
    let mut norm = routine("norm", &["x"], "set x = x + 1");
    norm.parameters[0].direction = Direction::InOut;
    for (call, is_found) in [("norm(r)", true), ("shop.norm(r)", true), ("norm(@r)", false)] {
        let body = format!("begin call {call}; {plain}; end");
        let both = vec![routine("u", &["o", "r", "c"], &body), norm.clone()];
        let found = said(&domain([None, Some("u"), None], None), &self::catalogue(both, Vec::new()));
        let expected = if is_found { "warning may give another value to its parameter `r`" } else { "" };
        is_said(&found, expected, &body);
    }
}

#[test]
fn a_parameter_that_is_used_nowhere_is_found() {
    let found = of_update(&["o", "r", "c"], "update line set amount = 1 where id_order = o and id_part = r");
    one(&found, "error parameter `c` of `u` is used nowhere");
    // One report is enough for several parameters.
    let create = routine("c", &["o", "r", "c"], "insert into line (id_order) values (o)");
    let found = said(&domain([Some("c"), None, None], None), &catalogue(vec![create], Vec::new()));
    one(&found, "error parameters `r`, `c` of `c` are used nowhere");
    // What a procedure computes from a parameter is its own affair.
    let computed = "update line set amount = 2 * c where id_order = o and id_part = r";
    assert_eq!(of_update(&["o", "r", "c"], computed), [""; 0]);
}

#[test]
fn a_key_that_a_trigger_sets_is_found() {
    let trigger = |moment: &str, body: &str| Trigger {
        moment: moment.to_owned(),
        routine: routine("numbers", &[], body),
    };
    let create = || routine("c", &["o", "r", "c"], "insert into line values (o, r, c)");
    let next = "set new.id_part = (select ifnull(max(id_part), 0) + 1 from line)";
    let of = |triggers| said(&domain([Some("c"), None, None], None), &catalogue(vec![create()], triggers));
    let found = of(vec![trigger("before insert", next)]);
    one(
        &found,
        "error the trigger `numbers` of `line` gives another value to `id_part`, which is part of the key",
    );
    // 0 is a key that a record may have.
    for asked in ["new.amount > 5", "new.id_part = 0"] {
        let maybe = format!("begin if {asked} then set new.id_part = 5; end if; end");
        let found = of(vec![trigger("BEFORE INSERT", &maybe)]);
        one(&found, "warning the trigger `numbers` of `line` may give another");
    }
    let fills = "begin if new.id_part is null then set new.id_part = 5; end if; end";
    for (moment, body) in
        [("before insert", fills), ("before insert", "set new.amount = 1"), ("before update", next)]
    {
        assert_eq!(of(vec![trigger(moment, body)]), [""; 0], "{moment} {body}");
    }
    // A procedure that returns the value in its parameter.
    let mut upper = routine("upper", &["x"], "set x = x + 1");
    upper.parameters[0].direction = Direction::InOut;
    let handed = trigger("before insert", "call upper(new.id_part)");
    let found = said(&domain([Some("c"), None, None], None), &catalogue(vec![create(), upper], vec![handed]));
    one(&found, "warning the trigger `numbers` of `line` may give another value to `id_part`");
    // The template has it as generated by the database.
    let create = routine("c", &["o", "c"], "insert into line (id_order, amount) values (o, c)");
    let generated = domain([Some("c"), None, None], Some(Generated::Database));
    let found = said(&generated, &catalogue(vec![create], vec![trigger("before insert", next)]));
    assert!(!found.iter().any(|found| found.contains("gives another value")), "{found:#?}");
    // An update moves its record.
    let update =
        routine("u", &["o", "r", "c"], "update line set amount = c where id_order = o and id_part = r");
    let moving = catalogue(vec![update], vec![trigger("before update", next)]);
    let found = said(&domain([None, Some("u"), None], None), &moving);
    one(&found, "error the trigger `numbers` of `line` gives another value to `id_part`");
}

#[test]
fn a_procedure_that_changes_the_parameter_of_the_key_is_found() {
    let body = "begin set r = r + 1; update line set amount = c where id_order = o and id_part = r; end";
    one(&of_update(&["o", "r", "c"], body), "warning `u` may give another value to its parameter `r`");
    let body = "begin select max(id_part) into r from line; update line set amount = c where id_order = o and id_part = r; end";
    one(&of_update(&["o", "r", "c"], body), "error `u` gives another value to its parameter `r`");
}

#[test]
fn a_trigger_without_a_strict_mode_that_sets_columns_is_found() {
    let mut numbers = Trigger {
        moment: "before insert".to_owned(),
        routine: routine("numbers", &[], "set new.amount = 9"),
    };
    numbers.routine.mode.strict = false;
    let create = routine("c", &["o", "r", "c"], "insert into line values (o, r, c)");
    let found = said(&domain([Some("c"), None, None], None), &catalogue(vec![create], vec![numbers]));
    one(&found, "warning the trigger `numbers` was made in an SQL mode that is not strict");
}

#[test]
fn a_quoted_name_of_digits_is_a_column() {
    let mut catalogue = catalogue(
        vec![routine(
            "u",
            &["o", "r", "c"],
            "update line set amount = c where `line`.`123` = o and `456` = r",
        )],
        Vec::new(),
    );
    for (at, name) in ["123", "456"].into_iter().enumerate() {
        catalogue.relations[0].columns[at].name = name.to_owned();
        catalogue.relations[0].indexes[0].columns[at] = name.to_owned();
    }
    let domain = domain_on(["123", "456"], [None, Some("u"), None], None);
    assert_eq!(said(&domain, &catalogue), [""; 0]);
}
