//! The page that says which operations there are, `docs/compatibility.md`: written from the operation tables, so that it
//! cannot say anything else.

use std::fmt::Write as _;

use crate::api::tables;
use crate::operation::Table;
use crate::s3;
use crate::shape::Protocol;

const HEAD: &str = "# Compatibility

What of the AWS APIs is here. This page is written from the operation tables
(`NOUGHT_WRITE=1 cargo test -p aws compatibility`) and a test compares it with them. An operation that is not here is
refused with its protocol's own error; it never answers success. Services without a section are refused as unknown.
";

fn page() -> String {
    tables().into_iter().fold(HEAD.to_owned(), |page, table| page + &section(table)) + &s3_section()
}

/// S3's table has rows of its own form.
fn s3_section() -> String {
    let mut section = "\n## `s3`\n\n| operation | IAM action |\n|---|---|\n".to_owned();
    for row in s3::table::ROWS.iter().filter(|row| row.here) {
        let of_version = row.of_version.map(|action| format!(", `{action}`")).unwrap_or_default();
        writeln!(section, "| {} | `{}`{of_version} |", row.name, row.action).expect("a String takes every write");
    }
    let others: Vec<&str> = s3::table::ROWS.iter().filter(|row| !row.here).map(|row| row.name).collect();
    writeln!(section, "\nNot here: {}.", others.join(", ")).expect("a String takes every write");
    section
}

fn section(table: &Table) -> String {
    let of_scope = tables().into_iter().filter(|other| other.scope == table.scope).count();
    let target = match table.service.protocol {
        Protocol::Json { target, .. } if of_scope > 1 => format!(", target `{target}`"),
        _ => String::new(),
    };
    let mut section = format!("\n## `{}`{target}\n\n| operation | IAM action |\n|---|---|\n", table.scope);
    for row in &table.rows {
        writeln!(section, "| {} | `{}` |", row.described.name, row.action).expect("a String takes every write");
    }
    let others: Vec<&str> = table.service.others.iter().map(|other| other.name).collect();
    if !others.is_empty() {
        writeln!(section, "\nNot here: {}.", others.join(", ")).expect("a String takes every write");
    }
    section
}

#[test]
fn the_page_says_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/compatibility.md");
    if std::env::var_os("NOUGHT_WRITE").is_some() {
        std::fs::write(path, page()).expect("the page can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, page(), "write it again: NOUGHT_WRITE=1 cargo test -p aws compatibility");
}
