//! One call of the procedure behind an operation.

use beds_core::{
    spec::{Domain, mariadb::Procedure},
    unshown::Unshown,
    value::Value,
};
use sqlx::{MySqlConnection, Row as _};

use crate::{
    cell,
    fault::{Fault, classify, disagree},
    routine,
};

/// A procedure's own result is small: the fields that it returns.
const RETURNS_BYTES_MAX: usize = 1 << 20;

/// What a procedure gave back.
pub(super) struct Returned {
    /// Values, by field.
    pub(super) fields: Vec<(usize, Value)>,
    /// Which of them cannot be shown.
    pub(super) unshown: Unshown,
    /// How many rows its statements changed.
    pub(super) affected: u64,
}

impl Returned {
    /// The value of a field.
    pub(super) fn get(&self, field: usize) -> Option<&Value> {
        self.fields.iter().find(|(returned, _)| *returned == field).map(|(_, value)| value)
    }
}

/// Calls a procedure with one value an argument.
pub(super) async fn call(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    args: &[Value],
) -> Result<Returned, Fault> {
    let sets = routine::result_sets(connection, domain, procedure.call, args, RETURNS_BYTES_MAX).await?;
    let mut unshown = Unshown::default();
    let row = sets.sets.first().and_then(|set| set.first());
    let fields = match row {
        Some(row) if !procedure.returns.is_empty() => {
            if row.len() < procedure.returns.len() {
                let message = format!("{} gives {} columns", procedure.call, row.len());
                return Err(Fault::Refused(disagree(domain, &message)));
            }
            let read = |(column, &field): (usize, &usize)| {
                let value = cell::read_returned(row, column, &domain.fields[field], &mut unshown)?;
                Ok((field, value))
            };
            let fields = procedure.returns.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>();
            fields.map_err(|error: sqlx::Error| classify(&error, domain))?
        }
        _ => Vec::new(),
    };
    Ok(Returned { fields, unshown, affected: sets.affected })
}
