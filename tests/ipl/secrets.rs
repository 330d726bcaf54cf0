//! Mistakes next to a password.

use super::{NOWHERE, common::Beds};

/// For a mistake next to a password, the message shows the place and the key, and no part of the password.
#[test]
fn a_mistake_beside_a_password_shows_nothing_of_it() {
    let files = [
        ("[amqp]\nurll = \"amqp://guest:s3cr3t@x\"\n", "line 2, column 1: amqp.urll: unknown key `urll`"),
        ("[amqp]\nurl = \"amqp://guest:s3cr3t@x\n", "line 2, column "),
        ("[amqp]\nurl = amqp://guest:s3cr3t@x\n", "line 2, column "),
        (
            "[amqp]\nurl = [\"amqp://guest:s3cr3t@x\", 5]\n",
            "amqp.url[1]: it is the number 5, and must be a text",
        ),
        ("amqp = \"amqp://guest:s3cr3t@x\"\n", "line 1, column 8: amqp: it is a text, and must be a table"),
        (
            "[amqp]\nurl = { a = \"amqp://g:s3cr3t@x\" }\n",
            "it is a table, and must be a URL or a list of URLs",
        ),
        (
            "[amqp]\nheartbeat_s = \"amqp://g:s3cr3t\"\n",
            "amqp.heartbeat_s: it is a text, and must be an integer",
        ),
        ("[amqp]\n\"amqp://g:s3cr3t@x\" = 1\n", "unknown key `amqp://g:***@x`"),
        (
            "[mariadb]\ncatalog = { url = \"mysql://root:s3cr3t@x\", poool = 1 }\n",
            "mariadb.catalog.poool: unknown key `poool`",
        ),
    ];
    let variables = [
        (("BEDS__LIMITS", "amqp://guest:s3cr3t@x"), "BEDS__LIMITS: it is a text, and must be a table"),
        (("BEDS__AMQP__URLL", "amqp://guest:s3cr3t@x"), "BEDS__AMQP__URLL: unknown key `urll`"),
        (("BEDS__AMQP__HEARTBEAT_S", "amqp://guest:s3cr3t"), "BEDS__AMQP__HEARTBEAT_S: it is a text"),
        (("BEDS__AMQP__URL", "guest:s3cr3t@amqp://x"), "amqp.url: the text before its `://` is not a scheme"),
        (("BEDS__AMQP__PASS_FILE", "amqp://guest:s3cr3t@x"), "amqp.pass_file amqp://guest:***@x: "),
        (("BEDS__LOGGING__LEVEL", "amqp://guest:s3cr3t@x"), "logging.level"),
        (("BEDS_ENV", "amqp://guest:s3cr3t@x"), "BEDS_ENV is `amqp://guest:***@x`"),
    ];
    let of_file =
        files.map(|(file, said)| (Beds::new(&["check"]).env(&NOWHERE[1..]).file("beds.toml", file), said));
    let of_variable =
        variables.map(|(variable, said)| (Beds::new(&["check"]).env(&NOWHERE).env(&[variable]), said));
    for (beds, said) in of_file.into_iter().chain(of_variable) {
        let ended = beds.run();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(10), ""), "{ended:?}");
        assert!(ended.stderr.contains(said) && !ended.stderr.contains("3cr3t"), "{said}: {}", ended.stderr);
    }
}
