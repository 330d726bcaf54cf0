//! `beds ddl`: scripts for the DBA with the objects that the live databases lack. The command changes nothing. Its
//! scripts never drop or replace an object of the DBA's. They change the node's own tables into the form that the node
//! needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use beds_codegen::{
    Compiler,
    propose::{self, Proposed, Script, Thing},
};
use beds_core::{
    inspect::{Catalogue, Evidence, Relation, RelationKind, RoutineKind, Scope, Unseen, same_word},
    spec::Engine,
};
use beds_protocol::{OneLine, tables::TABLES};
use beds_tools::{
    own,
    verify::{self, Sources},
};

use crate::{config::Config, templates};

/// Arguments of `beds ddl`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  beds ddl --engine mariadb > missing.sql
  beds ddl --out missing templates/product_rec.toml

The templates are read as they are in the folder, not as this program was built with. Nothing is run, and nothing that
is written drops or replaces an object. The node's own tables, `beds_ledger` and `beds_events`, are altered where they
are not as the node needs them.

Exit status: 0 when the databases were looked at, whether or not something is missing; 1 when a template has errors or a
script cannot be written, 2 when a database cannot be looked at.")]
pub(super) struct Args {
    /// Templates, and folders of templates
    #[arg(default_value = "templates")]
    paths: Vec<PathBuf>,
    /// Folder of the pipelines that templates name [default: schema/mongodb beside the folder of templates]
    #[arg(long, value_name = "FOLDER")]
    pipelines: Option<PathBuf>,
    /// Write mariadb.sql and mongodb.js into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace scripts that are there
    #[arg(long, requires = "out")]
    force: bool,
    /// Print the script of this engine; needed where something is missing on both
    #[arg(long, value_parser = engine, conflicts_with = "out")]
    engine: Option<Engine>,
}

fn engine(name: &str) -> Result<Engine, String> {
    let known = Engine::ALL.iter().map(|engine| engine.as_str()).collect::<Vec<_>>().join(" or ");
    Engine::from_name(name).ok_or_else(|| format!("use {known}"))
}

/// Writes the missing objects.
pub(super) async fn run(args: &Args, config: &Config) -> ExitCode {
    let compiler = Compiler::of_project(&args.paths, args.pipelines.as_deref());
    let output = match compiler.compile() {
        Ok(output) => output,
        Err(report) => {
            anstream::eprint!("{}", report.render(true));
            return ExitCode::FAILURE;
        }
    };
    let domains = output.all_domains();
    let own = propose::tables(domains.iter().copied());
    let scripts = domains.into_iter().map(propose::ddl).chain(own);
    let wanted = scripts.filter(|script| args.engine.is_none_or(|engine| engine == script.engine));
    let scripts = propose::merged(wanted.collect());
    let (missing, is_seen) = look(&scripts, templates::sources(config)).await;
    if let Err(error) = write(args, &missing) {
        eprintln!("beds ddl: {error}");
        return ExitCode::FAILURE;
    }
    if is_seen { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// The missing objects, as one script per engine, and whether every database could be inspected.
async fn look(scripts: &[Script], sources: Sources<'_>) -> (BTreeMap<Engine, String>, bool) {
    let mut by_database: BTreeMap<(Engine, &str), Vec<&Script>> = BTreeMap::new();
    for script in scripts {
        by_database.entry((script.engine, script.database.as_str())).or_default().push(script);
    }
    let (mut missing, mut is_seen) = (BTreeMap::new(), true);
    for ((engine, database), scripts) in by_database {
        let names: BTreeSet<&str> = scripts
            .iter()
            .flat_map(|script| script.proposed.iter().map(|proposed| proposed.name.as_str()))
            .collect();
        let only = Some(names.into_iter().map(str::to_owned).collect());
        let scope = Scope { only, sample: 0, timeout: sources.timeout };
        let seen = match verify::catalogue(sources, engine, database, &scope).await {
            // A database that does not exist lacks everything, itself included.
            Err(unseen) if unseen.is_absent => {
                let catalogue = empty(sources, engine, database);
                let create = format!("create database if not exists `{}`;\n\n", catalogue.database);
                Ok((catalogue, if engine == Engine::MariaDb { create } else { String::new() }))
            }
            seen => seen.map(|catalogue| (catalogue, String::new())),
        };
        match seen {
            Ok((catalogue, mut text)) => {
                let views = views(&scripts, &catalogue);
                text.extend(scripts.into_iter().map(|script| lacking(script, &views, &catalogue)));
                if !text.is_empty() {
                    let head = || format!("{}{}\n", propose::head(engine, "beds ddl"), propose::note(engine));
                    missing.entry(engine).or_insert_with(head).push_str(&text);
                }
            }
            Err(Unseen { reason, hint, .. }) => {
                let reason = OneLine(&reason);
                eprintln!("beds ddl: the database `{database}` is not looked at: {reason}; {hint}");
                is_seen = false;
            }
        }
    }
    (missing, is_seen)
}

/// An empty database.
fn empty(sources: Sources<'_>, engine: Engine, database: &str) -> Catalogue {
    let named = match engine {
        Engine::MariaDb => None,
        Engine::MongoDb => sources.mongodb.get(database).and_then(|server| server.database.clone()),
    };
    let database = named.unwrap_or_else(|| database.to_owned());
    Catalogue { database, documents: engine == Engine::MongoDb, ..Catalogue::default() }
}

/// The existing views that templates read.
fn views<'c>(scripts: &[&Script], catalogue: &'c Catalogue) -> Vec<&'c Relation> {
    let proposed = scripts.iter().flat_map(|script| &script.proposed);
    let views = proposed.filter(|proposed| proposed.thing == Thing::View);
    views.filter_map(|view| catalogue.relation(&view.name)).filter(|view| view.broken.is_none()).collect()
}

/// The objects that a database lacks for one template; empty if none.
fn lacking(script: &Script, views: &[&Relation], catalogue: &Catalogue) -> String {
    let mut statements = Vec::new();
    let mut notes = Vec::new();
    // If the view exists, only the DBA knows the table behind it: a name for the table would be a guess.
    let has_view = script
        .proposed
        .iter()
        .any(|proposed| proposed.thing == Thing::View && catalogue.relation(&proposed.name).is_some());
    for proposed in &script.proposed {
        match proposed.thing {
            Thing::Procedure | Thing::Function => {
                let kind = match proposed.thing {
                    Thing::Procedure => RoutineKind::Procedure,
                    _ => RoutineKind::Function,
                };
                if catalogue.routine(kind, &proposed.name).is_none() {
                    let create = proposed.collated(|column| collation(column, script, catalogue));
                    statements.push((proposed.thing, create));
                }
            }
            Thing::Table | Thing::View | Thing::Collection => match catalogue.relation(&proposed.name) {
                Some(relation) => {
                    let wanted = Proposed { parts: unseen(proposed, script, views), ..proposed.clone() };
                    of_relation(&wanted, relation, catalogue, &mut statements, &mut notes);
                }
                None if has_view && is_guessed(proposed) => {}
                None => statements.extend(proposed.whole()),
            },
        }
    }
    if statements.is_empty() && notes.is_empty() {
        return String::new();
    }
    notes.extend(script.notes.iter().cloned());
    let here = Script { database: catalogue.database.clone(), notes, ..script.clone() };
    let mut text = here.of(&statements);
    text.push('\n');
    text
}

/// Whether the name of an object behind a view is a guess. A template names the collection that it writes.
fn is_guessed(proposed: &Proposed) -> bool {
    proposed.thing == Thing::Table || (proposed.thing == Thing::Collection && proposed.validator.is_none())
}

/// The parts that must exist. Columns of a table are left out if a view in front of the table shows them, because the
/// view may compute them or take them from elsewhere. The view may belong to another template.
fn unseen(proposed: &Proposed, script: &Script, views: &[&Relation]) -> Vec<(String, String)> {
    let is_own = |view: &Relation| {
        script.proposed.iter().any(|one| one.thing == Thing::View && same_word(&one.name, &view.name))
    };
    let is_in_front = |view: &&&Relation| {
        proposed.thing == Thing::Table
            && (is_own(view) || view.uses.iter().any(|name| same_word(name, &proposed.name)))
    };
    let shown: Vec<&str> = views
        .iter()
        .filter(is_in_front)
        .flat_map(|view| view.columns.iter().map(|column| column.name.as_str()))
        .collect();
    let is_shown = |name: &str| shown.iter().any(|column| same_word(column, name));
    proposed.parts.iter().filter(|(name, _)| !is_shown(name)).cloned().collect()
}

/// The actual collation of a column, if it differs from the collation of a parameter without one.
fn collation(column: &str, script: &Script, catalogue: &Catalogue) -> Option<String> {
    let relations = script.proposed.iter().filter(|one| matches!(one.thing, Thing::View | Thing::Table));
    let mut columns = relations
        .filter_map(|one| catalogue.relation_named(&one.name))
        .flat_map(|relation| &relation.columns)
        .filter(|found| same_word(&found.name, column));
    let is = columns.find_map(|found| found.collation.clone());
    is.filter(|collation| *collation != catalogue.collation)
}

/// The parts that an existing relation lacks.
fn of_relation(
    proposed: &Proposed,
    relation: &Relation,
    catalogue: &Catalogue,
    statements: &mut Vec<(Thing, String)>,
    notes: &mut Vec<String>,
) {
    if let Some(table) = TABLES.iter().find(|table| table.name == proposed.name) {
        let (mends, beyond) = own::mends(table, relation, catalogue);
        statements.extend(mends.into_iter().map(|mend| (proposed.thing, mend)));
        let name = &relation.name;
        notes
            .extend(beyond.into_iter().map(|what| format!("`{name}`: {what}: drop it, and run this again.")));
        return;
    }
    let has_column =
        |name: &str| relation.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let name = &proposed.name;
    let is_same = matches!(
        (proposed.thing, relation.kind),
        (Thing::Table, RelationKind::Table)
            | (Thing::View, RelationKind::View)
            | (Thing::Collection, RelationKind::Collection)
    );
    if !is_same {
        let (is, wanted) = (relation.kind.as_str(), proposed.thing.as_str());
        notes.push(format!("`{name}` is a {is}, but the template calls it a {wanted}."));
        return;
    }
    match proposed.thing {
        Thing::Table => {
            let missing = proposed.parts.iter().filter(|(column, _)| !has_column(column));
            statements.extend(missing.map(|(_, add)| (proposed.thing, add.clone())));
        }
        Thing::View => {
            let missing: Vec<&str> = proposed
                .parts
                .iter()
                .map(|(column, _)| column.as_str())
                .filter(|column| !has_column(column))
                .collect();
            if !missing.is_empty() {
                // To rewrite the view would replace the DBA's work.
                notes.push(format!("The view `{name}` lacks {}: add it there.", missing.join(", ")));
            }
        }
        Thing::Collection => {
            if let (Some(validator), false) =
                (&proposed.validator, matches!(relation.evidence, Evidence::Validator { .. }))
            {
                statements.push((proposed.thing, validator.clone()));
            }
            let has_index = |name: &str| {
                relation.indexes.iter().any(|index| index.name == name || named(&index.columns) == name)
            };
            let missing = proposed.parts.iter().filter(|(index, _)| !has_index(index));
            statements.extend(missing.map(|(_, add)| (proposed.thing, add.clone())));
        }
        Thing::Procedure | Thing::Function => {}
    }
}

/// The name that MongoDB gives an ascending index.
fn named(columns: &[String]) -> String {
    columns.iter().map(|column| format!("{column}_1")).collect::<Vec<_>>().join("_")
}

fn write(args: &Args, missing: &BTreeMap<Engine, String>) -> Result<(), String> {
    if missing.is_empty() {
        eprintln!("nothing is missing in the databases that were looked at");
        return Ok(());
    }
    let Some(folder) = &args.out else {
        if missing.len() > 1 {
            return Err(
                "something is missing on both engines, and a script is for one: add `--engine mariadb` \
                 or `--engine mongodb`, or write both scripts with `--out DIR`"
                    .to_owned(),
            );
        }
        for script in missing.values() {
            // A reader that closes the pipe has read enough.
            let _ = io::stdout().write_all(script.as_bytes());
        }
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (engine, script) in missing {
        let path = folder.join(propose::file_name(*engine));
        save(&path, script, args.force)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

fn save(path: &Path, script: &str, is_forced: bool) -> Result<(), String> {
    // Somebody may have edited the script.
    let file = if is_forced { File::create(path) } else { File::create_new(path) };
    file.and_then(|mut file| file.write_all(script.as_bytes())).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{} is there already: add `--force` to replace it", path.display())
        }
        _ => format!("{}: {error}", path.display()),
    })
}

#[cfg(test)]
mod tests {
    use beds_core::inspect::{Column, Index, Kind};

    use super::*;

    fn relation(name: &str, kind: RelationKind, columns: &[&str]) -> Relation {
        let column = |name: &&str| Column { nullable: true, ..Column::new(*name, Kind::Bool, "tinyint(1)") };
        Relation { columns: columns.iter().map(column).collect(), ..Relation::new(name, kind) }
    }

    /// A template that reads this object.
    fn template(name: &str, fields: &str, read: &str) -> (String, String) {
        let text = format!(
            "[template]\nname = \"{name}\"\nservice = \"app_server\"\nengine = \"mariadb\"\ndatabase = \"shop\"\n\n\
             [fields]\nid = {{ type = \"int\", key = true }}\n{fields}\n\n[objects]\nread = {{ {read} }}\n"
        );
        (format!("{name}_rec.toml"), text)
    }

    /// The objects that the database lacks for these templates.
    fn lacking_for(templates: Vec<(String, String)>, relations: Vec<Relation>) -> String {
        let compiler = templates
            .into_iter()
            .fold(Compiler::new(), |compiler, (file, text)| compiler.template_text(file, text));
        let output = compiler.compile().unwrap();
        let scripts = propose::merged(output.all_domains().into_iter().map(propose::ddl).collect());
        let scripts: Vec<&Script> = scripts.iter().collect();
        let catalogue = Catalogue { database: "shop".to_owned(), relations, ..Catalogue::default() };
        let views = views(&scripts, &catalogue);
        scripts.iter().map(|script| lacking(script, &views, &catalogue)).collect()
    }

    /// The objects that the database lacks for a template that reads `v_base_t`.
    fn lacks(relations: Vec<Relation>) -> String {
        lacking_for(vec![template("base", "dbl = { type = \"bool\" }", "view = \"v_base_t\"")], relations)
    }

    #[test]
    fn a_column_that_the_view_of_another_template_computes_is_not_added_to_the_table() {
        let templates = || {
            let over = template("v_item", "twice = { type = \"bool\" }", "view = \"v_item\"");
            vec![template("item", "", "table = \"item\""), over]
        };
        let table = || relation("item", RelationKind::Table, &["id"]);
        let view = |columns: &[&str]| Relation {
            uses: vec!["item".to_owned()],
            ..relation("v_item", RelationKind::View, columns)
        };
        assert_eq!(lacking_for(templates(), vec![table(), view(&["id", "twice"])]), "");
        let lacking = lacking_for(templates(), vec![table(), view(&["id"])]);
        assert!(lacking.contains("The view `v_item` lacks twice"), "{lacking}");
    }

    #[test]
    fn what_only_reads_a_collection_or_a_view_of_mongodb_lacks_nothing() {
        let template = |name: &str, read: &str, create: &str| {
            let (file, text) = template(name, "x = { type = \"bool\", nullable = true }", read);
            (file, text.replace("\"mariadb\"", "\"mongodb\"") + create)
        };
        let reads =
            || vec![template("t_view", "view = \"v2\"", ""), template("t", "collection = \"t2\"", "")];
        let relations = || {
            let sampled = Evidence::Sample { documents: 1 };
            let collection = relation("t2", RelationKind::Collection, &["id", "x", "other"]);
            let primary = Index {
                name: "id_1".to_owned(),
                unique: true,
                primary: false,
                columns: vec!["id".to_owned()],
                whole: true,
                identifies: true,
                only: Vec::new(),
                counts_null: true,
                expires_s: None,
            };
            vec![
                Relation { evidence: sampled, indexes: vec![primary], ..collection },
                relation("v2", RelationKind::View, &["id", "x"]),
            ]
        };
        assert_eq!(lacking_for(reads(), relations()), "");
        // A collection that a template writes gets its validator.
        let create = "create = { collection = \"t2\" }\n";
        let lacking = lacking_for(vec![template("t", "collection = \"t2\"", create)], relations());
        assert!(lacking.contains("collMod"), "{lacking}");
    }

    #[test]
    fn what_a_view_shows_is_not_added_to_the_table() {
        let view = |columns: &[&str]| relation("v_base_t", RelationKind::View, columns);
        let table = || relation("base_t", RelationKind::Table, &["id"]);
        assert_eq!(lacks(vec![table(), view(&["id", "dbl"])]), "");
        // A column that neither has is proposed. So is a column of a broken view, which no longer shows it.
        let neither = lacks(vec![table(), view(&["id"])]);
        assert!(neither.contains("add column if not exists `dbl`"), "{neither}");
        let broken = Relation { broken: Some("unknown column".to_owned()), ..view(&["id", "dbl"]) };
        let broken = lacks(vec![table(), broken]);
        assert!(broken.contains("add column if not exists `dbl`"), "{broken}");
    }
}
