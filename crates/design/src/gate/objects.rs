//! The objects that a body may name: those of the proposal, and those of the catalogue that the caller adds.

use std::collections::{BTreeMap, BTreeSet};

use beds_protocol::Engine;

use crate::{
    model::{Model, Operation},
    names,
};

/// The objects that bodies and pipelines may use. For them, no others exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    /// The tables, views and collections, with their columns.
    pub(super) relations: BTreeMap<String, BTreeSet<String>>,
    /// Those that may only be read.
    pub(super) read_only: BTreeSet<String>,
    /// The columns that count the changes of a record, by table.
    pub(super) versions: BTreeMap<String, String>,
    /// The columns of the keys, by table.
    pub(super) keys: BTreeMap<String, BTreeSet<String>>,
    /// The procedures, with the number of their parameters.
    pub(super) procedures: BTreeMap<String, usize>,
}

impl Objects {
    /// The objects of a model: its tables or collections, and its views. Its procedures are not included, so that none
    /// can call itself.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let mut objects = Self::default();
        for entity in &model.entities {
            let key = |name: &str| {
                let is_id = model.engine == Engine::MongoDb
                    && entity.fields.iter().any(|field| field.key && field.name == name);
                if is_id { "_id".to_owned() } else { name.to_owned() }
            };
            let columns: BTreeSet<String> = entity.fields.iter().map(|field| key(&field.name)).collect();
            if entity.offers(Operation::Fetch) {
                objects.relations.insert(names::view(&entity.name), columns.clone());
                objects.read_only.insert(names::view(&entity.name));
            }
            objects.relations.insert(entity.name.clone(), columns);
            objects.keys.insert(entity.name.clone(), entity.key().map(|field| key(&field.name)).collect());
            if let Some(field) = entity.fields.iter().find(|field| field.version) {
                objects.versions.insert(entity.name.clone(), field.name.clone());
            }
        }
        objects
    }

    /// Adds a table or view of the catalogue, which a body may read.
    #[must_use]
    pub fn with_relation(
        mut self,
        name: impl Into<String>,
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let name = name.into().to_ascii_lowercase();
        if !self.relations.contains_key(&name) {
            let columns = columns.into_iter().map(|column| column.into().to_ascii_lowercase());
            self.read_only.insert(name.clone());
            self.relations.insert(name, columns.collect());
        }
        self
    }

    /// Adds a procedure of the catalogue, which a body may call.
    #[must_use]
    pub fn with_procedure(mut self, name: impl Into<String>, parameters: usize) -> Self {
        self.procedures.insert(name.into().to_ascii_lowercase(), parameters);
        self
    }
}
