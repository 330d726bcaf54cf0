//! The properties of a delivery as RabbitMQ writes them: AMQP 0-9-1, section 4.2.

use fastrand::Rng;

use crate::json::{characters, one};

/// The properties in the order of their flags, from bit 15 down.
const COUNT: usize = 14;
const HEADERS: usize = 2;
/// The kind of each property: a short text, a table, a byte, or 8 bytes.
const KINDS: [Kind; COUNT] = [
    Kind::Text(&[
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "",
        "APPLICATION/JSON;",
    ]),
    Kind::Text(&["", "identity", "gzip", "utf-8"]),
    Kind::Table,
    Kind::Byte,
    Kind::Byte,
    Kind::Text(&["c-1", "", " "]),
    Kind::Text(REPLY_TO),
    Kind::Text(&["", "0", "-1", "10000", "soon", "99999999999999999999"]),
    Kind::Text(&["m-1", "", " "]),
    Kind::Long,
    Kind::Text(&["", "request"]),
    Kind::Text(&["guest", "", "nobody"]),
    Kind::Text(&["", "app"]),
    Kind::Text(&["", "cluster"]),
];
const REPLY_TO: &[&str] = &[
    "amq.gen-abc",
    "amq.gen-",
    "",
    "beds.dead",
    "amq.rabbitmq.reply-to",
    "amq.rabbitmq.reply-to.g1h2.bWU=",
    "amq.rabbitmq.reply-to.g1h3AW4AAAABAAAAAAAAAAI=.bWU=",
    "amq.rabbitmq.reply-to.g2cA.bWU=",
    "amq.rabbitmq.reply-to..",
    "amq.rabbitmq.reply-to.=.=",
];
/// The greatest depth of nested tables.
const DEPTH_MAX: u32 = 4;

#[derive(Clone, Copy)]
enum Kind {
    Text(&'static [&'static str]),
    Table,
    Byte,
    Long,
}

/// The properties of a request that is well-formed except for its headers.
pub(crate) fn with_headers(random: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Content type, headers, reply_to.
    bytes.extend((1_u16 << 15 | 1 << (15 - HEADERS) | 1 << 9).to_be_bytes());
    short(&mut bytes, b"application/json");
    table(random, &mut bytes, DEPTH_MAX);
    short(&mut bytes, b"amq.gen-abc");
    bytes
}

/// The properties of a well-formed request, with or without a `message_id`.
pub(crate) fn plain(message_id: Option<&str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((1_u16 << 15 | 1 << 9 | u16::from(message_id.is_some()) << 7).to_be_bytes());
    short(&mut bytes, b"application/json");
    short(&mut bytes, b"amq.gen-abc");
    if let Some(id) = message_id {
        short(&mut bytes, id.as_bytes());
    }
    bytes
}

/// Any properties.
pub(crate) fn any(random: &mut Rng) -> Vec<u8> {
    let mut flags = random.u16(..) & random.u16(..) & !3;
    if random.u32(..8) != 0 {
        flags |= 1 << 9;
    }
    let mut bytes = flags.to_be_bytes().to_vec();
    for (place, kind) in KINDS.iter().enumerate() {
        if flags & (1 << (15 - place)) == 0 {
            continue;
        }
        match kind {
            Kind::Text(known) => match random.u32(..8) {
                0 => short(&mut bytes, characters(random).as_bytes()),
                1 => short(&mut bytes, "x".repeat(random.usize(..300)).as_bytes()),
                2 => {
                    let raw: Vec<u8> = (0..random.usize(..9)).map(|_| random.u8(..)).collect();
                    short(&mut bytes, &raw);
                }
                // A request whose reply has no destination is the exception.
                _ if known == &REPLY_TO && random.bool() => short(&mut bytes, b"amq.gen-abc"),
                _ => short(&mut bytes, one(random, known).unwrap_or_default().as_bytes()),
            },
            Kind::Table => table(random, &mut bytes, DEPTH_MAX),
            Kind::Byte => bytes.push(random.u8(..)),
            Kind::Long => bytes.extend(random.u64(..).to_be_bytes()),
        }
    }
    bytes
}

/// A text of at most 255 bytes.
fn short(bytes: &mut Vec<u8>, text: &[u8]) {
    let text = text.get(..usize::from(u8::MAX)).unwrap_or(text);
    bytes.push(u8::try_from(text.len()).unwrap_or_default());
    bytes.extend(text);
}

/// A content with its length before it.
fn long(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend(u32::try_from(content.len()).unwrap_or_default().to_be_bytes());
    bytes.extend(content);
}

fn table(random: &mut Rng, bytes: &mut Vec<u8>, depth: u32) {
    const NAMES: &[&str] = &[
        "beds-deadline",
        "beds-template-hash",
        "beds-session",
        "beds-after",
        "traceparent",
        "x-death",
        "x-delivery-count",
        "x-first-death-queue",
        "CC",
        "BCC",
        "beds-dead-reason",
        "beds-status",
        "",
    ];
    let mut content = Vec::new();
    let most = if random.u32(..200) == 0 { 2_000 } else { 6 };
    for _ in 0..random.usize(..most) {
        match one(random, NAMES).filter(|_| random.u32(..8) != 0) {
            Some(name) => short(&mut content, name.as_bytes()),
            None => short(&mut content, characters(random).as_bytes()),
        }
        value(random, &mut content, depth);
    }
    long(bytes, &content);
}

/// A value of any type that RabbitMQ knows, and of one type that it does not know.
fn value(random: &mut Rng, bytes: &mut Vec<u8>, depth: u32) {
    const TEXTS: &[&str] = &[
        "",
        " 7 ",
        "9223372036854775807",
        "-1",
        "soon",
        "0123456789abcdef",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473\u{e9}-00f067aa0ba902b7-01",
        "\u{feff}",
    ];
    let kinds: &[u8] = if depth == 0 { b"tbBsuIilfdDSTVx" } else { b"tbBsuIilfdDSTVxAFSSllT?" };
    let kind = one(random, kinds).unwrap_or(b'V');
    bytes.push(kind);
    match kind {
        b't' | b'b' | b'B' => bytes.push(random.u8(..)),
        b's' | b'u' => bytes.extend(random.u16(..).to_be_bytes()),
        b'I' | b'i' | b'f' => bytes.extend(random.u32(..).to_be_bytes()),
        b'l' | b'T' if random.bool() => bytes.extend(number(random).to_be_bytes()),
        b'l' | b'd' | b'T' => bytes.extend(random.u64(..).to_be_bytes()),
        b'D' => {
            bytes.push(random.u8(..));
            bytes.extend(random.u32(..).to_be_bytes());
        }
        b'S' | b'x' => match random.u32(..4) {
            0 => long(bytes, &(0..random.usize(..60)).map(|_| random.u8(..)).collect::<Vec<_>>()),
            1 => long(bytes, characters(random).as_bytes()),
            _ => long(bytes, one(random, TEXTS).unwrap_or_default().as_bytes()),
        },
        b'A' => {
            let mut content = Vec::new();
            for _ in 0..random.usize(..4) {
                value(random, &mut content, depth - 1);
            }
            long(bytes, &content);
        }
        b'F' => table(random, bytes, depth - 1),
        _ => {}
    }
}

/// A number at the limits of a time value.
fn number(random: &mut Rng) -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let edges = [i64::MIN, i64::MAX, -1, 0, 1, now + 60_000, now / 1_000, now * 1_000, now - 1];
    one(random, &edges).unwrap_or_default()
}
