//! Names: the wire name of a column, a table or a parameter, and which names mean the same.

use std::collections::BTreeSet;

use beds_core::inspect::Direction;
use beds_protocol::{RESERVED_TEMPLATES, Service};
use wildmatch::WildMatch;

/// The most characters that a wire name may have.
const NAME_LEN_MAX: usize = 64;

/// A name in lower case, with `_` between its words: `Order Details`, `OrderDetails` and `order-details` all become
/// `order_details`. Letters lose their diacritics. The result is empty if nothing of the name can be kept.
pub(crate) fn snake(name: &str) -> String {
    let folded: String = name.chars().flat_map(fold).collect();
    let chars: Vec<char> = folded.chars().collect();
    let mut out = String::new();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.ends_with('_') && !out.is_empty() {
                out.push('_');
            }
            continue;
        }
        let previous = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or('_');
        let next_is_lower = chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        // `orderID` has two words, and so has `XMLData`.
        let begins_word = c.is_ascii_uppercase()
            && (previous.is_ascii_lowercase() || (previous.is_ascii_uppercase() && next_is_lower));
        if begins_word && !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    let out = out.trim_end_matches('_');
    let out = if out.starts_with(|c: char| c.is_ascii_digit()) { format!("n{out}") } else { out.to_owned() };
    out.chars().take(NAME_LEN_MAX).collect::<String>().trim_end_matches('_').to_owned()
}

/// A letter of the Latin alphabets without its diacritic; anything else as it is.
fn fold(c: char) -> impl Iterator<Item = char> {
    const MARKED: &[(&str, &str)] = &[
        ("àáâãåāăą", "a"),
        ("ä", "ae"),
        ("æ", "ae"),
        ("çćč", "c"),
        ("ďđð", "d"),
        ("èéêëēėęě", "e"),
        ("ğ", "g"),
        ("ìíîïīįı", "i"),
        ("ł", "l"),
        ("ñńň", "n"),
        ("òóôõøō", "o"),
        ("ö", "oe"),
        ("œ", "oe"),
        ("řŕ", "r"),
        ("śšş", "s"),
        ("ß", "ss"),
        ("ťţ", "t"),
        ("þ", "th"),
        ("ùúûūůų", "u"),
        ("ü", "ue"),
        ("ýÿ", "y"),
        ("źżž", "z"),
    ];
    let lower = c.to_lowercase().next().unwrap_or(c);
    let plain = MARKED.iter().find(|(marked, _)| marked.contains(lower)).map(|(_, plain)| *plain);
    let text = match plain {
        Some(plain) if c.is_uppercase() => {
            let mut chars = plain.chars();
            chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
        }
        Some(plain) => plain.to_owned(),
        None => c.to_string(),
    };
    text.chars().collect::<Vec<_>>().into_iter()
}

/// The code points of a name that cannot be folded, as a part of another name. It does not depend on which other names
/// exist.
pub(crate) fn spelled(name: &str) -> String {
    const SPELLED_MAX: usize = 6;
    let points: Vec<String> = name.chars().map(|c| format!("u{:x}", u32::from(c))).collect();
    if points.len() <= SPELLED_MAX {
        return points.join("_");
    }
    // FNV-1a distinguishes longer names.
    let digest = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{}_{digest:x}", points[..SPELLED_MAX - 2].join("_"))
}

/// Names that are taken, so that no name is given twice.
#[derive(Debug, Default)]
pub(crate) struct Taken(BTreeSet<String>);

impl Taken {
    /// The name, with a number after it if it is taken. Two names are the same if `fold` maps them to the same text.
    pub(crate) fn unique(&mut self, name: &str, fold: impl Fn(&str) -> String) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.0.insert(fold(&candidate)) {
            let suffix = format!("_{number}");
            let kept: String = name.chars().take(NAME_LEN_MAX - suffix.len()).collect();
            candidate = format!("{kept}{suffix}");
            number += 1;
        }
        candidate
    }

    /// The wire name of a field, an argument or a call.
    pub(crate) fn field(&mut self, name: &str, fallback: &str) -> String {
        let snake = snake(name);
        let wire = if snake.is_empty() { fallback } else { &snake };
        self.unique(wire, |name| match name {
            // These become `self_` and so on in Rust.
            "self" | "super" | "crate" => format!("{name}_"),
            name => name.to_owned(),
        })
    }

    /// The name of a template. Names that differ only in their underscores are the same Rust struct.
    pub(crate) fn template(&mut self, name: &str) -> String {
        let name = snake(name);
        let is_reserved = Service::from_name(&name).is_some() || RESERVED_TEMPLATES.contains(&name.as_str());
        let name = if is_reserved {
            format!("{name}_data")
        } else if name == "beds" || name.starts_with("beds_") {
            format!("the_{name}")
        } else {
            name
        };
        self.unique(&name, |name| name.replace('_', ""))
    }

    /// Takes the name of an existing template.
    pub(crate) fn keep_template(&mut self, name: &str) {
        self.0.insert(name.replace('_', ""));
    }
}

/// Whether a name matches a pattern, in which `*` stands for any characters and `?` for one. Case matters if it matters
/// to the server.
pub fn glob_matches(pattern: &str, name: &str, folds: bool) -> bool {
    if folds {
        WildMatch::new_case_insensitive(pattern).matches(name)
    } else {
        WildMatch::new(pattern).matches(name)
    }
}

/// The part of a proposed procedure's name that comes from the table's name.
pub(crate) fn stem(table: &str) -> String {
    const STEM_MAX: usize = 50;
    let snake = snake(table);
    let stem = if snake.is_empty() { table } else { &snake };
    stem.chars().take(STEM_MAX).collect()
}

/// A name without the number at its end.
pub(crate) fn digits_off(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// A name with a prefix, which is added only once.
pub(crate) fn prefixed(prefix: &str, name: &str) -> String {
    let begins =
        !prefix.is_empty() && format!("{}_", snake(name)).starts_with(&format!("{}_", snake(prefix)));
    if begins { name.to_owned() } else { format!("{prefix}{name}") }
}

/// The words of a name, in the singular, as far as English endings show.
pub(crate) fn words(name: &str) -> Vec<String> {
    snake(name).split('_').filter(|word| !word.is_empty()).map(singular).collect()
}

fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes", "tuses"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The words of a table's name, without a prefix that only says that it is a table.
pub(crate) fn table_words(name: &str) -> Vec<String> {
    let mut words = words(name);
    if words.len() > 1 && matches!(words.first().map(String::as_str), Some("tbl" | "tb" | "t")) {
        words.remove(0);
    }
    words
}

/// The name of an argument: the name of its parameter without a prefix that only marks a parameter of this direction.
pub(crate) fn argument(name: &str, direction: Direction) -> String {
    let snake = snake(name);
    let prefixes: &[&str] = match direction {
        Direction::In => &["p_", "in_", "i_", "v_", "par_", "param_", "arg_", "a_", "pin_"],
        Direction::Out => &["p_", "out_", "o_", "v_", "par_", "param_", "arg_", "a_"],
        Direction::InOut => &["p_", "inout_", "io_", "v_", "par_", "param_", "arg_", "a_"],
    };
    let rest = prefixes.iter().find_map(|prefix| snake.strip_prefix(prefix));
    rest.filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).map(str::to_owned).unwrap_or(snake)
}

/// The name of a parameter without a prefix or suffix that only marks it as one: `p_sku`, `in_sku`, `_sku`, `@sku`,
/// `sku_in`.
pub(crate) fn parameter(name: &str) -> String {
    let snake = snake(name);
    let stripped =
        ["p_", "in_", "inout_", "out_", "i_", "o_", "io_", "v_", "par_", "param_", "arg_", "a_", "pin_"]
            .iter()
            .find_map(|prefix| snake.strip_prefix(prefix))
            .or_else(|| ["_in", "_out", "_param"].iter().find_map(|suffix| snake.strip_suffix(suffix)))
            .filter(|rest| !rest.is_empty());
    match stripped {
        Some(rest) => rest.to_owned(),
        // `pName`, in Hungarian notation, is `p_name` already.
        None => snake,
    }
}

/// Whether a parameter and a column have the same name.
pub(crate) fn same(parameter_name: &str, column: &str) -> bool {
    let (folded, column) = (snake(column), column.to_lowercase());
    if folded.is_empty() {
        // Nothing of the name can be folded. It must be the same as it is, or follow a prefix.
        let name = parameter_name.to_lowercase();
        return name == column || name.strip_prefix("p_") == Some(&column);
    }
    snake(parameter_name) == folded || parameter(parameter_name) == folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        let cases = [
            ("Order Details", "order_details"),
            ("OrderID", "order_id"),
            ("XMLData", "xml_data"),
            ("Größe", "groesse"),
            ("2nd Line", "n2nd_line"),
            ("__x__", "x"),
            ("日本", ""),
            ("user-agent", "user_agent"),
            ("Ärger", "aerger"),
        ];
        for (name, expected) in cases {
            assert_eq!(snake(name), expected, "{name}");
        }
    }

    #[test]
    fn names_are_given_once() {
        let mut taken = Taken::default();
        assert_eq!(taken.template("order_1"), "order_1");
        assert_eq!(taken.template("order1"), "order1_2");
        assert_eq!(taken.template("admin"), "admin_data");
        for reserved in RESERVED_TEMPLATES {
            assert_eq!(taken.template(reserved), format!("{reserved}_data"));
        }
        assert_eq!(taken.template("beds_ledger"), "the_beds_ledger");
        assert_eq!(taken.field("日本", "column_7"), "column_7");
        assert_eq!((spelled("表"), spelled("日本")), ("u8868".to_owned(), "u65e5_u672c".to_owned()));
        let (one, other) = (spelled("日本日本日本日本"), spelled("日本日本日本日表"));
        assert!(one != other && one.len() < 50 && one.starts_with("u65e5_u672c_u65e5_u672c_"), "{one}");
    }

    #[test]
    fn patterns_have_two_signs() {
        for (pattern, name, expected) in [
            ("ord*_?", "Orders_1", true),
            ("ord*_?", "orders", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("?rger", "ärger", true),
            ("ÄRGER", "ärger", true),
            ("a**b", "ab", true),
            // No other character has a special meaning.
            ("a/*.b", "a/x/y.b", true),
            ("[ab]", "a", false),
            ("{a,b}", "{A,B}", true),
            (r"a\*", r"a\bc", true),
        ] {
            assert_eq!(glob_matches(pattern, name, true), expected, "{pattern} {name}");
        }
        assert!(!glob_matches("ORD*", "orders", false) && glob_matches("ord*", "orders", false));
    }

    #[test]
    fn many_stars_cost_little() {
        let name = "a".repeat(5_000);
        assert!(!glob_matches(&format!("{}b", "*a".repeat(50)), &name, true));
    }

    #[test]
    fn a_prefix_is_given_once() {
        assert_eq!(prefixed("odd_", "odd_calls"), "odd_calls");
        assert_eq!(prefixed("odd_", "Odd Calls"), "Odd Calls");
        assert_eq!(prefixed("odd_", "oddity"), "odd_oddity");
        assert_eq!(prefixed("", "odd"), "odd");
    }

    #[test]
    fn parameters_and_words() {
        assert_eq!(argument("the out", Direction::Out), "the_out");
        assert_eq!(argument("p_no", Direction::Out), "no");
        assert_eq!(
            (argument("in_stock", Direction::Out), argument("p_1", Direction::In)),
            ("in_stock".into(), "p_1".into())
        );
        assert!(same("p_unitPrice", "UnitPrice") && same("sku", "SKU") && same("pName", "name"));
        assert!(!same("p_name", "p"));
        assert_eq!(table_words("tblOrderStatuses"), ["order", "status"]);
        assert_eq!(words("categories"), ["category"]);
    }
}
