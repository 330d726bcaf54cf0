//! What the one who looks at a database may do there.

/// What the one who looks may do.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Who that is, as the engine names it.
    pub user: String,
    /// The grants; `None` where the engine does not tell, or controls no access.
    pub list: Option<Vec<Grant>>,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What may be done: `SELECT`, `EXECUTE`, `ALL PRIVILEGES`, `find`, ….
    pub privileges: Vec<String>,
    /// To what.
    pub on: Granted,
    /// Whether everybody has it, and not this user alone.
    pub is_public: bool,
    /// The grant as the engine writes it: the same in every database of a server.
    pub written: String,
}

/// What a grant is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// Everything on the server.
    Server,
    /// Everything in this database.
    Database,
    /// One relation of this database.
    Relation(String),
    /// Some columns of one relation of this database.
    Columns(String),
    /// One procedure of this database.
    Procedure(String),
    /// One function of this database.
    Function(String),
    /// Something in another database, named.
    Elsewhere(String),
}
