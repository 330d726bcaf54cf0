//! Reads the structure of a MongoDB database: collections by their validators, or else by a sample of their documents.
//!
//! It only reads. No future of the driver is dropped midway: every operation has a time limit of its own, and the limit
//! of the whole is checked between two of them.

mod index;
mod rules;
mod sample;
mod schema;
mod view;

use std::{sync::Arc, time::Instant};

use beds_core::{
    inspect::{
        Catalogue, Column, Each, Evidence, Grant, Granted, Grants, Index, Kind, Relation, RelationKind,
        Scope, Storage, Supplied, Unseen,
    },
    settings::SecretUrl,
};
use beds_protocol::shown;
use futures_util::TryStreamExt as _;
use mongodb::{
    Client, Database,
    bson::{Bson, Document, doc},
    results::{CollectionSpecification, CollectionType},
};

use self::{
    sample::Sample,
    view::{picked, shown_columns, shows},
};
use crate::{
    client::{Heard, Material},
    own::has_transactions,
};

/// How many documents are read to see whether the bytes of a validated collection are UUIDs.
const REFINING_SAMPLE: u32 = 100;

/// Looks at a database. `wanted` says which collections and views to look into, `progress` hears how far it is.
///
/// # Errors
/// When the server cannot be reached, refuses, or has no such database.
pub async fn inspect(
    url: &SecretUrl,
    database: &str,
    scope: &Scope,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    progress: &(dyn Fn(usize, usize, &str) + Sync),
) -> Result<Catalogue, Unseen> {
    let text = url.expose();
    if !text.starts_with("mongodb://") && !text.starts_with("mongodb+srv://") {
        return Err(Unseen::new(
            "this is not a MongoDB URL",
            "a MongoDB URL is mongodb://user:password@host:27017",
        ));
    }
    let of = Material::read(url)
        .map_err(|reason| Unseen::new(reason, "correct the files of `pass_file` and of [tls]"))?;
    let timeout = scope.timeout.min(std::time::Duration::from_secs(10));
    let heard = Arc::<Heard>::default();
    let client = of.client(timeout, 2, Arc::clone(&heard)).await.map_err(|error| unseen(&error))?;
    let look = Look {
        client: &client,
        database: client.database(database),
        scope,
        until: Instant::now() + scope.timeout,
    };
    let catalogue = look.catalogue(wanted, progress).await;
    client.shutdown().await;
    match (catalogue, heard.another_set()) {
        (Ok(catalogue), _) => Ok(Catalogue { server: url.redacted(), ..catalogue }),
        (Err(_), Some(another)) => {
            Err(Unseen::new(another, "correct `replicaSet` in the URL, or leave it out"))
        }
        (Err(unseen), None) => Err(unseen),
    }
}

pub(crate) fn unseen(error: &mongodb::error::Error) -> Unseen {
    use mongodb::error::ErrorKind;
    let hint = match &*error.kind {
        ErrorKind::Authentication { .. } => {
            "user or password is wrong; ?authSource=… names the database that knows the user"
        }
        ErrorKind::ServerSelection { .. } | ErrorKind::Io(_) => {
            "check that the server runs and that its address is right"
        }
        ErrorKind::InvalidArgument { .. } => "a MongoDB URL is mongodb://user:password@host:27017",
        ErrorKind::Command(command) if command.code == 13 => {
            "the user needs listCollections, listIndexes and find: the role `read` on the database"
        }
        _ => "the server refused it",
    };
    Unseen::new(error.kind.to_string(), hint)
}

struct Look<'a> {
    client: &'a Client,
    database: Database,
    scope: &'a Scope,
    until: Instant,
}

impl Look<'_> {
    async fn catalogue(
        &self,
        wanted: &(dyn Fn(&str) -> bool + Sync),
        progress: &(dyn Fn(usize, usize, &str) + Sync),
    ) -> Result<Catalogue, Unseen> {
        let listed = async { self.database.list_collections().await?.try_collect::<Vec<_>>().await };
        let mut specifications: Vec<CollectionSpecification> =
            listed.await.map_err(|error| unseen(&error))?;
        specifications.sort_by(|a, b| a.name.cmp(&b.name));
        if specifications.is_empty() {
            return Err(self.no_such_database().await);
        }
        let mut catalogue = Catalogue {
            database: self.database.name().to_owned(),
            documents: true,
            lacks_transactions: !has_transactions(&self.database).await.map_err(|error| unseen(&error))?,
            ..Catalogue::default()
        };
        let of = specifications.len();
        for (done, specification) in specifications.iter().enumerate() {
            if Instant::now() > self.until {
                let reason = format!("timed out after {done} of {of} collections");
                return Err(Unseen::new(
                    reason,
                    "--timeout gives more, --sample looks at fewer documents, --only at fewer collections",
                ));
            }
            let name = &specification.name;
            let kind = match specification.collection_type {
                CollectionType::View => RelationKind::View,
                CollectionType::Timeseries | CollectionType::Collection => RelationKind::Collection,
                _ => {
                    catalogue.others.push((name.clone(), "a collection of an unknown kind".to_owned()));
                    continue;
                }
            };
            // The server's own collections belong to no domain.
            if name.starts_with("system.") {
                continue;
            }
            let mut relation = Relation::new(name.clone(), kind);
            let is_in_scope = self.scope.only.as_ref().is_none_or(|only| only.contains(name));
            if is_in_scope && wanted(name) {
                progress(done, of, name);
                if let Err(error) = self.fill(&mut relation, specification, &specifications).await {
                    let Some(refusal) = refusal(&error, kind) else {
                        let Unseen { reason, hint, .. } = unseen(&error);
                        return Err(Unseen::new(format!("{}: {reason}", shown(name)), hint));
                    };
                    relation = Relation { broken: Some(refusal), ..Relation::new(name.clone(), kind) };
                }
            }
            catalogue.relations.push(relation);
        }
        progress(of, of, "");
        catalogue.grants = self.grants().await;
        Ok(catalogue)
    }

    async fn no_such_database(&self) -> Unseen {
        let names = self.client.list_database_names().await.unwrap_or_default();
        let names: Vec<_> =
            names.into_iter().filter(|name| !matches!(name.as_str(), "admin" | "config" | "local")).collect();
        let hint = if names.is_empty() {
            "the server lists no databases".to_owned()
        } else {
            format!("the server has {}", names.join(", "))
        };
        Unseen::new(format!("there is no database {}, or it is empty", shown(self.database.name())), hint)
            .absent(true)
    }

    async fn fill(
        &self,
        relation: &mut Relation,
        specification: &CollectionSpecification,
        all: &[CollectionSpecification],
    ) -> mongodb::error::Result<()> {
        if relation.kind == RelationKind::View {
            return self.fill_view(relation, specification, all).await;
        }
        relation.indexes = self.indexes(&relation.name).await?;
        relation.storage = Some(storage(specification));
        // The locale `simple` compares byte by byte, and is left out.
        relation.collation =
            specification.options.collation.as_ref().map(|collation| collation.locale.clone());
        let validator = specification.options.validator.as_ref();
        relation.rules = validator.map(rules::rules).unwrap_or_default();
        let schema = validator.and_then(|validator| validator.get_document("$jsonSchema").ok());
        if let Some(schema) = schema {
            return self.fill_from_schema(relation, specification, schema).await;
        }
        if validator.is_some() {
            relation
                .notes
                .push("its validator is not a $jsonSchema, so a sample of documents was inspected".into());
        }
        self.fill_from_sample(relation).await
    }

    async fn fill_from_schema(
        &self,
        relation: &mut Relation,
        specification: &CollectionSpecification,
        schema: &Document,
    ) -> mongodb::error::Result<()> {
        use mongodb::options::{ValidationAction, ValidationLevel};
        let is_enforced = !matches!(specification.options.validation_action, Some(ValidationAction::Warn))
            && !matches!(specification.options.validation_level, Some(ValidationLevel::Off));
        relation.evidence = Evidence::Validator { strict: is_enforced };
        relation.closed = schema.get_bool("additionalProperties").is_ok_and(|open| !open);
        let comment = schema.get_str("description").or_else(|_| schema.get_str("title"));
        relation.comment = comment.map(str::to_owned).unwrap_or_default();
        relation.columns = schema::columns(schema, 0);
        let is_unclear = |column: &Column| matches!(column.kind, Kind::Bytes { .. });
        let has_id = relation.columns.iter().any(|column| column.name == "_id");
        if self.scope.sample > 0 && (!has_id || relation.columns.iter().any(is_unclear)) {
            // A schema cannot distinguish bytes from UUIDs, and often leaves `_id` out. A few documents can.
            let sample = self.sample(relation, REFINING_SAMPLE).await?.columns();
            for column in relation.columns.iter_mut().filter(|column| is_unclear(column)) {
                if sample.iter().any(|seen| seen.name == column.name && seen.kind == Kind::Uuid) {
                    column.kind = Kind::Uuid;
                }
            }
            if !has_id {
                let id = sample.into_iter().find(|column| column.name == "_id").unwrap_or_else(object_id);
                relation.columns.insert(0, Column { seen: None, ..id });
            }
        }
        if self.scope.sample > 0 && relation.columns.iter().any(is_unclear) {
            relation
                .notes
                .push("UUIDs are declared as bytes: write type = \"uuid\" where a field holds one".into());
        }
        finish_id(&mut relation.columns);
        Ok(())
    }

    async fn fill_from_sample(&self, relation: &mut Relation) -> mongodb::error::Result<()> {
        let sample = match self.scope.sample {
            0 => Sample::default(),
            size => self.sample(relation, size).await?,
        };
        relation.evidence = Evidence::Sample { documents: sample.documents() };
        relation.columns = sample.columns();
        finish_id(&mut relation.columns);
        Ok(())
    }

    async fn fill_view(
        &self,
        relation: &mut Relation,
        specification: &CollectionSpecification,
        all: &[CollectionSpecification],
    ) -> mongodb::error::Result<()> {
        let options = &specification.options;
        let stages = options.pipeline.as_deref().unwrap_or_default();
        let source = options.view_on.as_ref().and_then(|on| all.iter().find(|other| other.name == *on));
        self.fill_from_sample(relation).await?;
        // The server reports no error for such a view, and shows it without any document.
        relation.broken = options
            .view_on
            .as_ref()
            .filter(|_| source.is_none())
            .map(|on| format!("it shows the collection {}, which does not exist", shown(on)));
        let (Some(source), Some(shows)) = (source, shows(stages)) else { return Ok(()) };
        relation.shows = Some(shows.clone());
        if shows.each != Each::Once {
            return Ok(());
        }
        relation.picks = Some((source.name.clone(), picked(&shows, &relation.columns)));
        // For the members that the view passes on, the validator of its collection holds.
        let schema = source
            .options
            .validator
            .as_ref()
            .and_then(|validator| validator.get_document("$jsonSchema").ok());
        let Some(schema) = schema else { return Ok(()) };
        let mut declared = Relation::new(source.name.clone(), RelationKind::Collection);
        self.fill_from_schema(&mut declared, source, schema).await?;
        let columns = shown_columns(&shows, &declared.columns, &relation.columns);
        relation.picks = Some((source.name.clone(), picked(&shows, &columns)));
        relation.evidence = declared.evidence;
        relation.columns = columns;
        Ok(())
    }

    /// The oldest and the newest documents, so that each look at the same collection sees the same documents. A
    /// relation without an `_id` order of its own gives its first documents.
    async fn sample(&self, relation: &Relation, size: u32) -> mongodb::error::Result<Sample> {
        let mut sample = Sample::default();
        if !relation.indexes.iter().any(|index| index.primary) {
            self.add(relation, vec![doc! { "$limit": i64::from(size) }], &mut sample).await?;
            return Ok(sample);
        }
        let half = i64::from(size / 2);
        let rest = i64::from(size) - half;
        self.add(relation, vec![doc! { "$sort": { "_id": 1 } }, doc! { "$limit": rest }], &mut sample)
            .await?;
        // If there are fewer documents than were asked for, all have been seen.
        if half > 0 && sample.documents() == rest.unsigned_abs() {
            let newest = vec![doc! { "$sort": { "_id": -1 } }, doc! { "$limit": half }];
            self.add(relation, newest, &mut sample).await?;
        }
        Ok(sample)
    }

    async fn add(
        &self,
        relation: &Relation,
        stages: Vec<Document>,
        sample: &mut Sample,
    ) -> mongodb::error::Result<()> {
        let collection = self.database.collection::<Document>(&relation.name);
        let budget =
            self.until.saturating_duration_since(Instant::now()).max(std::time::Duration::from_secs(1));
        let mut documents = collection.aggregate(stages).max_time(budget).await?;
        while let Some(document) = documents.try_next().await? {
            if relation.indexes.is_empty() {
                sample.add(&document);
            } else {
                sample.add_once(&document);
            }
        }
        Ok(())
    }

    async fn indexes(&self, name: &str) -> mongodb::error::Result<Vec<Index>> {
        let models: Vec<_> =
            self.database.collection::<Document>(name).list_indexes().await?.try_collect().await?;
        let mut indexes: Vec<Index> = models.into_iter().map(index::index).collect();
        indexes.sort_by(|a, b| (!a.primary, &a.name).cmp(&(!b.primary, &b.name)));
        Ok(indexes)
    }

    /// The rights of the user. A server without access control knows no user.
    async fn grants(&self) -> Grants {
        let command = doc! { "connectionStatus": 1, "showPrivileges": true };
        let Ok(status) = self.database.run_command(command).await else { return Grants::default() };
        let about = status.get_document("authInfo").ok();
        let list =
            |name: &str| about.and_then(|about| about.get_array(name).ok()).cloned().unwrap_or_default();
        let users = list("authenticatedUsers");
        let Some(user) = users.first().and_then(Bson::as_document) else { return Grants::default() };
        let user = user.get_str("user").unwrap_or_default().to_owned();
        let grants = list("authenticatedUserPrivileges")
            .iter()
            .filter_map(|grant| self.grant(grant.as_document()?))
            .collect();
        Grants { user, list: Some(grants) }
    }

    fn grant(&self, privilege: &Document) -> Option<Grant> {
        let resource = privilege.get_document("resource").ok()?;
        let actions = privilege.get_array("actions").ok()?;
        let privileges = actions.iter().filter_map(Bson::as_str).map(str::to_owned).collect();
        let on = match (resource.get_str("db"), resource.get_str("collection")) {
            (Ok(""), Ok("")) => Granted::Server,
            (Ok(database), Ok(collection)) if database == self.database.name() => match collection {
                "" => Granted::Database,
                collection => Granted::Relation(collection.to_owned()),
            },
            (Ok(database), Ok(collection)) => Granted::Elsewhere(format!("{database}.{collection}")),
            _ if resource.get_bool("anyResource").unwrap_or(false) => Granted::Server,
            _ => return None,
        };
        Some(Grant { privileges, on, is_public: false, written: privilege.to_string() })
    }
}

/// The server's refusal of one view or collection alone, such as an expression that fails for a document. The other
/// relations can still be read.
fn refusal(error: &mongodb::error::Error, kind: RelationKind) -> Option<String> {
    use mongodb::error::ErrorKind;
    /// Unauthorized: the user may lack rights on something behind a view.
    const UNAUTHORIZED: i32 = 13;
    /// Authentication failed; out of time; not primary; shutting down or restarting.
    const OF_SERVER: [i32; 10] = [18, 50, 89, 91, 189, 10107, 11600, 11602, 13435, 13436];
    let ErrorKind::Command(command) = &*error.kind else { return None };
    let is_own = match command.code {
        UNAUTHORIZED => kind == RelationKind::View,
        code => !OF_SERVER.contains(&code),
    };
    is_own.then(|| command.message.clone())
}

/// How a collection keeps its documents.
fn storage(specification: &CollectionSpecification) -> Storage {
    let (name, transactional) = match specification.collection_type {
        CollectionType::Timeseries => ("a time-series collection", false),
        _ if specification.options.capped == Some(true) => ("a capped collection", false),
        _ => ("a collection", true),
    };
    Storage { name: name.to_owned(), transactional }
}

/// `_id` is never absent, and an `ObjectId` is given by the driver.
fn finish_id(columns: &mut [Column]) {
    for column in columns.iter_mut().filter(|column| column.name == "_id") {
        column.nullable = false;
        if column.kind == Kind::ObjectId {
            column.default = Supplied::Counter;
        }
    }
}

fn object_id() -> Column {
    Column { default: Supplied::Counter, ..Column::new("_id", Kind::ObjectId, "objectId") }
}
