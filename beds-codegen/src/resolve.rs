//! Stage 5: what only shows when all templates are seen together: names that clash, routines that are called
//! with different numbers of arguments.

use std::collections::HashMap;

use crate::{
    diagnostic::{Errors, header as diagnostics},
    model::{Domain, Objects, Target},
    names,
    span::{Span, Spanned},
    validate::Validated,
};

/// Reports conflicts between templates, and between parts of one that different sections declare.
pub fn resolve(templates: &[Validated], errors: &mut Errors) {
    check_names(templates, errors);
    check_routines(templates, errors);
}

fn check_names(templates: &[Validated], errors: &mut Errors) {
    let mut by_name: HashMap<&str, Span> = HashMap::new();
    let mut by_struct: HashMap<String, &Spanned<String>> = HashMap::new();
    for name in templates.iter().filter_map(|template| template.name.as_ref()) {
        if let Some(first) = by_name.get(name.value.as_str()) {
            errors.push(diagnostics::same_template(name.span, *first, &name.value));
            continue;
        }
        by_name.insert(&name.value, name.span);
        let rust = names::upper_camel(&name.value).to_string();
        if let Some(first) = by_struct.get(&rust) {
            errors.push(diagnostics::same_struct(name.span, first.span, (&name.value, &first.value), &rust));
            continue;
        }
        by_struct.insert(rust, name);
    }
}

/// A use of a procedure or function.
struct Use<'d> {
    database: &'d str,
    name: &'d Spanned<String>,
    count: usize,
}

fn check_routines(templates: &[Validated], errors: &mut Errors) {
    let mut first_uses: HashMap<(&str, String), Use<'_>> = HashMap::new();
    for used in templates.iter().filter_map(|template| template.domain.as_ref()).flat_map(uses) {
        let key = (used.database, used.name.value.to_lowercase());
        match first_uses.get(&key) {
            Some(first) if first.count != used.count => errors.push(diagnostics::argument_count(
                used.name.span,
                used.count,
                first.name.span,
                first.count,
                &used.name.value,
            )),
            Some(_) => {}
            None => {
                first_uses.insert(key, used);
            }
        }
    }
}

fn uses(domain: &Domain) -> Vec<Use<'_>> {
    let database = domain.database.as_str();
    let mut uses = Vec::new();
    if let Objects::MariaDb { read: _, create, update, delete } = &domain.objects {
        for procedure in [create, update, delete].into_iter().flatten() {
            uses.push(Use { database, name: &procedure.name, count: procedure.args.len() });
        }
    }
    for call in &domain.calls {
        match &call.target {
            Target::Procedure { name, commits: _ } | Target::Function { name } => {
                uses.push(Use { database, name, count: call.args.len() });
            }
            Target::Pipeline { .. } => {}
        }
    }
    uses
}
