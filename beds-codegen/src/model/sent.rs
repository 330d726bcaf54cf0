//! The fields that clients send and receive with each operation: not every procedure takes every field.

use super::{Domain, Field, Generated, Objects, Procedure, Supply};

impl Field {
    /// Whether clients may give it at all: it is neither generated nor a version.
    #[must_use]
    pub const fn is_sent(&self) -> bool {
        matches!(self.supply, Supply::Required | Supply::Optional | Supply::Default(_))
    }
}

impl Domain {
    /// The fields that a `create` may set. The node refuses a field for which the procedure has no parameter.
    #[must_use]
    pub fn created(&self) -> Vec<&Field> {
        let procedure = match &self.objects {
            Objects::MariaDb { create, .. } => create.as_ref(),
            Objects::MongoDb { .. } => None,
        };
        if self.offered().create { self.passed(procedure).collect() } else { Vec::new() }
    }

    /// The fields that an `upsert` may set: those of a `create`, and the whole key.
    #[must_use]
    pub fn upserted(&self) -> Vec<&Field> {
        let procedure = match &self.objects {
            Objects::MariaDb { upsert, .. } => upsert.as_ref(),
            Objects::MongoDb { .. } => None,
        };
        let takes = |index: usize| procedure.is_none_or(|procedure| procedure.args.contains(&index));
        let fields =
            self.fields.iter().enumerate().filter(|(index, _)| takes(*index)).map(|(_, field)| field);
        if self.offered().upsert {
            fields.filter(|field| field.is_key || field.is_sent()).collect()
        } else {
            Vec::new()
        }
    }

    /// The fields that an `update` may change.
    #[must_use]
    pub fn updated(&self) -> Vec<&Field> {
        let procedure = match &self.objects {
            Objects::MariaDb { update, .. } => update.as_ref(),
            Objects::MongoDb { .. } => None,
        };
        let is_changed = |field: &&Field| !field.immutable;
        if self.offered().update { self.passed(procedure).filter(is_changed).collect() } else { Vec::new() }
    }

    /// The fields in the reply to a `create`: those that were passed, and those known to have been generated.
    #[must_use]
    pub fn shown_of_created(&self) -> Vec<&Field> {
        let is_known = |index: usize, field: &Field| match &self.objects {
            Objects::MariaDb { create: Some(Procedure { args, returns, .. }), .. } => {
                args.contains(&index) || returns.contains(&index)
            }
            Objects::MariaDb { create: None, .. } | Objects::MongoDb { .. } => {
                field.supply != Supply::Generated(Generated::Database)
            }
        };
        let fields = self.fields.iter().enumerate();
        fields.filter(|(index, field)| is_known(*index, field)).map(|(_, field)| field).collect()
    }

    /// Without a procedure, every field can be passed.
    fn passed(&self, procedure: Option<&Procedure>) -> impl Iterator<Item = &Field> {
        let takes = move |index: usize| procedure.is_none_or(|procedure| procedure.args.contains(&index));
        let fields = self.fields.iter().enumerate();
        fields.filter(move |(index, field)| takes(*index) && field.is_sent()).map(|(_, field)| field)
    }
}
