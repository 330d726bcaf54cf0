use ::beds_runtime::__private as rt;

#[derive(Clone, PartialEq)]
pub struct Note {
    pub id: rt::Uuid,
    pub title: String,
    pub owner: Option<String>,
    pub status: String,
    pub margin: Option<rt::Decimal>,
    pub revision: i64,
}

static FIELDS: [rt::Field; 6] = [
    rt::Field::new("id", "id", rt::Type::Uuid).generated(rt::Generated::UuidV7).immutable(),
    rt::Field::new("title", "title", rt::Type::string(0, 80)).required(),
    rt::Field::new("owner", "owner", rt::Type::string(0, 80)).nullable(),
    rt::Field::new("status", "status", rt::Type::one_of(&["draft", "active"])).default(rt::Literal::Text("draft")),
    rt::Field::new("margin", "margin", rt::Type::decimal(8, 2, rt::None, rt::None)).nullable(),
    rt::Field::new("revision", "revision", rt::Type::INT),
];
static ARGS_ARCHIVE: [rt::Arg; 3] = [
    rt::Arg::given(rt::Field::new("id", "id", rt::Type::Uuid).required()),
    rt::Arg::asked(rt::Field::new("by", "by", rt::Type::string(0, 255)).nullable(), rt::RequestValue::User),
    rt::Arg::asked(rt::Field::new("roles", "roles", rt::Type::text(0, 4294967295)).nullable(), rt::RequestValue::Roles),
];
static CALLS: [rt::Call; 1] = [
    rt::Call {
        name: "archive",
        description: "",
        lane: rt::Lane::Write,
        args: &ARGS_ARCHIVE,
        returns: rt::Returns::AsItComes,
        routine: rt::Routine::Procedure { name: "sp_note_archive", sql: "call `sp_note_archive`(?, ?, ?)", commits: false },
    },
];
static DOMAIN: rt::Domain = rt::Domain::new("note", "", "249fb68bb01fc55a")
    .placed(rt::Broker::AppRead, rt::Broker::AppWrite)
    .mariadb("catalog", rt::mariadb::Objects {
        read: rt::Some(rt::mariadb::Source::view("v_note", "`v_note`", &["`id`", "`title`", "`owner`", "`status`", "`margin`", "`revision`"])),
        create: rt::Some(rt::mariadb::Procedure::new("sp_note_create", "call `sp_note_create`(?, ?, ?, ?, ?)", &[0, 1, 3, 4]).asking(&[(1, rt::RequestValue::User)])),
        update: rt::Some(rt::mariadb::Procedure::new("sp_note_update", "call `sp_note_update`(?, ?, ?, ?, ?, ?)", &[0, 1, 3, 4, 5]).asking(&[(5, rt::RequestValue::Now)])),
        upsert: rt::None,
        delete: rt::Some(rt::mariadb::Procedure::new("sp_note_delete", "call `sp_note_delete`(?, ?)", &[0, 5])),
    })
    .fields(&FIELDS)
    .key(&[0])
    .version(5)
    .reads().creates().updates().deletes()
    .fetch(&[3, 4], &[], 50, 500)
    .accessed(&[rt::Grant { operation: rt::Operation::Fetch, roles: &["clerk", "manager", "*"] }, rt::Grant { operation: rt::Operation::Count, roles: &["manager"] }, rt::Grant { operation: rt::Operation::Create, roles: &["clerk", "manager"] }, rt::Grant { operation: rt::Operation::Update, roles: &["clerk", "manager"] }, rt::Grant { operation: rt::Operation::Delete, roles: &["manager"] }, rt::Grant { operation: rt::Operation::Call("archive"), roles: &["manager"] }], &[rt::RoleRows { role: "clerk", rows: &[rt::Row { field: 2, any_of: &[rt::Wanted::Asked(rt::RequestValue::User)] }] }, rt::RoleRows { role: "*", rows: &[rt::Row { field: 3, any_of: &[rt::Wanted::Is(rt::Literal::Text("active"))] }, rt::Row { field: 2, any_of: &[rt::Wanted::Asked(rt::RequestValue::User), rt::Wanted::Is(rt::Literal::Text("public"))] }] }], &[rt::RoleFields { role: "clerk", hidden: &[4], readonly: &[3] }, rt::RoleFields { role: "*", hidden: &[4], readonly: &[] }])
    .calls(&CALLS);

impl rt::NamasteCore for Note {
    fn domain() -> &'static rt::Domain {
        &DOMAIN
    }
    fn find_call(name: &rt::str) -> ::std::option::Option<&'static rt::Call> {
        match name {
            "archive" => rt::Some(&CALLS[0]),
            _ => rt::None,
        }
    }
    fn fetch(cx: &rt::Context, request: rt::FetchRequest) -> rt::Result<rt::Work> {
        rt::operation::fetch(cx, &DOMAIN, request)
    }
    fn count(cx: &rt::Context, request: rt::CountRequest) -> rt::Result<rt::Work> {
        rt::operation::count(cx, &DOMAIN, request)
    }
    fn create(cx: &rt::Context, request: rt::CreateRequest) -> rt::Result<rt::Work> {
        rt::operation::create(cx, &DOMAIN, request)
    }
    fn update(cx: &rt::Context, request: rt::UpdateRequest) -> rt::Result<rt::Work> {
        rt::operation::update(cx, &DOMAIN, request)
    }
    fn delete(cx: &rt::Context, request: rt::DeleteRequest) -> rt::Result<rt::Work> {
        rt::operation::delete(cx, &DOMAIN, request)
    }
}

rt::record!(Note { id, title, owner, status, margin, revision });
