//! Bodies that a language model might write by mistake or on somebody's instruction, and the verdict of the gate. None
//! of them may pass, even if the rest of the body is right.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod support;

use beds_design::{
    gate::{self, Objects},
    model::Call,
};
use serde_json::{Value, json};
use support::model;

/// A call with every permission that a call may have: so a body is refused only for its content.
fn call(lane: &str, rows: &Value) -> Call {
    serde_json::from_value(json!({
        "name": "x", "description": "", "lane": lane, "rows": rows, "body": null, "pipeline": null,
        "args": [{ "name": "a", "type": "int" }, { "name": "o", "type": "int", "mode": "out" }],
    }))
    .unwrap()
}

/// A good statement on a table. It stands right before or after the bad one.
const GOOD: &str = "update book set status = 'lost', revision = revision + 1 where id = p_a;";

/// Hostile bodies, each with a part of the report.
const HOSTILE: &[(&str, &str)] = &[
    // Objects and rights.
    ("create table x (a int)", "`create`"),
    ("create temporary table x (a int)", "`create`"),
    ("drop table book", "`drop`"),
    ("alter table book add column x int", "`alter`"),
    ("truncate book", "`truncate`"),
    ("truncate table book", "`truncate`"),
    ("rename table book to x", "`rename`"),
    ("create or replace procedure sp_book_create() select 1", "`create`"),
    ("grant all on *.* to 'x'", "`grant`"),
    ("revoke select on book from beds", "`revoke`"),
    ("create user x identified by 'y'", "`create`"),
    ("analyze table book", "`analyze`"),
    ("optimize table book", "`optimize`"),
    ("check table book", "`check`"),
    ("repair table book", "`repair`"),
    ("install plugin x soname 'y.so'", "`install`"),
    ("create function sys_exec returns int soname 'udf.so'", "`create`"),
    ("create event e on schedule every 1 day do delete from book", "`create`"),
    ("create trigger t before insert on book for each row set @a = 1", "double quote|@|`create`"),
    // Texts that are run.
    ("prepare s from 'drop table book'", "`prepare`"),
    ("execute s", "`execute`"),
    ("execute immediate 'drop table book'", "`execute`"),
    ("execute immediate concat('drop', ' table book')", "`execute`"),
    ("deallocate prepare s", "`deallocate`"),
    ("set @q = 'drop table book'", "variable with `@`"),
    // Transactions.
    ("commit", "`commit`"),
    ("rollback", "`rollback`"),
    ("start transaction", "`start`"),
    ("savepoint a", "`savepoint`"),
    ("rollback to savepoint a", "`rollback`"),
    ("release savepoint a", "`release`"),
    ("xa start 'a'", "`xa`"),
    ("begin work", "after `begin`|no body may have|variable|`;`"),
    ("set autocommit = 0", "no variable `autocommit`"),
    ("set transaction isolation level serializable", "no variable `transaction`"),
    // Settings.
    ("set global max_connections = 1", "no variable `global`"),
    ("set session sql_mode = ''", "no variable `session`"),
    ("set @@global.max_connections = 1", "variable with `@`"),
    ("set sql_mode = ''", "no variable `sql_mode`"),
    ("set local sql_log_bin = 0", "no variable `local`"),
    ("set names utf8", "no variable `names`"),
    ("set character set utf8", "no variable `character`"),
    ("set role admin", "no variable `role`"),
    ("set password = 'x'", "no variable `password`"),
    ("set p_a = 1", "`p_a` cannot be set"),
    ("set statement max_statement_time = 0 for select 1", "no variable `statement`"),
    ("set book = 1", "no variable `book`"),
    // Files.
    ("set p_o = load_file('/etc/passwd')", "function `load_file`"),
    ("select id into outfile '/tmp/x' from book", "`outfile`"),
    ("select id into dumpfile '/tmp/x' from book", "`dumpfile`"),
    ("select id from book into outfile '/tmp/x'", "`outfile`"),
    ("load data infile '/etc/passwd' into table book", "`load`"),
    ("load data local infile '/etc/passwd' into table book", "`load`"),
    ("load xml infile 'x' into table book", "`load`"),
    // Data of others.
    ("set p_o = (select count(*) from mysql.user)", "`mysql`|`mysql.`"),
    ("set p_o = (select count(*) from `mysql`.`user`)", "`mysql.`|`mysql`"),
    ("set p_o = (select count(*) from information_schema.tables)", "information_schema"),
    ("insert into other.book (id) values (1)", "`other.`|`other`"),
    ("update other.book set id = 1 where id = 2", "`other"),
    ("delete from other.book where id = 1", "`other"),
    ("set p_o = (select count(*) from secrets)", "no table `secrets`"),
    ("insert into beds_ledger (id) values (1)", "no table `beds_ledger`"),
    ("delete from beds_events where 1 = 1", "no table `beds_events`"),
    ("set p_o = (select library.book.id from book limit 1)", "another database"),
    ("call mysql.rds_kill(1)", "`mysql.`"),
    ("call sp_book_delete('x')", "procedure `sp_book_delete`"),
    ("call x(1, p_o)", "procedure `x`"),
    ("insert into v_book (id) values (1)", "no body may write `v_book`"),
    ("set p_o = (select t.id from book)", "`t.id` is unknown"),
    ("set p_o = secret", "`secret` is unknown"),
    ("set p_o = library.secret()", "name of another database"),
    ("set p_o = `secret`()", "called as a function"),
    ("set p_o = secret()", "function `secret`"),
    ("use mysql", "`use`"),
    // Waiting, locking, asking the server.
    ("do sleep(100)", "`do`"),
    ("set p_o = sleep(100)", "function `sleep`"),
    ("set p_o = benchmark(1000000000, 1)", "function `benchmark`"),
    ("set p_o = get_lock('x', 100)", "function `get_lock`"),
    ("set p_o = release_all_locks()", "function `release_all_locks`"),
    ("set p_o = is_used_lock('x')", "function `is_used_lock`"),
    ("set p_o = master_pos_wait('a', 1)", "function `master_pos_wait`"),
    ("set p_o = version()", "function `version`"),
    ("set p_o = user()", "function `user`"),
    ("set p_o = current_user()", "function `current_user`"),
    ("set p_o = database()", "function `database`"),
    ("set p_o = connection_id()", "function `connection_id`"),
    ("set p_o = @@version", "variable with `@`"),
    ("set p_o = rand()", "function `rand`"),
    ("set p_o = last_insert_id(5)", "1 arguments"),
    ("set p_o = nextval(s)", "function `nextval`"),
    ("set p_o = next value for s", "`next` is unknown|after"),
    ("set p_o = sys_exec('id')", "function `sys_exec`"),
    ("set p_o = extractvalue('<a/>', concat('/', (select id from book limit 1)))", "function `extractvalue`"),
    ("set p_o = char_length(repeat('x', 1000000000))", "function `repeat`"),
    ("set p_o = char_length(lpad('x', 1000000000, 'y'))", "function `lpad`"),
    ("set p_o = 'x' regexp '(a+)+$'", "`regexp`"),
    ("kill 1", "`kill`"),
    ("kill query 1", "`kill`"),
    ("lock tables book write", "`lock`"),
    ("unlock tables", "`unlock`"),
    ("flush tables with read lock", "`flush`"),
    ("reset master", "`reset`"),
    ("purge binary logs to 'x'", "`purge`"),
    ("change master to master_host = 'x'", "`change`"),
    ("shutdown", "`shutdown`"),
    ("show grants", "`show`"),
    ("show processlist", "`show`"),
    ("describe book", "`describe`"),
    ("explain select 1", "`explain`"),
    ("handler book open", "`handler`"),
    ("help 'x'", "`help`"),
    ("binlog 'x'", "`binlog`"),
    ("cache index book in x", "`cache`"),
    ("get diagnostics p_o = row_count", "`get`"),
    ("resignal", "`resignal`"),
    // Loops without end.
    ("while true do set p_o = 1; end while", "`while`"),
    ("loop set p_o = 1; end loop", "`loop`"),
    ("repeat set p_o = 1; until false end repeat", "`repeat`"),
    ("for i in 1..1000000000 do set p_o = i; end for", "unsupported form"),
    ("label: begin end", "`label`|U+003A"),
    ("iterate l", "`iterate`"),
    ("leave l", "`leave`"),
    ("with recursive r as (select 1 union all select 1 from r) select 1", "`with`"),
    ("set p_o = (with r as (select 1) select 1)", "after"),
    ("set p_o = (select count(*) from book as a, book as b, book as c)", "comma"),
    ("set p_o = (select count(*) from book as a cross join book as b)", "after"),
    ("set p_o = (select count(*) from book as a natural join book as b)", "after"),
    ("set p_o = (select count(*) from book as a join book as b)", "`on`"),
    // Failures that look like successes.
    ("declare continue handler for sqlexception begin end", "handler|a type|after `declare"),
    ("declare exit handler for sqlexception set p_o = 1", "after `declare|handler"),
    ("declare c cursor for select id from book", "a cursor is declared"),
    ("declare d condition for sqlstate '45000'", "a condition is declared"),
    ("insert ignore into book (id) values (1)", "`ignore`"),
    ("update ignore book set price = 1, revision = revision + 1 where id = 1", "no table `ignore`"),
    ("delete ignore from book where id = 1", "after `delete`"),
    ("replace into book (id) values (1)", "`replace`"),
    ("signal sqlstate '00000'", "one's own"),
    ("signal sqlstate '02000'", "one's own"),
    ("signal sqlstate '23000' set message_text = 'x'", "one's own"),
    ("signal sqlstate '45000' set mysql_errno = 1062", "`message_text`"),
    ("signal sqlstate value '45000'", "one's own"),
    // Statements on all rows.
    ("update book set price = 1, revision = revision + 1", "no `where`"),
    ("delete from book", "no `where`"),
    ("update book, loan set book.price = 1 where 1 = 1", "`set`"),
    ("delete book from book join loan on loan.book = book.id where 1 = 1", "`from`"),
    ("delete b.* from book b where 1 = 1", "`from`"),
    ("update book set price = 1 where id = p_a", "not counted up"),
    ("insert into book (id) values (1) on duplicate key update price = 1", "not counted up"),
    ("insert into book values (1)", "`(`"),
    ("insert into book (id) values (1, 2)", "1 columns get 2 values"),
    ("insert into book (id) select id, isbn from book", "1 columns get 2 values"),
    ("insert into book (id) values (1) returning id", "`;`"),
    ("insert into book (idd) values (1)", "no column `idd`"),
    (
        "update book set pricee = 1, revision = revision + 1 where id = 1",
        "did you mean `price`|no column `pricee`",
    ),
    // Comments that are run, and other texts that mean something else than they seem to.
    ("/*! drop table book */", "may run this comment"),
    ("/*!50000 drop table book */", "may run this comment"),
    ("/*M! drop table book */", "may run this comment"),
    ("/*M!100100 drop table book */", "may run this comment"),
    ("set p_o = 1 /*!, p_a = 2 */", "may run this comment"),
    ("select /*+ max_execution_time(1) */ 1", "may run this comment"),
    ("/* a /* b */ drop table book */", "comment is inside a comment"),
    ("/* drop table book", "does not end"),
    ("set p_o = 1 --comment", "no blank after"),
    ("set p_o = 5--5", "no blank after"),
    ("set p_o = 'a\\'; drop table book; --'", "backslash"),
    ("set p_o = 'a\\\\'", "backslash"),
    ("set p_o = 'a", "does not end"),
    ("set p_o = \"a\"", "double quote"),
    ("set p_o = `a", "does not end"),
    ("set p_o = `a``b`", "not a plain name"),
    ("set p_o = `a b`", "not a plain name"),
    ("set p_o = x'6472'", "directly before a quote"),
    ("set p_o = b'1'", "directly before a quote"),
    ("set p_o = n'a'", "directly before a quote"),
    ("set p_o = _utf8'a'", "directly before a quote"),
    ("set p_o = _binary 'a'", "after|`_binary`"),
    ("set p_o = date '2020-01-01'", "after|`date`"),
    ("set p_o = 'a' 'b'", "an operator|after"),
    ("set p_o = 0x41", "unsupported form"),
    ("set p_o = 1e400", "unsupported form"),
    ("set p_o = 1.2.3", "unsupported form"),
    ("set p_o := 1", "U+003A"),
    ("set p_o = ?", "U+003F"),
    ("set p_o = {ts '2020-01-01'}", "U+007B"),
    ("set p_o = 1 || 2", "U+007C"),
    ("set p_o = 1 && 2", "U+0026"),
    ("set p_o = !1", "U+0021"),
    ("set p_o = ~1", "U+007E"),
    ("set p_o = 1 | 2", "U+007C"),
    ("set p_o = 1 ^ 2", "U+005E"),
    ("set p_o = a$b", "U+0024"),
    ("set p_o = \u{430}", "U+0430"),
    ("set\u{a0}p_o = 1", "U+00A0"),
    ("set p_o = 'a\u{0}'", "control character"),
    ("set p_o = 'a\nb'", "control character"),
    ("set p_o = 1\u{0}; drop table book", "U+0000"),
    ("delimiter //", "`delimiter`"),
    ("end; drop table book; begin", "after|`end`"),
    ("end", "after|`end`"),
    ("end //\ndrop table book //\ncreate procedure y() begin", "after|`/`"),
    ("select 1; select 1", ""),
    // Effects that the call does not promise.
    ("select id from book", "the query returns rows"),
    ("select * from book", "selects `*`"),
    ("select b.* from book as b", "selects `*`"),
    ("select id into p_o from book procedure analyse()", "after"),
    ("select id into p_o from book lock in share mode", "after"),
    ("select id into p_o from book for update skip locked", "after"),
    ("select id into p_o from book use index (x)", "after"),
    ("select id into p_o from book partition (p0)", "after"),
    ("select id into p_o from json_table('[]', '$' columns (id int path '$')) as j", "no table `json_table`"),
    ("select id into @x from book", "variable with `@`"),
    ("select id into x from book", "no variable `x`"),
    ("select id, isbn into p_o from book", "2 columns go into 1"),
    ("select id into p_o from book union select id from book", "union"),
    ("select row_number() over () into p_o from book", "function `row_number`"),
    ("set p_o = (select sum(price) over () from book)", "after"),
    ("declare id int", "name of a column"),
    // The version and the key of a record.
    ("update book set status = 'lost', revision = revision where id = p_a", "is not counted up by 1"),
    ("update book set status = 'lost', revision = 0 where id = p_a", "is not counted up by 1"),
    ("update book set status = 'lost', revision = revision + 1 - 1 where id = p_a", "is not counted up by 1"),
    ("update book set status = 'lost', revision = revision + 1 * 0 where id = p_a", "is not counted up by 1"),
    ("update book set status = 'lost', revision = p_a + 1 where id = p_a", "is not counted up by 1"),
    (
        "insert into book (id, isbn, title) values (uuid(), 'a', 'b') on duplicate key update title = 'b', revision = \
         values(revision) + 1",
        "is not counted up by 1",
    ),
    ("update book set id = uuid(), revision = revision + 1 where id = p_a", "part of the key"),
    (
        "insert into book (id, isbn, title) values (uuid(), 'a', 'b') on duplicate key update id = uuid(), revision = \
         revision + 1",
        "part of the key",
    ),
    (
        "insert into book (id, isbn, title) values (uuid(), 'a', 'b') on duplicate key update id = values(id)",
        "write `id = id` if nothing should change",
    ),
    (
        "insert into book (id, isbn, title) values (uuid(), 'a', 'b') on duplicate key update id = id, title = 'c'",
        "not counted up",
    ),
    // What the server would take for a variable.
    (
        "for r in (select isbn from book) do set p_o = (select count(r.isbn) from book as r); end for",
        "called `r`, as a variable is",
    ),
    (
        "for r in (select isbn from book) do set p_o = (select count(r.x) from (select isbn as x from book) as r); end for",
        "called `r`, as a variable is",
    ),
    ("if p_a = 1 then end if", "no statement"),
    ("case when p_a = 1 then set p_o = 1; else end case", "no statement"),
    ("for r in (select isbn from book) do end for", "no statement"),
    ("declare book int", "name of a column or a table"),
    ("declare v int; declare v int", "declared twice"),
    ("declare v blob", "a type"),
    ("declare v varchar(60000)", "up to 4000"),
    ("declare v int; set v = v.x", "`v.x` is unknown"),
    ("set p_o = 1; declare v int", "beginning of a block"),
    ("for id in (select isbn from book) do set p_o = 1; end for", "name of a column"),
    ("for r in (select isbn from book) do set p_o = r.price; end for", "`r.price` is unknown"),
    ("for r in (select isbn from book) do set r = 1; end for", "cannot be set"),
    ("return 1", "`return`"),
    ("select id as p_a into p_o from book", "as a variable is"),
    ("select a.id into p_o from book as a join book as a on a.id = a.id", "two tables are called"),
    ("set p_o = abs(1, 2)", "2 arguments"),
    ("set p_o = now()", "function `now`"),
    ("set p_o = cast('1' as json)", "after"),
    ("set p_o = convert('1', char)", "function `convert`"),
    ("set p_o = values(id)", "function `values`|after"),
    ("set p_o = p_a collate utf8mb4_bin", "after"),
    ("set p_o = binary 'a'", "after|`binary`"),
    ("set p_o = default", "after"),
    ("set p_o = (1, 2)", "after"),
    ("set p_o =", "its end"),
    ("set", "its end"),
    ("if 1 then set p_o = 1;", "its end"),
    ("", "empty"),
    ("/* nothing */", "empty"),
    (";", "a statement"),
];

#[test]
fn no_hostile_body_passes_alone_or_among_good_statements() {
    let objects = Objects::of(&model("library.json"));
    let call = call("write", &Value::Null);
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (hostile, expected) in HOSTILE.iter().filter(|(_, expected)| !expected.is_empty()) {
        count += 1;
        match gate::body(hostile, &call, &objects) {
            Ok(passed) => wrong.push(format!("{hostile:?} passes as {}", passed.text)),
            Err(refused) => {
                if !expected
                    .split('|')
                    .any(|part| refused.message.contains(part) || refused.help.contains(part))
                {
                    wrong.push(format!("{hostile:?} is refused, {expected:?} was expected: {refused:?}"));
                }
                assert!(!refused.help.is_empty(), "{hostile}: no remedy");
            }
        }
        let is_declaration =
            hostile.starts_with("declare") || hostile.is_empty() || hostile.starts_with("/* nothing");
        for text in [
            format!("{GOOD}\n{hostile};"),
            format!("{hostile};\n{GOOD}"),
            format!("begin {GOOD} {hostile}; end"),
            format!("if p_a = 1 then {hostile}; {GOOD} end if;"),
            format!("for r in (select isbn from book) do {hostile}; end for;"),
        ] {
            if !is_declaration && let Ok(passed) = gate::body(&text, &call, &objects) {
                wrong.push(format!("{text:?} passes as {}", passed.text));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count > 200, "{count} bodies");
}

#[test]
fn what_the_call_promises_is_what_the_body_does() {
    let objects = Objects::of(&model("library.json"));
    let one = json!([{ "name": "id", "type": "uuid" }]);
    let refused = |call: &Call, text: &str| gate::body(text, call, &objects).unwrap_err().message;
    for text in [GOOD, "insert into book (id) values (1);", "select id into p_o from book for update;"] {
        assert!(refused(&call("read", &Value::Null), text).contains("read lane"), "{text}");
    }
    assert!(refused(&call("read", &one), "set p_o = 1;").contains("selects none"));
    assert!(refused(&call("read", &one), "select id, isbn from book;").contains("2 columns, but the call 1"));
    gate::body("select id from book where id = p_a;", &call("read", &one), &objects).unwrap();
}

/// A body that passes is written anew: with names in quotes, without comments, the same each time.
#[test]
fn a_good_body_is_written_anew() {
    let objects = Objects::of(&model("library.json"))
        .with_relation("Branch", ["id", "Name"])
        .with_procedure("audit", 1);
    let call = call("write", &Value::Null);
    for (given, expected) in [
        ("SET P_O = 1", "set `p_o` = 1;"),
        ("begin set p_o = 1; end;", "set `p_o` = 1;"),
        ("set p_o = 1 -- drop table\n, p_o = 2; # more\n/* less */", "set `p_o` = 1, `p_o` = 2;"),
        ("set p_o = - 1 * (p_a + 2)", "set `p_o` = - 1 * (`p_a` + 2);"),
        ("set p_o = 'it''s /*! not */ a comment; drop'", "set `p_o` = 'it''s /*! not */ a comment; drop';"),
        ("set p_o = Coalesce(p_a, 0) div 2 mod 3", "set `p_o` = coalesce(`p_a`, 0) div 2 mod 3;"),
        (
            "set p_o = date_add(utc_date(), interval p_a day)",
            "set `p_o` = date_add(utc_date(), interval `p_a` day);",
        ),
        (
            "set p_o = timestampdiff(day, utc_date(), utc_timestamp(6))",
            "set `p_o` = timestampdiff(day, utc_date(), utc_timestamp(6));",
        ),
        (
            "set p_o = case when p_a in (1, 2) then 1 else null end",
            "set `p_o` = case when `p_a` in (1, 2) then 1 else null end;",
        ),
        ("set p_o = cast(p_a as decimal(10, 2))", "set `p_o` = cast(`p_a` as decimal (10, 2));"),
        (
            "select count(*), max(name) into p_o, p_o from branch where Name is not null and name not like 'x%'",
            "select count(*), max(`name`) into `p_o`, `p_o` from `branch` where `name` is not null and `name` not like 'x%';",
        ),
        (
            "select b.id n into p_o from book b left join loan l on l.book = b.id where not exists (select 1 from reader where reader.id = l.reader) order by n desc limit 1",
            "select `b`.`id` as `n` into `p_o` from `book` as `b` left join `loan` as `l` on `l`.`book` = `b`.`id` where not exists (select 1 from `reader` where `reader`.`id` = `l`.`reader`) order by `n` desc limit 1;",
        ),
        (
            "declare v_n int default 0; for r in (select id as k, price from book) do set v_n = v_n + r.price; end for; set p_o = v_n",
            "declare `v_n` int default 0;\nfor `r` in (select `id` as `k`, `price` from `book`) do\n    set `v_n` = `v_n` + `r`.`price`;\nend for;\nset `p_o` = `v_n`;",
        ),
        (
            "if p_a = 1 then call audit(p_a); elseif p_a is null then signal sqlstate '45000' set message_text = 'no'; else begin declare v date; set p_o = v; end; end if",
            "if `p_a` = 1 then\n    call `audit` (`p_a`);\nelseif `p_a` is null then\n    signal sqlstate '45000' set message_text = 'no';\nelse\n    begin\n        declare `v` date;\n        set `p_o` = `v`;\n    end;\nend if;",
        ),
        (
            "insert into book (id, isbn, title) select id, isbn, title from book where id = p_a on duplicate key update title = values(title), revision = book.revision + 1",
            "insert into `book` (`id`, `isbn`, `title`) select `id`, `isbn`, `title` from `book` where `id` = `p_a` on duplicate key update `title` = values(`title`), `revision` = `book`.`revision` + 1;",
        ),
        // Inserts a record unless it exists.
        (
            "insert into book (id, isbn, title) values (p_a, 'a', 'b') on duplicate key update id = id",
            "insert into `book` (`id`, `isbn`, `title`) values (`p_a`, 'a', 'b') on duplicate key update `id` = `id`;",
        ),
        (
            "insert into book (id, isbn, title) select id, isbn, title from v_book on duplicate key update id = book.id",
            "insert into `book` (`id`, `isbn`, `title`) select `id`, `isbn`, `title` from `v_book` on duplicate key update `id` = `book`.`id`;",
        ),
        // The server takes a name before a dot for a table, even if a variable without columns has this name.
        (
            "declare b int default 0; select count(b.id) into b from book as b",
            "declare `b` int default 0;\nselect count(`b`.`id`) into `b` from `book` as `b`;",
        ),
        (
            "case p_a when 1 then delete from loan where id = p_a limit 1; else set p_o = 2; end case",
            "case `p_a` when 1 then\n    delete from `loan` where `id` = `p_a` limit 1;\nelse\n    set `p_o` = 2;\nend case;",
        ),
        (
            "select q.n into p_o from (select count(distinct isbn) as n from book group by status having count(*) > 1 union all select 1) as q",
            "select `q`.`n` into `p_o` from (select count(distinct `isbn`) as `n` from `book` group by `status` having count(*) > 1 union all select 1) as `q`;",
        ),
    ] {
        let passed =
            gate::body(given, &call, &objects).unwrap_or_else(|refused| panic!("{given}: {refused:?}"));
        assert_eq!(passed.text, expected, "{given}");
        let again = gate::body(&passed.text, &call, &objects)
            .unwrap_or_else(|refused| panic!("{expected}: {refused:?}"));
        assert_eq!(again, passed, "what was written anew is read as something else");
    }
}

/// Good bodies with any token removed, doubled or exchanged with another one pass or are refused. A body that passes is
/// read again as it was written.
#[test]
fn any_text_is_answered() {
    let objects = Objects::of(&model("library.json"));
    let call = call("write", &Value::Null);
    let good = "declare v_n int; select count(*) into v_n from book as b where b.id = p_a and exists (select 1 from loan where loan.book = b.id) for update; if v_n > 0 then update book set price = 1.5, revision = revision + 1 where id in (p_a, 'x''y'); end if; for r in (select isbn as i from book) do set p_o = r.i; end for;";
    let pieces: Vec<&str> = good.split(' ').collect();
    for index in 0..pieces.len() {
        for other in [
            "",
            ";",
            "(",
            ")",
            "'",
            "`",
            "end",
            "select",
            "drop",
            ",",
            "--",
            "/*!",
            "begin",
            "1",
            pieces[(index * 7) % pieces.len()],
        ] {
            let mut changed = pieces.clone();
            changed[index] = other;
            if let Ok(passed) = gate::body(&changed.join(" "), &call, &objects) {
                assert_eq!(gate::body(&passed.text, &call, &objects).unwrap().text, passed.text);
            }
        }
    }
    let nested = |open: &str, close: &str| format!("set p_o = {}1{}", open.repeat(3000), close.repeat(3000));
    for text in [
        nested("(", ")"),
        nested("(select ", ")"),
        nested("case when ", " then 1 end"),
        "begin ".repeat(3000),
        "if 1 = 1 then ".repeat(3000),
        format!("set p_o = {}1", "not ".repeat(4000)),
        format!("set p_o = 1{}", " + 1".repeat(4000)),
        "x".repeat(100_000),
        "'".repeat(19_999),
        format!("set p_o = {}", "1, ".repeat(4000)),
    ] {
        gate::body(&text, &call, &objects).unwrap_err();
    }
}

#[test]
fn no_hostile_pipeline_passes() {
    let objects = Objects::of(&model("sensors.json"));
    let pass = |lane: &str, text: &str| gate::pipeline(text, &call(lane, &Value::Null), &objects);
    for (text, expected) in [
        ("", "not JSON"),
        ("{}", "not a list"),
        ("[[]]", "not an object with one member"),
        ("[{}]", "not an object with one member"),
        (r#"[{"$match": {}, "$out": "x"}]"#, "not an object with one member"),
        (r#"[{"$match": {}, "$match": {}}]"#, "is written twice"),
        (r#"[{"$out": "reading"}]"#, "stage `$out`"),
        (r#"[{"$out": {"db": "admin", "coll": "x"}}]"#, "stage `$out`"),
        (r#"[{"$merge": {"into": {"db": "other", "coll": "reading"}}}]"#, "plain name"),
        (r#"[{"$merge": "system.users"}]"#, "no collection `system.users`"),
        (r#"[{"$merge": "v_reading"}]"#, "into a view"),
        (r#"[{"$merge": "reading"}, {"$match": {}}]"#, "before the end"),
        (r#"[{"$facet": {"a": [{"$merge": "reading"}]}}]"#, "before the end"),
        (r#"[{"$lookup": {"from": "users", "as": "x", "pipeline": []}}]"#, "no collection `users`"),
        (r#"[{"$lookup": {"from": {"db": "admin", "coll": "x"}, "as": "x"}}]"#, "plain name"),
        (r#"[{"$lookup": {"as": "x", "pipeline": []}}]"#, "names no collection"),
        (
            r#"[{"$lookup": {"from": "station", "as": "x", "pipeline": [{"$currentOp": {}}]}}]"#,
            "stage `$currentOp`",
        ),
        (r#"[{"$unionWith": "secrets"}]"#, "no collection `secrets`"),
        (r#"[{"$unionWith": {"coll": "station", "pipeline": [{"$unionWith": "x"}]}}]"#, "no collection `x`"),
        (r#"[{"$graphLookup": {"from": "station"}}]"#, "stage `$graphLookup`"),
        (r#"[{"$currentOp": {}}]"#, "stage `$currentOp`"),
        (r#"[{"$listSessions": {}}]"#, "stage `$listSessions`"),
        (r#"[{"$collStats": {}}]"#, "stage `$collStats`"),
        (r#"[{"$indexStats": {}}]"#, "stage `$indexStats`"),
        (r#"[{"$planCacheStats": {}}]"#, "stage `$planCacheStats`"),
        (r#"[{"$changeStream": {}}]"#, "stage `$changeStream`"),
        (r#"[{"$documents": []}]"#, "stage `$documents`"),
        (r#"[{"$redact": "$$KEEP"}]"#, "stage `$redact`"),
        (r#"[{"$matsch": {}}]"#, "did you mean `$match`"),
        (r#"[{"$match": {"$where": "sleep(1000)"}}]"#, "`$where`"),
        (r#"[{"$match": {"$expr": {"$function": {"body": "x", "args": [], "lang": "js"}}}}]"#, "`$function`"),
        (r#"[{"$group": {"_id": null, "x": {"$accumulator": {}}}}]"#, "`$accumulator`"),
        (r#"[{"$facet": {"a": [{"$match": {"$where": "1"}}]}}]"#, "`$where`"),
        (r#"[{"$match": {"$_internalX": 1}}]"#, "`$_internalX`"),
        (r#"[{"$set": {"a": "$$USER_ROLES.role"}}]"#, "`$$USER_ROLES"),
        (r#"[{"$set": {"a": ["$$CLUSTER_TIME"]}}]"#, "`$$CLUSTER_TIME"),
        (r#"[{"$merge": "station"}]"#, "not counted up"),
        (r#"[{"$merge": {"into": "station", "whenMatched": "merge"}}]"#, "not counted up"),
        (r#"[{"$merge": {"into": "station", "whenMatched": "replace"}}]"#, "not counted up"),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$set": {"kind": "rain"}}]}}]"#,
            "not counted up",
        ),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$set": {"revision": {"$add": ["$revision", 0]}}}]}}]"#,
            "not counted up",
        ),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$set": {"revision": {"$add": ["$revision", 1]}}}, {"$set": {"revision": 1}}]}}]"#,
            "not counted up",
        ),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$set": {"revision": 0}}, {"$set": {"revision": {"$add": ["$revision", 1]}}}]}}]"#,
            "not counted up",
        ),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$replaceWith": "$$new"}, {"$set": {"revision": {"$add": ["$revision", 1]}}}]}}]"#,
            "not counted up",
        ),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$unset": ["place", "revision"]}, {"$set": {"revision": {"$add": ["$revision", 1]}}}]}}]"#,
            "not counted up",
        ),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$set": {"revision": {"$add": ["$revision", 1]}}}, {"$set": {"revision": {"$add": ["$revision", 1]}}}]}}]"#,
            "not counted up",
        ),
        (
            r#"[{"$merge": {"into": "station", "whenMatched": [{"$set": {"revision": {"$add": ["$revision", 1]}}}, {"$addFields": {"revision.x": 1}}]}}]"#,
            "not counted up",
        ),
    ] {
        let refused = pass("write", text).unwrap_err();
        assert!(refused.message.contains(expected) || refused.help.contains(expected), "{text}: {refused:?}");
    }
    assert!(pass("read", r#"[{"$merge": "reading"}]"#).unwrap_err().message.contains("read lane"));
    pass("write", r#"[{"$merge": {"into": "reading"}}]"#).unwrap();
    pass("write", r#"[{"$merge": {"into": "station", "whenMatched": "keepExisting"}}]"#).unwrap();
    for stages in [
        r#"{"$set": {"kind": "rain", "revision": {"$add": ["$revision", 1]}}}"#,
        r#"{"$addFields": {"revision": {"$add": [1, "$revision"]}}}"#,
        r#"{"$set": {"revision": {"$add": ["$revision", 1]}}}, {"$unset": "place"}"#,
        r#"{"$unset": ["place", "kind"]}, {"$set": {"kind": "$$new.kind"}}, {"$set": {"revision": {"$add": ["$revision", 1]}}}"#,
    ] {
        let text = format!(r#"[{{"$merge": {{"into": "station", "whenMatched": [{stages}]}}}}]"#);
        pass("write", &text).unwrap();
    }
    pass(
        "read",
        r#"[{"$lookup": {"from": "station", "localField": "station", "foreignField": "_id", "as": "s"}}]"#,
    )
    .unwrap();
    let deep = format!(r#"[{}{{"$count": "x"}}{}]"#, r#"{"$facet": {"a": ["#.repeat(40), "]}}".repeat(40));
    pass("read", &deep).unwrap_err();
}
