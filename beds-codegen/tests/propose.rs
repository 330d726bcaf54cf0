//! What is proposed to the DBA: expected output beside the templates of `ok/`, and new templates that compile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_codegen::{
    Compiler,
    model::Engine,
    propose::{self, NewTemplate},
};
use beds_protocol::TypeName;
use support::{check, files, finish, folder};

#[test]
fn proposals_are_the_expected_ones() {
    let mut differences = Vec::new();
    let mut domains = Vec::new();
    for path in files("ok", "toml") {
        let output = Compiler::new()
            .pipelines(folder("ok/pipelines"))
            .template_text("x_rec.toml", std::fs::read_to_string(&path).unwrap())
            .compile()
            .unwrap();
        let domain = output.domains.into_iter().next().unwrap();
        let ddl = propose::ddl(&domain);
        let extension = match domain.engine() {
            Engine::MariaDb => "ddl.sql",
            Engine::MongoDb => {
                assert!(serde_json::from_str::<serde_json::Value>(&ddl).is_ok(), "{ddl}");
                "ddl.json"
            }
        };
        differences.extend(check(&path.with_extension(extension), &ddl));
        let schema = format!("{:#}\n", propose::schema(&domain));
        differences.extend(check(&path.with_extension("schema.json"), &schema));
        domains.push(domain);
    }
    differences.extend(check(&folder("ok").join("grants.txt"), &propose::grants(&domains, "beds@10.0.0.%")));
    finish(&differences);
}

#[test]
fn new_templates_compile() {
    let places = [
        ("app_server", None),
        ("admin", Some("logs")),
        ("segundo", Some("c")),
        ("tercero", Some("s")),
        ("admin", None),
    ];
    for engine in Engine::ALL {
        for (service, broker) in places {
            let types = TypeName::ALL
                .iter()
                .filter(|name| **name != TypeName::ObjectId || *engine == Engine::MongoDb);
            let new = NewTemplate {
                name: "order_line".to_owned(),
                description: "A \"quoted\" thing".to_owned(),
                service: service.to_owned(),
                broker: broker.map(str::to_owned),
                engine: *engine,
                database: "catalog".to_owned(),
                fields: types.map(|name| (format!("a_{name}"), name.to_string())).collect(),
            };
            let text = propose::template(&new);
            if let Err(report) = Compiler::new().template_text("new_rec.toml", &text).compile() {
                panic!("{report}{text}");
            }
        }
    }
}
