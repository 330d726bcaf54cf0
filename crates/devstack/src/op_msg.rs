//! The part of the MongoDB wire protocol that asks a server whether it is ready, and that makes a `mongod` a replica
//! set: one command out, the top-level fields of the reply in. It must not grow into a driver. BSON is encoded by hand:
//! the crate `bson` would take longer to build than the rest of `cargo xtask`.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const OP_MSG: i32 = 2013;
/// Replies to `hello` have some hundred bytes. A longer one is not a reply to this module.
const MAX_REPLY: usize = 1024 * 1024;

/// A BSON value, as far as the commands here need it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Integer(i32),
    Text(String),
    Flag(bool),
    Document(Vec<(String, Value)>),
    Array(Vec<Value>),
    /// A type that this module does not use.
    Other,
}

/// The top-level fields of a reply.
#[derive(Debug)]
pub(crate) struct Reply(Vec<(String, Value)>);

impl Reply {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Flag(flag)) => *flag,
            Some(Value::Number(number)) => *number != 0.0,
            Some(Value::Integer(number)) => *number != 0,
            _ => false,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// A document from its fields.
pub(crate) fn document<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Document(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Runs one command on the `admin` database, over a separate connection.
pub(crate) fn command(port: u16, name: &str, argument: Value) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    let mut body = Vec::new();
    write_document(
        &[(name.to_owned(), argument), ("$db".to_owned(), Value::Text("admin".to_owned()))],
        &mut body,
    );
    let mut message = Vec::with_capacity(body.len() + 21);
    message.extend(length(body.len() + 21));
    message.extend(1_i32.to_le_bytes());
    message.extend(0_i32.to_le_bytes());
    message.extend(OP_MSG.to_le_bytes());
    message.extend(0_u32.to_le_bytes());
    message.push(0);
    message.extend(body);
    stream.write_all(&message)?;
    read_reply(&mut stream)
}

fn read_reply(stream: &mut TcpStream) -> io::Result<Reply> {
    let mut header = [0; 16];
    stream.read_exact(&mut header)?;
    let size = Reader(&header).int()?.try_into().unwrap_or(0_usize);
    if !(21..MAX_REPLY).contains(&size) {
        return Err(invalid("a reply of an impossible length"));
    }
    let mut rest = vec![0; size - 16];
    stream.read_exact(&mut rest)?;
    // Four bytes of flags, then section kind 0, then the document.
    Ok(Reply(Reader(&rest[5..]).document()?))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a MongoDB server: {what}"))
}

fn length(size: usize) -> [u8; 4] {
    i32::try_from(size).unwrap_or(i32::MAX).to_le_bytes()
}

fn write_document(fields: &[(String, Value)], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend([0; 4]);
    for (name, value) in fields {
        let code = match value {
            Value::Number(_) => 1,
            Value::Text(_) => 2,
            Value::Document(_) => 3,
            Value::Array(_) => 4,
            Value::Flag(_) => 8,
            Value::Other => 10,
            Value::Integer(_) => 16,
        };
        out.push(code);
        out.extend(name.as_bytes());
        out.push(0);
        match value {
            Value::Number(number) => out.extend(number.to_le_bytes()),
            Value::Integer(number) => out.extend(number.to_le_bytes()),
            Value::Flag(flag) => out.push(u8::from(*flag)),
            Value::Text(text) => {
                out.extend(length(text.len() + 1));
                out.extend(text.as_bytes());
                out.push(0);
            }
            Value::Document(fields) => write_document(fields, out),
            Value::Array(values) => {
                let fields: Vec<_> = values
                    .iter()
                    .enumerate()
                    .map(|(index, value)| (index.to_string(), value.clone()))
                    .collect();
                write_document(&fields, out);
            }
            Value::Other => {}
        }
    }
    out.push(0);
    let size = length(out.len() - start);
    out[start..start + 4].copy_from_slice(&size);
}

/// Reads BSON from the front of a slice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (front, rest) =
            self.0.split_at_checked(count).ok_or_else(|| invalid("a reply that ends too early"))?;
        self.0 = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| invalid("a reply that ends too early"))
    }

    fn int(&mut self) -> io::Result<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    fn size(&mut self) -> io::Result<usize> {
        usize::try_from(self.int()?).map_err(|_| invalid("a negative length"))
    }

    fn name(&mut self) -> io::Result<String> {
        let end =
            self.0.iter().position(|byte| *byte == 0).ok_or_else(|| invalid("a name without an end"))?;
        let name = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Ok(name)
    }

    fn document(&mut self) -> io::Result<Vec<(String, Value)>> {
        self.size()?;
        let mut fields = Vec::new();
        loop {
            let code = self.take(1)?[0];
            if code == 0 {
                return Ok(fields);
            }
            let name = self.name()?;
            let value = self.value(code)?;
            fields.push((name, value));
        }
    }

    fn value(&mut self, code: u8) -> io::Result<Value> {
        Ok(match code {
            1 => Value::Number(f64::from_le_bytes(self.array()?)),
            2 => {
                let size = self.size()?;
                let text = String::from_utf8_lossy(self.take(size)?).trim_end_matches('\0').to_owned();
                Value::Text(text)
            }
            3 => Value::Document(self.document()?),
            4 => Value::Array(self.document()?.into_iter().map(|(_, value)| value).collect()),
            5 => {
                let size = self.size()?;
                self.take(size + 1)?;
                Value::Other
            }
            7 => self.take(12).map(|_| Value::Other)?,
            8 => Value::Flag(self.take(1)?[0] != 0),
            10 => Value::Other,
            16 => Value::Integer(self.int()?),
            9 | 17 | 18 => self.take(8).map(|_| Value::Other)?,
            other => return Err(invalid(&format!("BSON type {other}"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Value, document, write_document};

    #[test]
    fn what_is_written_reads_back() {
        let Value::Document(fields) = document([
            ("hello", Value::Integer(1)),
            ("ok", Value::Number(1.0)),
            ("name", Value::Text("beds".to_owned())),
            ("primary", Value::Flag(true)),
            ("members", Value::Array(vec![document([("host", Value::Text("127.0.0.1:1".to_owned()))])])),
        ]) else {
            panic!("a document")
        };
        let mut bytes = Vec::new();
        write_document(&fields, &mut bytes);
        assert_eq!(Reader(&bytes).document().unwrap(), fields);
    }

    #[test]
    fn a_cut_reply_is_an_error() {
        let Value::Document(fields) = document([("name", Value::Text("beds".to_owned()))]) else {
            panic!("a document")
        };
        let mut bytes = Vec::new();
        write_document(&fields, &mut bytes);
        for end in 0..bytes.len() {
            assert!(Reader(&bytes[..end]).document().is_err(), "cut at {end}");
        }
    }
}
