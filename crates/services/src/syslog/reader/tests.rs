//! Messages of all kinds, and bytes that are no message.

use std::time::Duration;

use super::*;

/// 2026-01-01T00:30:00Z
const NEW_YEAR: Duration = Duration::from_mins(29_453_790);

fn read_in(zone: &str, text: &[u8]) -> Message {
    let reader = Reader::new(&Syslog { zone: zone.into(), ..Syslog::default() }).unwrap();
    reader.read_at(text, false, Some("192.0.2.1"), SystemTime::UNIX_EPOCH + NEW_YEAR)
}

fn read(text: &str) -> Message {
    read_in("UTC", text.as_bytes())
}

fn json(message: &Message) -> String {
    serde_json::to_string(message).unwrap()
}

#[test]
fn rfc_5424_is_read_with_its_structured_data() {
    let text = "<165>1 2025-12-31T22:14:15.003+02:00 mymachine.example.com evntslog 77 ID47 \
                [exampleSDID@32473 iut=\"3\" eventSource=\"App\\\"x\\\"\" ip=\"a\" ip=\"b\"][x@1] \u{feff}An event";
    assert_eq!(
        json(&read(text)),
        r#"{"at":"2025-12-31T20:14:15.003Z","received_at":"2026-01-01T00:30:00Z","facility":"local4","severity":"notice","host":"mymachine.example.com","app":"evntslog","procid":"77","msgid":"ID47","data":{"exampleSDID@32473":{"iut":"3","eventSource":"App\"x\"","ip":["a","b"]},"x@1":{}},"message":"An event","source":"192.0.2.1","malformed":false}"#
    );
    // A name may have any sign but a few.
    let text = "<13>1 - h a 1 m [ok@1 a=\"1\"][$x $b.c=\"2\"] mixed";
    let message = read(text);
    assert_eq!(
        (serde_json::to_string(&message.data).unwrap().as_str(), message.malformed),
        (r#"{"ok@1":{"a":"1"},"$x":{"$b.c":"2"}}"#, false)
    );
    let text = "<0>1 - - - - - -";
    assert_eq!(
        json(&read(text)),
        r#"{"at":"2026-01-01T00:30:00Z","received_at":"2026-01-01T00:30:00Z","facility":"kern","severity":"emerg","message":"","source":"192.0.2.1","malformed":false}"#
    );
}

#[test]
fn rfc_3164_is_read_in_the_year_and_zone_of_who_takes_it() {
    let text = "<34>Dec 31 23:59:58 mymachine su[12]: 'su root' failed";
    assert_eq!(
        json(&read(text)),
        r#"{"at":"2025-12-31T23:59:58Z","received_at":"2026-01-01T00:30:00Z","facility":"auth","severity":"crit","host":"mymachine","app":"su","procid":"12","message":"'su root' failed","source":"192.0.2.1","malformed":false}"#
    );
    for (zone, text, at) in [
        ("Europe/Berlin", "<34>Jan  1 01:29:00 h a: x", "2026-01-01T00:29:00Z"),
        ("America/New_York", "<34>Dec 31 19:29:00 h a: x", "2026-01-01T00:29:00Z"),
        // The sender's clock is ahead.
        ("UTC", "<34>Jan  2 00:00:00 h a: x", "2026-01-02T00:00:00Z"),
        // The message may have the year and the zone.
        ("Europe/Berlin", "<34>Jul  1 2024 12:00:00 h a: x", "2024-07-01T10:00:00Z"),
        ("Europe/Berlin", "<34>Jul  1 12:00:00 2024 h a: x", "2024-07-01T10:00:00Z"),
        ("Europe/Berlin", "<34>2025-07-01T12:00:00Z h a: x", "2025-07-01T12:00:00Z"),
        // Summer time, and the hour that its beginning leaves out.
        ("Europe/Berlin", "<34>Aug  1 12:00:00 h a: x", "2025-08-01T10:00:00Z"),
        ("Europe/Berlin", "<34>Mar 29 2026 02:30:00 h a: x", "2026-03-29T02:30:00Z"),
    ] {
        let message = read_in(zone, text.as_bytes());
        assert_eq!((message.at.to_string().as_str(), message.malformed), (at, false), "{text}");
        assert_eq!((message.host.as_deref(), message.app.as_deref()), (Some("h"), Some("a")), "{text}");
    }
}

#[test]
fn the_text_is_kept_as_it_was_written() {
    for (text, app, said) in [
        ("<13>Jan  1 00:00:00 h temp: -5 degrees", Some("temp"), "-5 degrees"),
        ("<13>Jan  1 00:00:00 h temp[1]: - five", Some("temp"), "- five"),
        ("<13>Jan  1 00:00:00 h temp:-5", Some("temp"), "-5"),
        ("<13>Jan  1 00:00:00 h temp -5", Some("temp"), "-5"),
        ("<13>Jan  1 00:00:00 h temp: --", Some("temp"), "--"),
        ("<13>Jan  1 00:00:00 h temp: -", Some("temp"), "-"),
        ("<13>Jan  1 00:00:00 h a: [x@1 k=\"-\"] -5", Some("a"), "-5"),
        ("<13>Jan  1 00:00:00 h -bash: x", Some("-bash"), "x"),
        ("<13>Jan  1 00:00:00 h bash-: x", Some("bash-"), "x"),
        ("<13>Jan  1 00:00:00 h - x", None, "x"),
        ("<13>Jan  1 00:00:00 2025 h a: 2025 x  y", Some("a"), "2025 x  y"),
        ("<13>Jan  1 00:00:00 h a: 00:00:00 2025 x", Some("a"), "00:00:00 2025 x"),
        ("<13>Jan  1 00:00:00 h java:   at a.b  ", Some("java"), "  at a.b  "),
        ("<13>1 - h a - - -   at a.b  ", Some("a"), "  at a.b  "),
        ("<13>1 - h a - - - -5", Some("a"), "-5"),
        ("<13>1 - h a - - [x@1 k=\"v\"] [y] -5", Some("a"), "[y] -5"),
        ("<13>1 - h a - - - \u{feff} x", Some("a"), " x"),
        ("<13>1 - h a - - -", Some("a"), ""),
    ] {
        let message = read(text);
        assert_eq!((message.app.as_deref(), message.message.as_str()), (app, said), "{text}");
        assert!(!message.malformed, "{text}");
    }
}

#[test]
fn structured_data_that_cannot_be_read_is_not_lost() {
    for data in [
        "[]",
        "[a=b k=\"v\"]",
        "[a@1 k=\"v\" ]",
        "[a@1 k=v]",
        "[a@1 k=\"v\" =\"\"]",
        "[a@1 k=\"v\"",
        "[a=b][x@1 k=\"v\"]",
        "[x@1 k=\"v\"][a=b]",
        "[a=b] [x@1 k=\"v\"]",
        "[a@1  k=\"v\"]",
    ] {
        let text = format!("<13>1 - h a p m {data} x");
        let message = read(&text);
        assert!(message.malformed, "{text}");
        assert_eq!(STANDARD.decode(message.raw.unwrap()).unwrap(), text.as_bytes());
    }
}

#[test]
fn what_says_little_is_kept_as_it_is_without_a_mark() {
    let message = read("<13>just a text");
    assert_eq!((message.facility, message.severity), (Some("user"), Some("notice")));
    assert_eq!((message.message.as_str(), message.malformed), ("just a text", false));
}

#[test]
fn what_cannot_be_read_is_kept_as_it_came_with_a_mark() {
    let long = format!("<13>1 - {} - - - - x", "h".repeat(300));
    let cases: [&[u8]; 12] = [
        b"",
        b"no priority",
        b"<",
        b"<13",
        b"<>x",
        b"<192>Jan  1 00:00:00 h a: x",
        b"<013>Jan  1 00:00:00 h a: x",
        b"<1234>x",
        b"<13>1 2025-13-41T00:00:00Z h a - - - x",
        b"<13>1 0001-01-01T00:00:00Z h a - - - x",
        b"<13>1 - h a - - [x a=\"\xff\"] \xfe",
        long.as_bytes(),
    ];
    for bytes in cases {
        let message = read_in("UTC", bytes);
        assert!(message.malformed, "{}", bytes.escape_ascii());
        assert_eq!(STANDARD.decode(message.raw.unwrap()).unwrap(), bytes);
    }
    let reader = Reader::new(&Syslog::default()).unwrap();
    let cut = reader.read(b"<13>Jan  1 00:00:00 h a: cut", true, None);
    assert!(cut.malformed && cut.host.as_deref() == Some("h"));
}

#[test]
fn no_bytes_are_too_odd() {
    // A small generator of its own: the same bytes each time.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let seeds: [&[u8]; 4] = [
        b"<165>1 2025-12-31T22:14:15.003Z h a 1 m [x@1 a=\"b\"][y] text",
        b"<34>Feb 29 23:59:60 host app[1]: text",
        b"<13>[[[]]]\"\"\\\\=:><",
        b"<34>Jun 31 2024 25:61:61 h a: x",
    ];
    let reader = Reader::new(&Syslog { zone: "Europe/Berlin".into(), ..Syslog::default() }).unwrap();
    for round in 0..20_000 {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        for _ in 0..next() % 5 {
            let [what, byte, place @ ..] = next().to_le_bytes();
            let place = usize::from(place[0]) % bytes.len();
            match what % 4 {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                2 if bytes.len() > 1 => drop(bytes.remove(place)),
                _ => bytes.truncate(place.max(1)),
            }
        }
        let message = reader.read(&bytes, false, None);
        assert_eq!(message.malformed, message.raw.is_some());
        assert!(message.into_record().is_ok());
    }
}
