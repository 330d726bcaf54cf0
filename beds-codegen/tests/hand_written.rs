//! Hand-written domains: how they are found, what they expand to, and how their mistakes are shown.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use std::{fmt::Write as _, fs, path::Path};

use beds_codegen::{Code, Compiler, Report, catalogue, model::Change};
use support::{SMALL, check, finish, folder};

/// A complete domain with this struct name and these attributes.
fn domain(name: &str, attributes: &str) -> String {
    format!(
        "#[derive(Debug, beds_runtime::NamasteCore)]\n\
         #[beds(service = \"app_server\", engine = \"mariadb\", database = \"catalog\")]\n\
         {attributes}\n\
         pub struct {name} {{\n    #[beds(key)]\n    pub id: u64,\n    pub note: Option<String>,\n}}\n"
    )
}

const READ: &str = "#[beds(read(view = \"v_bookmark\"))]";

/// Compiles the template `country` beside these files of hand-written domains.
fn compile(files: &[(&str, &str)]) -> Result<beds_codegen::Output, Report> {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(place.path().join(name), text).unwrap();
    }
    Compiler::new().template_text("country_rec.toml", SMALL).domains(place.path()).compile()
}

/// The report without the folder's name.
fn report(files: &[(&str, &str)]) -> String {
    let report = compile(files).err().unwrap_or_else(|| panic!("{files:?} compile"));
    let text = report.to_string();
    let folder = report.sources().path(report.diagnostics()[0].primary().unwrap().span.file).to_owned();
    match Path::new(&folder).parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => text.replace(&*folder.to_string_lossy(), "…"),
        None => text,
    }
}

#[test]
fn a_struct_says_what_is_audited() {
    let attributes = "#[beds(create(procedure = \"sp_bookmark_create\", args = [\"id\", \"note\"]))]\n\
                      #[beds(audit(operations = [\"create\"]))]";
    let output = compile(&[("a.rs", &domain("Bookmark", attributes))]);
    let output = output.unwrap_or_else(|report| panic!("{report}"));
    let found =
        output.all_domains().iter().map(|domain| domain.audit.clone()).find(|audit| !audit.is_empty());
    assert_eq!(found, Some(vec![Change::Create]));
    let wrong = attributes.replace("operations = [\"create\"]", "operations = [\"creat\"]");
    let text = report(&[("a.rs", &domain("Bookmark", &wrong))]);
    assert!(text.contains("error[B1301]") && text.contains("did you mean `create`?"), "{text}");
}

#[test]
fn structs_that_derive_are_found_and_join_the_factory() {
    let two = format!(
        "{}\n{}\n#[derive(Debug)]\npub struct NotOne {{}}\nmod inner {{\n{}}}\n",
        domain("Bookmark", READ),
        domain("Visit", "#[beds(name = \"visit_log\", methods(create = Self::create_checked))]"),
        domain("Hidden", READ),
    );
    let files = [("mod.rs", "not even Rust"), ("notes.txt", "nor this"), ("z.rs", &two)];
    let output = compile(&files).unwrap_or_else(|report| panic!("{report}"));
    let names: Vec<_> = output.all_domains().iter().map(|domain| domain.name.value.clone()).collect();
    assert_eq!(names, ["bookmark", "country", "visit_log"]);
    let factory = &output.files()[0].text;
    assert_eq!(factory.matches("pub mod z;").count(), 1, "{factory}");
    for line in ["pub use self::z::Bookmark;", "pub use self::z::Visit;", "\"visit_log\" => Template::Visit,"]
    {
        assert!(factory.contains(line), "{line} in {factory}");
    }
    assert!(output.inputs.iter().any(|path| path.ends_with("z.rs")));
    // A method without an object is offered, too, and `u64` is unsigned.
    let visit = output.all_domains()[2];
    assert!(visit.offered().create && !visit.operations().create);
    // So it is part of the promises to clients, and of the fingerprint.
    let document = catalogue::asyncapi(&[visit], "1.0.0");
    assert!(document.pointer("/components/schemas/visit_log.create").is_some(), "{document}");
    assert_eq!(visit.fields[0].ty.name(), "int");
    assert!(matches!(visit.fields[0].ty, beds_codegen::model::Type::UInt { .. }));
}

/// A template whose call `restock` is a function of the module `stock`.
#[test]
fn a_project_may_have_hand_written_domains_alone() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::create_dir(at("templates")).unwrap();
    let compile = || Compiler::new().templates(at("templates")).domains(place.path()).compile();
    // An editor's link, and a file without a domain.
    for name in [".#atlas.rs", "my-notes.rs"] {
        fs::write(at(name), "// nothing").unwrap();
    }
    let empty = compile().unwrap_err();
    assert_eq!(empty.diagnostics().iter().map(|found| found.code).collect::<Vec<_>>(), [Code::NoTemplates]);
    fs::write(at("atlas.rs"), domain("Atlas", READ)).unwrap();
    assert_eq!(compile().unwrap().hand_written.len(), 1);
}

fn restocked() -> String {
    let call = "[calls.restock]\nmethod = \"restock\"\nlane = \"write\"\nreturns = { type = \"int\" }\n\
                args = { sku = { type = \"string\" }, note = { type = \"string\", nullable = true } }\n";
    let text = SMALL.replacen("[template]\n", "[template]\nmodule = \"stock\"\n", 1);
    format!("{text}\n{call}")
}

/// Compiles that template beside these files.
fn with_functions(files: &[(&str, &str)]) -> Result<beds_codegen::Output, String> {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(place.path().join(name), text).unwrap();
    }
    let compiler = Compiler::new().template_text("country_rec.toml", restocked()).domains(place.path());
    compiler.compile().map_err(|report| report.to_string().replace(&*place.path().to_string_lossy(), "…"))
}

#[test]
fn the_functions_of_a_template_are_in_its_module() {
    let right =
        "pub async fn restock(cx: &Context, sku: String, note: Option<String>) -> Result<i64> { Ok(1) }";
    let output = with_functions(&[("stock.rs", right)]).unwrap();
    let files = output.files();
    assert_eq!(files[0].text.matches("pub mod stock;").count(), 1, "{}", files[0].text);
    assert!(files[1].text.contains("super::super::stock::restock("), "{}", files[1].text);
    assert!(files[1].text.contains("gives::<rt::i64, _>"), "{}", files[1].text);
    assert!(output.inputs.iter().any(|path| path.ends_with("stock.rs")));
    // The file may also hold a domain, and may have the name of the template.
    let with_domain = format!("{right}\n{}", domain("Shelf", READ));
    let output = with_functions(&[("stock.rs", &with_domain)]).unwrap();
    assert_eq!(output.files()[0].text.matches("pub mod stock;").count(), 1);
}

#[test]
fn a_function_that_is_not_there_is_reported_with_what_it_should_be() {
    let signature = "pub async fn restock(cx: &Context, sku: String, note: Option<String>) -> Result<i64>";
    for (text, reason) in [
        (None, "there is no file `…/stock.rs`"),
        (Some("pub async fn fill() {}"), "`…/stock.rs` has no function `restock`"),
        (Some("pub async fn restok() {}"), "did you mean `restok`?"),
        (
            Some(
                "pub async fn restock(cx: &Context, _note: Option<String>, sku: String) -> Result<i64> { Ok(1) }",
            ),
            "in another order",
        ),
        (Some("pub async fn restock(cx: &Context) -> Result<i64> { Ok(1) }"), "takes 1 values, but gets 3"),
        (
            Some("pub fn restock(cx: &Context, sku: String, note: String) -> Result<i64> { Ok(1) }"),
            "is not `async`",
        ),
        (
            Some("async fn restock(cx: &Context, sku: String, note: String) -> Result<i64> { Ok(1) }"),
            "is not public",
        ),
        (Some("pub async fn restock("), "invalid Rust"),
    ] {
        let files: Vec<_> = text.into_iter().map(|text| ("stock.rs", text)).collect();
        let report = with_functions(&files).unwrap_err();
        assert!(report.contains(reason), "{report}");
        assert_eq!(report.matches("error[").count(), 1, "{report}");
        let says_how =
            reason.contains("has no function") || reason.contains("takes") || reason.contains("async");
        assert!(!says_how || report.contains(signature), "{report}");
    }
}

#[test]
fn the_context_has_a_name_of_its_own_in_a_signature() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("stock.rs"), "").unwrap();
    let text = restocked().replace("{ sku =", "{ cx =");
    let compiler = Compiler::new().template_text("country_rec.toml", text).domains(place.path());
    let report = compiler.compile().unwrap_err().to_string();
    assert!(report.contains("restock(context: &Context, cx: String,"), "{report}");
}

#[test]
fn parameters_of_other_names_are_the_functions_own() {
    let text = "pub async fn restock(cx: &Context, _sku: String, (_, _): (u8, u8)) -> Result<i64> { Ok(1) }";
    assert!(with_functions(&[("stock.rs", text)]).is_ok());
    let text =
        "pub async fn restock(cx: &Context, note: String, text: Option<String>) -> Result<i64> { Ok(1) }";
    assert!(with_functions(&[("stock.rs", text)]).is_ok());
}

#[test]
fn a_method_of_a_struct_is_any_path() {
    let call = "#[beds(calls(restock(method = Self::restock, lane = \"write\", args(n(type = \"int\")))))]";
    let file = domain("Bookmark", &format!("{READ}\n{call}"));
    let output = compile(&[("z.rs", &file)]).unwrap_or_else(|report| panic!("{report}"));
    let input: syn::DeriveInput = syn::parse_str(&file).unwrap();
    let expanded = beds_codegen::expand(&input, Path::new("")).to_string().replace(' ', "");
    assert!(expanded.contains("Self::restock(&cx,args.take()?)"), "{expanded}");
    assert_eq!(output.all_domains()[0].calls.len(), 1);
}

#[test]
fn events_are_declared_as_in_a_template() {
    let create = "#[beds(create(procedure = \"sp\", args = [\"id\", \"note\"]))]";
    let events = "#[beds(events(publish = [\"create\"], fields = [\"note\"]))]";
    let compiled = |more: &str| {
        let file = domain("Bookmark", &format!("{READ}\n{create}\n{more}"));
        let output = compile(&[("z.rs", &file)]).unwrap_or_else(|report| panic!("{report}"));
        let bookmark = output.all_domains()[0];
        assert_eq!(bookmark.name.value, "bookmark");
        (bookmark.events.publish.len(), catalogue::asyncapi(&[bookmark], "1.0.0"))
    };
    let (published, document) = compiled(events);
    assert_eq!(published, 1);
    assert!(document.to_string().contains("bookmark.create") && document.to_string().contains("beds.events"));
    let (none, document) = compiled("");
    assert!(none == 0 && !document["channels"].to_string().contains("beds.events"), "{document}");
    // Mistakes are found at the same positions.
    let wrong = events.replace("\"note\"", "\"nota\"");
    let file = domain("Bookmark", &format!("{READ}\n{create}\n{wrong}"));
    assert!(report(&[("z.rs", &file)]).contains("nota"));
}

#[test]
fn a_folder_that_is_not_there_has_none() {
    let compiler = Compiler::new().template_text("country_rec.toml", SMALL).domains("no-such-folder");
    assert!(compiler.compile().unwrap().hand_written.is_empty());
}

#[test]
fn a_project_may_have_no_templates() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("bookmark.rs"), domain("Bookmark", READ)).unwrap();
    assert_eq!(Compiler::new().domains(place.path()).compile().unwrap().hand_written.len(), 1);
    assert!(Compiler::new().domains("no-such-folder").compile().is_err());
}

#[test]
fn mistakes_are_shown_where_they_are_written() {
    let template = domain("Country", "#[beds(name = \"country\", read(view = \"v_other\"))]");
    let rust_name = domain("Country", "#[beds(name = \"land\", read(view = \"v_other\"))]");
    let first = domain("Bookmark", READ);
    let many = domain(
        "Bookmark",
        "#[beds(raed(view = \"v\"), broker = 5)]\n#[beds(methods(create = A, create = B))]",
    );
    let effects = domain(
        "Bookmark",
        "#[beds(read(view = \"v\"), create(procedure = \"p\", args = [\"id\"], once = false))]\n\
         #[beds(once = \"yes\", publish = [\"create\"])]\n#[beds(events = [\"create\"])]",
    );
    let field = domain("Bookmark", "#[beds(read(view = \"v\"), fetch(filter = [\"id\", \"nott\"]))]");
    let missing = domain("Bookmark", READ).replace("service = \"app_server\", ", "");
    let spelling = first.replace(
        "    pub note: Option<String>,\n",
        "    pub note: Decimal,\n    #[beds(type = \"list\")]\n    pub tags: Vec<String>,\n    \
         #[beds(type = \"list\", items = 5)]\n    pub ratings: Vec<i64>,\n    \
         #[beds(type = \"list\", items(type = \"list\"))]\n    pub table: Json,\n    \
         #[beds(pattern = \"[\")]\n    pub sku: String,\n",
    );
    let nothing = domain("Bookmark", "#[beds(fetch(filter = [\"id\"]))]");
    let private = first.replace("pub struct", "pub(crate) struct");
    let mut fields = String::new();
    for (n, ty) in [
        "i32",
        "u32",
        "f32",
        "Vec<String>",
        "&'static str",
        "HashMap<String, i64>",
        "Option<u8>",
        "(i64, i64)",
        "serde_json::Value",
        "NaiveDate",
    ]
    .iter()
    .enumerate()
    {
        writeln!(fields, "    pub f{n}: {ty},").unwrap();
    }
    let types = first.replace(
        "    pub note: Option<String>,\n",
        &(fields + "    #[beds(type = \"varchar(20)\")]\n    pub sku: String,\n"),
    );
    let underived = first.replace(", beds_runtime::NamasteCore", "");
    let forms: String = [
        "max = 64; required",
        "max = 64 required",
        "max: 64",
        "max(64)",
        "\"max\" = 64",
        "max =",
        "= 64",
        "max = 8 * 8",
        "required = yes",
        "column = nota",
        "max { 64 }",
        "type = \"enum\", values = [\"a\"; \"b\"]",
    ]
    .iter()
    .enumerate()
    .fold(String::new(), |mut fields, (n, keys)| {
        writeln!(fields, "    #[beds({keys})]\n    pub f{n}: String,").unwrap();
        fields
    });
    let forms = first.replace("    pub note: Option<String>,\n", &forms);
    let objects = domain("Bookmark", "#[beds(read(\"v\"))]\n#[beds(create(\"sp\"))]");
    let texts = domain("Bookmark", "#[beds(read = \"v\", create = \"sp\")]");
    let cases: [(&str, &[(&str, &str)]); 17] = [
        ("underived", &[("a.rs", &underived)]),
        ("forms", &[("a.rs", &forms)]),
        ("forms_of_objects", &[("a.rs", &objects)]),
        ("texts_for_objects", &[("a.rs", &texts)]),
        ("effects", &[("a.rs", &effects)]),
        ("private", &[("a.rs", &private)]),
        ("types", &[("a.rs", &types)]),
        ("spelling", &[("a.rs", &spelling)]),
        ("nothing", &[("a.rs", &nothing)]),
        ("same_name", &[("land.rs", &template)]),
        ("same_struct", &[("land.rs", &rust_name)]),
        ("same_name_by_hand", &[("a.rs", &first), ("b.rs", &first)]),
        ("attributes", &[("a.rs", &many)]),
        ("reference", &[("a.rs", &field)]),
        ("missing", &[("a.rs", &missing)]),
        ("reserved", &[("a.rs", &domain("Domains", "#[beds(name = \"x\", read(view = \"v\"))]"))]),
        ("bad_name", &[("a.rs", &domain("X", "#[beds(name = \"a-b\", read(view = \"v\"))]"))]),
    ];
    let expected = folder("hand_written");
    let differences: Vec<_> = cases
        .iter()
        .filter_map(|(name, files)| check(&expected.join(format!("{name}.txt")), &report(files)))
        .collect();
    finish(&differences);
}

/// The expansion of a struct, in the layout of rustfmt.
fn expanded(text: &str) -> String {
    let input = syn::parse_str(text).unwrap();
    let tokens = beds_codegen::expand(&input, Path::new("no-such-folder"));
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

#[test]
fn derived_code_is_the_expected_one() {
    let wrapped = domain(
        "Bookmark",
        "#[beds(read(view = \"v\"), create(procedure = \"sp\", args = [\"id\", \"note\"]))]\n\
         #[beds(methods(create = Self::create_checked, delete = checks::delete))]",
    );
    let broken = wrapped.replace("\"note\"]", "\"nota\"]");
    let differences = [("wrapped", wrapped), ("broken", broken)]
        .iter()
        .filter_map(|(name, text)| check(&folder("hand_written").join(format!("{name}.rs")), &expanded(text)))
        .collect::<Vec<_>>();
    finish(&differences);
}

#[test]
fn derived_code_takes_no_name_from_around_it() {
    const PRELUDE: [&str; 14] = [
        "Some", "None", "Ok", "Err", "Option", "Result", "String", "Vec", "str", "bool", "i64", "u64", "f64",
        "usize",
    ];
    let attributes = "#[beds(read(view = \"v\"), create(procedure = \"sp\", args = [\"id\", \"note\"]))]\n\
        #[beds(methods(create = Self::create_checked))]\n\
        #[beds(calls(a(method = Self::a, lane = \"read\", returns(type = \"string\")), \
        b(method = Self::b, lane = \"read\", returns(type = \"int\", unsigned), args(n(type = \"float\", min = 0.5)))))]";
    let more = "#[beds(generated = \"now\")]\n    pub at: DateTime,\n    #[beds(precision = 9, scale = 2, min = \"1\")]\n    \
        pub price: Decimal,\n    #[beds(min = 0)]\n    pub n: i64,\n    #[beds(min = 0.5)]\n    pub f: f64,\n}\n";
    let text = domain("Bookmark", attributes).replace("}\n", more);
    let mut bare = Vec::new();
    let mut before = String::new();
    let tokens = beds_codegen::expand(&syn::parse_str(&text).unwrap(), Path::new("no-such-folder"));
    assert!(!tokens.to_string().contains("compile_error"), "{tokens}");
    each_token(tokens, &mut |token| {
        if PRELUDE.contains(&token) && before != ":" {
            bare.push(token.to_owned());
        }
        token.clone_into(&mut before);
    });
    assert!(bare.is_empty(), "{bare:?}");
}

fn each_token(tokens: proc_macro2::TokenStream, see: &mut impl FnMut(&str)) {
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Group(group) => {
                see("(");
                each_token(group.stream(), see);
                see(")");
            }
            token => see(&token.to_string()),
        }
    }
}

#[test]
fn roles_in_place_of_operations_are_told_as_in_a_template() {
    for role in ["clerk", "owner"] {
        let access = format!("#[beds(read(view = \"v\"), access({role} = [\"fetch\"]))]");
        let text = report(&[("a.rs", &domain("Bookmark", &access))]);
        let help =
            format!("the operation is the key, and its roles are the value: write `fetch = [\"{role}\"]`");
        assert!(text.contains("looks like a role") && text.contains(&help), "{text}");
    }
}

#[test]
fn one_mistake_is_one_message() {
    for (attributes, code) in [
        ("#[beds(read(veiw = \"v\"))]", Code::UnknownKey),
        ("#[beds(reed(view = \"v\"))]", Code::UnknownKey),
        ("#[beds(read(view = \"v\"), name = 5)]", Code::WrongShape),
        ("#[beds(read(view = \"v\"), engine = \"mariadb\")]", Code::DuplicateKey),
        ("#[beds(read(view = \"v\"), methods(creat = Self::x))]", Code::NotAMethod),
        ("#[beds(read = Self::x)]", Code::AttributeForm),
        ("#[beds(read(view = \"v\")]", Code::NotRust),
    ] {
        let text = domain("Bookmark", attributes);
        let report = compile(&[("a.rs", &text)]).unwrap_err();
        let codes: Vec<_> = report.diagnostics().iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, [code], "{report}");
    }
}
