//! An update of a record that holds a value which no parameter accepts: a day that no calendar has, the empty value of
//! an ENUM, or a text that does not come back from Unicode. Under strict rules the server refuses such a value from a
//! client, but copies it from column to variable to parameter. So the update copies it that way. The request's own
//! values stay under strict rules.

use std::fmt::Write as _;

use beds_core::{
    spec::{
        Domain,
        mariadb::{Procedure, Source},
    },
    value::Value,
};
use sqlx::{MySqlConnection, Row as _};

use super::procedure::{RETURNS_BYTES_MAX, Returned, returned};
use crate::{
    cell::bind,
    columns::Column,
    fault::{Fault, classify},
    routine::{Room, sets_of},
    statement,
};

/// A record, of which the server itself passes these fields on.
pub(super) struct Left<'a> {
    pub(super) domain: &'static Domain,
    pub(super) source: &'static Source,
    pub(super) procedure: &'static Procedure,
    pub(super) kept: &'a [Column],
    pub(super) key: &'a [Value],
    pub(super) fields: &'a [usize],
}

impl Left<'_> {
    /// Calls the procedure with one value for each argument, except the fields that are left to the server.
    pub(super) async fn call(
        &self,
        connection: &mut MySqlConnection,
        args: &[Value],
    ) -> Result<Returned, Fault> {
        let fault = |error| classify(&error, self.domain);
        let found = statement::by_key(self.domain, self.source, self.kept, self.fields, self.key);
        let text = self.text(&found.text);
        let is_left = |place: usize| self.left(place).is_some();
        let passed = args.iter().enumerate().filter(|(place, _)| !is_left(*place)).map(|(_, value)| value);
        let arguments = bind(found.values.iter().chain(passed)).map_err(fault)?;
        let query = sqlx::query_with(&text, arguments).persistent(false);
        let mut sets = sets_of(connection, self.domain, query, Room::Most(RETURNS_BYTES_MAX)).await?.sets;
        sets.retain(|set| !set.is_empty());
        // The last result set is the node's own.
        let changed = sets.pop().and_then(|set| set.first().map(|row| row.try_get_unchecked::<i64, _>(0)));
        let affected = u64::try_from(changed.transpose().map_err(fault)?.unwrap_or_default());
        let first = sets.first().and_then(|set| set.first());
        let returned = returned(self.domain, self.procedure, first)?;
        Ok(Returned { affected: affected.unwrap_or_default(), ..returned })
    }

    /// Which of the fields that are left to the server is the argument at this place, if any.
    fn left(&self, place: usize) -> Option<usize> {
        let mut places = self.procedure.args.iter().enumerate();
        let (_, field) = places.find(|(at, _)| self.procedure.place(*at) == place)?;
        self.fields.iter().position(|left| left == field)
    }

    fn text(&self, found: &str) -> String {
        let mut text = String::from("begin not atomic ");
        let name = |place: usize| format!("beds_left_{place}");
        for (place, &field) in self.fields.iter().enumerate() {
            let Source { from, columns, .. } = self.source;
            let _ = write!(text, "declare {} type of {from}.{}; ", name(place), columns[field]);
        }
        let names: Vec<String> = (0..self.fields.len()).map(name).collect();
        let _ = write!(text, "{found} into {}; ", names.join(", "));
        // The placeholders are the last question marks of the call.
        let mut parts: Vec<&str> = self.procedure.call.rsplitn(self.procedure.arity() + 1, '?').collect();
        parts.reverse();
        for (place, part) in parts.iter().enumerate() {
            match place.checked_sub(1).map(|place| self.left(place)) {
                Some(Some(place)) => text.push_str(&names[place]),
                Some(None) => text.push('?'),
                None => {}
            }
            text.push_str(part);
        }
        text.push_str("; select row_count(); end");
        text
    }
}
