//! The values that `lastval()` would give to a request from sequences that earlier requests used.
//!
//! A session remembers the last value that it took of each sequence until it ends. So a session that took one is
//! discarded, if anything may ask for it: a routine, view or trigger whose text does so, or is hidden. Tables whose
//! keys come from a sequence are common, and questions for its last value are rare. Where nothing asks, sessions are
//! kept.

use std::fmt::Write as _;

use sqlx::{Executor as _, MySqlConnection, Row as _};

/// Whether anything that a request may run can ask for a last value.
const MAY_ASK: &str = "select exists(select 1 from information_schema.routines where routine_schema not in \
    ('sys', 'mysql') and (routine_definition is null or routine_definition regexp 'lastval|previous')) \
    or exists(select 1 from information_schema.views where table_schema not in ('sys', 'mysql') and \
    (view_definition = '' or view_definition regexp 'lastval|previous')) \
    or exists(select 1 from information_schema.triggers where action_statement regexp 'lastval|previous')";

/// The sequences that the node's user can see.
const SEQUENCES: &str = "select table_schema, table_name from information_schema.tables \
    where table_type = 'SEQUENCE' order by table_schema, table_name";

/// How many sequences are asked for at most. If there are more, those of other databases than the connection's may be
/// left out.
const SEQUENCES_MAX: usize = 1_000;

/// The end of a list of expressions: the last value of each sequence, if anything may ask for it. Of a sequence that
/// the user may not read, nothing is known.
pub(super) async fn last_values(connection: &mut MySqlConnection) -> Result<String, sqlx::Error> {
    let may_ask = connection.fetch_one(sqlx::raw_sql(MAY_ASK)).await?;
    let mut list = String::new();
    if may_ask.try_get_unchecked::<&str, _>(0)? == "0" {
        return Ok(list);
    }
    for row in connection.fetch_all(sqlx::raw_sql(SEQUENCES)).await?.iter().take(SEQUENCES_MAX) {
        let quoted = |index| row.try_get_unchecked::<&str, _>(index).map(super::views::quoted);
        let value = format!("lastval({}.{})", quoted(0)?, quoted(1)?);
        let readable = connection.fetch_one(sqlx::raw_sql(&format!("select {value}"))).await.is_ok();
        if readable {
            // A text can always be written to.
            let _ = write!(list, ", ifnull({value}, '')");
        }
    }
    Ok(list)
}
