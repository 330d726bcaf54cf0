//! Texts of routines with characters that Unicode lacks.

use beds_core::{
    inspect::{Column, Kind},
    spec::{Arg, Call, Field, Returns, Routine, Type},
};
use beds_protocol::Lane;

use super::{catalogue, check, domain, routine};

#[test]
fn a_text_that_unicode_lacks_in_part_is_noted() {
    let rows: &'static [Field] = vec![Field::new("name", "name", Type::string(0, 20))].leak();
    let of_call = |collation: &str, body: &str, args: &'static [Arg], returns: Returns| {
        let mut catalogue = catalogue(vec![routine("all_lines", &[], body)], Vec::new());
        let mut name = Column::new("name", Kind::string(20), "varchar(20)");
        name.collation = Some(collation.to_owned());
        catalogue.relations[0].columns.push(name);
        let mut domain = domain([None, None, None], None);
        let sql = "call `all_lines`()";
        domain.calls = vec![Call {
            name: "all",
            description: "",
            lane: Lane::Write,
            args,
            returns,
            routine: Routine::Procedure { name: "all_lines", sql, commits: false },
        }]
        .leak();
        let found = check(&domain, &catalogue).into_iter();
        found.filter(|found| found.message.contains("Unicode")).map(|found| found.message).collect::<Vec<_>>()
    };
    let of = |collation: &str, body: &str| of_call(collation, body, &[], Returns::Rows(rows));
    for body in [
        "select name from line",
        "select * from line",
        "begin select l.* from line l; end",
        "begin if 1 then select amount, name from line; end if; end",
        "begin declare v varchar(20); select name into v from line; select v; end",
        "select amount from line union select name from line",
    ] {
        let found = of("cp1251_general_ci", body);
        assert_eq!(found.len(), 1, "{body}: {found:?}");
        assert!(
            found[0].starts_with("`all_lines` may return `name` of `line`, which is in cp1251"),
            "{found:?}"
        );
    }
    for (collation, body) in [
        ("utf8mb4_general_ci", "select name from line"),
        ("latin1_swedish_ci", "select * from line"),
        ("cp1251_general_ci", "select amount from line"),
        ("cp1251_general_ci", "select amount from line where name = 'x'"),
        ("cp1251_general_ci", "begin insert into line (name) select name from line; select 1; end"),
    ] {
        assert_eq!(of(collation, body), [""; 0], "{collation} {body}");
    }
    // Nothing declares the result: the text and the arguments tell.
    let number: &'static [Arg] = vec![Arg::returned(Field::new("n", "n", Type::int(0, 9)))].leak();
    let text: &'static [Arg] = vec![Arg::returned(Field::new("t", "t", Type::string(0, 9)))].leak();
    let into = "begin update line set amount = 1 where name = 'x'; select name into @t from line; end";
    for (body, args, count) in [
        ("begin update line set name = 'x'; set n = 1; end", number, 0),
        (into, number, 0),
        (into, text, 1),
        ("set t = (select name from line)", text, 1),
        ("select name from line", number, 1),
    ] {
        let found = of_call("cp1251_general_ci", body, args, Returns::AsItComes);
        assert_eq!(found.len(), count, "{body}: {found:?}");
    }
}
