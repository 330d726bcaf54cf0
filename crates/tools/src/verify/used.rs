//! The objects on which the objects of a domain depend: the tables and procedures of routines, and the columns that
//! they write.

use super::{
    Findings, Severity,
    base::{Base, read},
    place,
    types::{Against, Fit, fit},
};
use crate::{
    keeps::{Holds, Kept, compares, keeps, narrows},
    routine::{Token, faults, stores, tokens},
};
use beds_core::{
    inspect::{
        Catalogue, Column, Kind, Parameter, Relation, RelationKind, Routine, RoutineKind, Supplied, same_word,
    },
    spec::{Engine, Generated, Object, ObjectKind, Type, Usage},
};
use beds_protocol::shown;

/// Reports objects that a routine, or one that it calls, names and nobody can use. `is_whole` is whether all its writes
/// must be in one transaction.
pub(super) fn check(
    place: &str,
    routine: &Routine,
    is_whole: bool,
    catalogue: &Catalogue,
    findings: &mut Findings<'_>,
) {
    for fault in faults(routine, is_whole, catalogue) {
        findings.push(fault.severity, place, fault.message).hint = fault.hint;
    }
}

/// Reports columns of the table that must have a value, and that `create` or `upsert` leaves without one.
pub(super) fn required(relation: &Relation, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    if domain.engine() != Engine::MariaDb {
        return;
    }
    let objects = domain.database_objects();
    let Some(base) = Base::of(relation, catalogue) else { return };
    let is_new = |object: &&Object| {
        matches!(object.usage, Usage::Create | Usage::Upsert) && object.kind == ObjectKind::Procedure
    };
    for create in objects.iter().filter(is_new) {
        given(create, &base, catalogue, findings);
        generated(create, &base, catalogue, findings);
    }
}

/// Reports fields that the database should fill in although nothing does so any more: a computed column may have become
/// a plain one.
fn generated(create: &Object, base: &Base<'_>, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let Some(routine) = catalogue.routine(RoutineKind::Procedure, create.name) else { return };
    // Without the text, or with a trigger, the values of a new record are unknown.
    let Some(body) = routine.body.as_deref().filter(|_| base.table.triggers.is_empty()) else { return };
    let text = tokens(body, routine.mode);
    let is_named =
        |column: &Column| text.iter().filter_map(Token::name).any(|name| same_word(name, &column.name));
    for (index, field) in domain.fields.iter().enumerate() {
        let Some(column) = base.column(field.column) else { continue };
        if field.generated != Some(Generated::Database) || create.args.contains(&index) || is_named(column) {
            continue;
        }
        let is_alone = field.unique || domain.key == [index];
        let place = format!("field {}", field.name);
        // The column may have been computed. Or nobody sets it: `beds import` writes columns that no procedure can set
        // in this way.
        if column.default == Supplied::Nothing && column.nullable && field.nullable {
            let message = format!(
                "the column {} of {} is null in new records, although the template says that the database generates it",
                shown(&column.name),
                shown(&base.table.name)
            );
            if !findings.has(&place, &message) {
                findings
                    .note(place, message)
                    .hint("if it was computed, let the database compute it again; else nothing is wrong");
            }
            continue;
        }
        let what = match &column.default {
            // A column that may not be null is reported separately.
            Supplied::Nothing if column.nullable => {
                "is null in new records: it has no default, and is not computed"
            }
            Supplied::Constant(_) if is_alone => {
                "has the same value in all new records: its default is a constant"
            }
            _ => continue,
        };
        let message = format!(
            "the template says that the database generates it, but the column {} of {} {what}",
            shown(&column.name),
            shown(&base.table.name)
        );
        if !findings.has(&place, &message) {
            findings
                .error(place, message)
                .hint("let the database fill it in again, or remove `generated` and let `create` pass it");
        }
    }
}

/// Reports columns that get no value from this procedure.
fn given(create: &Object, base: &Base<'_>, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let Some(routine) = catalogue.routine(RoutineKind::Procedure, create.name) else { return };
    let text = routine.body.as_deref().map(|body| tokens(body, routine.mode));
    for column in
        base.table.columns.iter().filter(|column| !column.nullable && column.default == Supplied::Nothing)
    {
        let is_of = |index: &usize| {
            base.column(domain.fields[*index].column).is_some_and(|other| other.name == column.name)
        };
        let field = (0..domain.fields.len()).find(is_of);
        let is_given = create.args.iter().any(is_of);
        let is_counted = field.is_some_and(|field| domain.version == Some(field));
        let is_said = field.is_some_and(|field| domain.fields[field].generated == Some(Generated::Database));
        let message = format!(
            "the column {} of {} may not be null and has no default, and {} gives it no value",
            shown(&column.name),
            shown(&base.table.name),
            shown(&routine.name)
        );
        let hint = "give the column a default, or let the template pass it";
        let place = place(create.usage);
        match &text {
            _ if is_given => {}
            Some(text) if text.iter().filter_map(Token::name).any(|name| same_word(name, &column.name)) => {}
            Some(_) if base.table.triggers.is_empty() => {
                findings.error(place, message).hint(hint);
            }
            // The text is not visible, and the template says that somebody fills the column in.
            None if is_counted => {}
            None if is_said => {
                findings
                    .note(place, message)
                    .hint("verify as a user who may see its text: the text may give the column a value");
            }
            Some(_) | None => {
                findings.warning(place, message).hint(hint);
            }
        }
    }
}

/// Reports values that change on their way through a procedure: a parameter that does not find or keep the values of a
/// column, and a column that does not keep the values that clients may send. A parameter is compared with the column
/// into which its value goes unchanged. If the text cannot be seen, it is compared with the column behind its field.
pub(super) fn kept(object: &Object, routine: &Routine, catalogue: &Catalogue, findings: &mut Findings<'_>) {
    let domain = findings.domain;
    let Some(relation) = read(domain, catalogue) else { return };
    let Some(base) = Base::of(relation, catalogue).or_else(|| Base::through(relation, catalogue)) else {
        return;
    };
    if routine.parameters.len() != object.arity() {
        return;
    }
    let text = routine.body.as_deref().map(|body| tokens(body, routine.mode));
    let of_table: Vec<&str> = base.table.columns.iter().map(|column| column.name.as_str()).collect();
    for (parameter, index) in object.of_fields(&routine.parameters).zip(object.args) {
        let Some(column) = base.column(domain.fields[*index].column) else { continue };
        let is_stored = text.as_ref().is_none_or(|text| {
            stores(text, &parameter.name, &of_table).iter().any(|name| same_word(name, &column.name))
        });
        let way = Way { usage: object.usage, routine: &routine.name, parameter, column };
        if is_stored && takes_none(&way, text.is_some(), base.table, findings) {
            continue;
        }
        if domain.key.contains(index) && object.usage != Usage::Create {
            finds(&way, findings);
        } else if is_stored {
            let is_written = findings.is_written(*index);
            if is_written && object.usage == Usage::Update {
                passes_again(&way, findings);
            }
            // Values that the node makes must be kept like values of clients.
            let is_made = domain.fields[*index].generated.is_some() && domain.version != Some(*index);
            if (is_written || is_made) && relation.kind == RelationKind::View {
                holds(*index, &way, base.table, findings);
            } else if is_written || is_made {
                holds_less(*index, &way, base.table, findings);
            }
            if is_written {
                takes_null(*index, &way, text.is_some(), base.table, findings);
            }
        }
    }
}

/// A parameter, and the column into which its value goes or in which it is searched.
struct Way<'c> {
    usage: Usage,
    routine: &'c str,
    parameter: &'c Parameter,
    column: &'c Column,
}

impl Way<'_> {
    fn subject(&self) -> String {
        format!("parameter {} of {}", shown(&self.parameter.name), shown(self.routine))
    }

    fn of_column(&self) -> String {
        format!("of the column {} ({})", shown(&self.column.name), shown(&self.column.written))
    }

    /// Reports a parameter that changes or refuses values of the column.
    fn report(&self, kept: Kept, findings: &mut Findings<'_>) {
        let (subject, of) = (self.subject(), self.of_column());
        let charset = |collation: &str| collation.split('_').next().unwrap_or_default().to_owned();
        // A type does not show its character set.
        let declared = match (self.column.collation.as_deref(), self.parameter.collation.as_deref()) {
            (Some(own), Some(given)) if charset(own) != charset(given) => {
                format!("{} character set {} collate {own}", self.column.written, charset(own))
            }
            _ => self.column.written.clone(),
        };
        let hint = format!("declare the parameter as {}", shown(declared));
        match kept {
            Kept::Whole => {}
            Kept::Changed(how) => findings
                .error(place(self.usage), format!("{subject} {how}: it changes values {of}"))
                .hint(hint),
            Kept::Refused(how) => findings
                .warning(place(self.usage), format!("{subject} {how}: it refuses values {of}"))
                .hint(hint),
        }
    }
}

/// Whether a column takes no value since the database computes it. The server refuses a procedure that assigns one.
fn takes_none(way: &Way<'_>, is_seen: bool, table: &Relation, findings: &mut Findings<'_>) -> bool {
    if !matches!(way.column.default, Supplied::Computed(_)) {
        return false;
    }
    let goes = if is_seen { "goes" } else { "most likely goes" };
    let message = format!(
        "{} {goes} into the column {} of {}, which the database computes: it takes no value",
        way.subject(),
        shown(&way.column.name),
        shown(&table.name)
    );
    let severity = if is_seen { Severity::Error } else { Severity::Warning };
    findings
        .push(severity, place(way.usage), message)
        .hint("let the routine leave it out, and let the template say generated = \"database\"");
    true
}

/// A part of the key must find its record, and no other.
fn finds(way: &Way<'_>, findings: &mut Findings<'_>) {
    let Way { parameter, column, .. } = way;
    if let Kept::Changed(how) = compares(parameter, column) {
        let (subject, of) = (way.subject(), way.of_column());
        findings
            .error(place(way.usage), format!("{subject} {how}: it may find another record {of}"))
            .hint("declare the parameter with the character set and collation of the column");
    }
    // Trailing spaces do not distinguish keys, except under some collations.
    let is_padded = !column.collation.as_deref().unwrap_or_default().contains("nopad");
    let is_trim = matches!(
        (&parameter.kind, &column.kind),
        (Kind::String { trims: true, .. }, Kind::String { trims: false, .. })
    );
    match keeps(parameter, column) {
        Kept::Changed(_) if is_trim && is_padded => {}
        kept => way.report(kept, findings),
    }
}

/// An update passes every field again, including those that the client left out.
fn passes_again(way: &Way<'_>, findings: &mut Findings<'_>) {
    way.report(keeps(way.parameter, way.column), findings);
}

/// Values that clients may send must be kept behind the view as well.
fn holds(index: usize, way: &Way<'_>, table: &Relation, findings: &mut Findings<'_>) {
    let field = &findings.domain.fields[index];
    let place = format!("field {}", field.name);
    let subject = format!("the column {} of {}", shown(&way.column.name), shown(&table.name));
    let against = Against { engine: Engine::MariaDb, written: true, shown: false };
    match fit(&way.column.kind, &field.ty, against) {
        Fit::Fine | Fit::Noted(_) => narrowed(index, way, table, findings),
        Fit::Doubt(why) | Fit::Wrong(why) if findings.has(&place, &why) => {}
        other => findings.fit(other, &place, &subject, &way.column.written),
    }
}

/// Values that a column of a table does not keep although its parameter takes them. Checked only for columns where this
/// may be intended: JSON in a text, a time in a timestamp, characters that the column lacks.
fn holds_less(index: usize, way: &Way<'_>, table: &Relation, findings: &mut Findings<'_>) {
    let is_json =
        matches!(findings.domain.fields[index].ty, Type::Json | Type::List { .. } | Type::Object { .. });
    let is_text = matches!(way.column.kind, Kind::String { .. } | Kind::Text { .. });
    if is_json || is_text || matches!(way.column.kind, Kind::DateTime { stamp: true, .. }) {
        narrowed(index, way, table, findings);
    }
}

/// Warns of a column that keeps less than the parameter that is stored in it.
fn narrowed(index: usize, way: &Way<'_>, table: &Relation, findings: &mut Findings<'_>) {
    let field = &findings.domain.fields[index];
    let place = format!("field {}", field.name);
    let holds = match field.ty {
        Type::String { pattern: None, .. } | Type::Text { .. } => Holds::AnyText,
        Type::Json | Type::List { .. } | Type::Object { .. } => Holds::Json,
        _ => Holds::Plain,
    };
    let how = narrows(way.column, way.parameter, holds);
    if let Some(how) = how.filter(|how| !findings.has(&place, how)) {
        let subject = format!("the column {} of {}", shown(&way.column.name), shown(&table.name));
        let hint = format!("declare it as wide as {}, {}", way.subject(), shown(&way.parameter.written));
        findings.warning(place, format!("{subject} {how}")).hint(hint);
    }
}

/// A null that a client may send must be accepted. A default of the column does not help: null is passed explicitly.
fn takes_null(index: usize, way: &Way<'_>, is_seen: bool, table: &Relation, findings: &mut Findings<'_>) {
    let field = &findings.domain.fields[index];
    // If the text is not visible, the routine may replace null with the default.
    let may_be_replaced = !is_seen && way.column.default != Supplied::Nothing;
    if !field.nullable || way.column.nullable || may_be_replaced {
        return;
    }
    let place = format!("field {}", field.name);
    let message = format!(
        "the column {} of {} may not be null, but clients may send null or leave the field out",
        shown(&way.column.name),
        shown(&table.name)
    );
    if !findings.has(&place, &message) {
        findings
            .warning(place, message)
            .hint("write required = true or a default, or allow null in the column");
    }
}
