//! Messages that no client library lets through, published by frames.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    net::TcpStream,
};

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

struct Raw(TcpStream);

impl Raw {
    fn send(&mut self, channel: u16, kind: u8, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap();
        let mut frame = vec![kind];
        frame.extend(channel.to_be_bytes());
        frame.extend(length.to_be_bytes());
        frame.extend(payload);
        frame.push(0xCE);
        self.0.write_all(&frame).unwrap();
    }

    /// The next method.
    fn answer(&mut self) -> Vec<u8> {
        let mut head = [0; 7];
        self.0.read_exact(&mut head).unwrap();
        let [_, _, _, length @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes(length) as usize + 1];
        self.0.read_exact(&mut payload).unwrap();
        payload
    }
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// Publishes so many messages whose `correlation_id` is no UTF-8, and `extra` bytes of a header, with this routing key.
pub fn publish(port: u16, routing_key: &str, count: usize, extra: usize) {
    let header = [&short(b"x")[..], b"S", &long(&vec![b'x'; extra])].concat();
    send(port, routing_key, count, (&header, b"\xff\xfe"));
}

/// Publishes so many messages with a header that is an array in an array, and so on, so deep.
pub fn publish_nested(port: u16, routing_key: &str, count: usize, depth: usize) {
    let value = (1..depth).fold(b"t\x01".to_vec(), |value, _| [b"A", &long(&value)[..]].concat());
    send(port, routing_key, count, (&[&short(b"x")[..], &value].concat(), b"nested"));
}

fn send(port: u16, routing_key: &str, count: usize, (header, correlation_id): (&[u8], &[u8])) {
    let mut raw = Raw(TcpStream::connect(("127.0.0.1", port)).unwrap());
    raw.0.write_all(b"AMQP\x00\x00\x09\x01").unwrap();
    raw.answer();
    let start =
        [&[0, 10, 0, 11], &long(b"")[..], &short(b"PLAIN"), &long(b"\0guest\0guest"), &short(b"en_US")];
    raw.send(0, METHOD, &start.concat());
    raw.answer();
    raw.send(0, METHOD, &[0, 10, 0, 31, 0, 1, 0, 2, 0, 0, 0, 0]);
    raw.send(0, METHOD, &[&[0, 10, 0, 40][..], &short(b"/"), &short(b""), &[0]].concat());
    raw.answer();
    raw.send(1, METHOD, &[&[0, 20, 0, 10][..], &short(b"")].concat());
    raw.answer();
    raw.send(1, METHOD, &[0, 85, 0, 10, 0]);
    raw.answer();
    let publish = [&[0, 60, 0, 40, 0, 0][..], &short(b"beds"), &short(routing_key.as_bytes()), &[0]].concat();
    // Headers (bit 13) and correlation id (bit 10).
    let properties = [&[0b0010_0100, 0][..], &long(header), &short(correlation_id)].concat();
    let content = [&[0, 60, 0, 0][..], &2_u64.to_be_bytes(), &properties].concat();
    for _ in 0..count {
        raw.send(1, METHOD, &publish);
        raw.send(1, HEADER, &content);
        raw.send(1, BODY, b"{}");
    }
    // With its channel RabbitMQ forgets what a quorum queue has not taken yet.
    let mut confirmed = BTreeSet::new();
    while confirmed.len() < count {
        let answer = raw.answer();
        assert_eq!(answer[..4], [0, 60, 0, 80], "it is taken");
        let tag = u64::from_be_bytes(answer[4..12].try_into().unwrap());
        confirmed.extend(if answer[12] & 1 == 1 { 1..=tag } else { tag..=tag });
    }
    raw.send(1, METHOD, &[&[0, 20, 0, 40, 0, 200][..], &short(b"done"), &[0, 0, 0, 0]].concat());
    raw.answer();
}
