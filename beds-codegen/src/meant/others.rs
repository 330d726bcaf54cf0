//! Foreign names of sections, and foreign keys of parts without a type.

use super::Meant::{self, Key, Nothing, Pair, Perhaps, Within};

const CONFIGURATION: Meant = Nothing(
    "servers, users and passwords belong in the node's configuration, `config/beds.toml`; `database` names a section of it",
);
const TIMEOUT: Meant = Nothing(
    "remove it: timeouts belong in the node's configuration, `request_timeout_ms` and `statement_timeout_ms`; a client gives its own with the header `beds-deadline`",
);
const NO_SQL: Meant = Nothing(
    "a template holds no SQL: make it a view, a procedure or a function of the database, and name that",
);
const ACCESS: Meant = Nothing(
    "access has its own section: write `fetch = [\"clerk\"]` below `[access]`, of a hand-written domain `#[beds(access(fetch = [\"clerk\"]))]` on the struct",
);
const COMMENT: Meant =
    Nothing("there is no such key: write it into `description`, or as a comment after `#`");

/// Words that are not a key anywhere.
pub(super) fn anywhere(key: &str) -> Option<Meant> {
    Some(match key {
        "timeout" | "timeout_ms" | "timeouts" | "timeout_s" | "timeout_seconds" | "deadline"
        | "deadline_ms" | "statement_timeout" | "max_time" | "max_time_ms" | "maxtimems" | "lock_timeout" => {
            TIMEOUT
        }
        "ttl" | "expire" | "expires" | "expiration" | "max_age" | "retention" => Nothing(
            "the time for which records are kept has its own section: write `ttl = \"400d\"` below `[lifecycle]`",
        ),
        "cache" | "cached" | "cache_ttl" | "caching" => {
            Nothing("nothing is cached between requests: remove it")
        }
        "retry" | "retries" | "max_retries" | "idempotent" | "idempotency" | "idempotency_key" => Nothing(
            "a deadlock is retried by the node, and a client repeats a write with the same `message_id`: remove it",
        ),
        "once" => Nothing(
            "`once` applies to a whole template: move `once = false` to `[template]`, of a hand-written domain to `#[beds(once = false)]` on the struct",
        ),
        "many" => Nothing(
            "the number of records that one request may change belongs in `[objects]`: move it into `update` or `delete`, `update = { …, many = 100 }`",
        ),
        "events" | "publish" => Nothing(
            "events have their own section: write `publish = [\"create\"]` below `[events]`, of a hand-written domain `#[beds(events(publish = [\"create\"]))]` on the struct; a call is `\"call.NAME\"` there",
        ),
        "sql" | "query" | "statement" | "select_sql" | "raw_sql" | "command" => NO_SQL,
        "host" | "port" | "user" | "username" | "password" | "pass" | "url" | "uri" | "dsn"
        | "connection" | "server" | "pool" | "pool_size" | "credentials" | "socket" => CONFIGURATION,
        "access" | "roles" | "role" | "permissions" | "permission" | "acl" | "auth" | "allow" | "deny"
        | "scopes" => ACCESS,
        "comment" | "desc" | "doc" | "docs" | "documentation" | "summary" | "remark" => COMMENT,
        "include" | "includes" | "import" | "imports" | "extends" | "inherits" => {
            Nothing("a template includes no other file: remove it, and write its content here")
        }
        _ => return None,
    })
}

pub(super) fn section(key: &str) -> Option<Meant> {
    Some(match key {
        "filter" | "filters" | "sort" | "query" | "queries" | "find" | "search" | "select" | "paging"
        | "pagination" | "list" | "limits" | "order" | "fetches" | "where" => Key("fetch"),
        "columns" | "column" | "field" | "attributes" | "properties" | "schema" | "model" | "members" => {
            Key("fields")
        }
        "object" | "operations" | "tables" | "views" | "procedures" | "crud" | "collections"
        | "collection" | "db" => Key("objects"),
        "event" | "publish" | "notify" | "notifications" | "outbox" | "cdc" | "changes" | "streams" => {
            Key("events")
        }
        "life_cycle" | "retention" | "expiry" | "aging" => Key("lifecycle"),
        "audits" | "auditing" | "audit_log" | "audit_trail" | "trail" | "history" | "journal" => Key("audit"),
        "roles" | "role" | "permissions" | "permission" | "acl" | "auth" | "authorization" | "security"
        | "grants" | "policies" | "rights" | "privileges" | "rbac" => Key("access"),
        "call" | "functions" | "routines" | "rpc" | "commands" | "actions" | "procedure" | "function"
        | "pipelines" | "methods" | "method" | "endpoints" | "custom" => Key("calls"),
        "meta" | "header" | "domain" | "table" | "entity" | "package" | "general" | "record"
        | "templates" | "info" => Key("template"),
        "index" | "indexes" | "indices" | "relations" | "foreign_keys" | "constraints" | "triggers"
        | "keys" | "primary_key" | "relationships" | "references" => Nothing(
            "the database has keys, indexes, triggers and foreign keys: remove it; the fields of the key have `key = true`",
        ),
        "validator" | "validators" | "validation" | "json_schema" => Nothing(
            "remove it: validators belong to the database, and `bedsc ddl` proposes one from `[fields]`",
        ),
        "config" | "amqp" | "rabbitmq" | "mariadb" | "mysql" | "mongodb" | "database" | "databases"
        | "broker_services" | "node" => CONFIGURATION,
        "tests" | "test" | "examples" | "example" | "sample" | "data" | "seed" | "fixtures" => {
            Nothing("a template holds no data: remove it")
        }
        _ => return None,
    })
}

pub(super) fn header(key: &str) -> Option<Meant> {
    Some(match key {
        "template" | "domain" | "entity" | "table_name" | "wire_name" | "id" => Key("name"),
        "title" | "label" | "desc" | "comment" | "doc" | "docs" | "summary" | "about" | "documentation"
        | "note" => Key("description"),
        "db" | "dbase" | "schema" | "catalog" | "namespace" | "database_name" | "dbname" | "db_name"
        | "keyspace" => Key("database"),
        "dbms" | "driver" | "backend" | "type" | "dialect" | "provider" | "database_type" | "db_type"
        | "adapter" | "storage" => Key("engine"),
        "app" | "application" | "services" | "node" | "cluster" | "group" | "module" => Key("service"),
        "brokers" | "broker_name" => Key("broker"),
        "compatible"
        | "backward_compatible"
        | "earlier"
        | "fingerprints"
        | "accepts"
        | "honours"
        | "honors" => Key("compatible_with"),
        "exactly_once" | "at_most_once" | "dedup" | "deduplicate" | "ledger" => Key("once"),
        "table" | "view" | "collection" | "procedure" | "source" | "from" => {
            Nothing("database objects belong in `[objects]`: `read = { view = \"…\" }`")
        }
        "queue" | "exchange" | "routing_key" | "topic" | "binding" | "vhost" => {
            Nothing("routing keys follow from `name`, and queues from `service`: remove it")
        }
        "lane" | "mode" => {
            Nothing("remove it: the operation selects the lane, and a call has its own `lane`")
        }
        "primary_key" | "key" | "keys" | "pk" => Nothing("write `key = true` in each field of the key"),
        "version" | "author" | "owner" | "tags" | "created" | "updated" | "date" | "license" | "status" => {
            COMMENT
        }
        "audit" | "audited" | "auditing" => {
            Nothing("the audit has its own section: write `operations = [\"create\"]` below `[audit]`")
        }
        "timestamps" | "soft_delete" => Nothing(
            "declare the fields, `created_at = { type = \"datetime\", generated = \"now\" }`; the database does the rest",
        ),
        _ => return None,
    })
}

pub(super) fn object(key: &str) -> Option<Meant> {
    Some(match key {
        "insert" | "add" | "new" | "post" => Key("create"),
        "select" | "fetch" | "get" | "list" | "find" | "view" | "reads" | "load" => Key("read"),
        "modify" | "change" | "edit" | "patch" | "set" => Key("update"),
        "remove" | "del" | "destroy" | "drop" | "erase" | "purge" => Key("delete"),
        "write" | "save" | "store" | "put" | "writes" => Nothing(
            "each kind of write has its own operation: write `create = { … }`, `update = { … }` and `delete = { … }`",
        ),
        "merge" | "replace" | "insert_or_update" | "create_or_update" => Key("upsert"),
        "count" | "describe" | "exists" => Nothing("`read` serves it: remove it"),
        "call" | "calls" | "execute" | "exec" | "procedure" | "function" | "run" | "pipeline"
        | "aggregate" => Nothing("any other operation is a call: `[calls.NAME]` with `procedure = \"…\"`"),
        "table" | "collection" => Nothing("an operation names its object: `read = { view = \"…\" }`"),
        _ => return None,
    })
}

/// Whether a key names an object that is run, not read.
pub(super) fn is_routine(key: &str) -> bool {
    matches!(
        key,
        "procedure"
            | "proc"
            | "sp"
            | "stored_procedure"
            | "function"
            | "func"
            | "routine"
            | "pipeline"
            | "aggregate"
    )
}

pub(super) fn read(key: &str) -> Option<Meant> {
    Some(match key {
        "views" | "view_name" | "viewname" => Key("view"),
        "tables" | "table_name" | "tablename" => Key("table"),
        "collections" | "coll" | "collection_name" => Key("collection"),
        key if is_routine(key) => Nothing(
            "`read` names a view or a table; a procedure that reads is a call: `[calls.NAME]` with `procedure = \"…\"` and `lane = \"read\"`",
        ),
        "name" | "object" | "relation" | "source" | "from" | "entity" => {
            Nothing("write `view = \"…\"` or `table = \"…\"`")
        }
        "columns" | "fields" | "args" | "returns" | "params" | "select" => {
            Nothing("remove it: `read` gives the fields of `[fields]`, each under its `column`")
        }
        "where" | "filter" | "sort" | "order_by" | "limit" | "join" | "group_by" => Nothing(
            "a condition that always holds belongs in the view; the fields that clients may filter by belong in `[fetch]`",
        ),
        "lane" | "commits" | "mode" => Nothing("remove it: `read` is in the read lane"),
        "collation" | "charset" => Nothing("the collation is the database's: remove it"),
        _ => return None,
    })
}

pub(super) fn write(key: &str) -> Option<Meant> {
    Some(match key {
        "proc" | "sp" | "stored_procedure" | "routine" | "call" | "name" | "procedures"
        | "procedure_name" => Key("procedure"),
        "coll" | "collections" | "collection_name" => Key("collection"),
        "params" | "parameters" | "arguments" | "arg" | "fields" | "columns" | "in" | "inputs" | "input"
        | "with" => Key("args"),
        "returning" | "return" | "out" | "output" | "outputs" | "result" | "results" | "rows" => {
            Key("returns")
        }
        "commit" | "autocommit" | "auto_commit" | "committed" => Perhaps("commits"),
        "table" | "view" | "function" | "func" | "object" | "into" => Nothing(
            "in MariaDB, a procedure writes: `procedure = \"…\", args = […]`; in MongoDB, write the collection: `collection = \"…\"`",
        ),
        "lane" | "mode" => Nothing("remove it: this is in the write lane"),
        "transaction" | "isolation" | "atomic" => Nothing(
            "the node opens and commits the transaction: remove it, or write `commits = true` if the procedure commits",
        ),
        "where" | "key" | "by" | "match" => {
            Nothing("the record is found by the key: name its fields in `args`")
        }
        _ => return None,
    })
}

pub(super) fn fetch(key: &str) -> Option<Meant> {
    Some(match key {
        "where" | "filters" | "filterable" | "search" | "searchable" | "query" | "by" | "criteria"
        | "conditions" | "index" | "indexes" | "match" | "find_by" | "filter_by" => Key("filter"),
        "order_by" | "orderby" | "order" | "orders" | "sorting" | "sortable" | "sort_by" | "sorts"
        | "ordering" => Key("sort"),
        "page_size" | "pagesize" | "limits" | "max" | "page" | "paging" | "pagination" | "per_page"
        | "top" | "size" | "max_rows" | "page_limit" | "batch_size" | "rows" => Key("limit"),
        "default_limit" | "limit_default" | "default_page_size" | "default_size" => {
            Within("limit", "default")
        }
        "max_limit" | "limit_max" | "max_page_size" | "max_size" | "max_records" | "max_results" => {
            Within("limit", "max")
        }
        "default_sort" | "default_order" | "direction" | "desc" | "asc" => Nothing(
            "clients choose the order, with `-` before a name for descending: name the fields in `sort`; without an order, the key decides",
        ),
        "offset" | "skip" | "cursor" | "after" | "start" => {
            Nothing("remove it: clients continue with the cursor of the last reply, and need no page number")
        }
        "fields" | "select" | "columns" | "include" | "projection" | "returns" | "expand" => {
            Nothing("clients name the fields that they want; all of `[fields]` may be named: remove it")
        }
        "distinct" | "group_by" | "having" | "join" | "joins" | "aggregate" => {
            Nothing("this belongs in the view, or in a procedure that is a call: remove it")
        }
        "operators" | "ops" => Nothing("every filter has all operators that suit its type: remove it"),
        "view" | "table" | "collection" | "read" => {
            Nothing("the object to read belongs in `[objects]`: `read = { view = \"…\" }`")
        }
        _ => return None,
    })
}

pub(super) fn limit(key: &str) -> Option<Meant> {
    Some(match key {
        "page_size" | "value" | "size" | "per_page" | "page" | "initial" => Key("default"),
        "maximum" | "cap" | "upper" | "limit" | "hard" | "most" => Key("max"),
        "min" | "minimum" => Nothing("the least is always 1: remove it"),
        _ => return None,
    })
}

pub(super) fn events(key: &str) -> Option<Meant> {
    Some(match key {
        "on" | "operations" | "operation" | "emit" | "emits" | "notify" | "publishes" | "send" | "events"
        | "after" => Key("publish"),
        "field" | "columns" | "data" | "payload" | "body" | "include" | "with" | "members" => Key("fields"),
        "exchange" | "topic" | "routing_key" | "queue" | "name" => Nothing(
            "every event goes to the exchange `beds.events` with `NAME.OPERATION` as its routing key: remove it",
        ),
        "subscribe" | "subscribers" | "consumers" | "to" => {
            Nothing("a subscriber binds its own queue to the exchange `beds.events`: remove it")
        }
        _ => return None,
    })
}

pub(super) fn age(key: &str) -> Option<Meant> {
    Some(match key {
        "ttl" | "age" | "older_than" | "max_age" | "days" => Key("after"),
        "field" | "column" | "on" | "from" | "since" | "timestamp" => Key("by"),
        _ => return None,
    })
}

pub(super) fn lifecycle(key: &str) -> Option<Meant> {
    Some(match key {
        "expire" | "expires" | "expire_after" | "expiration" | "max_age" | "keep" | "retention" | "after"
        | "days" | "time_to_live" | "delete_after" | "remove_after" | "purge_after" | "keep_for" => {
            Key("ttl")
        }
        "expire_after_seconds" | "seconds" | "ttl_seconds" | "ttl_s" => Perhaps("ttl"),
        "field" | "column" | "on" | "from" | "since" | "timestamp" => Key("by"),
        "call" | "procedure" | "delete" | "cleanup" => Key("purge"),
        "archive" | "cold" => Key("cool"),
        _ => return None,
    })
}

pub(super) fn audit(key: &str) -> Option<Meant> {
    Some(match key {
        "enabled" | "enable" | "active" | "level" => {
            Nothing("name what is audited: write `operations = [\"create\", \"update\", \"delete\"]`")
        }
        "on" | "operation" | "publish" | "changes" | "writes" | "actions" | "audit" => Key("operations"),
        "fields" | "field" | "columns" | "data" | "values" | "old" | "new" | "diff" | "include" => Nothing(
            "an entry says who changed which record, when and how, and has no values besides key and version: remove it",
        ),
        "table" | "collection" | "database" | "to" | "into" => Nothing(
            "entries go to the table `beds_audit` of the domain's own database, in the transaction of the write: remove it",
        ),
        "retention" | "keep" | "ttl" | "expire" | "expires" | "max_age" => {
            Nothing("remove it: the node deletes no entry, and the DBA decides how long entries are kept")
        }
        _ => return None,
    })
}

pub(super) fn access(key: &str) -> Option<Meant> {
    Some(match key {
        "read" | "get" | "select" | "view" | "list" | "find" | "query" => Key("fetch"),
        "insert" | "add" | "new" | "post" => Key("create"),
        "change" | "edit" | "modify" | "patch" | "put" => Key("update"),
        "remove" | "destroy" | "drop" => Key("delete"),
        "call" | "execute" | "exec" | "procedures" | "functions" => Key("calls"),
        "row" | "where" | "records" | "filter" | "filters" | "row_level" | "policy" | "policies"
        | "owner" => Key("rows"),
        "field" | "columns" | "column" | "hidden" | "readonly" | "masks" => Key("fields"),
        "describe" => Nothing("remove it: a caller that may run any operation may also describe the domain"),
        "write" | "all" | "any" | "admin" => {
            Nothing("each operation has its own list: `create`, `update`, `upsert` and `delete`")
        }
        "default" => Nothing(
            "remove it: the node's configuration decides for templates without rules, with `default` below `[access]`",
        ),
        "deny" | "denied" | "forbid" | "forbidden" | "except" | "exclude" => Nothing(
            "a role in no list is refused: remove the role from the lists of operations that it may not run",
        ),
        "allow" | "roles" | "permissions" => {
            Nothing("each operation has its own list: write `fetch = [\"clerk\"]`")
        }
        "users" => Nothing(
            "the roles of users belong in the configuration of the node, `[access.users]`: name roles here",
        ),
        _ => return None,
    })
}

pub(super) fn role_fields(key: &str) -> Option<Meant> {
    Some(match key {
        "hide" | "hides" | "exclude" | "excluded" | "deny" | "invisible" | "private" | "masked" => {
            Key("hidden")
        }
        "read_only" | "immutable" | "locked" | "protected" | "frozen" => Key("readonly"),
        "visible" | "shown" | "show" | "include" | "allow" | "only" => {
            Nothing("a role sees what is not hidden from it: list the others in `hidden`")
        }
        _ => return None,
    })
}

pub(super) fn call(key: &str) -> Option<Meant> {
    Some(match key {
        "proc" | "sp" | "stored_procedure" | "routine" | "procedures" | "procedure_name" => Key("procedure"),
        "func" | "fn" | "functions" | "function_name" => Key("function"),
        "aggregate" | "aggregation" | "stages" | "pipelines" | "file" => Key("pipeline"),
        "collection" | "from" | "source" => Key("on"),
        "view" | "table" => Nothing(
            "a call names a `procedure`, a `function`, or a `pipeline` with the collection or view that it runs `on`; a view is served by `read` in `[objects]`",
        ),
        "params" | "parameters" | "arguments" | "arg" | "inputs" | "input" | "in" | "fields" => Key("args"),
        "returning" | "return" | "out" | "output" | "outputs" | "result" | "results" => Key("returns"),
        "rows" | "columns" | "row" => {
            Nothing("write `returns = { rows = { … } }`, the columns by name with their types")
        }
        "read_only" | "readonly" | "read" | "reads" => Pair("lane", "\"read\""),
        "write" | "writes" | "modifies" => Pair("lane", "\"write\""),
        "mode" | "type" | "kind" | "queue" => Key("lane"),
        "commit" | "autocommit" | "auto_commit" => Perhaps("commits"),
        "desc" | "comment" | "doc" | "docs" | "summary" | "documentation" | "help" | "title" => {
            Key("description")
        }
        "language" | "deterministic" | "security" | "sql_security" | "definer" | "data_access" => {
            Nothing("remove it: the database knows this about its routine")
        }
        "name" => Nothing("remove it: the name of a call is in its header, `[calls.NAME]`"),
        "transaction" | "isolation" | "atomic" => Nothing(
            "the node opens and commits the transaction: remove it, or write `commits = true` if the procedure commits",
        ),
        _ => return None,
    })
}

/// The keys of a call that a key without counterpart stands for.
pub(super) fn nothing_for_call(key: &str) -> &'static [&'static str] {
    match key {
        "rows" | "columns" | "row" => &["returns"],
        "view" | "table" => &["procedure", "function", "pipeline", "on"],
        "name" | "sql" | "query" | "statement" | "raw_sql" | "command" => {
            &["procedure", "function", "pipeline"]
        }
        _ => &[],
    }
}
