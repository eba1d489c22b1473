//! Finds out for which rustc the library is built (`src/compat.rs` has the differences), and where its libraries are.

use std::env;
use std::process::Command;

/// The oldest rustc that the sources fit, by its minor version, and the newest; each has a `cfg` of its name.
const OLDEST: u32 = 99;
const NEWEST: u32 = 101;

/// What rustc prints.
fn rustc(option: &str) -> String {
    let out = Command::new(env::var_os("RUSTC").unwrap()).arg(option).output().expect("rustc runs");
    String::from_utf8(out.stdout).expect("rustc prints UTF-8")
}

fn main() {
    let text = rustc("-vV");
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").to_string();
    let release = line("release: ");
    let minor = release.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    println!("cargo:rustc-check-cfg=cfg(rustc_before_1_101)");
    if minor < NEWEST {
        println!("cargo:rustc-cfg=rustc_before_1_101");
    }
    if !(OLDEST..=NEWEST).contains(&minor) {
        println!("cargo:warning=rustc {release} is not one that this was written for: 1.{OLDEST} to 1.{NEWEST}");
    }
    // The library is loaded by this rustc alone, whose libraries it needs.
    println!("cargo:rustc-env=KILN_RUSTC_RELEASE={release}");
    println!("cargo:rustc-env=KILN_RUSTC_COMMIT={}", line("commit-hash: "));
    // rustc's libraries are linked with LLVM's, which without the component llvm-tools is only here.
    println!("cargo:rustc-link-search=native={}/lib", rustc("--print=sysroot").trim());
    println!("cargo:rerun-if-changed=build.rs");
}
