//! Views that only pick columns and rows of one table, so that the table's key is the view's key.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

/// `select … from `db`.`table` [`alias`]`, and at most a condition or an order after it: no join, no group.
static SINGLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?is)^select (?P<list>.*?) from `(?P<db>[^`]+)`\.`(?P<table>[^`]+)`(?: `[^`]+`)?(?: (?:where|order by) .*)?$").ok()
});
/// `` `alias`.`column` AS `name` ``
static PLAIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)^(?:`[^`]+`\.)*`(?P<column>[^`]+)` AS `(?P<name>[^`]+)`$").ok());

/// The table of this database from which a view's definition picks. Also, for each column of the view that is a plain
/// column, its name in the table. `None` if the view does anything else.
///
/// It works on the text that the server keeps, in which every name is quoted, and on updatable views, which have no
/// `distinct`, no aggregate and no `union`.
pub(super) fn picks(definition: &str, database: &str) -> Option<(String, Vec<(String, String)>)> {
    let captures = SINGLE.as_ref()?.captures(definition.trim())?;
    // Where names are compared without case, the server keeps them in one.
    if &captures["db"] != database {
        return None;
    }
    let plain = PLAIN.as_ref()?;
    let columns = items(&captures["list"])
        .into_iter()
        .filter_map(|item| plain.captures(item))
        .map(|item| (item["name"].to_owned(), item["column"].to_owned()))
        .collect();
    Some((captures["table"].to_owned(), columns))
}

/// A quoted name, with the name of its database if there is one, and the parenthesis of a call.
static QUOTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:`(?P<db>(?:[^`]|``)+)`\.)?`(?P<name>(?:[^`]|``)+)`(?P<call>\()?").ok());

/// The names of this database in a view's definition: tables, views and functions; and whether it runs a function of
/// another database. The server always qualifies tables, but functions only by another database.
pub(super) fn uses(definition: &str, database: &str) -> (Vec<String>, bool) {
    let plain = |name: &str| name.replace("``", "`");
    let (mut uses, mut is_elsewhere) = (BTreeSet::new(), false);
    for found in QUOTED.as_ref().into_iter().flat_map(|quoted| quoted.captures_iter(definition)) {
        let is_call = found.name("call").is_some();
        let is_here = found.name("db").map(|db| plain(db.as_str()) == database);
        match is_here {
            Some(false) => is_elsewhere |= is_call,
            Some(true) => {
                uses.insert(plain(&found["name"]));
            }
            None if is_call => {
                uses.insert(plain(&found["name"]));
            }
            None => {}
        }
    }
    (uses.into_iter().collect(), is_elsewhere)
}

/// The items of a select list. Commas inside quotes and parentheses do not separate.
fn items(list: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut from, mut items) = (0_usize, None, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '`' | '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                items.push(list[from..at].trim());
                from = at + 1;
            }
            (Some(_) | None, _) => {}
        }
    }
    items.push(list[from..].trim());
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_views_of_one_table_pick() {
        let definition = "select `c`.`id` AS `customer`,concat(`c`.`a`,', ',`c`.`b`) AS `name` \
                          from `shop`.`customers` `c` where `c`.`gone` = 0";
        assert_eq!(
            picks(definition, "shop"),
            Some(("customers".into(), vec![("customer".into(), "id".into())]))
        );
        assert_eq!((picks(definition, "other"), picks(definition, "Shop")), (None, None));
        let used = uses(
            "select `f`(`shop`.`a`.`x`) AS `y`,`c`.`g` AS `g` from `shop`.`a` join `shop`.`b` `c`",
            "shop",
        );
        assert_eq!(used, (vec!["a".to_owned(), "b".into(), "f".into()], false));
        assert!(uses("select `other`.`f`(1) AS `y`", "shop").1);
        let join = "select `a`.`id` AS `id` from (`shop`.`a` join `shop`.`b` on(`a`.`id` = `b`.`id`))";
        assert_eq!(picks(join, "shop"), None);
        let cross = "select `shop`.`a`.`id` AS `id` from `shop`.`a` join `shop`.`b`";
        assert_eq!(picks(cross, "shop"), None);
    }
}
