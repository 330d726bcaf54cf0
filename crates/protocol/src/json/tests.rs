use super::*;

#[test]
fn json_is_written_as_it_was_read() {
    for text in [
        "null",
        "[true,false,[],{}]",
        r#"{"b":1,"a":{"c":[{"":"x"}]}}"#,
        "[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615]",
        "[18446744073709551616,-9223372036854775809,123456789012345678901234567890]",
        "[0.10,1.50,-0,-0.0,1E2,1e+2,1e-400,0.1000000000000000055511151231257827021181583404541015625]",
        r#"["","x","\"\\\n","ü😀","a,b:[c]{d}","\\","\\\"","\"\"","a\\"]"#,
    ] {
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(json.to_string(), text);
        assert_eq!(serde_json::from_str::<Json>(&format!(" {json} ")).unwrap(), json);
    }
    let spaced = "\n{ \"a\" : [ 1 ,\t2.50 ] , \"\\u0062\" : \"\\ud83d\\ude00\" }";
    assert_eq!(serde_json::from_str::<Json>(spaced).unwrap().to_string(), r#"{"a":[1,2.50],"b":"😀"}"#);
}

#[test]
fn what_cannot_be_kept_is_refused() {
    for (text, expected) in [
        (r#"{"a":1,"b":2,"a":3}"#, "duplicate key `a`"),
        (r#"[{"x":{"a":1,"\u0061":2}}]"#, "duplicate key `a`"),
        ("1e999", "number out of range"),
        ("[-1e400]", "number out of range"),
        (r#"["\ud800"]"#, "hex escape"),
        ("[1,]", "expected value"),
        ("01", "invalid number"),
        ("\"a\nb\"", "control character"),
        ("", "EOF"),
    ] {
        let message = serde_json::from_str::<Json>(text).unwrap_err().to_string();
        assert!(message.contains(expected), "{text}: {message}");
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    serde_json::from_str::<Json>(&nested(128)).unwrap();
    let message = serde_json::from_str::<Json>(&nested(100_000)).unwrap_err().to_string();
    assert!(message.starts_with("recursion limit exceeded"), "{message}");
}

#[test]
fn of_what_others_let_in_the_last_value_counts() {
    let read = |text: &str| Json::of_any(text.as_bytes()).map(|json| json.to_string()).ok();
    assert_eq!(read(r#"{"a":1.10}"#).as_deref(), Some(r#"{"a":1.10}"#));
    assert_eq!(read(r#"{"a":1,"a":2}"#).as_deref(), Some(r#"{"a":2}"#));
    assert_eq!(read("{"), None);
}

#[test]
fn a_key_that_stands_twice_is_found_among_many() {
    let object = |keys: &[usize]| {
        let members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":0")).collect();
        serde_json::from_str::<Record>(&format!("{{{}}}", members.join(",")))
    };
    let keys: Vec<usize> = (0..40).collect();
    assert_eq!(object(&keys).unwrap().keys().count(), 40);
    for twice in [0, 15, 16, 38] {
        let mut keys = keys.clone();
        keys.push(twice);
        assert!(object(&keys).unwrap_err().to_string().contains(&format!("duplicate key `{twice}`")));
    }
}

#[test]
fn a_number_is_of_the_types_that_hold_it() {
    let number = |text: &str| {
        let json: Json = serde_json::from_str(text).unwrap();
        (json.as_i64(), json.as_u64(), json.as_f64())
    };
    assert_eq!(number("-5"), (Some(-5), None, Some(-5.0)));
    assert_eq!(number("18446744073709551615"), (None, Some(u64::MAX), Some(1.844_674_407_370_955_2e19)));
    assert_eq!(number("1.0"), (None, None, Some(1.0)));
    assert_eq!(number("18446744073709551616"), (None, None, Some(1.844_674_407_370_955_2e19)));
    assert!(number("-0").2.is_some_and(|zero| zero == 0.0 && zero.is_sign_negative()));
}

#[test]
fn a_double_is_exact_where_it_is_written_as_the_same_number() {
    let double = |text: &str| match serde_json::from_str(text) {
        Ok(Json::Number(number)) => number.as_exact_f64(),
        other => panic!("{other:?}"),
    };
    for text in [
        "0.1",
        "0.10",
        "-1.5",
        "100.0",
        "1e2",
        "1E+2",
        "-0",
        "0.000e5",
        "5",
        "5e-324",
        "1.7976931348623157e308",
        "123456789012345680000",
        "10000000000000000000",
        // Exactly between two texts of 17 digits, of which JavaScript writes the even one and Rust the other.
        "-179.99588012695312",
        "-179.99588012695313",
    ] {
        assert_eq!(double(text), Some(text.parse().unwrap()), "{text}");
    }
    for text in [
        "18446744073709551615",
        "123456789012345678901",
        "9007199254740993.0",
        "-179.99588012695311",
        "-179.99588012695314",
        "0.1000000000000000055511151231257827",
        "1.23456789012345678",
        "1e-400",
        "1e-99999999999",
    ] {
        assert_eq!(double(text), None, "{text}");
    }
}

#[test]
fn values_of_serde_json_become_the_same() {
    let value = serde_json::json!({ "a": [null, true, -1, u64::MAX, 1.5, 1e300, "x"], "b": {} });
    assert_eq!(Json::from(value.clone()).to_string(), value.to_string());
    assert_eq!(serde_json::from_value::<Json>(value.clone()).unwrap(), value.into());
}
