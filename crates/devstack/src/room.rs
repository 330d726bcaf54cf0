//! A `MariaDB` whose tables have no room left, as where its disk is full.

use crate::{Error, Result, Stack};

/// What takes the room.
const FILLER: &str = "beds_filler";
/// How many rows of 60 kB are added at a time; fewer where that many have no room.
const ROWS: [u32; 5] = [256, 64, 16, 4, 1];
/// What the server says then.
const FULL: &str = "is full";

impl Stack {
    /// Fills up what its tables have together, as [`crate::Builder::mariadb_room`] has bounded it. Small records may still find
    /// a place in pages that are there.
    ///
    /// # Errors
    /// What the server says, but that it is full.
    pub fn leave_no_room(&self, database: &str) -> Result<()> {
        let query = |sql: &str| self.mariadb_query(Some(database), sql);
        query(&format!("create table {FILLER} (content longblob) engine = innodb"))?;
        for rows in ROWS {
            let sql = format!("insert into {FILLER} select repeat('x', 60000) from seq_1_to_{rows}");
            while is_done(query(&sql))? {}
        }
        Ok(())
    }

    /// Gives back what [`Stack::leave_no_room`] has taken.
    ///
    /// # Errors
    /// What the server says.
    pub fn make_room(&self, database: &str) -> Result<()> {
        self.mariadb_query(Some(database), &format!("drop table {FILLER}")).map(drop)
    }
}

/// Whether there was room.
fn is_done(filled: Result<String>) -> Result<bool> {
    match filled {
        Ok(_) => Ok(true),
        Err(error) if error.to_string().contains(FULL) => Ok(false),
        Err(error) => Err(Error::new(format!("the tables cannot be filled up: {error}"))),
    }
}
