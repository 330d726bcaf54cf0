//! Values that columns keep in a smaller range than templates and parameters declare.

use beds_core::{
    inspect::{Column, Kind},
    spec::{Field, Type},
};

use super::{Finding, catalogue, check, domain, one, routine};

#[test]
fn a_column_of_fewer_characters_than_its_parameter_is_found() {
    let text = |mut column: Column, collation: &str| {
        column.kind = Kind::string(20);
        column.written = "varchar(20)".to_owned();
        column.collation = Some(collation.to_owned());
        column
    };
    let of = |own: &str, given: &str| {
        let mut create = routine("c", &["o", "r", "c"], "insert into line values (o, r, c)");
        create.parameters[2].kind = Kind::string(20);
        create.parameters[2].written = "varchar(20)".to_owned();
        create.parameters[2].collation = Some(given.to_owned());
        let mut update = create.clone();
        update.name = "u".to_owned();
        update.body = Some("update line set amount = c where id_order = o and id_part = r".to_owned());
        let mut catalogue = catalogue(vec![create, update], Vec::new());
        let amount = catalogue.relations[0].columns.remove(2);
        catalogue.relations[0].columns.push(text(amount, own));
        let mut domain = domain([Some("c"), Some("u"), None], None);
        let int = |name| Field::new(name, name, Type::int(-2_147_483_648, 2_147_483_647)).required();
        let amount = Field::new("amount", "amount", Type::string(0, 20)).required();
        domain.fields = vec![int("id_order"), int("id_part"), amount].leak();
        let findings =
            check(&domain, &catalogue).into_iter().filter(|finding| !finding.message.contains("has no"));
        let line = |finding: Finding| {
            format!(
                "{} {} [{}]",
                finding.severity.as_str(),
                finding.message,
                finding.hint.unwrap_or_default()
            )
        };
        findings.map(line).collect::<Vec<_>>()
    };
    assert_eq!(of("utf8mb4_general_ci", "utf8mb4_bin"), [""; 0]);
    let found = of("latin1_swedish_ci", "utf8mb4_general_ci");
    one(&found, "warning the column `amount` of `line` keeps characters of latin1 only, not all of utf8mb4");
    // The remedy names the character set: the type alone is already the same.
    let found = of("utf8mb4_general_ci", "latin1_swedish_ci");
    one(&found, "[declare the parameter as `varchar(20) character set utf8mb4 collate utf8mb4_general_ci`]");
}

#[test]
fn a_text_whose_bytes_are_fewer_than_its_characters_is_noted() {
    let of = |collation: &str, kept: u32, max: u32| {
        let body = "update line set amount = c where id_order = o and id_part = r";
        let mut catalogue = catalogue(vec![routine("u", &["o", "r", "c"], body)], Vec::new());
        let column = &mut catalogue.relations[0].columns[2];
        (column.kind, column.collation) = (Kind::Text { max: kept }, Some(collation.to_owned()));
        let mut domain = domain([None, Some("u"), None], None);
        let int = |name| Field::new(name, name, Type::int(-2_147_483_648, 2_147_483_647)).required();
        let text = Field::new("amount", "amount", Type::text(0, max)).required();
        domain.fields = vec![int("id_order"), int("id_part"), text].leak();
        let found = check(&domain, &catalogue).into_iter();
        found
            .filter(|finding| finding.place == "field amount")
            .map(|finding| format!("{} {}", finding.severity.as_str(), finding.message))
            .collect::<Vec<_>>()
    };
    let found = of("utf8mb4_general_ci", 255, 255);
    one(
        &found,
        "note the column `amount` keeps 255 bytes, which are fewer characters where those have up to 4 bytes",
    );
    one(&of("utf8mb3_general_ci", 65_535, 65_535), "up to 3 bytes");
    for (collation, kept, max) in [
        ("utf8mb4_general_ci", 255, 63),
        ("latin1_swedish_ci", 255, 255),
        ("utf8mb4_general_ci", u32::MAX, u32::MAX),
    ] {
        assert_eq!(of(collation, kept, max), [""; 0], "{collation} {kept} {max}");
    }
}
