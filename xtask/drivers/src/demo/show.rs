//! JSON for people: in the order of the wire, as wide as a line, and shortened if it is long.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// How wide a line may get.
const WIDTH: usize = 108;
/// Items of an array that are shown.
const ITEMS: usize = 3;
/// Members of an object that are shown.
const MEMBERS: usize = 16;
/// Characters of a text that are shown.
const CHARACTERS: usize = 90;

/// A number with separated thousands.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A JSON text, with each of its lines indented. A text that is not JSON stays as it is.
pub(super) fn json(text: &[u8], indent: usize) -> String {
    match serde_json::from_slice::<Node>(text) {
        Ok(node) => node.render(indent),
        Err(_) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// A JSON value that keeps the order of its members, unlike the value of `serde_json`.
enum Node {
    /// As JSON text.
    Leaf(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn render(&self, indent: usize) -> String {
        let line = self.line();
        if line.chars().count() + indent <= WIDTH && !self.is_shortened() {
            return line;
        }
        if let Self::List(items) = self
            && items.iter().all(|item| matches!(item, Self::Leaf(_)))
        {
            return filled(items, indent);
        }
        let inner = " ".repeat(indent + 2);
        let (open, close, parts, more): (_, _, Vec<String>, _) = match self {
            Self::Leaf(text) => return text.clone(),
            Self::List(items) => {
                let parts = items.iter().take(ITEMS).map(|item| item.render(indent + 2));
                ('[', ']', parts.collect(), items.len().saturating_sub(ITEMS))
            }
            Self::Object(members) => {
                let parts = members.iter().take(MEMBERS).map(|(name, value)| {
                    let name = serde_json::Value::from(name.as_str());
                    format!("{name}: {}", value.render(indent + 2))
                });
                ('{', '}', parts.collect(), members.len().saturating_sub(MEMBERS))
            }
        };
        let left_out = (more > 0).then(|| format!("… {more} more"));
        let lines = parts.into_iter().chain(left_out).map(|part| format!("{inner}{part}"));
        let lines = lines.collect::<Vec<_>>().join(",\n");
        format!("{open}\n{lines}\n{}{close}", " ".repeat(indent))
    }

    /// The whole value in one line.
    fn line(&self) -> String {
        match self {
            Self::Leaf(text) => text.clone(),
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::line).collect::<Vec<_>>().join(", "))
            }
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| {
                    format!("{}: {}", serde_json::Value::from(name.as_str()), value.line())
                };
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Whether a part of the value is left out when it is shown.
    fn is_shortened(&self) -> bool {
        match self {
            Self::Leaf(_) => false,
            // A list of words is shown completely.
            Self::List(items) => {
                let is_plain = items.iter().all(|item| matches!(item, Self::Leaf(_)));
                (items.len() > ITEMS && !is_plain) || items.iter().any(Self::is_shortened)
            }
            Self::Object(members) => {
                members.len() > MEMBERS || members.iter().any(|(_, value)| value.is_shortened())
            }
        }
    }
}

/// A list of words over as many lines as it needs.
fn filled(items: &[Node], indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let mut out = String::from("[");
    let mut column = WIDTH;
    for (index, item) in items.iter().enumerate() {
        let text = item.line() + if index + 1 == items.len() { "" } else { "," };
        let width = text.chars().count() + 1;
        if column + width > WIDTH {
            out.push('\n');
            out.push_str(&inner);
            column = inner.len();
        } else {
            out.push(' ');
        }
        out.push_str(&text);
        column += width;
    }
    format!("{out}\n{}]", " ".repeat(indent))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Leaf("null".to_owned()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Leaf(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Leaf(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Leaf(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(Node::Leaf(value.to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                let mut short: String = value.chars().take(CHARACTERS).collect();
                if short.len() < value.len() {
                    short.push('…');
                }
                Ok(Node::Leaf(serde_json::Value::from(short).to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Node::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Node::Object(object))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::{grouped, json};

    #[test]
    fn what_fits_is_a_line_in_the_order_of_the_wire() {
        assert_eq!(json(br#"{"b":1,"a":[true,null,"x"]}"#, 3), r#"{"b": 1, "a": [true, null, "x"]}"#);
        assert_eq!(json(b"no JSON", 0), "no JSON");
    }

    #[test]
    fn what_is_long_is_shortened() {
        let text = br#"{"data":[{"n":1},{"n":2},{"n":3},{"n":4}]}"#;
        let lines = [
            "{",
            r#"    "data": ["#,
            r#"      {"n": 1},"#,
            r#"      {"n": 2},"#,
            r#"      {"n": 3},"#,
            "      … 1 more",
            "    ]",
            "  }",
        ];
        assert_eq!(json(text, 2).lines().collect::<Vec<_>>(), lines);
        assert!(json(format!("\"{}\"", "é".repeat(200)).as_bytes(), 0).ends_with("é…\""));
    }

    #[test]
    fn a_list_of_words_fills_its_lines() {
        let words: Vec<String> = (0..40).map(|number| format!("word{number}")).collect();
        let shown = json(serde_json::to_string(&words).unwrap().as_bytes(), 0);
        assert!(shown.lines().count() > 3 && shown.lines().all(|line| line.chars().count() <= super::WIDTH));
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), words);
    }

    #[test]
    fn thousands_are_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
