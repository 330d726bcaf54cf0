//! What becomes of a model: templates, and the objects behind them. The same model always becomes the same bytes.
//!
//! Templates are written here, and judged by the compiler, whose report is told in the model's own terms. Objects and grants
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
};

/// The account that is granted what the templates need, where nobody says another.
pub const ACCOUNT: &str = "beds@%";

/// A file that a model becomes: its path below the proposal, and its text.
pub type Files = BTreeMap<String, String>;

/// What a model becomes.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Templates, pipelines, the script of the objects and that of the grants.
    pub files: Files,
    /// The domains of the templates, in order of name.
    pub domains: Vec<Domain>,
    /// What is created, in this order.
    pub scripts: Vec<Script>,
}

/// A statement that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The database, as the configuration calls it.
    pub database: String,
    /// What it is about.
    pub thing: Thing,
    /// The name of that.
    pub name: String,
    /// A statement of SQL without its end, or a command of MongoDB as JSON.
    pub text: String,
}

impl Statement {
    /// What it is about, in words.
    #[must_use]
    pub fn what(&self) -> String {
        format!("{} {}", self.thing.as_str(), self.name)
    }
}

impl Rendered {
    /// What runs, in this order.
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

/// Renders a model that was read.
///
/// # Errors
/// What the compiler says of the templates, be it an error or a warning, and what the gate says of the bodies: at the place
/// in the model that it comes from.
pub fn render(model: &Model) -> Result<Rendered, Faults> {
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
    Ok(Rendered { files, domains, scripts })
}

/// The bodies and pipelines that the gate lets through, by entity and call, as they are run.
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

/// The domains of the templates; none where something is wrong.
fn compiled(model: &Model, templates: &[(String, Lines)], faults: &mut Faults) -> Vec<Domain> {
    // Neither the folder of this process nor any other has a say in what a model becomes.
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
        // What is told of a part already is not told in other words.
        if !faults.touches(&path) || path.is_empty() {
            let message = format!("{} [{}]", diagnostic.message, diagnostic.code);
            faults.add(path, message, diagnostic.help.join("; "));
        }
    }
    domains
}

/// Where in the model a diagnostic comes from.
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

/// What is created, in the order in which it is.
fn scripts(model: &Model, domains: &[Domain], bodies: &BTreeMap<String, Bodies>) -> Vec<Script> {
    let none = Bodies::new();
    let objects = domains
        .iter()
        .map(|domain| propose::ddl_with(domain, bodies.get(&domain.name.value).unwrap_or(&none)));
    // First of all where it is kept what was run, so that nothing runs without being told there.
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
