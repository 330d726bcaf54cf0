//! The tools that a DBA runs against live databases: [`import`] writes templates for a database,
//! [`verify()`](verify::verify) compares templates with one. Both use what the adapters inspect; neither changes a database.

mod forms;
pub mod import;
mod keeps;
pub mod own;
mod routine;
mod severity;
pub mod verify;
