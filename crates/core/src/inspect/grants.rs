//! The rights of the user who looks at a database.

/// The rights of the user who looks.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// The user, as the engine names it.
    pub user: String,
    /// The grants; `None` if the engine does not tell, or has no access control.
    pub list: Option<Vec<Grant>>,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What may be done: `SELECT`, `EXECUTE`, `ALL PRIVILEGES`, `find`, ….
    pub privileges: Vec<String>,
    /// The object of the grant.
    pub on: Granted,
    /// Whether everybody has it, not only this user.
    pub is_public: bool,
    /// The grant as the engine writes it: the same in every database of a server.
    pub written: String,
}

/// The object of a grant.
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
