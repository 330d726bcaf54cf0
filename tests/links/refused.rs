//! Each link fails closed, with its own message, if the other end is not the right one.

use std::path::Path;

use beds_devstack::{Ended, Stack};

use super::{
    HERE, LATER, PAST, authorities,
    common::{Beds, end_servers, stack, start_node},
    create_certified, encrypted, files, use_tls,
};

/// Checks the three lines of a failed check, each with its hint.
fn all_refused(ended: &Ended, hint: &str) {
    assert_eq!(ended.code, Some(12), "{ended:?}");
    let lines: Vec<_> = ended.stdout.lines().collect();
    for server in ["RabbitMQ at ", "MariaDB `catalog` at ", "MongoDB `journal` at "] {
        let is_it = |line: &&str| line.starts_with("FAILED") && line.contains(server);
        let at = lines.iter().position(is_it).unwrap_or_else(|| panic!("{server}: {ended:?}"));
        assert!(lines[at + 1].contains(&format!("hint: {hint}")), "{server}{hint}: {}", ended.stdout);
        assert!(!lines[at].contains("no answer within"), "{server}: {}", ended.stdout);
    }
}

fn check(stack: &Stack, amqp_port: u16, variables: &[(&str, String)]) -> Ended {
    let beds =
        Beds::new(&["check"]).on(stack).env(&[("BEDS_ENV", "prod"), ("BEDS__ACCESS__DEFAULT", "open")]);
    beds.env(&encrypted(stack, amqp_port)).env(variables).run()
}

#[test]
fn a_link_is_encrypted_and_verified_or_refused_in_words_of_its_own() {
    let stack = stack();
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = authorities(folder.path());
    create_certified(&stack);
    let (ca, other) = (ours.file(), theirs.file());
    let own = ours.certificate("node", &["node.example"], LATER).unwrap();
    let stranger = theirs.certificate("node", &["node.example"], LATER).unwrap();
    let good = files(Some(&ca), Some(&own));

    // None of the servers has TLS.
    let plain = stack.rabbitmq().port().unwrap();
    all_refused(&check(&stack, plain, &good), "the server has no TLS on this port");

    let server = ours.certificate("server", &HERE, LATER).unwrap();
    use_tls(&stack, &server.of_server(Some(&ours)));
    let port = stack.rabbitmq().tls_port().unwrap();
    let passed = check(&stack, port, &good);
    assert_eq!(passed.code, Some(0), "{passed:?}");
    // The tests' configuration has more databases than the node's templates name.
    let warnings = passed.stdout.lines().filter(|line| line.starts_with("warning"));
    let of_links: Vec<_> = warnings.filter(|line| !line.contains("that no template names")).collect();
    assert_eq!(of_links, Vec::<&str>::new(), "{passed:?}");

    all_refused(
        &check(&stack, port, &files(Some(&other), Some(&own))),
        "the server's certificate is not signed by an authority",
    );
    all_refused(
        &check(&stack, port, &files(None, Some(&own))),
        "the server's certificate is not signed by an authority",
    );
    all_refused(
        &check(&stack, port, &files(Some(&ca), Some(&stranger))),
        "the server refuses the node's certificate",
    );
    let without = check(&stack, port, &files(Some(&ca), None));
    assert_eq!(without.code, Some(12), "{without:?}");
    assert_eq!(
        without.stdout.matches("hint: the server refuses the node's certificate").count(),
        2,
        "{without:?}"
    );
    assert!(without.stdout.contains("Access denied for user 'certified'"), "{without:?}");

    // Each server has its own section, and its own exit code.
    for (variable, code) in [
        ("BEDS__AMQP__TLS__CA_FILE", 12),
        ("BEDS__MARIADB__CATALOG__TLS__CA_FILE", 13),
        ("BEDS__MONGODB__JOURNAL__TLS__CA_FILE", 14),
    ] {
        let own = [good.clone(), vec![(variable, other.to_str().unwrap().to_owned())]].concat();
        let refused = check(&stack, port, &own);
        assert_eq!(refused.code, Some(code), "{refused:?}");
        assert!(refused.stdout.contains("UnknownIssuer"), "{refused:?}");
        assert_eq!(refused.stdout.matches("FAILED").count(), 1, "{refused:?}");
    }
    serve(&stack, port, &good, &ca);

    let elsewhere = ours.certificate("elsewhere", &["elsewhere.example"], LATER).unwrap();
    use_tls(&stack, &elsewhere.of_server(Some(&ours)));
    all_refused(&check(&stack, port, &good), "the server's certificate is for another host: ");

    let expired = ours.certificate("expired", &HERE, PAST).unwrap();
    use_tls(&stack, &expired.of_server(Some(&ours)));
    all_refused(&check(&stack, port, &good), "renew the server's certificate");
    end_servers(&stack);
}

/// A node with only encrypted links serves, and a request from the shell reaches it.
fn serve(stack: &Stack, port: u16, good: &[(&str, String)], ca: &Path) {
    let addresses = encrypted(stack, port);
    let variables: Vec<_> =
        addresses.iter().chain(good).map(|(name, value)| (*name, value.as_str())).collect();
    let node = start_node(
        stack,
        &[variables.as_slice(), &[("BEDS_ENV", "prod"), ("BEDS__ACCESS__DEFAULT", "open")]].concat(),
    );
    for key in ["sample_row.count", "sample_document.count"] {
        let called = Beds::new(&["call", key]).env(&variables).run();
        assert_eq!(called.code, Some(0), "{called:?} {}", node.log());
    }
    let (_, url) = &addresses[0];
    let arguments = ["call", "sample_row.count", "--url", url, "--ca-file", ca.to_str().unwrap()];
    let called = Beds::new(&arguments).run();
    assert_eq!(called.code, Some(2), "RabbitMQ wants a certificate: {called:?}");
    let own: Vec<_> = good.iter().filter(|(name, _)| *name != "BEDS__TLS__CA_FILE").collect();
    let (cert, key) = (own[0].1.as_str(), own[1].1.as_str());
    let called = Beds::new(&[&arguments[..], &["--cert-file", cert, "--key-file", key]].concat()).run();
    assert_eq!(called.code, Some(0), "{called:?}");
}
