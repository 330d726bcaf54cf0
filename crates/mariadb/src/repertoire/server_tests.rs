//! How the server converts every byte of its character sets.

use beds_devstack::Stack;

use super::*;

#[test]
fn every_text_of_a_whole_set_comes_back() {
    let stack = Stack::builder().ignore_environment().mariadb().start().unwrap();
    stack.mariadb_query(None, "create database bytes").unwrap();
    let ask = |sql: &str| stack.mariadb_query(Some("bytes"), sql).unwrap();
    let sets = ask("select character_set_name, maxlen from information_schema.character_sets");
    let sets: Vec<(&str, &str)> = sets.lines().map(|line| line.split_once('\t').unwrap()).collect();
    assert!(sets.len() > 30, "{sets:?}");
    for (set, bytes) in sets {
        if bytes != "1" {
            // Sets of several bytes have codes without a character, except Unicode's own sets.
            assert_eq!(is_whole(set), set.starts_with("utf") || set == "ucs2", "{set}");
            continue;
        }
        let differing = ask(&format!(
            "set sql_mode = ''; select count(*) from (select convert(unhex(lpad(hex(seq), 2, '0')) using {set}) as c \
             from seq_0_to_255) as every where convert(c using binary) \
             <> convert(convert(convert(c using utf8mb4) using {set}) using binary)"
        ));
        assert_eq!(is_whole(set), set == "binary" || differing.trim() == "0", "{set}: {differing}");
    }
}
