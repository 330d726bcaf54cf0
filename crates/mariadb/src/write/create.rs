//! New records: all, or none.

use beds_core::{
    Outcome,
    spec::{Domain, mariadb::Procedure},
    value::{Value, write_record},
};
use sqlx::MySqlConnection;

use super::procedure::call;
use crate::fault::Fault;

pub(super) async fn run(
    connection: &mut MySqlConnection,
    domain: &'static Domain,
    procedure: &'static Procedure,
    records: &[Vec<Value>],
    many: bool,
) -> Result<Outcome, Fault> {
    let mut json = Vec::with_capacity(records.len() * 128);
    if many {
        json.push(b'[');
    }
    for (index, record) in records.iter().enumerate() {
        let args: Vec<Value> = procedure.args.iter().map(|&field| record[field].clone()).collect();
        let returned = call(connection, domain, procedure, &args).await.map_err(|fault| match fault {
            Fault::Refused(error) if many => Fault::Refused(error.of_record(index)),
            other => other,
        })?;
        if index > 0 {
            json.push(b',');
        }
        write_created(domain, procedure, record, &returned.fields, &mut json);
    }
    if many {
        json.push(b']');
    }
    Ok(Outcome::data(json))
}

/// The record as it now is, as far as the node knows: what it passed, and what the procedure gave back.
fn write_created(
    domain: &'static Domain,
    procedure: &Procedure,
    record: &[Value],
    returned: &[(usize, Value)],
    json: &mut Vec<u8>,
) {
    let members = domain.fields.iter().enumerate().filter_map(|(index, field)| {
        let returned = returned.iter().find(|(field, _)| *field == index).map(|(_, value)| value);
        let passed = procedure.args.contains(&index).then(|| &record[index]);
        returned.or(passed).map(|value| (field.name, value))
    });
    write_record(json, members);
}
