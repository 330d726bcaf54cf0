//! [`Allowed`]: what a caller may do in one operation of a domain.

use beds_protocol::{ErrorCode, Operation, shown};

use super::{
    caller::{Standing, asked, unknown},
    judged::Judged,
};
use crate::{
    error::{Error, Result},
    query::{Comparison, Condition, Test},
    spec::{Domain, Field, RequestValue, Row, Type, Wanted},
    value::Value,
};

/// A field that must have one of several values.
#[derive(Debug)]
struct Must {
    field: usize,
    any_of: Vec<Value>,
}

impl Must {
    fn holds(&self, value: &Value) -> bool {
        self.any_of.iter().any(|wanted| is_same(wanted, value))
    }

    fn condition(&self) -> Condition {
        let test = match self.any_of.as_slice() {
            [value] => Test::Compare(Comparison::Eq, value.clone()),
            values => Test::In(values.to_vec()),
        };
        Condition { field: self.field, test }
    }
}

/// What a caller may do in one operation: with which records, and which fields.
#[derive(Debug)]
pub(crate) struct Allowed {
    domain: &'static Domain,
    /// The conditions on the records within reach: all conditions of at least one list must hold. `None`: all records.
    rows: Option<Vec<Vec<Must>>>,
    hidden: Vec<usize>,
    readonly: Vec<usize>,
}

impl Allowed {
    /// What the caller may do.
    ///
    /// # Errors
    /// `unauthenticated` or `forbidden`, if the caller may not do the operation at all.
    pub(crate) fn of(
        standing: &Standing,
        request_id: &str,
        domain: &'static Domain,
        operation: Operation<'_>,
    ) -> Result<Self> {
        let all = Self { domain, rows: None, hidden: Vec::new(), readonly: Vec::new() };
        let Some(judged) = Judged::of(standing, domain) else { return Ok(all) };
        let roles = judged.granted(operation);
        if roles.is_empty() {
            return Err(refused(standing, domain, operation));
        }
        let (hidden, readonly) = judged.fields(&roles);
        let rows = judged.rows(&roles).map(|rows| {
            // A list of conditions that cannot hold reaches no record.
            rows.into_iter().filter_map(|rows| musts((standing, request_id), domain, rows)).collect()
        });
        Ok(Self { rows, hidden, readonly, ..all })
    }

    /// The field with this wire name, if the caller sees it.
    pub(crate) fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.domain.field(name).filter(|(index, _)| self.shows(*index))
    }

    /// Whether the caller sees a field.
    pub(crate) fn shows(&self, field: usize) -> bool {
        !self.hidden.contains(&field)
    }

    /// Whether the caller may set a field, as far as its roles say.
    pub(crate) fn sets(&self, field: usize) -> bool {
        self.shows(field) && !self.readonly.contains(&field)
    }

    /// Whether the caller sees and sets all fields.
    pub(crate) fn sets_all(&self) -> bool {
        self.hidden.is_empty() && self.readonly.is_empty()
    }

    /// Whether the caller sees all fields.
    pub(crate) fn shows_all(&self) -> bool {
        self.hidden.is_empty()
    }

    /// The fields that the caller does not set, of those that an object takes; of all where it takes all. The key and what the
    /// node makes itself are not the caller's affair.
    pub(crate) fn unset(&self, taken: Option<&[usize]>) -> Vec<usize> {
        let Domain { fields, key, version, .. } = self.domain;
        let is_made = |field: usize| {
            key.contains(&field) || *version == Some(field) || fields[field].generated.is_some()
        };
        let is_taken = |field: usize| taken.is_none_or(|taken| taken.contains(&field));
        let barred = self.hidden.iter().chain(&self.readonly).copied();
        barred.filter(|&field| is_taken(field) && !is_made(field)).collect()
    }

    /// The fields that the caller does not see.
    pub(crate) fn into_hidden(self) -> Vec<usize> {
        self.hidden
    }

    /// Refuses to set a field that the caller only sees. A field that the caller does not see is reported as unknown.
    ///
    /// # Errors
    /// `forbidden`, naming the fields.
    pub(crate) fn may_set<'n>(&self, names: impl Iterator<Item = (String, &'n str)>) -> Result<()> {
        if self.readonly.is_empty() {
            return Ok(());
        }
        let is_readonly =
            |name: &str| self.field(name).is_some_and(|(index, _)| self.readonly.contains(&index));
        let barred: Vec<_> = names.filter(|(_, name)| is_readonly(name)).collect();
        let Some((path, _)) = barred.first() else { return Ok(()) };
        let error = Error::new(ErrorCode::Forbidden, format!("{} cannot be set by the caller", shown(path)));
        Err(barred.iter().fold(error, |error, (path, _)| error.detail(path, "cannot be set by the caller")))
    }

    /// The conditions that every record within reach meets; none if all records are within reach.
    pub(crate) fn rows(&self) -> Vec<Condition> {
        conditions(self.rows.as_deref())
    }

    /// Fills the missing fields of a new record with the values that it must have, and refuses a record beyond the
    /// caller's reach. `is_given` tells which fields the request has, `is_set` which fields the object takes. Other
    /// fields are the object's affair.
    ///
    /// # Errors
    /// `forbidden`.
    pub(crate) fn fill(
        &self,
        record: &mut [Value],
        is_given: impl Fn(usize) -> bool,
        is_set: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let Some(rows) = &self.rows else { return Ok(()) };
        // The missing values, if all given values hold.
        let missing = |musts: &Vec<Must>| -> Option<Vec<(usize, Value)>> {
            let mut missing = Vec::new();
            for must in musts.iter().filter(|must| is_set(must.field)) {
                let value = &record[must.field];
                match must.any_of.as_slice() {
                    _ if is_given(must.field) && !must.holds(value) => return None,
                    _ if must.holds(value) => {}
                    [one] => missing.push((must.field, one.clone())),
                    _ => return None,
                }
            }
            Some(missing)
        };
        let filled = rows.iter().filter_map(missing).min_by_key(Vec::len);
        for (field, value) in filled.ok_or_else(|| self.out_of_reach())? {
            record[field] = value;
        }
        Ok(())
    }

    /// The conditions on every record that may be changed in this way: it is within the caller's reach before and
    /// after.
    ///
    /// # Errors
    /// `forbidden`, if the change leaves no record within reach.
    pub(crate) fn rows_of_change(&self, changes: &[(usize, Value)]) -> Result<Vec<Condition>> {
        let Some(rows) = &self.rows else { return Ok(Vec::new()) };
        let change = |field: usize| changes.iter().find(|(changed, _)| *changed == field);
        if !rows.iter().flatten().any(|must| change(must.field).is_some()) {
            return Ok(self.rows());
        }
        let after: Vec<Vec<Condition>> = rows
            .iter()
            .filter(|musts| {
                musts.iter().all(|must| change(must.field).is_none_or(|(_, value)| must.holds(value)))
            })
            .map(|musts| {
                let left = musts.iter().filter(|must| change(must.field).is_none());
                left.map(Must::condition).collect()
            })
            .collect();
        if after.is_empty() && !rows.is_empty() {
            return Err(self.out_of_reach());
        }
        let mut all = self.rows();
        if !after.iter().any(Vec::is_empty) {
            all.extend(any_of(after));
        }
        Ok(all)
    }

    fn out_of_reach(&self) -> Error {
        let name = self.domain.name;
        let error = Error::new(
            ErrorCode::Forbidden,
            format!("the caller may not write a record of `{name}` with these values"),
        );
        match self.rows.as_deref() {
            // With only one list of conditions, it is clear which condition fails.
            Some([musts]) => {
                let shown = musts.iter().filter(|must| self.shows(must.field));
                shown.fold(error, |error, must| {
                    let field = self.domain.fields[must.field].name;
                    error.detail(field, "must have the value that the caller's role requires")
                })
            }
            _ => error,
        }
    }
}

/// The conditions that at least one of these lists holds.
fn conditions(rows: Option<&[Vec<Must>]>) -> Vec<Condition> {
    let Some(rows) = rows else { return Vec::new() };
    any_of(rows.iter().map(|musts| musts.iter().map(Must::condition).collect()).collect())
}

fn any_of(alternatives: Vec<Vec<Condition>>) -> Vec<Condition> {
    vec![Condition { field: 0, test: Test::AnyOf(alternatives) }]
}

/// A role's conditions on a record; `None` if nothing can meet them.
fn musts(of: (&Standing, &str), domain: &'static Domain, rows: &[Row]) -> Option<Vec<Must>> {
    let must = |row: &Row| {
        let ty = &domain.fields[row.field].ty;
        let any_of: Vec<Value> = row.any_of.iter().flat_map(|wanted| values(of, ty, *wanted)).collect();
        (!any_of.is_empty()).then_some(Must { field: row.field, any_of })
    };
    rows.iter().map(must).collect()
}

/// The wanted values, in a field's type; none if the request has no such value.
fn values((standing, request_id): (&Standing, &str), ty: &Type, wanted: Wanted) -> Vec<Value> {
    let of_text = |text: &str| Value::from_text(ty, text);
    match wanted {
        Wanted::Is(literal) => Value::from_literal(ty, literal).into_iter().collect(),
        Wanted::Asked(RequestValue::Roles) => {
            standing.caller.roles.iter().filter_map(|role| of_text(role)).collect()
        }
        Wanted::Asked(value) => match asked(value, standing, request_id) {
            Ok(Value::Text(text)) => of_text(&text).into_iter().collect(),
            Ok(Value::Null) | Err(_) => Vec::new(),
            Ok(other) => vec![other],
        },
    }
}

/// Whether two values of one field's type are the same on the wire.
fn is_same(one: &Value, other: &Value) -> bool {
    let json = |value: &Value| {
        let mut json = Vec::with_capacity(40);
        value.write_json(&mut json);
        json
    };
    !other.is_null() && json(one) == json(other)
}

/// The caller may not do this.
fn refused(standing: &Standing, domain: &Domain, operation: Operation<'_>) -> Error {
    if standing.caller.user.is_none() {
        return unknown();
    }
    let asked = shown(format!("{}.{operation}", domain.name));
    let error = Error::new(ErrorCode::Forbidden, format!("the caller may not do {asked}"));
    if domain.access.is_some() {
        return error.hint("none of the caller's roles is allowed to");
    }
    error.hint("the template has no [access], and this node closes such templates")
}
