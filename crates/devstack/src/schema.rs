//! Applies the schema that the DBA owns to a stack's databases.
//!
//! `schema/mariadb/*.sql` goes through the `mariadb` client, in the order of the names. `00_*.sql`, which creates the
//! database, runs outside of any database, and the others run inside it.
//!
//! Each `schema/mongodb/*.json` is `{"database": "logs", "commands": [{"create": "msLogs", …}, …]}`: `MongoDB` commands
//! that run in order. Applying the schema twice must do no harm. So an existing collection gets its new definition by
//! `collMod`, and a view, which has no data, is created anew.

use std::fs;
use std::path::{Path, PathBuf};

use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;
use mongodb::results::CollectionType;
use mongodb::{Client, Database};
use serde::Deserialize;

use crate::{Error, Result, Stack};

/// The demo's database, which `00_*.sql` creates.
const DATABASE: &str = "catalog";

/// `NamespaceExists`: the collection or view of a `create` exists.
const NAMESPACE_EXISTS: i32 = 48;

/// The parts of a `create` that `collMod` can change.
const MODIFIABLE: [&str; 3] = ["validator", "validationLevel", "validationAction"];

/// One file of `schema/mongodb/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MongoFile {
    database: String,
    commands: Vec<Document>,
}

/// Applies the schema in this folder, which has the folders `mariadb` and `mongodb`. It blocks, and must not be called
/// on a thread that drives a tokio runtime.
///
/// # Errors
/// When a file cannot be read, or a statement or command fails. The error has its file and place.
pub fn apply(stack: &Stack, schema_dir: &Path) -> Result<()> {
    for file in files(&schema_dir.join("mariadb"), "sql")? {
        let creates_database = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("00_"));
        stack.mariadb_exec((!creates_database).then_some(DATABASE), &file)?;
    }
    let files = files(&schema_dir.join("mongodb"), "json")?;
    if files.is_empty() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(format!("cannot start tokio: {error}")))?;
    runtime.block_on(async {
        let client = Client::with_uri_str(stack.mongodb_url())
            .await
            .map_err(|error| Error::new(format!("cannot connect to MongoDB: {error}")))?;
        for file in files {
            apply_mongo(&client, &file).await?;
        }
        // Its background tasks end here, before the runtime does.
        client.shutdown().await;
        Ok(())
    })
}

/// The files of a folder with this extension, by name; none if there is no such folder.
fn files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(Error::io("cannot read the schema's folder", dir))? {
        let path = entry.map_err(Error::io("cannot read the schema's folder", dir))?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

async fn apply_mongo(client: &Client, file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).map_err(Error::io("cannot read the schema", file))?;
    // A pipeline, which is an array, is in the same folder. It belongs to the compiler.
    if text.trim_start().starts_with('[') {
        return Ok(());
    }
    let parsed: MongoFile = serde_json::from_str(&text).map_err(|error| {
        Error::new(format!("the schema cannot be read: {error}")).at(file.display().to_string())
    })?;
    let database = client.database(&parsed.database);
    for (index, command) in parsed.commands.into_iter().enumerate() {
        let name = command.keys().next().cloned().unwrap_or_default();
        run_mongo(&database, command).await.map_err(|error| {
            Error::new(format!("MongoDB refused a command: {}", error.kind)).at(format!(
                "{}: command {} (`{name}`)",
                file.display(),
                index + 1
            ))
        })?;
    }
    Ok(())
}

async fn run_mongo(database: &Database, command: Document) -> mongodb::error::Result<()> {
    let Err(error) = database.run_command(command.clone()).await else { return Ok(()) };
    if !is_existing(&error) {
        return Err(error);
    }
    match command.get_str("create") {
        Ok(view) if command.contains_key("viewOn") && is_view(database, view).await? => {
            // Not by `collMod`: the light stand-in accepts it for a view, and forgets it.
            database.run_command(doc! {"drop": view}).await?;
            database.run_command(command).await.map(drop)
        }
        // A collection with the view's name has data, so the error stays.
        Ok(_) if command.contains_key("viewOn") => Err(error),
        Ok(_) => match modification(&command) {
            Some(change) => database.run_command(change).await.map(drop),
            None => Ok(()),
        },
        Err(_) => Err(error),
    }
}

fn is_existing(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == NAMESPACE_EXISTS)
}

async fn is_view(database: &Database, name: &str) -> mongodb::error::Result<bool> {
    let mut found = database.list_collections().filter(doc! {"name": name}).await?;
    Ok(found.advance().await? && found.deserialize_current()?.collection_type == CollectionType::View)
}

/// The `collMod` that gives an existing collection the definition of a `create`, if `collMod` can change any of it.
fn modification(create: &Document) -> Option<Document> {
    let mut change = Document::new();
    change.insert("collMod", create.get("create")?.clone());
    for (name, value) in create.iter().filter(|(name, _)| MODIFIABLE.contains(&name.as_str())) {
        change.insert(name, value.clone());
    }
    (change.len() > 1).then_some(change)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_create_becomes_a_coll_mod() {
        let create = doc! {"create": "msLogs", "capped": true, "validator": {"level": "info"}};
        assert_eq!(modification(&create), Some(doc! {"collMod": "msLogs", "validator": {"level": "info"}}));
        assert_eq!(modification(&doc! {"create": "plain"}), None);
    }

    #[test]
    fn the_order_of_keys_in_the_file_is_kept() {
        let file: MongoFile = serde_json::from_str(
            r#"{"database": "logs", "commands": [{"create": "v", "viewOn": "a", "pipeline": [{"$match": {"b": 1}}]}]}"#,
        )
        .unwrap();
        let keys: Vec<&String> = file.commands[0].keys().collect();
        assert_eq!(keys, ["create", "viewOn", "pipeline"]);
        assert!(serde_json::from_str::<MongoFile>(r#"{"database": "x", "command": []}"#).is_err());
    }

    #[test]
    fn applies_twice_to_real_servers() {
        let root = tempfile::tempdir().unwrap();
        let (mariadb, mongodb) = (root.path().join("mariadb"), root.path().join("mongodb"));
        fs::create_dir_all(&mariadb).unwrap();
        fs::create_dir_all(&mongodb).unwrap();
        fs::write(mariadb.join("20_view.sql"), "create or replace view v as select n from t;").unwrap();
        fs::write(mariadb.join("10_table.sql"), "create table if not exists t (n int);").unwrap();
        fs::write(mariadb.join("00_database.sql"), "create database if not exists catalog;").unwrap();
        let logs = mongodb.join("logs.json");
        let validator = |level: &str| {
            format!(
                r#"{{"database": "logs", "commands": [
                    {{"create": "msLogs", "validator": {{"$jsonSchema": {{"required": ["{level}"]}}}}}},
                    {{"createIndexes": "msLogs", "indexes": [{{"key": {{"at": 1}}, "name": "at"}}]}},
                    {{"create": "v_msLogs", "viewOn": "msLogs", "pipeline": [{{"$match": {{"{level}": "error"}}}}]}}]}}"#
            )
        };
        let stack = Stack::builder().mariadb().mongodb().ignore_environment().start().unwrap();
        fs::write(&logs, validator("level")).unwrap();
        apply(&stack, root.path()).unwrap();
        fs::write(&logs, validator("severity")).unwrap();
        apply(&stack, root.path()).unwrap();
        assert_eq!(stack.mariadb_query(Some("catalog"), "select count(*) from v").unwrap(), "0\n");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::with_uri_str(stack.mongodb_url()).await.unwrap();
            let collection = client.database("logs").collection::<Document>("msLogs");
            assert!(
                collection.insert_one(doc! {"level": "info"}).await.is_err(),
                "the second validator counts"
            );
            collection.insert_one(doc! {"severity": "error"}).await.unwrap();
            let view = client.database("logs").collection::<Document>("v_msLogs");
            assert!(view.find_one(doc! {}).await.unwrap().is_some());
        });
        // A collection with the name of a view keeps its data, and is reported.
        let view =
            r#"{"database": "logs", "commands": [{"create": "msLogs", "viewOn": "a", "pipeline": []}]}"#;
        fs::write(&logs, view).unwrap();
        let error = apply(&stack, root.path()).unwrap_err().to_string();
        assert!(error.contains("logs.json: command 1 (`create`)"), "{error}");
        // A mistake is reported with its file and the number of the command.
        fs::write(&logs, r#"{"database": "logs", "commands": [{"noSuchCommand": 1}]}"#).unwrap();
        let error = apply(&stack, root.path()).unwrap_err().to_string();
        assert!(error.contains("logs.json: command 1 (`noSuchCommand`)"), "{error}");
    }
}
