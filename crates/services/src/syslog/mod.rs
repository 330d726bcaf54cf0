//! Syslog: what senders say, as records of the template `syslog`.
//!
//! [`Reader`] reads a message, `frames` finds messages in a stream, [`listen`] takes them from UDP, TCP and TLS into a bounded
//! queue. [`ingest`] is behind the call of that name, for messages that come over the bus.

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

/// Keeps messages that came over the bus, each as it would have come from a listener; gives how many.
///
/// # Errors
/// What the database says; then none of them is kept.
pub async fn ingest<D: NamasteCore>(cx: &Context, lines: &[String], source: Option<&str>) -> Result<i64> {
    let reader = cx.extensions.get::<Reader>()?;
    let read = |line: &String| {
        // Of one that is longer than a record holds, the beginning is kept, as of one that comes to a listener.
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
