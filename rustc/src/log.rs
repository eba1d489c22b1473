//! A line for each unit, in the file that `$KILN_LOG` names: what Kiln compiled, or why LLVM did.

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;

/// Appends a line, at once, since other processes write to the file, too. A log that cannot be written is no error.
fn line(text: &str) {
    let Some(path) = env::var_os("KILN_LOG") else { return };
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) {
        let _ = file.write_all(text.as_bytes());
    }
}

/// A unit that Kiln compiled.
pub fn by_kiln(unit: &str, (functions, instructions): (u64, u64)) {
    line(&format!("{unit}: {functions} functions, {instructions} instructions\n"));
}

/// A unit that is left to LLVM.
pub fn by_llvm(krate: impl Display, unit: &str, why: &str) {
    line(&format!("{krate}: {unit}: compiled by LLVM: {why}\n"));
}
