//! What the template compiler emits for the MariaDB objects of a domain: names, and SQL fragments in which every
//! identifier is quoted.

use beds_protocol::RequestValue;

/// The objects behind the operations of a domain.
#[derive(Debug, Clone, Copy)]
pub struct Objects {
    /// What `fetch` and `count` read.
    pub read: Option<Source>,
    /// What `create` calls.
    pub create: Option<Procedure>,
    /// What `update` calls.
    pub update: Option<Procedure>,
    /// What `upsert` calls.
    pub upsert: Option<Procedure>,
    /// What `delete` calls.
    pub delete: Option<Procedure>,
}

impl Objects {
    /// No objects: every operation of the domain is written by hand.
    pub const NONE: Self = Self { read: None, create: None, update: None, upsert: None, delete: None };
}

/// The view or table that a domain reads.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Its name.
    pub name: &'static str,
    /// Whether the template calls it a view.
    pub is_view: bool,
    /// Its name as MariaDB quotes it.
    pub from: &'static str,
    /// The column of each field, as MariaDB quotes it, in the template's order.
    pub columns: &'static [&'static str],
}

impl Source {
    /// A view.
    #[must_use]
    pub const fn view(name: &'static str, from: &'static str, columns: &'static [&'static str]) -> Self {
        Self { name, is_view: true, from, columns }
    }

    /// A table.
    #[must_use]
    pub const fn table(name: &'static str, from: &'static str, columns: &'static [&'static str]) -> Self {
        Self { name, is_view: false, from, columns }
    }
}

/// The procedure behind `create`, `update`, `upsert` or `delete`.
#[derive(Debug, Clone, Copy)]
pub struct Procedure {
    /// Its name.
    pub name: &'static str,
    /// ``call `name`(?, …)``, one placeholder for each argument.
    pub call: &'static str,
    /// The field of each argument. Arguments that the request itself gives are left out.
    pub args: &'static [usize],
    /// The arguments that the request itself gives, each with its place among all arguments, in order.
    pub asked: &'static [(usize, RequestValue)],
    /// The fields in the procedure's first result set, by position; empty if it gives no result.
    pub returns: &'static [usize],
    /// Whether it commits by itself, which makes it at-least-once.
    pub commits: bool,
}

impl Procedure {
    /// A procedure that gives no result and leaves the commit to the node.
    #[must_use]
    pub const fn new(name: &'static str, call: &'static str, args: &'static [usize]) -> Self {
        Self { name, call, args, asked: &[], returns: &[], commits: false }
    }

    /// It takes these values of the request, each at its place among all arguments.
    #[must_use]
    pub const fn asking(mut self, asked: &'static [(usize, RequestValue)]) -> Self {
        self.asked = asked;
        self
    }

    /// How many arguments it has.
    #[must_use]
    pub const fn arity(&self) -> usize {
        self.args.len() + self.asked.len()
    }

    /// The place among all arguments, given the place among the arguments of fields.
    #[must_use]
    pub fn place(&self, of_field: usize) -> usize {
        let mut place = of_field;
        for (asked, _) in self.asked {
            if *asked <= place {
                place += 1;
            }
        }
        place
    }

    /// All arguments: those of fields, and between them those that the request itself gives.
    #[must_use]
    pub fn whole<T: Clone>(&self, of_fields: Vec<T>, asked: &[T]) -> Vec<T> {
        let mut all = of_fields;
        for ((place, _), value) in self.asked.iter().zip(asked) {
            all.insert((*place).min(all.len()), value.clone());
        }
        all
    }

    /// It gives these fields back.
    #[must_use]
    pub const fn returning(mut self, fields: &'static [usize]) -> Self {
        self.returns = fields;
        self
    }

    /// It commits by itself.
    #[must_use]
    pub const fn committing(mut self) -> Self {
        self.commits = true;
        self
    }
}
