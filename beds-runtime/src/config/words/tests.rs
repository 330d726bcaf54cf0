use super::*;

#[test]
fn a_text_that_is_not_toml_is_told_in_our_words() {
    let mut wrong = Vec::new();
    for (text, said) in [
        ("[node]\nname web", "line 2, column 6: there is no `=` after the key"),
        ("[node]\nname = web", "line 2, column 8: there is no value, or a text without its quotes"),
        ("[node]\nname =", "line 2, column 7: there is no value"),
        ("[node]\nname = \"web", "the text in quotes has no end"),
        ("[node]\nname = 'web", "the text in quotes has no end"),
        ("[node", "the name of a section stands in `[ ]`"),
        ("[node]\nservices = [\"admin\"", "the list has no end"),
        ("[node]\nservices = [\"admin\" \"app_server\"]", "there is no comma between two values"),
        ("[node]\nname = \"a\" \"b\"", "there is something after the value"),
        ("[node]\nname = \"a\"\nname = \"b\"", "is written twice"),
        ("[node]\n[node]", "is written twice"),
        ("[node]\nname = \"C:\\web\"", "a `\\` in a text"),
        ("[node]\n= 5", "there is no key before `=`"),
        ("[node]\nsize = { a = 1", "the table has no end"),
        ("[node]\nn = 007", "a number does not begin with 0"),
        ("node:\n  name: web", "there is no `=`"),
        (
            "[[node]]\nname = \"a\"",
            "line 1, column 3: node: it is a list, and must be a section: write [node]",
        ),
        ("[[mariadb.x]]\nurl = \"a\"", "mariadb.x: it is a list, and must be a section: write [mariadb.x]"),
        ("[[brokers.app_server.r]]\nprefetch = 1", "brokers.app_server.r: it is a list"),
        ("[mariadb.x]\ntls = [\"a\"]", "line 2, column 1: mariadb.x.tls: it is a list"),
        ("limits = [1, 2]", "limits: it is a list"),
        ("[node]\n<<<<<<< ours\nname = \"a\"\n=======\n>>>>>>> b", "line 2: the file has a merge conflict"),
        ("[node]\nname = \"a\"\n>>>>>>> b", "line 3: the file has a merge conflict"),
    ] {
        let error = read::<toml::Table>(text).unwrap_err();
        if !error.contains(said) {
            wrong.push(format!("{text}\n{error}\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_value_of_another_kind_is_told_with_what_to_write() {
    for (text, said) in [
        (
            "[mariadb.x]\ndeadlock_retries_max = \"3\"",
            "line 2, column 24: mariadb.x.deadlock_retries_max: it is the text \"3\", and must be an integer from 0 to \
             255: write a number without quotes and without a unit",
        ),
        (
            "[limits]\nrequest_timeout_ms = \"30s\"",
            "it is a text, and must be an integer from 1 to 4294967295: write a number without",
        ),
        (
            "[node]\nserve_unverified = \"true\"",
            "it is a text, and must be true or false: write it without quotes",
        ),
        ("[telemetry]\nsample_ratio = \"0.5\"", "it is a text, and must be a number: write a number without"),
        ("[node]\nservices = \"app_server\"", "it is a text, and must be a list: write it in brackets"),
        ("[mariadb]\nurl = \"mysql://u:p@h/s\"", "such as [mariadb.NAME], with a `url`"),
        ("mongodb = \"mongodb://h\"", "such as [mongodb.NAME], with a `url`"),
    ] {
        let error = read::<super::super::Config>(text).unwrap_err();
        assert!(error.contains(said), "{text}\n{error}");
    }
}

#[test]
fn a_file_is_text_in_utf_8() {
    for (bytes, said) in [
        (&b"\xff\xfe[\0"[..], "UTF-16"),
        (b"[\0n\0", "UTF-16"),
        (b"[node]\nname = \"\xe9\"", "line 2: the file is not UTF-8"),
    ] {
        let error = super::text(bytes.to_vec()).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(super::text("é".into()).unwrap(), "é");
}

#[test]
fn a_password_in_a_text_is_hidden() {
    for (text, shown) in [
        ("a amqp://u:s3cr3t@h/ b", "a amqp://u:***@h/ b"),
        ("amqp://u:s3:c@r3t@h", "amqp://u:***@h"),
        ("amqp://u:s3cr3t@h,mysql://v:s3cr3t@i", "amqp://u:***@h,mysql://v:***@i"),
        ("amqp://u@h:1 and mysql://USER@HOST:3306/SCHEMA", "amqp://u@h:1 and mysql://USER@HOST:3306/SCHEMA"),
        ("no URL: a@b", "no URL: a@b"),
    ] {
        assert_eq!(masked(text), shown);
    }
}
