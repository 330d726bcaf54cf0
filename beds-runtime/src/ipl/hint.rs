//! The advice for a server that does not answer as it should, by the reason it gave.

/// Parts of reasons that only the intended server gives, with the advice. The first match counts, here and below.
const SAID: &[(&[&str], &str)] = &[
    (
        &["Login was refused", "(28000)", "SCRAM failure", "Authentication failed"],
        "user or password is wrong: correct them in the URL, or the password in the file of `pass_file`",
    ),
    (
        &["access to vhost"],
        "the user may not use this virtual host: `rabbitmqctl set_permissions` allows it; deploy/privileges.md has what a \
         node needs",
    ),
    (
        &["vhost"],
        "there is no such virtual host: create it with `rabbitmqctl add_vhost`, or correct the path of the URL",
    ),
    (&["`replicaSet` in the URL is"], "correct `replicaSet` in the URL, or leave it out"),
    (&["is read-only"], "no server of `url` takes writes: promote one of them, or correct the list"),
    (&["1049 (42000)"], "there is no such schema: create it, or correct the path of the URL"),
    (
        &["1044 (42000)"],
        "the user may not use this schema: grant it what deploy/privileges.md has, or correct the path of the URL",
    ),
    (
        &["is not allowed to connect"],
        "the server takes no connections from this host: create the user for it",
    ),
    (
        &["UnknownIssuer"],
        "the server's certificate is not signed by an authority that is trusted here: name the certificate of its \
         authority as `ca_file` under [tls]",
    ),
    (
        &["not valid for name", "NotValidForName"],
        "the server's certificate is for another host: write a name that it is for into the URL, or give the server a \
         certificate for this one",
    ),
    (
        &["certificate expired", "certificate not valid yet"],
        "renew the server's certificate, or correct the clock of this machine",
    ),
    (
        &["received fatal alert", "ended the encrypted link"],
        "the server refuses the node's certificate, or requires one: `cert_file` and `key_file` under [tls] must be \
         valid and of an authority that the server trusts",
    ),
    (
        &["insecure transport are prohibited"],
        "the server takes encrypted links only: write `ssl-mode=VERIFY_IDENTITY` into the query of the URL",
    ),
];

/// Parts of reasons that do not show which server answered, with the advice.
const CAUSES: &[(&[&str], &str)] = &[
    (
        &["ReplicaSetNoPrimary"],
        "start the server, or correct its address in the URL, or `replicaSet` there: it must be the name of the \
         server's replica set",
    ),
    (
        &[
            "does not support TLS",
            "InvalidContentType",
            "corrupt message",
            "tls handshake eof",
            "InvalidMessage",
        ],
        "the server has no TLS on this port: correct the port, give the server a certificate, or ask for plain text in the \
         URL",
    ),
    (
        &["no answer to TLS"],
        "the server has no TLS on this port, or does not run: start it, correct its address, or ask for plain text in the \
         URL",
    ),
    (
        &["under [tls]", "pem", "PEM", "certificate", "TLS", "tls"],
        "TLS cannot be established: check that the server has it on this port, and that its certificate is valid for \
         the host's name and signed by an authority that this machine trusts",
    ),
    (
        &["failed to lookup address", "Name or service not known", "dns", "DNS"],
        "the name of the host is not known: correct it in the URL, or make it known",
    ),
    (
        &[
            "refused",
            "cannot reach",
            "unreachable",
            "no answer within",
            "Server selection timeout",
            "communicating",
        ],
        "start the server, or correct its address in config/ or in the environment",
    ),
];

/// The advice for a check that failed for this reason.
pub(super) fn of(reason: &str) -> &'static str {
    found(SAID, reason).or_else(|| found(CAUSES, reason)).unwrap_or("the log of the server may say more")
}

/// Whether the reason shows that the intended server answered.
pub(super) fn is_said_by_server(reason: &str) -> bool {
    found(SAID, reason).is_some()
}

fn found(causes: &[(&[&str], &'static str)], reason: &str) -> Option<&'static str> {
    let cause = causes.iter().find(|(said, _)| said.iter().any(|said| reason.contains(said)));
    cause.map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_hint_of_its_own() {
        for (reason, hint) in [
            ("ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.", "user or password"),
            (
                "error returned from database: 1045 (28000): Access denied for user 'u'@'h'",
                "user or password",
            ),
            ("SCRAM failure: Authentication failed.", "user or password"),
            ("NOT_ALLOWED - vhost nosuch not found", "no such virtual host"),
            ("NOT_ALLOWED - access to vhost '/' refused for user 'u'", "may not use this virtual host"),
            ("error returned from database: 1049 (42000): Unknown database 'x'", "no such schema"),
            (
                "error returned from database: 1044 (42000): Access denied for user 'u' to database 'x'",
                "this schema",
            ),
            ("cannot reach h: Connection refused (os error 111)", "start the server"),
            (
                "cannot reach h: failed to lookup address information: Name or service not known",
                "the name of the host",
            ),
            ("cannot reach h: invalid peer certificate: UnknownIssuer", "`ca_file` under [tls]"),
            ("I/O error: invalid peer certificate: certificate not valid for name \"h\"", "for another host"),
            ("invalid peer certificate: certificate expired: verification time 2", "renew"),
            ("cannot reach h: received fatal alert: CertificateRequired", "refuses the node's certificate"),
            (
                "cannot reach h: received corrupt message of type InvalidContentType",
                "has no TLS on this port",
            ),
            ("TLS connection: server does not support TLS", "has no TLS on this port"),
            ("no answer to TLS within 1500 ms", "or does not run"),
            (
                "3159 (HY000): Connections using insecure transport are prohibited",
                "takes encrypted links only",
            ),
            ("cannot reach h: /ca.pem: it has no certificate", "TLS cannot be established"),
            ("no answer within 1500 ms", "start the server"),
            ("Server selection timeout: No available servers.", "start the server"),
            (
                "Server selection timeout: No available servers. Topology: { Type: ReplicaSetNoPrimary, Set Name: x }",
                "`replicaSet`",
            ),
            (
                "`h:1` belongs to the replica set `rs0`, but `replicaSet` in the URL is `x`",
                "correct `replicaSet` in the URL, or leave it out",
            ),
            ("something else", "the log of the server"),
        ] {
            assert!(of(reason).contains(hint), "{reason}: {}", of(reason));
        }
    }
}
