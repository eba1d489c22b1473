//! A line for each unit, in the file that `$KILN_LOG` names: what Kiln compiled, or why LLVM did; and one for the file of
//! costs, `$KILN_STATS` (`tools/stats.c` reads it).

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use crate::fallback;
use crate::module::Object;

/// Appends a line, at once, since other processes write to the file, too. A log that cannot be written is no error.
fn line(variable: &str, text: &str) {
    let Some(path) = fallback::variable(variable).filter(|path| path != "1" && !path.is_empty()) else { return };
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) {
        let _ = file.write_all(text.as_bytes());
    }
}

#[repr(C)]
struct TimeSpec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut TimeSpec) -> i32;
}

/// `CLOCK_THREAD_CPUTIME_ID` of Linux.
const CLOCK_OF_THREAD: i32 = 3;

/// The processor time of this thread.
pub fn cpu_time() -> Duration {
    let mut time = TimeSpec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the structure is that of 64-bit Linux.
    unsafe { clock_gettime(CLOCK_OF_THREAD, &mut time) };
    Duration::new(time.seconds as u64, time.nanoseconds as u32)
}

/// A line for the file of costs. If the shim is loaded, it writes the line when rustc has succeeded.
fn count(text: &str) {
    match fallback::shim_function(c"kiln_shim_count") {
        Some(count) => count(text),
        None => line("KILN_STATS", text),
    }
}

/// A unit that Kiln compiled, and the processor time that it took to build and write it.
pub fn by_kiln(unit: &str, object: &Object) {
    let Object { functions, instructions, time, .. } = object;
    line("KILN_LOG", &format!("{unit}: {functions} functions, {instructions} instructions\n"));
    // No bitcode is written: its column is 0.
    count(&format!("unit\trustc\t0\t{}\t{instructions}\t{unit}\n", time.as_nanos()));
}

/// A unit that Kiln failed to build, and that LLVM compiles.
pub fn failed(krate: impl Display, unit: &str, why: &str) {
    line("KILN_LOG", &format!("{krate}: {unit}: compiled by LLVM: {why}\n"));
}

/// What LLVM made of it, where the shim does not say so.
pub fn by_llvm(unit: &str, why: &str, time: Duration) {
    count(&format!("unit\tllvm\t0\t{}\t0\t{unit}\t{why}\n", time.as_nanos()));
}

/// A unit that is left to LLVM; where the shim is loaded, it takes LLVM's bitcode, and logs what becomes of it.
pub fn left(krate: impl Display, unit: &str, why: &str) {
    let shim = fallback::shim_function(c"kiln_shim_count").is_some();
    let way = if shim { "left to the shim" } else { "compiled by LLVM" };
    line("KILN_LOG", &format!("{krate}: {unit}: {way}: {why}\n"));
}
