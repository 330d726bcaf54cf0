//! What a DBA runs against live databases: [`import`] writes templates for what is there, [`verify()`](verify::verify)
//! holds templates against it. Both stand on what the adapters inspect; neither changes a database.

pub mod import;
pub mod verify;
