//! Syslog: the messages of senders, as records of the template `syslog`.
//!
//! [`Reader`] parses a message, `frames` finds messages in a stream, and [`listen`] puts messages from UDP, TCP and TLS
//! into a bounded queue. [`ingest`] implements the call of that name, for messages that come over the bus.

mod frames;
mod listen;
mod message;
mod meter;
mod reader;
mod settings;
mod tls;

use beds_core::{NamasteCore, Result, context::Context};
use beds_protocol::{CreateRequest, OneOrMany, Record};

pub use listen::{Listening, listen};
pub use message::Message;
pub use meter::Meter;
pub use reader::Reader;
pub use settings::Syslog;
pub use tls::check as check_tls;

/// Stores messages that came over the bus, in the same way as those from a listener. Returns how many.
///
/// # Errors
/// An error of the database. Then none of them is stored.
pub async fn ingest<D: NamasteCore>(cx: &Context, lines: &[String], source: Option<&str>) -> Result<i64> {
    let reader = cx.extensions.get::<Reader>()?;
    let read = |line: &String| {
        // Of a line that is longer than a record can hold, the beginning is stored, as with a listener.
        let kept = &line[..line.floor_char_boundary(settings::LINE_BYTES_MOST)];
        reader.read(kept.as_bytes(), kept.len() < line.len(), source).into_record()
    };
    let records: Vec<Record> = lines.iter().map(read).collect::<Result<_>>()?;
    let count = records.len();
    if count > 0 {
        cx.run(D::create(&cx.trusted(), CreateRequest { data: OneOrMany::Many(records) })).await?;
    }
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}
