//! The proof that old records come over: they are written into scratch databases with the old objects, and a node with
//! the templates of both runs the migrations of the plan, in their order, as jobs.

mod becoming;
mod jobs;
mod old;
mod places;

use beds_codegen::propose::{self, Proposed, Script};
use beds_design::{
    model::Model,
    plan::{Plan, ROLE},
    render::{Files, Rendered},
};
use beds_protocol::Engine;

use self::{
    old::World as OldWorld,
    places::{Places, Wanted},
};
use crate::{
    asking::asked,
    conformance::{Bus, Told},
    node::{self, Sources},
    samples::Sample,
    scratch::{Scratch, Servers},
    world::World,
};

/// The database of jobs, as the templates of the node call it.
const JOBS: &str = "jobs";
/// The script of its objects.
const SCRIPT: &str = "schema/mariadb/95_jobs.sql";
/// The files behind jobs and migrations, in the sources of the node.
const OF_JOBS: [&str; 5] = [
    "templates/job_rec.toml",
    "templates/job_reject_rec.toml",
    "templates/migration_rec.toml",
    "src/domains/jobs.rs",
    "src/domains/migrations.rs",
];

/// What a proof is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'g> {
    pub(crate) servers: &'g Servers,
    pub(crate) sources: &'g Sources,
    pub(crate) samples: &'g [Sample],
}

/// Runs the migrations of a proposal. `scratch` has the servers of the proofs before, which are done with them.
///
/// # Errors
/// When nothing can be said about the proposal.
pub(crate) async fn ask(
    (model, rendered): (&Model, &Rendered),
    given: Given<'_>,
    scratch: &Scratch,
) -> Result<Told, String> {
    let places = Places::open(&wanted(model, &rendered.plan), scratch, given.servers).await?;
    let told = carried((model, rendered), given, scratch, &places).await;
    let is_there = places.are_there().await;
    let closed = places.close().await;
    is_there.map_err(|away| format!("nothing was proved: {away}"))?;
    let told = told?;
    closed?;
    Ok(told)
}

/// The databases: the new one, the old ones, and that of jobs.
fn wanted(model: &Model, plan: &Plan) -> Vec<Wanted> {
    let mut all = vec![(Engine::MariaDb, JOBS.to_owned())];
    let old = plan.domains.iter().map(|domain| (domain.engine(), domain.database.clone()));
    for one in std::iter::once((model.engine, model.database.clone())).chain(old) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

async fn carried(
    (model, rendered): (&Model, &Rendered),
    given: Given<'_>,
    scratch: &Scratch,
    places: &Places,
) -> Result<Told, String> {
    let plan = &rendered.plan;
    let mut told = Told::default();
    objects((model, rendered), given, places).await?;
    let pseudo = old::model(model, plan);
    let old = OldWorld::new(&pseudo, plan, &rendered.domains);
    let records = old.fill(given.samples, places, &mut told).await?;
    if !told.wrong.is_empty() {
        return Ok(told);
    }
    let files = files(rendered, given.sources)?;
    let user = node::user(&scratch.amqp)?;
    let mut roles = World::new(model, &rendered.domains, &user).roles;
    if !roles.iter().any(|role| role == ROLE) {
        roles.push(ROLE.to_owned());
    }
    let program = tokio::task::block_in_place(|| node::build(&files, given.sources))?;
    let program = program.configured(&scratch.amqp, &places.databases(), (&user, &roles));
    let node = tokio::task::block_in_place(|| program.start())?;
    let masks = !given.samples.is_empty();
    let run = async |bus: &Bus| jobs::run(plan, (&records, masks), bus).await;
    let ran = asked((scratch, &user), &node, run).await;
    tokio::task::block_in_place(|| drop(node));
    told.right.extend(ran.right);
    Ok(Told { right: told.right, ..ran })
}

/// The templates of the proposal, those that read old records, and those of jobs and migrations.
fn files(rendered: &Rendered, sources: &Sources) -> Result<Files, String> {
    let mut files = rendered.files.clone();
    files.extend(rendered.plan.files.clone());
    for path in OF_JOBS {
        files.insert(path.to_owned(), sources.text(path)?);
    }
    Ok(files)
}

/// Makes the new objects, the old ones, and those of jobs.
async fn objects(
    (model, rendered): (&Model, &Rendered),
    given: Given<'_>,
    places: &Places,
) -> Result<(), String> {
    let new: Vec<String> = rendered.statements().into_iter().map(|statement| statement.text).collect();
    places.run((model.engine, &model.database), &new).await?;
    let scripts = rendered.plan.domains.iter().map(propose::ddl).collect();
    for script in propose::merged(scripts) {
        places.run((script.engine, &script.database), &whole(&script)).await?;
    }
    let script = given.sources.text(SCRIPT)?;
    places.run((Engine::MariaDb, JOBS), &statements(&script)).await
}

fn whole(script: &Script) -> Vec<String> {
    script.proposed.iter().flat_map(Proposed::whole).map(|(_, text)| text).collect()
}

/// The statements of a script for the client `mariadb`, for a database with another name.
fn statements(script: &str) -> Vec<String> {
    let mut all = vec!["alter database character set utf8mb4 collate utf8mb4_unicode_ci".to_owned()];
    let (mut end, mut one) = (";", String::new());
    for line in script.lines().filter(|line| !line.trim_start().starts_with("--")) {
        if let Some(other) = line.strip_prefix("delimiter ") {
            end = other.trim();
        } else if let Some(last) = line.trim_end().strip_suffix(end) {
            one.push_str(last);
            all.push(std::mem::take(&mut one));
        } else {
            one.push_str(line);
            one.push('\n');
        }
    }
    let is_of_whole = |text: &str| text.starts_with("create database") || text.starts_with("use ");
    all.iter().map(|text| text.trim()).filter(|text| !is_of_whole(text)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_jobs_runs_in_a_database_of_another_name() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/mariadb/95_jobs.sql");
        let all = statements(&std::fs::read_to_string(path).unwrap());
        assert!(
            all.iter().all(|text| !text.is_empty() && !text.contains("jobs.") && !text.contains("`jobs`"))
        );
        let begin = |what: &str| all.iter().filter(|text| text.starts_with(what)).count();
        assert_eq!((begin("create database"), begin("use "), begin("delimiter")), (0, 0, 0));
        let procedures = begin("create or replace procedure");
        assert!(procedures >= 9, "{procedures}");
        assert_eq!(
            all.len(),
            procedures + begin("create table") + begin("create or replace view") + begin("alter ")
        );
    }
}
