//! Compares arguments with the parameters of procedures and functions.

use beds_protocol::Lane;
use beds_protocol::shown;

use super::{
    Findings, elsewhere, misplaced, new_key, reach, renamed, skipped,
    types::{Against, Fit, fit},
    uncoded, unversioned, used,
};
use crate::{
    import::{self, AllDeeds},
    routine::{NOT_STRICT, lax},
};
use beds_core::{
    inspect::{Direction, Kind, Parameter, Routine, same_word},
    spec::{ArgMode, Engine, Object, RequestValue, Returns, Type, Usage},
};

/// An argument as the template passes it.
struct Passed<'d> {
    /// Its names: on the wire, and of its column.
    names: [&'d str; 2],
    ty: &'d Type,
    direction: Direction,
    /// Whether a client chooses the value. It does not choose the version: it has read the version before it sends it
    /// back.
    chosen: bool,
}

/// Compares the arguments of an operation or a call with a routine.
pub(super) fn check(object: &Object, routine: &Routine, all: &AllDeeds<'_>, findings: &mut Findings<'_>) {
    let (domain, catalogue) = (findings.domain, all.catalogue);
    let place = super::place(object.usage);
    let (passed, lane) = match object.usage {
        Usage::Call(name) => {
            let Some(call) = domain.calls.iter().find(|call| call.name == name) else { return };
            check_returns(&place, &call.returns, routine, findings);
            let passed = call.args.iter().map(|arg| Passed {
                names: [arg.field.name, arg.field.name],
                ty: &arg.field.ty,
                direction: match arg.mode {
                    ArgMode::In => Direction::In,
                    ArgMode::Out => Direction::Out,
                    ArgMode::InOut => Direction::InOut,
                },
                chosen: arg.asked.is_none(),
            });
            (passed.collect::<Vec<_>>(), call.lane)
        }
        Usage::Read | Usage::Create | Usage::Update | Usage::Upsert | Usage::Delete => {
            let passed = object.args.iter().map(|index| {
                let field = &domain.fields[*index];
                let chosen = domain.version != Some(*index);
                Passed { names: [field.name, field.column], ty: &field.ty, direction: Direction::In, chosen }
            });
            let mut passed: Vec<_> = passed.collect();
            for (place, asked) in object.asked {
                let name = asked.as_str().trim_start_matches('@');
                let (names, ty) = ([name, name], asked_type(*asked));
                let asked = Passed { names, ty, direction: Direction::In, chosen: false };
                passed.insert((*place).min(passed.len()), asked);
            }
            (passed, Lane::Write)
        }
    };
    if lane == Lane::Read && routine.declares_write {
        findings
            .error(
                &place,
                format!("{} declares MODIFIES SQL DATA, which the read lane refuses", shown(&routine.name)),
            )
            .hint("write lane = \"write\"");
    }
    if lane == Lane::Read && !routine.declares_write && all.writes_unsaid(routine) {
        findings
            .warning(
                &place,
                format!(
                    "the text of {} writes or may write, which the read lane refuses",
                    shown(&routine.name)
                ),
            )
            .hint("write lane = \"write\"");
    }
    if lane == Lane::Write && all.commits_unsaid(routine) && !object.commits {
        findings
            .warning(&place, format!("{} ends the transaction by itself", shown(&routine.name)))
            .hint("add commits = true, so that replies say that its effect is at least once");
    }
    let in_place = misplaced::in_place(object, routine, catalogue, domain);
    check_parameters(&place, &passed, routine, &in_place, findings);
    used::kept(object, routine, catalogue, findings);
    misplaced::check(object, routine, catalogue, findings);
    elsewhere::check(object, routine, catalogue, findings);
    skipped::check(object, routine, catalogue, findings);
    reach::check(object, routine, catalogue, findings);
    renamed::check(object, routine, catalogue, findings);
    unversioned::check(object, routine, catalogue, findings);
    new_key::check(object, routine, catalogue, findings);
    uncoded::check(object, routine, catalogue, findings);
    if lane == Lane::Write {
        for (title, is_trigger) in lax(routine, catalogue) {
            let message = format!("{title} {NOT_STRICT}");
            // The DBA decides what a call does with its arguments. An operation must keep the values that it gets.
            let is_call = matches!(object.usage, Usage::Call(_));
            let finding = if is_call || is_trigger {
                findings.warning(&place, message)
            } else {
                findings.error(&place, message)
            };
            finding.hint(
                "create it again in a session whose sql_mode has STRICT_TRANS_TABLES: a routine keeps the mode that it was \
                 made in",
            );
        }
    }
    let is_recorded = domain.is_recorded();
    let is_whole = lane == Lane::Write && is_recorded && !object.commits;
    used::check(&place, routine, is_whole, catalogue, findings);
}

/// The type of a value of the request.
fn asked_type(asked: RequestValue) -> &'static Type {
    static NAME: Type = Type::string(0, 255);
    static LIST: Type = Type::Json;
    static MOMENT: Type = Type::DateTime;
    match asked {
        RequestValue::Now => &MOMENT,
        RequestValue::Roles => &LIST,
        RequestValue::User | RequestValue::Session | RequestValue::Node | RequestValue::RequestId => &NAME,
    }
}

/// Compares each argument with its parameter. The text has proved those that are `in_place`, whatever their names are.
fn check_parameters(
    place: &str,
    passed: &[Passed<'_>],
    routine: &Routine,
    in_place: &[&str],
    findings: &mut Findings<'_>,
) {
    let parameters = &routine.parameters;
    if parameters.len() != passed.len() {
        let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let s = if parameters.len() == 1 { "" } else { "s" };
        let message = format!(
            "{} has {} parameter{s}, but the template passes {}",
            shown(&routine.name),
            parameters.len(),
            passed.len()
        );
        findings.error(place, message).hint(format!("the parameters are: {}", names.join(", ")));
        return;
    }
    for (at, (parameter, arg)) in parameters.iter().zip(passed).enumerate() {
        let subject =
            format!("parameter {} of {}, {},", at + 1, shown(&routine.name), shown(&parameter.name));
        // Both `id` and `p_id` match `id`, and the first one matches in full, so it is in the right place.
        let names: Vec<[&str; 2]> = passed.iter().map(|arg| arg.names).collect();
        if let Some(meant) = meant(at, parameters, &names, in_place).and_then(|meant| passed.get(meant)) {
            findings.error(place, format!("{subject} is given {}", shown(arg.names[0]))).hint(format!(
                "{} belongs there: list the arguments in the order of the parameters",
                shown(meant.names[0])
            ));
            continue;
        }
        if parameter.direction != arg.direction {
            let message = format!(
                "{subject} is {}, but the template says {}",
                parameter.direction.as_str(),
                arg.direction.as_str()
            );
            findings.error(place, message).hint(format!("write mode = \"{}\"", parameter.direction.as_str()));
        }
        let written = parameter.direction != Direction::Out && arg.chosen;
        let shown = parameter.direction != Direction::In;
        let fit = fit(&parameter.kind, arg.ty, Against { engine: Engine::MariaDb, written, shown });
        findings.fit(fit, place, &subject, &parameter.written);
    }
}

/// The argument that matches the parameter at this place better than the argument that is there, and better than it
/// matches its own parameter. Parameters that are `in_place` have the right arguments.
fn meant(at: usize, parameters: &[Parameter], passed: &[[&str; 2]], in_place: &[&str]) -> Option<usize> {
    let match_of = |parameter: &Parameter, names: &[&str; 2]| {
        names.iter().map(|name| likeness(&parameter.name, name)).max().unwrap_or(Likeness::None)
    };
    let is_free = |parameter: &&Parameter| !in_place.contains(&parameter.name.as_str());
    let parameter = parameters.get(at).filter(is_free)?;
    let is = match_of(parameter, passed.get(at)?);
    let candidates = passed.iter().zip(parameters).enumerate().map(|(other, (names, own))| {
        let here = match_of(parameter, names);
        (here, is_free(&own) && here > is && here > match_of(own, names), other)
    });
    let better = candidates.filter(|(_, is_better, _)| *is_better);
    better.max_by_key(|(here, _, other)| (*here, usize::MAX - other)).map(|(.., other)| other)
}

/// How well the name of a parameter matches the name of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    None,
    /// The names match except for a prefix or suffix that only marks a parameter.
    Affix,
    Whole,
}

fn likeness(parameter: &str, name: &str) -> Likeness {
    if same_word(parameter, name) {
        Likeness::Whole
    } else if import::same_name(parameter, name) {
        Likeness::Affix
    } else {
        Likeness::None
    }
}

fn check_returns(place: &str, returns: &Returns, routine: &Routine, findings: &mut Findings<'_>) {
    let (Returns::Scalar(ty), Some((kind, written))) = (returns, &routine.returns) else { return };
    let subject = format!("what {} returns", shown(&routine.name));
    let fit = fit(kind, ty, Against { engine: Engine::MariaDb, written: false, shown: true });
    if fit != Fit::Fine {
        findings.fit(fit, place, &subject, written);
    } else if let Some(how) = cuts(kind, ty) {
        findings.warning(place, format!("{subject} {how}: longer ones are cut or refused")).hint(
            "let the function return as much as the template says, or the template say as much as it returns",
        );
    }
}

/// How a function returns less than the template says. A bound that the template does not set is not a promise.
fn cuts(kind: &Kind, ty: &Type) -> Option<String> {
    const CHARACTERS_UNSAID: u32 = 255;
    const DIGITS_UNSAID: u8 = 65;
    let int = |min: i128, max: i128| match kind {
        Kind::Int { min: least, max: greatest } if *least > min || *greatest < max => {
            Some(format!("has values of {least} to {greatest}, but the template says {min} to {max}"))
        }
        _ => None,
    };
    match (ty, kind) {
        (Type::String { max, .. }, Kind::String { max: kept, .. })
            if kept < max && *max != CHARACTERS_UNSAID =>
        {
            Some(format!("has up to {kept} characters, but the template says {max}"))
        }
        (Type::Decimal { precision, scale, .. }, Kind::Decimal { precision: kept, scale: after, .. })
            if *precision < DIGITS_UNSAID
                && kept.saturating_sub(*after) < precision.saturating_sub(*scale) =>
        {
            Some(format!("has ({kept},{after}) digits, but the template says ({precision},{scale})"))
        }
        (Type::Int { min, max }, _) if (*min, *max) != (i64::MIN, i64::MAX) => {
            int(i128::from(*min), i128::from(*max))
        }
        (Type::UInt { min, max }, _) if *max != u64::MAX => int(i128::from(*min), i128::from(*max)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The better argument, for each place.
    fn meant_at(parameters: &[&str], passed: &[&str]) -> Vec<Option<usize>> {
        let parameter = |name: &&str| Parameter {
            name: (*name).to_owned(),
            direction: Direction::In,
            kind: Kind::Bool,
            written: "tinyint(1)".to_owned(),
            collation: None,
        };
        let parameters: Vec<Parameter> = parameters.iter().map(parameter).collect();
        let passed: Vec<[&str; 2]> = passed.iter().map(|name| [*name, *name]).collect();
        (0..parameters.len()).map(|at| meant(at, &parameters, &passed, &[])).collect()
    }

    #[test]
    fn an_argument_stays_where_it_belongs_most() {
        assert_eq!(meant_at(&["id", "p_id"], &["id", "id_2"]), [None, None]);
        assert_eq!(meant_at(&["id", "p_id"], &["id", "p_id"]), [None, None]);
        assert_eq!(meant_at(&["p_id", "id"], &["id_2", "id"]), [None, None]);
        assert_eq!(meant_at(&["p_a", "b"], &["anything", "b"]), [None, None]);
        // Two arguments that changed places, three that moved on, and names of which one is the other with a prefix.
        assert_eq!(meant_at(&["p_a", "p_b"], &["b", "a"]), [Some(1), Some(0)]);
        assert_eq!(meant_at(&["p_a", "p_b", "p_c"], &["b", "c", "a"]), [Some(2), Some(0), Some(1)]);
        assert_eq!(meant_at(&["id", "p_id"], &["p_id", "id"]), [Some(1), Some(0)]);
    }
}
