//! The table behind the relation that a domain reads.

use crate::routine::sees;
use beds_core::{
    inspect::{Catalogue, Column, Relation, RelationKind},
    spec::{Domain, Usage},
};

/// The relation that a domain reads, if it exists.
pub(super) fn read<'c>(domain: &Domain, catalogue: &'c Catalogue) -> Option<&'c Relation> {
    let objects = domain.database_objects();
    let read = objects.iter().find(|object| object.usage == Usage::Read)?;
    catalogue.relation_named(read.name)
}

/// The table whose columns are the fields of a domain, and a field's column in it.
pub(super) struct Base<'c> {
    pub(super) table: &'c Relation,
    picks: Option<&'c [(String, String)]>,
    /// The columns that belong to a table, if the view stands for the table.
    shown: Option<&'c [(String, String)]>,
    catalogue: &'c Catalogue,
}

impl<'c> Base<'c> {
    /// The table behind the relation that a domain reads.
    pub(super) fn behind(domain: &Domain, catalogue: &'c Catalogue) -> Option<Self> {
        Self::of(read(domain, catalogue)?, catalogue)
    }

    /// The relation itself if it is a table or collection, or the table from which a view picks columns and rows.
    pub(super) fn of(relation: &'c Relation, catalogue: &'c Catalogue) -> Option<Self> {
        match (&relation.picks, relation.kind) {
            (None, RelationKind::Table | RelationKind::Collection) => {
                Some(Self { table: relation, picks: None, shown: None, catalogue })
            }
            (Some((table, columns)), _) => {
                // A collection may declare no members, but it has an index.
                let is_known = |table: &Relation| !table.columns.is_empty() || !table.indexes.is_empty();
                let is_seen = |table: &&Relation| is_known(table) && sees(&table.name, catalogue);
                let table = catalogue.relation(table).filter(is_seen)?;
                Some(Self { table, picks: Some(columns), shown: None, catalogue })
            }
            _ => None,
        }
    }

    /// A view that picks columns and rows from a table which this user may not see. It stands for the table: its
    /// columns are those of the table.
    pub(super) fn through(view: &'c Relation, catalogue: &'c Catalogue) -> Option<Self> {
        let (_, columns) = view.picks.as_ref()?;
        Some(Self { table: view, picks: None, shown: Some(columns), catalogue })
    }

    /// Whether two names of columns mean the same column.
    pub(super) fn is_one(&self, a: &str, b: &str) -> bool {
        self.catalogue.is_one_column(a, b)
    }

    /// The name of the column behind a column that is read.
    pub(super) fn name<'n>(&self, shown: &'n str) -> Option<&'n str>
    where
        'c: 'n,
    {
        if let Some(columns) = self.shown
            && !columns.iter().any(|(name, _)| self.is_one(name, shown))
        {
            return None;
        }
        match self.picks {
            None => Some(shown),
            Some(picks) => {
                picks.iter().find(|(name, _)| self.is_one(name, shown)).map(|(_, name)| name.as_str())
            }
        }
    }

    /// The column behind a column that is read.
    pub(super) fn column(&self, shown: &str) -> Option<&'c Column> {
        let name = self.name(shown)?;
        self.table.columns.iter().find(|column| self.is_one(&column.name, name))
    }
}
