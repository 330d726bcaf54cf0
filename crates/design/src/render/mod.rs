//! Renders a model: templates, and the objects behind them. The same model always becomes the same bytes.
//!
//! Templates are written here and judged by the compiler. Its report is given in terms of the model. Objects and grants
//! are what `bedsc ddl` and `bedsc grants` propose for these templates.

mod template;

use std::collections::BTreeMap;

use beds_codegen::{
    Compiler, Report,
    diagnostic::Diagnostic,
    model::Domain,
    propose::{self, Bodies, OnDelete, Proposed, Reference, Script, Thing},
};
use beds_protocol::{Engine, tables::Role};

use self::template::Lines;
use crate::{
    fault::Faults,
    gate::{self, Objects},
    model::{self, Model},
    names,
    plan::{self, Old, Plan},
};

/// The account that gets the grants, if the user names no other.
pub const ACCOUNT: &str = "beds@%";

/// The files of a rendering: the path below the proposal, and the text.
pub type Files = BTreeMap<String, String>;

/// A rendered model.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Templates, pipelines, the script of the objects and the script of the grants.
    pub files: Files,
    /// The domains of the templates, in the order of names.
    pub domains: Vec<Domain>,
    /// The statements that create the objects, in this order.
    pub scripts: Vec<Script>,
    /// How old records get into the objects.
    pub plan: Plan,
}

/// A statement that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The database, as the configuration calls it.
    pub database: String,
    /// The kind of the object.
    pub thing: Thing,
    /// The name of the object.
    pub name: String,
    /// A statement of SQL without its end, or a command of MongoDB as JSON.
    pub text: String,
}

impl Statement {
    /// The object that it creates, in words.
    #[must_use]
    pub fn what(&self) -> String {
        format!("{} {}", self.thing.as_str(), self.name)
    }
}

impl Rendered {
    /// The statements that run, in this order.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement> {
        let of = |script: &Script, proposed: &Proposed| -> Vec<Statement> {
            let one = |(thing, text)| Statement {
                database: script.database.clone(),
                thing,
                name: proposed.name.clone(),
                text,
            };
            proposed.whole().into_iter().map(one).collect()
        };
        let scripts = self.scripts.iter();
        scripts.flat_map(|script| script.proposed.iter().flat_map(move |one| of(script, one))).collect()
    }
}

/// Renders a model that was read, whose entities take the place of these templates.
///
/// # Errors
/// The compiler's errors and warnings about the templates, the gate's findings on the bodies, and what old records do
/// not give, each at its place in the model.
pub fn render(model: &Model, old: &Old) -> Result<Rendered, Faults> {
    let mut faults = Faults::default();
    let bodies = bodies(model, &mut faults);
    let templates: Vec<(String, Lines)> = model
        .entities
        .iter()
        .enumerate()
        .map(|(index, entity)| {
            (format!("templates/{}_rec.toml", entity.name), template::template(model, index, entity))
        })
        .collect();
    let domains = compiled(model, &templates, &mut faults);
    faults.none_or()?;
    let mut files: Files =
        templates.iter().map(|(path, lines)| (path.clone(), lines.text().to_owned())).collect();
    files
        .extend(pipelines(model).map(|(name, text)| (format!("schema/mongodb/{name}"), format!("{text}\n"))));
    let scripts = scripts(model, &domains, &bodies);
    let engine = model.engine;
    let objects: String = std::iter::once(propose::head(engine, "beds design new"))
        .chain(scripts.iter().flat_map(|script| ["\n".to_owned(), script.text()]))
        .collect();
    files.insert(format!("objects/{}", propose::file_name(engine)), objects);
    for (engine, script) in propose::grants(&domains, ACCOUNT) {
        files.insert(format!("grants/{}", propose::file_name(engine)), script);
    }
    let plan = plan::plan(model, &domains, old)?;
    Ok(Rendered { files, domains, scripts, plan })
}

/// The bodies and pipelines that pass the gate, by entity and call, as they run.
fn bodies(model: &Model, faults: &mut Faults) -> BTreeMap<String, Bodies> {
    let objects = Objects::of(model);
    let mut all: BTreeMap<String, Bodies> = BTreeMap::new();
    for (index, entity) in model.entities.iter().enumerate() {
        for (place, call) in entity.calls.iter().enumerate() {
            let path = format!("entities[{index}].calls[{place}]");
            match (model.engine, &call.body, &call.pipeline) {
                (Engine::MariaDb, Some(body), _) => match gate::body(body, call, &objects) {
                    Ok(passed) => {
                        let bodies = all.entry(entity.name.clone()).or_default();
                        bodies.insert(call.name.clone(), passed.text);
                    }
                    Err(refused) => faults.add(format!("{path}.body"), refused.message, refused.help),
                },
                (Engine::MongoDb, _, Some(pipeline)) => {
                    if let Err(refused) = gate::pipeline(pipeline, call, &objects) {
                        faults.add(format!("{path}.pipeline"), refused.message, refused.help);
                    }
                }
                (Engine::MariaDb, None, _) | (Engine::MongoDb, _, None) => {}
            }
        }
    }
    all
}

fn pipelines(model: &Model) -> impl Iterator<Item = (String, &str)> {
    model.entities.iter().filter(|_| model.engine == Engine::MongoDb).flat_map(|entity| {
        let calls = entity.calls.iter();
        calls.filter_map(|call| {
            let text = call.pipeline.as_deref()?.trim();
            Some((names::pipeline(&entity.name, &call.name), text))
        })
    })
}

/// The domains of the templates; none if there is a fault.
fn compiled(model: &Model, templates: &[(String, Lines)], faults: &mut Faults) -> Vec<Domain> {
    // No folder, including that of this process, may influence the rendering.
    let nowhere = "no/such/folder";
    let mut compiler = Compiler::new().pipelines(nowhere).domains(nowhere);
    for (path, lines) in templates {
        compiler = compiler.template_text(path, lines.text());
    }
    for (name, text) in pipelines(model) {
        compiler = compiler.pipeline_text(name, text);
    }
    let (domains, report) = match compiler.compile() {
        Ok(output) => (output.domains, output.warnings),
        Err(report) => (Vec::new(), report),
    };
    for diagnostic in report.diagnostics() {
        let path = place(model, templates, &report, diagnostic);
        // A part that has a fault already gets no second one.
        if !faults.touches(&path) || path.is_empty() {
            let message = format!("{} [{}]", diagnostic.message, diagnostic.code);
            faults.add(path, message, diagnostic.help.join("; "));
        }
    }
    domains
}

/// The place in the model from which a diagnostic comes.
fn place(model: &Model, templates: &[(String, Lines)], report: &Report, diagnostic: &Diagnostic) -> String {
    let Some(file) = diagnostic.primary().map(|label| label.span.file).or(diagnostic.file) else {
        return String::new();
    };
    let path = report.sources().path(file);
    if let Some((_, lines)) = templates.iter().find(|(known, _)| known == path) {
        let start = diagnostic.primary().map_or(0, |label| label.span.start);
        return lines.path(report.sources().position(file, start).line).to_owned();
    }
    for (index, entity) in model.entities.iter().enumerate() {
        for (place, call) in entity.calls.iter().enumerate() {
            if path.ends_with(&format!("/{}", names::pipeline(&entity.name, &call.name))) {
                return format!("entities[{index}].calls[{place}].pipeline");
            }
        }
    }
    String::new()
}

/// The statements that create the objects, in their order.
fn scripts(model: &Model, domains: &[Domain], bodies: &BTreeMap<String, Bodies>) -> Vec<Script> {
    let none = Bodies::new();
    let objects = domains
        .iter()
        .map(|domain| propose::ddl_with(domain, bodies.get(&domain.name.value).unwrap_or(&none)));
    // The audit table comes first, so that no statement runs without an entry.
    let audit = propose::table(model.engine, &model.database, Role::Audit);
    let all = std::iter::once(audit).chain(objects).chain(propose::tables(domains));
    let mut scripts = propose::merged(all.collect());
    let domain = |name: &str| domains.iter().find(|domain| domain.name.value == name);
    let references: Vec<Reference<'_>> = model
        .relations
        .iter()
        .filter_map(|relation| {
            let (of, to) = (domain(&relation.from)?, domain(&relation.to)?);
            let field = of.fields.iter().find(|field| field.name == relation.field)?;
            let key = to.key.first().and_then(|index| to.fields.get(*index))?;
            let on_delete = match relation.on_delete {
                Some(model::OnDelete::Restrict) | None => OnDelete::Restrict,
                Some(model::OnDelete::Cascade) => OnDelete::Cascade,
                Some(model::OnDelete::SetNull) => OnDelete::SetNull,
            };
            Some(Reference { of, field, to, key, on_delete })
        })
        .collect();
    scripts.extend(propose::references(&references));
    scripts
}
