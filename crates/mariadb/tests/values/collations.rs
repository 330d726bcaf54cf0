//! The collations of the server: each order gives each record once, and a prefix finds what the server finds without an
//! index. `cargo test -p beds-mariadb --test values -- --ignored` does so with all of them, which takes some minutes.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use crate::{domains::COLLATED, site::Site};

/// Those that are most used, and those that sort or find in a way of their own.
const USUAL: [&str; 24] = [
    "utf8mb4_general_ci",
    "utf8mb4_unicode_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb4_uca1400_ai_ci",
    "utf8mb4_uca1400_as_cs",
    "latin1_swedish_ci",
    "utf8mb4_bin",
    "utf8mb3_bin",
    "latin1_bin",
    "sjis_bin",
    "utf16_bin",
    "utf8mb4_danish_ci",
    "utf8mb4_croatian_ci",
    "utf8mb4_uca1400_czech_as_ci",
    "utf8mb4_uca1400_nopad_as_cs",
    "utf8mb4_thai_520_w2",
    "latin7_general_ci",
    "latin7_general_cs",
    "latin7_estonian_cs",
    "tis620_thai_ci",
    "latin2_czech_cs",
    "big5_chinese_ci",
    "latin1_nopad_bin",
    "cp1250_general_nopad_ci",
];

/// Beginnings of texts: letters that count as one in some collation, letters in any case.
const PREFIXES: [&str; 18] =
    ["a", "A", "aa", "aA", "AA", "ch", "cH", "CH", "lJ", "nl", "é", "เ", "ເ", "я", "~", "a ", "l", "dž"];

/// What comes after them.
const ENDS: [&str; 9] = ["", "\\n", "\\0", "a", "Z", "ก", "·", "😀", "\u{fffd}"];

/// The collations of the server, with their character sets.
async fn collations(site: &Site) -> Vec<(String, String)> {
    let sql = "select distinct character_set_name, full_collation_name \
               from information_schema.collation_character_set_applicability \
               where character_set_name not in ('binary', 'filename') order by full_collation_name";
    let rows = site.sql(sql).await;
    let pair =
        |line: &str| line.split_once('\t').map(|(set, name)| (set.to_owned(), name.to_owned())).unwrap();
    rows.lines().map(pair).collect()
}

/// Makes the table anew, with texts of this collation.
async fn fill(site: &Site, set: &str, collation: &str, ty: &str) {
    let texts: Vec<String> = PREFIXES
        .iter()
        .flat_map(|prefix| ENDS.map(|end| format!("(_utf8mb4 '{prefix}{end}')")))
        .chain(["", "bCc", "bEc", "b", "c", "0"].map(|text| format!("('{text}')")))
        .collect();
    let texts = texts.join(", ");
    site.sql(&format!(
        "set names utf8mb4; set sql_mode = ''; drop table if exists collated; \
         create table collated (id int auto_increment primary key, k {ty}(6) character set {set} collate {collation}, \
         key (k)); \
         insert into collated (k) with texts (t) as (values {texts}) select convert(t using {set}) from texts \
         where t not like '%\u{fffd}%' or '{set}' regexp '^(utf|ucs)'; \
         insert into collated (k) values (null); \
         insert into collated (k) select convert(unhex(concat(start, hex(seq), end)) using {set}) from seq_128_to_255, \
         (select '62' as start, '63' as end union select '63', '') as around, information_schema.character_sets \
         where character_set_name = '{set}' and maxlen = 1; analyze table collated"
    ))
    .await;
}

/// How many texts begin with each prefix.
async fn beginning(site: &Site, set: &str, collation: &str) -> Vec<u64> {
    let counts = PREFIXES.map(|prefix| {
        format!(
            "select if(convert(convert('{prefix}' using {set}) using utf8mb4) collate utf8mb4_bin = '{prefix}', \
             (select count(*) from collated ignore index (k) \
             where k like convert('{prefix}%' using {set}) collate {collation}), 0)"
        )
    });
    let rows = site.sql(&format!("set names utf8mb4; {}", counts.join(" union all "))).await;
    rows.lines().map(|count| count.parse().unwrap()).collect()
}

/// What is wrong with a collation.
async fn wrong(set: &str, collation: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for ty in ["varchar", "char"] {
        // Another site does not know the column of before.
        let site = Site::new("collated").await;
        fill(&site, set, collation, ty).await;
        let all: HashSet<i64> =
            site.sql("select id from collated").await.lines().map(|id| id.parse().unwrap()).collect();
        for sort in ["k", "-k"] {
            let walked =
                site.walk(&COLLATED, json!({"sort": [sort], "fields": ["id"]}), 5, "id").await.concat();
            let ids: HashSet<i64> = walked.iter().filter_map(Json::as_i64).collect();
            if walked.len() != all.len() || ids != all {
                wrong.push(format!(
                    "{collation} {ty} {sort}: {} of {} records, {}",
                    ids.len(),
                    all.len(),
                    walked.len()
                ));
            }
        }
        for (prefix, expected) in PREFIXES.iter().zip(beginning(&site, set, collation).await) {
            let found = site.ask(&COLLATED, "count", json!({"where": {"k": {"prefix": prefix}}})).await;
            if found["count"] != expected {
                wrong.push(format!("{collation} {ty} {prefix:?}: {found} of {expected}"));
            }
        }
    }
    wrong
}

async fn hold(is_asked: impl Fn(&str) -> bool) -> usize {
    let site = Site::new("collated").await;
    let mut all = Vec::new();
    let mut asked = 0;
    for (set, collation) in collations(&site).await {
        if is_asked(&collation) {
            asked += 1;
            all.extend(wrong(&set, &collation).await);
        }
    }
    assert!(all.is_empty(), "{} wrong\n{}", all.len(), all.join("\n"));
    asked
}

#[tokio::test]
async fn usual_collations_lose_no_record() {
    // Older servers do not know them all.
    let asked = hold(|name| USUAL.contains(&name)).await;
    assert!(asked > USUAL.len() / 2, "{asked}");
}

#[tokio::test]
#[ignore = "takes some minutes"]
async fn no_collation_loses_a_record() {
    // The server refuses pages of texts in `swe7`, which lacks some of ASCII.
    let asked = hold(|name| !name.starts_with("swe7")).await;
    assert!(asked > 200, "{asked}");
}

#[tokio::test]
async fn accents_and_case_decide_in_wide_columns() {
    let site = Site::new("wide").await;
    for collation in ["uca1400_as_cs", "uca1400_as_ci", "uca1400_ai_cs", "thai_520_w2"] {
        site.sql(&format!(
            "set names utf8mb4; create or replace table collated (id int auto_increment primary key, \
             k varchar(500) character set utf8mb4 collate utf8mb4_{collation}, key (k)); \
             insert into collated (k) with a (t) as (values ('a'), ('A'), ('á'), ('Á'), ('à'), ('b')), \
             b (t) as (values (''), ('e'), ('É'), ('é'), (' ')), c (t) as (values (''), ('z'), ('Z')) \
             select concat(a.t, b.t, c.t) from a, b, c"
        ))
        .await;
        for sort in ["k", "-k"] {
            let body = json!({"sort": [sort], "fields": ["id"]});
            let walked = site.walk(&COLLATED, body, 2, "id").await.concat();
            let ids: HashSet<i64> = walked.iter().filter_map(Json::as_i64).collect();
            assert_eq!((ids.len(), walked.len()), (90, 90), "{collation} {sort}");
        }
    }
}

#[tokio::test]
async fn prefixes_use_indexes() {
    for collation in &USUAL[..9] {
        let set = collation.split('_').next().unwrap();
        let site = Site::new("prefixed").await;
        site.sql(&format!(
            "set global userstat = 1; create or replace table collated (id int primary key, \
             k varchar(20) character set {set} collate {collation}, key (k)); \
             insert into collated select seq, concat('v', seq) from seq_1_to_5000; analyze table collated"
        ))
        .await;
        let read = "select coalesce(sum(rows_read), 0) from information_schema.table_statistics \
                    where table_schema = 'prefixed' and table_name = 'collated'";
        let before: u64 = site.sql(read).await.trim().parse().unwrap();
        let found = site.ask(&COLLATED, "count", json!({"where": {"k": {"prefix": "v48"}}})).await;
        assert_eq!(found["count"], 111, "{collation}: {found}");
        let rows = site.sql(read).await.trim().parse::<u64>().unwrap() - before;
        assert!((1..500).contains(&rows), "{collation}: {rows} rows");
    }
}
