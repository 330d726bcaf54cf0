//! The reports about the key of a view.

use super::*;

/// The reports about the key of a view that shows these columns of the table as they are, and computes the others.
fn of_view(picks: Option<&[&str]>) -> Vec<String> {
    let mut catalogue = catalogue(Vec::new(), Vec::new());
    let same = |name: &&str| ((*name).to_owned(), (*name).to_owned());
    catalogue.relations.push(Relation {
        columns: COLUMNS.iter().map(|name| column(name)).collect(),
        picks: picks.map(|picks| ("line".to_owned(), picks.iter().map(same).collect())),
        ..Relation::new("v_line", RelationKind::View)
    });
    let int = |name| Field::new(name, name, Type::int(-2_147_483_648, 2_147_483_647)).required();
    let read = mariadb::Source::view("v_line", "`v_line`", &COLUMNS);
    let domain = Domain::new("line", "", "")
        .fields(COLUMNS.map(int).into_iter().collect::<Vec<_>>().leak())
        .key(&[0, 1])
        .reads()
        .mariadb("shop", mariadb::Objects { read: Some(read), ..mariadb::Objects::NONE });
    said(&domain, &catalogue)
}

#[test]
fn a_key_that_a_view_computes_is_not_proved_unique() {
    assert_eq!(of_view(Some(&COLUMNS)), [""; 0]);
    assert_eq!(of_view(Some(&COLUMNS[..2])), [""; 0], "what it computes besides is no matter");
    one(
        &of_view(Some(&["id_order", "amount"])),
        "note `v_line` computes `id_part`, so that nobody can tell whether the key (id_order, id_part) names one record",
    );
    one(&of_view(None), "note `v_line` is not of one table alone, so that nobody can tell");
}

#[test]
fn a_view_that_leaves_records_out_does_not_bind_procedures() {
    let found = |is_filtered, is_deleted: bool| {
        let body = "delete from line where id_order = o and id_part = r";
        let mut catalogue = catalogue(vec![routine("line_delete", &["o", "r"], body)], Vec::new());
        let same = |name: &&str| ((*name).to_owned(), (*name).to_owned());
        catalogue.relations.push(Relation {
            columns: COLUMNS.iter().map(|name| column(name)).collect(),
            picks: Some(("line".to_owned(), COLUMNS.iter().map(same).collect())),
            is_filtered,
            ..Relation::new("v_line", RelationKind::View)
        });
        let int = |name| Field::new(name, name, Type::int(-2_147_483_648, 2_147_483_647)).required();
        let delete = mariadb::Procedure::new("line_delete", "call line_delete(?, ?)", &[0, 1]);
        let domain = Domain::new("line", "", "")
            .fields(COLUMNS.map(int).into_iter().collect::<Vec<_>>().leak())
            .key(&[0, 1])
            .reads()
            .deletes()
            .mariadb(
                "shop",
                mariadb::Objects {
                    read: Some(mariadb::Source::view("v_line", "`v_line`", &COLUMNS)),
                    delete: is_deleted.then_some(delete),
                    ..mariadb::Objects::NONE
                },
            );
        said(&domain, &catalogue)
    };
    one(&found(true, true), "note `v_line` leaves records out, and a write by key changes them too");
    assert_eq!(found(false, true), [""; 0]);
    assert_eq!(found(true, false), [""; 0], "nothing is written by key");
}
