//! The rules of the templates for a caller, computed separately: this shares only the compiled model with the node.

use beds_codegen::model::{Access, Domain, Granted, Literal, RequestValue, Wanted};
use serde_json::{Value, json};

use crate::site::Caller;

/// All operations of a domain, except its description.
pub(crate) fn operations(domain: &Domain) -> Vec<Granted> {
    let offered = domain.offered();
    let plain = [
        (offered.read, Granted::Fetch),
        (offered.read, Granted::Count),
        (offered.create, Granted::Create),
        (offered.update, Granted::Update),
        (offered.upsert, Granted::Upsert),
        (offered.delete, Granted::Delete),
    ];
    let plain = plain.into_iter().filter(|(is_offered, _)| *is_offered).map(|(_, operation)| operation);
    plain.chain(domain.calls.iter().map(|call| Granted::Call(call.name.clone()))).collect()
}

fn access(domain: &Domain) -> &Access {
    domain.access.as_ref().unwrap()
}

/// The fields of a record, as the test knows them.
pub(crate) type Record = serde_json::Map<String, Value>;

impl Caller {
    fn has(&self, role: &str) -> bool {
        role == "anyone" || (role == "*" && self.user.is_some()) || self.roles.contains(&role)
    }

    /// The roles by which the caller may do an operation.
    pub(crate) fn granted(&self, domain: &Domain, operation: &Granted) -> Vec<String> {
        access(domain).roles(operation).iter().filter(|role| self.has(role)).cloned().collect()
    }

    /// Whether the caller reaches a record by an operation.
    pub(crate) fn reaches(&self, domain: &Domain, operation: &Granted, record: &Record) -> bool {
        self.granted(domain, operation).iter().any(|role| {
            let Some(rows) = access(domain).rows.iter().find(|rows| rows.role == *role) else { return true };
            rows.rows.iter().all(|(field, wanted)| {
                let value = record.get(&domain.fields[*field].name).unwrap_or(&Value::Null);
                wanted.iter().any(|wanted| match wanted {
                    Wanted::Is(Literal::Text(text)) => *value == json!(text),
                    Wanted::Asked(RequestValue::User) => self.user.is_some_and(|user| *value == json!(user)),
                    other => panic!("the oracle does not know {other:?}"),
                })
            })
        })
    }

    /// The field rules for an operation.
    pub(crate) fn rules(&self, domain: &Domain, operation: &Granted) -> (Vec<String>, Vec<String>) {
        field_rules(domain, &self.granted(domain, operation))
    }

    /// The field rules for anything that the caller may do.
    pub(crate) fn any_field_rules(&self, domain: &Domain) -> (Vec<String>, Vec<String>) {
        let mut roles: Vec<String> =
            operations(domain).iter().flat_map(|operation| self.granted(domain, operation)).collect();
        roles.sort();
        roles.dedup();
        field_rules(domain, &roles)
    }
}

/// The fields that are hidden from these roles, and those that the roles may only read.
fn field_rules(domain: &Domain, roles: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut hidden, mut readonly) = (Vec::new(), Vec::new());
    for (index, field) in domain.fields.iter().enumerate() {
        let told = |role: &String| access(domain).fields.iter().find(|rules| rules.role == *role);
        let hides = |role: &String| told(role).is_some_and(|rules| rules.hidden.contains(&index));
        let keeps = |role: &String| {
            told(role).is_some_and(|rules| rules.hidden.contains(&index) || rules.readonly.contains(&index))
        };
        if roles.iter().all(hides) {
            hidden.push(field.name.clone());
        } else if roles.iter().all(keeps) {
            readonly.push(field.name.clone());
        }
    }
    (hidden, readonly)
}
