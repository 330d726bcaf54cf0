//! `bedsc new`: a commented template to start from. A value without a flag is asked for on a terminal, and has a
//! default elsewhere.

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::PathBuf,
};

use beds_codegen::{
    Compiler,
    model::Engine,
    propose::{self, NewTemplate},
};
use clap::Args;

use crate::{engine, engines, fmt};

#[derive(Debug, Args)]
pub(crate) struct New {
    /// Wire name of the template, such as `order_line`
    name: String,
    /// What the domain is, for people
    #[arg(long)]
    description: Option<String>,
    /// The service that serves it
    #[arg(long)]
    service: Option<String>,
    /// The broker, if the service has several
    #[arg(long)]
    broker: Option<String>,
    /// The engine
    #[arg(long, value_parser = engines())]
    engine: Option<Engine>,
    /// The database, by its name in the configuration
    #[arg(long)]
    database: Option<String>,
    /// A field; may be given several times
    #[arg(long = "field", value_name = "NAME=TYPE", value_parser = field)]
    fields: Vec<(String, String)>,
    /// Where to write; `templates/NAME_rec.toml` by default, `-` for standard output
    #[arg(long, short)]
    output: Option<PathBuf>,
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, ty) =
        text.split_once('=').ok_or_else(|| "expected NAME=TYPE, such as sku=string".to_owned())?;
    Ok((name.trim().to_owned(), ty.trim().to_owned()))
}

impl New {
    pub(crate) fn run(&self) -> bool {
        match self.write() {
            Ok(()) => true,
            Err(error) => {
                anstream::eprintln!("{error}");
                false
            }
        }
    }

    fn write(&self) -> Result<(), String> {
        let text = propose::template(&self.answers()?);
        let text = fmt::formatted(&text).unwrap_or(text);
        let path =
            self.output.clone().unwrap_or_else(|| PathBuf::from(format!("templates/{}_rec.toml", self.name)));
        let shown = path.to_string_lossy().into_owned();
        // The written template must pass `bedsc check`. A wrong answer is reported in the same way as there.
        if let Err(report) = Compiler::new().template_text(shown.as_str(), text.as_str()).compile() {
            anstream::eprint!("{}", report.render(true));
            return Err("nothing was written: these answers do not make a valid template".to_owned());
        }
        if shown == "-" {
            anstream::print!("{text}");
            return Ok(());
        }
        // An existing file may be somebody's work, and is never overwritten.
        let mut file = File::create_new(&path).map_err(|error| format!("{shown}: {error}"))?;
        file.write_all(text.as_bytes()).map_err(|error| format!("{shown}: {error}"))?;
        anstream::println!("wrote {shown}; next: edit it, `bedsc check`, `bedsc ddl {shown}`");
        Ok(())
    }

    fn answers(&self) -> Result<NewTemplate, String> {
        let service =
            ask("Service: app_server, admin, segundo or tercero", self.service.as_ref(), "app_server")?;
        let broker_default = match service.as_str() {
            "segundo" => "wh",
            "tercero" => "u",
            _ => "",
        };
        let broker = match (&self.broker, broker_default) {
            (Some(broker), _) => Some(broker.clone()),
            (None, "") => None,
            (None, default) => Some(ask("Broker", None, default)?),
        };
        let engine = match self.engine {
            Some(engine) => engine,
            None => engine(&ask("Engine: mariadb or mongodb", None, "mariadb")?)?,
        };
        let database = ask("Database, by its name in the configuration", self.database.as_ref(), "catalog")?;
        let description = ask("What is it, in a few words", self.description.as_ref(), "")?;
        let mut fields = self.fields.clone();
        while self.fields.is_empty() {
            let answer = ask("A field, as NAME=TYPE; leave empty to finish", None, "")?;
            if answer.is_empty() {
                break;
            }
            match field(&answer) {
                Ok(field) => fields.push(field),
                Err(error) => anstream::eprintln!("{error}"),
            }
        }
        if fields.is_empty() {
            fields.push(("name".to_owned(), "string".to_owned()));
        }
        Ok(NewTemplate { name: self.name.clone(), description, service, broker, engine, database, fields })
    }
}

/// The flag's value, or else the answer on a terminal, or else the default.
fn ask(question: &str, given: Option<&String>, default: &str) -> Result<String, String> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(default.to_owned());
    }
    let hint = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    anstream::eprint!("{question}{hint}: ");
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() })
}
