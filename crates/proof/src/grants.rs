//! The account of the node: it gets the grants of the proposal, and then tries what it must not do.

use beds_codegen::propose;
use beds_design::{model::Model, render::Rendered};
use beds_protocol::{Engine, tables::AUDIT};
use serde_json::Value;

use crate::{conformance::Told, hand::Place, scratch::Scratch};

/// Creates the account with the rights of the proposal. On a MongoDB without authentication there is no account.
pub(crate) async fn give(rendered: &Rendered, scratch: &Scratch) -> Result<(), String> {
    if scratch.engine == Engine::MongoDb {
        return Ok(());
    }
    let mut domains = rendered.domains.clone();
    for domain in &mut domains {
        domain.database.clone_from(&scratch.name);
    }
    let account = format!("{}@%", scratch.name);
    let scripts = propose::grants(&domains, &account);
    let script = scripts.get(&Engine::MariaDb).map_or("", String::as_str);
    let statements = script.lines().filter(|line| !line.starts_with("--"));
    let mut statements: Vec<String> = statements.map(|line| line.trim_end_matches(';').to_owned()).collect();
    let (name, password) = (&scratch.name, &scratch.password);
    statements.push(format!("alter user '{name}'@'%' identified by '{password}' account unlock"));
    scratch.on_server(&statements).await
}

/// What the server refuses to the account, and what the account can do although it must not.
pub(crate) async fn tried(model: &Model, rendered: &Rendered, scratch: &Scratch) -> Result<Told, String> {
    match scratch.engine {
        Engine::MariaDb => on_mariadb(model, scratch).await,
        Engine::MongoDb => Ok(in_script(model, rendered)),
    }
}

async fn on_mariadb(model: &Model, scratch: &Scratch) -> Result<Told, String> {
    let mut hand = Place::MariaDb(scratch.node_url.clone()).connect().await?;
    let mut forbidden = vec![
        "create table `beds_proof_t` (`n` int)".to_owned(),
        "create view `beds_proof_v` as select 1".to_owned(),
        "create procedure `beds_proof_p`() select 1".to_owned(),
        "create database `beds_proof_other`".to_owned(),
        "create user 'beds_proof_other'@'%'".to_owned(),
        format!("delete from `{}`", AUDIT.name),
        "select `user` from `mysql`.`user`".to_owned(),
        "select 1 into outfile '/tmp/beds_proof'".to_owned(),
    ];
    for entity in &model.entities {
        let name = &entity.name;
        for statement in [
            "select * from `{}`",
            "delete from `{}`",
            "drop table `{}`",
            "alter table `{}` comment 'x'",
            "drop view `v_{}`",
        ] {
            forbidden.push(statement.replace("{}", name));
        }
    }
    let mut told = Told::default();
    for statement in forbidden {
        match hand.run(&statement).await {
            Ok(()) => told.wrong(format!("the node's account can: {statement}")),
            Err(reason) => told.right(format!("refused: {statement}: {reason}")),
        }
    }
    hand.close().await;
    Ok(told)
}

/// The grants in the script: only on objects of the proposal, and no action on their definition.
fn in_script(model: &Model, rendered: &Rendered) -> Told {
    const ACTIONS: [&str; 6] = ["find", "insert", "update", "remove", "listCollections", "listIndexes"];
    let known: Vec<String> = rendered.statements().into_iter().map(|statement| statement.name).collect();
    let mut told = Told::default();
    let script = rendered.files.get("grants/mongodb.js").map_or("", String::as_str);
    for line in script
        .lines()
        .map(|line| line.trim().trim_end_matches(','))
        .filter(|line| line.starts_with("{\"resource\""))
    {
        let privilege: Value = serde_json::from_str(line).unwrap_or_default();
        let resource = &privilege["resource"];
        let collection = resource["collection"].as_str().unwrap_or("?");
        let actions: Vec<&str> =
            privilege["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let is_listing = collection.is_empty() && actions.iter().all(|action| action.starts_with("list"));
        let is_ours = resource["db"] == model.database.as_str()
            && (is_listing || known.iter().any(|name| name == collection));
        let is_plain = !actions.is_empty() && actions.iter().all(|action| ACTIONS.contains(action));
        if is_ours && is_plain {
            told.right(format!("granted: {} on {collection}", actions.join(", ")));
        } else {
            told.wrong(format!("more than is needed: {line}"));
        }
    }
    told
}
