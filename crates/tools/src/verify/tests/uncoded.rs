//! Texts of routines with characters that Unicode lacks.

use beds_core::{
    inspect::{Column, Kind},
    spec::{Call, Field, Returns, Routine, Type},
};
use beds_protocol::Lane;

use super::{catalogue, check, domain, routine};

#[test]
fn a_text_that_unicode_lacks_in_part_is_noted() {
    let of = |collation: &str, body: &str| {
        let mut catalogue = catalogue(vec![routine("all_lines", &[], body)], Vec::new());
        let mut name = Column::new("name", Kind::string(20), "varchar(20)");
        name.collation = Some(collation.to_owned());
        catalogue.relations[0].columns.push(name);
        let rows: &'static [Field] = vec![Field::new("name", "name", Type::string(0, 20))].leak();
        let mut domain = domain([None, None, None], None);
        let sql = "call `all_lines`()";
        domain.calls = vec![Call {
            name: "all",
            description: "",
            lane: Lane::Write,
            args: &[],
            returns: Returns::Rows(rows),
            routine: Routine::Procedure { name: "all_lines", sql, commits: false },
        }]
        .leak();
        let found = check(&domain, &catalogue).into_iter();
        found.filter(|found| found.message.contains("Unicode")).map(|found| found.message).collect::<Vec<_>>()
    };
    for body in ["select name from line", "select * from line", "begin select l.* from line l; end"] {
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
    ] {
        assert_eq!(of(collation, body), [""; 0], "{collation} {body}");
    }
}
