//! Parameters whose names are the names of other fields.

use beds_core::{
    inspect::{Catalogue, Column, Index, Relation, RelationKind},
    spec::{Domain, Field, Type, mariadb},
};

use super::{catalogue, column, routine, said};

/// The table `PathHierarchy` of Bacula: the second field is called like the parameter of the first.
fn paths(parameters: &[&str], body: Option<&str>) -> (Domain, Catalogue) {
    let int = |name, column| Field::new(name, column, Type::int(-2_147_483_648, 2_147_483_647)).required();
    let domain = Domain::new("path_hierarchy", "", "")
        .at_least_once()
        .fields(vec![int("path_id", "PathId"), int("p_path_id", "PPathId")].leak())
        .key(&[0])
        .reads()
        .mariadb(
            "shop",
            mariadb::Objects {
                read: Some(mariadb::Source::table("paths", "`paths`", &["PathId", "PPathId"])),
                create: Some(mariadb::Procedure::new("c", "", &[0, 1])),
                update: Some(mariadb::Procedure::new("u", "", &[0, 1])),
                ..mariadb::Objects::NONE
            },
        );
    let primary: Vec<Index> = catalogue(Vec::new(), Vec::new()).relations.remove(0).indexes;
    let primary = primary.into_iter().map(|index| Index { columns: vec!["PathId".to_owned()], ..index });
    let columns: Vec<Column> = ["PathId", "PPathId"].map(column).into();
    let table =
        Relation { columns, indexes: primary.collect(), ..Relation::new("paths", RelationKind::Table) };
    let mut create = routine("c", parameters, body.unwrap_or_default());
    let update = "update paths set PPathId = p_p_path_id where PathId = p_path_id";
    let mut update = routine("u", &["p_path_id", "p_p_path_id"], update);
    if body.is_none() {
        (create.body, update.body) = (None, None);
    }
    let routines = vec![create, update];
    let catalogue =
        Catalogue { database: "shop".to_owned(), relations: vec![table], routines, ..Catalogue::default() };
    (domain, catalogue)
}

#[test]
fn a_parameter_that_the_text_puts_into_its_column_is_in_place_whatever_its_name_is() {
    let insert = "insert into paths (PathId, PPathId) values (p_path_id, p_p_path_id)";
    let (domain, catalogue) = paths(&["p_path_id", "p_p_path_id"], Some(insert));
    assert_eq!(said(&domain, &catalogue), [""; 0]);
    // The text does not prove it, or proves the contrary.
    let (domain, catalogue) = paths(&["p_path_id", "p_p_path_id"], None);
    let found = said(&domain, &catalogue);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|line| line.contains("is given `path_id`")), "{found:#?}");
    let (domain, catalogue) = paths(&["p_p_path_id", "p_path_id"], Some(insert));
    let found = said(&domain, &catalogue);
    assert!(
        found.iter().any(|line| line.contains("`p_path_id` of `c` goes into the column `PathId`")),
        "{found:#?}"
    );
}
