//! Statements that are plain, and statements that only look plain.

use super::*;
use beds_core::inspect::{Direction, Kind, Parameter, RoutineKind, SqlMode};

fn routine(parameters: &[&str], body: &str) -> Routine {
    let parameter = |name: &&str| Parameter {
        name: (*name).to_owned(),
        direction: Direction::In,
        kind: Kind::Json,
        collation: None,
        written: String::new(),
    };
    Routine {
        name: "r".into(),
        kind: RoutineKind::Procedure,
        parameters: parameters.iter().map(parameter).collect(),
        returns: None,
        declares_read: false,
        declares_write: true,
        body: Some(body.into()),
        comment: String::new(),
        mode: SqlMode::default(),
        definer: None,
    }
}

fn proved(parameters: &[&str], body: &str) -> Result<Plain> {
    let catalogue = Catalogue { database: "shop".into(), ..Catalogue::default() };
    plain(&routine(parameters, body), &catalogue)
}

#[test]
fn plain_statements_are_proved() {
    let pairs = |pairs: &[(&str, usize)]| -> Vec<(String, usize)> {
        pairs.iter().map(|(column, parameter)| ((*column).to_owned(), *parameter)).collect()
    };
    let insert = proved(
        &["p_a", "P_B"],
        "BEGIN INSERT INTO shop.T (a, `b`, c, d) VALUES (p_a, `p_b`, now(), _utf8'x' 'y'); SELECT LAST_INSERT_ID() AS id; END",
    )
    .unwrap();
    assert_eq!((insert.verb, insert.table.as_str()), (Verb::Insert, "T"));
    assert_eq!(
        (insert.sets, insert.own),
        (pairs(&[("a", 0), ("b", 1)]), vec!["c".to_owned(), "d".to_owned()])
    );
    assert!(insert.selects_new_id);
    let set = proved(&["p"], "insert t set a = p, b = 1").unwrap();
    assert_eq!(set.sets, pairs(&[("a", 0)]));
    // A bare name that a parameter has is the parameter. A column of that name needs its table.
    let update = proved(
        &["id", "a", "v"],
        "begin update t set a = a, t.v = v + 1 where t.id = id and (v is null or t.v = v); end",
    );
    assert!(update.is_err(), "`v + 1` adds to the parameter: {update:?}");
    let update = proved(
        &["id", "a", "p_v"],
        "begin update `t` set a = a, v = t.v + 1 where id = t.id and (p_v is null or p_v = v); end;",
    )
    .unwrap();
    assert_eq!((update.sets, update.key), (pairs(&[("a", 1)]), pairs(&[("id", 0)])));
    assert_eq!((update.version, update.counted), (Some(("v".into(), 2)), Some("v".into())));
    let delete = proved(&["x", "y"], "delete from t where a = x and b = y").unwrap();
    assert_eq!(delete.key, pairs(&[("a", 0), ("b", 1)]));
}

#[test]
fn everything_else_says_why_it_is_none() {
    let cases = [
        ("insert ignore into t (a) values (p)", "has `ignore`"),
        ("insert into t (a) values (p) on duplicate key update a = p", "on duplicate key update"),
        ("insert into t (a) select p", "no plain list of values"),
        (
            "insert into t (a) select p from dual where not exists (select 1 from t where a = p)",
            "no plain list",
        ),
        ("insert into t values (p)", "names no columns"),
        ("insert into t (a) values (p), (p)", "no plain list of values"),
        ("insert into t (a) values (p + 1)", "gives `a` something else"),
        ("insert into t (a) values (upper(p))", "gives `a` something else"),
        ("insert into t (a) values (p) returning a", "has `returning`"),
        ("insert into archive.t (a) values (p)", "`archive.t`, a table of another database"),
        ("replace into t (a) values (p)", "begins with `replace`"),
        ("begin if p > 0 then insert into t (a) values (p); end if; end", "begins with `if`"),
        (
            "begin declare exit handler for sqlexception begin end; insert into t (a) values (p); end",
            "begins with `declare`",
        ),
        ("begin start transaction; insert into t (a) values (p); commit; end", "begins with `start`"),
        ("begin delete from t where a = p; call p_log(); end", "more than one plain statement"),
        ("begin delete from t where a = p; delete from u where a = p; end", "more than one plain statement"),
        ("delete from t where a <= p", "not exactly `key = parameter`"),
        ("delete from t where a <> p", "not exactly `key = parameter`"),
        ("delete from t where a <=> p", "not exactly `key = parameter`"),
        ("delete from t where a = p or b = 0", "not exactly `key = parameter`"),
        ("delete from t where a = p and b > 0", "not exactly `key = parameter`"),
        ("delete from t where not a = p", "not exactly `key = parameter`"),
        ("delete from t where a = p + 1", "not exactly `key = parameter`"),
        ("delete from t where a = p collate utf8mb4_bin", "not exactly `key = parameter`"),
        ("delete from t where p = p", "not exactly `key = parameter`"),
        ("delete from t where u.a = p", "not exactly `key = parameter`"),
        ("delete from t where a in (p)", "not exactly `key = parameter`"),
        ("delete from t where a = p limit 1", "has `limit`"),
        ("delete from t where a = p order by b limit 1", "has `order`"),
        ("delete from t where a = p returning a", "not exactly `key = parameter`"),
        ("delete t from t join u on t.a = u.a where t.a = p", "deletes from several tables"),
        ("delete from t", "has no condition"),
        ("update t set a = p", "has no condition"),
        ("update t set a = a + p where b = p", "sets `a` to something else"),
        ("update t set a = coalesce(p, a) where b = p", "sets `a` to something else"),
        ("update t set v = v + 1, w = w + 1 where b = p", "sets `w` to something else"),
        ("update t, u set t.a = p where t.b = p", "more than the one table"),
        ("update t set a = p where b = p", "parameter `p` is used twice"),
        ("update t set a = 1 where b = p", "sets `a` to something else"),
        ("update t set a = @x where b = p", "sets `a` to something else"),
        ("/*! insert ignore */ into t (a) values (p)", "has `ignore`"),
        ("select p", "begins with `select`"),
    ];
    for (body, why) in cases {
        let reason = proved(&["p"], body).unwrap_err();
        assert!(reason.contains(why), "{body}: {reason}");
    }
    let loose = Routine {
        mode: SqlMode { strict: false, ..SqlMode::default() },
        ..routine(&["p"], "delete from t where a = p")
    };
    assert!(plain(&loose, &Catalogue::default()).unwrap_err().contains("not strict"));
    let unused = proved(&["p", "q"], "delete from t where a = p").unwrap_err();
    assert!(unused.contains("`q` is neither stored nor the key"), "{unused}");
}

/// What each statement finds: statements are separated by `;`, alternatives by `|`. The signs are `=` for an equal
/// column, `<` for one compared by its order, `~` for one compared in another way, `+` for a computed one, `*` for one
/// made of parameters, which follow in brackets, or of more, `?` for parameters that hide their columns, `0` for those
/// that must be null, and `any` if every record is found.
fn reached(body: &str) -> String {
    use beds_core::inspect::{Column, Relation, RelationKind};
    let column = |name: &str| Column::new(name, Kind::Json, "");
    let columns = ["a", "b", "id", "v"].map(column).into();
    let table = Relation { columns, ..Relation::new("t", RelationKind::Table) };
    let catalogue = Catalogue { database: "shop".into(), relations: vec![table], ..Catalogue::default() };
    let way = |way: &Found| {
        let signed = |sign: &str, names: &[String]| {
            names.iter().map(|name| format!(" {sign}{name}")).collect::<Vec<_>>().concat()
        };
        let Found {
            equal,
            given: _,
            compared,
            ordered,
            computed,
            made,
            converted: _,
            hidden,
            nulls,
            is_bound,
            is_unread,
        } = way;
        let made: Vec<String> = made
            .iter()
            .map(|(column, of)| {
                format!("{column}[{}]", of.as_ref().map_or("any".to_owned(), |of| of.join(",")))
            })
            .collect();
        let said = [
            ("=", equal),
            ("~", compared),
            ("<", ordered),
            ("+", computed),
            ("*", &made),
            ("?", hidden),
            ("0", nulls),
        ]
        .map(|(sign, names)| signed(sign, names));
        match (is_unread, is_bound) {
            (true, _) => "unread".to_owned(),
            (false, true) => said.concat().trim().to_owned(),
            (false, false) => format!("any{}", said.concat()),
        }
    };
    let statement = |reach: Reach| {
        assert_eq!(reach.table, "t", "{body}");
        match reach.ways {
            _ if reach.is_crossed => "crossed".to_owned(),
            None => "all".to_owned(),
            Some(ways) if ways.is_empty() => "none".to_owned(),
            Some(ways) => ways.iter().map(way).collect::<Vec<_>>().join(" | "),
        }
    };
    let mut reaches = reaches(&routine(&["p", "p_v", "id"], body), &catalogue);
    reaches.retain(|reach| reach.table != "u");
    reaches.into_iter().map(statement).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_plain_condition_says_which_records_it_finds() {
    let mut wrong = Vec::new();
    for (body, found) in [
        ("delete from t", "all"),
        ("begin update t set a = upper(p), b = (select 1 from u where x = 1); end", "all"),
        ("delete from t where a >= p", "~a <a"),
        ("delete from t where a = p and p_v > b", "=a ~b <b"),
        ("begin delete from shop.t where t.a = p and (p_v is null or v = p_v); end;", "=a 0p_v | =a =v"),
        ("update t set a = coalesce(p, a) where (b = p and a <> 5)", "=b ~a"),
        ("delete from t where a between p and p_v and b = 'x'", "=b ~a"),
        ("delete from t where a like p limit 1", "~a"),
        ("delete from t where a <=> p order by b", "=a"),
        ("delete from t where a is null", ""),
        ("delete from t where a = b", "~a ~b"),
        ("delete from t where a not like 'x'", "~a"),
        // The bare name is the parameter.
        ("delete from t where id = id", "any ?id"),
        ("delete from t where t.id = id", "=id"),
        ("delete quick from t where a = -5.25 returning a", "=a"),
        ("delete from t where (a, b) = (p, p_v) and v = 1", "=a =b =v"),
        ("update t as x set x.a = p_v where x.b = p", "=b"),
        ("update t x set a = p_v where b = p", "=b"),
        // Conditions that are always true, and conditions that are not.
        ("delete from t where 1 = 1", "any"),
        ("delete from t where true or a = p", "any | =a"),
        ("delete from t where 1 = 2 or 0", ""),
        ("delete from t where false", "none"),
        ("delete from t where (a = p and b = p_v) is not null", "any"),
        // One way is enough.
        ("delete from t where a = p or b = 0", "=a | =b"),
        ("delete from t where a = p or lower(b) = p", "=a | *b[p]"),
        ("delete from t where (a = p or b = p) and a = p", "=a =a | =b =a"),
        ("delete from t where a = p and p_v is null or v = p_v", "=a 0p_v | =v"),
        ("update t set a = 1 where b = p or case when p and b then 1 end or a < p", "=b | *b[p] | ~a <a"),
        ("delete from t where a = p || b = p_v", "=a | =b"),
        ("delete from t where a = p && b = p_v", "=a =b"),
        ("delete from t where a = p xor b = p_v", "=a ~b <b | =b ~a <a"),
        ("delete from t where not a = p and b = p_v", "=b ~a <a"),
        ("delete from t where not (a = p or b = p_v)", "~a ~b <a <b"),
        ("delete from t where !(a = p) and b <> p_v", "~a ~b <a <b"),
        ("delete from t where (a = p and b = p_v) = 0", "~a <a | ~b <b"),
        ("delete from t where (a = p and b = p_v) is true", "=a =b"),
        ("delete from t where a = p = b = p_v", "+a +b"),
        // Parentheses, lists and rows.
        ("delete from t where ((a) = (p)) and (b) = p_v", "=a =b"),
        ("delete from t where a in (p)", "=a"),
        ("delete from t where a in (p, p_v)", "=a | =a"),
        ("delete from t where (a, b) in ((p, p_v), (p_v, p))", "=a =b | =a =b"),
        ("delete from t where a not in (p, p_v)", "~a ~a <a <a"),
        ("delete from t where a between p and p + 1", "~a"),
        ("delete from t where a like concat(p, '%')", "~a"),
        ("delete from t where a regexp p", "~a"),
        // Computed values, and values made of a parameter alone.
        ("delete from t where a = p + 1", "+a"),
        ("delete from t where a = -p", "+a"),
        ("delete from t where a div 10 = p div 10", "+a"),
        ("delete from t where b % 10 = p", "+b"),
        ("delete from t where (a + 1) >= p", "~a"),
        ("delete from t where a = coalesce(p, a)", "+a"),
        ("delete from t where concat(a, b) = concat(p, p_v)", "+a +b"),
        ("delete from t where a = unhex(replace(p, '-', ''))", "*a[p]"),
        ("delete from t where a = p collate utf8mb4_bin", "=a"),
        ("delete from t where a = p collate utf8mb4_general_ci", "*a[p]"),
        ("delete from t where a = 0x01 and b = x'01'", "=a =b"),
        ("delete from t where a = (select max(a) from u)", "*a[]"),
        ("delete from t where a in (select a from u where b = p)", "*a[p]"),
        ("delete from t where a = any (select a from u)", "*a[]"),
        ("delete from t where a = @x", "*a[any]"),
        ("begin declare k int; set k = p; delete from t where a = k and b = p; end", "=b *a[any]"),
        ("begin for r in (select a from t) do delete from t where a = r.a; end for; end", "*a[any]"),
        // Each statement by itself.
        ("begin delete from t where a >= p; call p_log(); end", "~a <a"),
        ("begin if p then delete from t where a = p; else update t set b = 1; end if; end", "=a; all"),
        ("delete t from t join u on 1 = 1 where t.a = p", "crossed"),
        ("update t join u on 1 = 1 set t.a = p where t.a = p", "crossed"),
        // Several tables.
        ("update t, u set t.v = p where t.a = p and u.b = p_v", "=a"),
        ("update u, t set t.v = p where t.a = p and u.b = t.b", "=a *b[any]"),
        ("update u join t x on x.a = p set x.v = p where x.b = p_v", "=a =b"),
        ("update t left join u on t.a = p set t.v = p where t.b = p_v", "=b"),
        ("update t join (select p q, p_v r) z set t.v = 1 where t.a = z.r", "*a[any]"),
        ("update t, u set u.v = p where t.a = p", ""),
        ("delete x from t x join u on x.a = u.a where x.b = p", "=b *a[any]"),
        ("delete from t using t, u where t.a = p", "=a"),
        ("delete u from t join u on t.a = u.a", ""),
        ("delete t from t join u on t.a = u.a", "*a[any]"),
    ] {
        wrong.extend((reached(body) != found).then(|| format!("{body}: {} for {found}", reached(body))));
    }
    assert_eq!(wrong, Vec::<String>::new());
    for unread in ["delete from t where a = p for update", "delete from t where match (a) against (p)"] {
        assert_eq!(reached(unread), "unread", "{unread}");
    }
    for other in ["insert into t (a) values (p)", "select a from t where a >= p for update"] {
        assert_eq!(reached(other), "", "{other}");
    }
}
