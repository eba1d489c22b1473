//! Finds out for which rustc the library is built (`src/compat.rs` has the differences), and where its libraries are;
//! makes the bindings of Kiln's headers, and links Kiln's libraries. No other crate is needed.

#[path = "kiln-sys/build/bindings.rs"]
mod bindings;
#[path = "kiln-sys/build/tokens.rs"]
mod tokens;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The oldest rustc that the sources fit, by its minor version, and the newest. Each of those in `CHANGES` has a `cfg`:
/// it is older than that.
const OLDEST: u32 = 98;
const NEWEST: u32 = 101;
const CHANGES: [u32; 3] = [99, 100, 101];

/// Of the source tree.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn output(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
    assert!(out.status.success(), "{}: {}", command.get_program().display(), String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("the output is UTF-8")
}

/// What rustc prints.
fn rustc(option: &str) -> String {
    output(Command::new(env::var_os("RUSTC").unwrap()).arg(option))
}

/// A folder that a variable names, or one of the source tree.
fn folder(variable: &str, own: &str) -> PathBuf {
    println!("cargo::rerun-if-env-changed={variable}");
    env::var_os(variable).map_or_else(|| Path::new(ROOT).join(own), PathBuf::from)
}

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let sysroot = rustc("--print=sysroot");
    let sysroot = sysroot.trim();
    version();
    // rustc's libraries are linked with LLVM's, which without the component llvm-tools is only here.
    println!("cargo::rustc-link-search=native={sysroot}/lib");
    // The driver finds the library beside it, and rustc's libraries where kiln-rustc says, by LD_LIBRARY_PATH, or here.
    println!("cargo::rustc-link-arg-bins=-Wl,--enable-new-dtags,-rpath,$ORIGIN,-rpath,{sysroot}/lib");
    println!("cargo::rerun-if-changed=build.rs");
    make_bindings(&out);
    link();
    take_signal_handler(Path::new(sysroot), &out);
}

fn version() {
    let text = rustc("-vV");
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").to_string();
    let release = line("release: ");
    let minor = release.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
    for change in CHANGES {
        println!("cargo::rustc-check-cfg=cfg(rustc_before_1_{change})");
        if minor < change {
            println!("cargo::rustc-cfg=rustc_before_1_{change}");
        }
    }
    if !(OLDEST..=NEWEST).contains(&minor) {
        println!("cargo::warning=rustc {release} is not one that this was written for: 1.{OLDEST} to 1.{NEWEST}");
    }
    // The library is loaded by this rustc alone, whose libraries it needs.
    println!("cargo::rustc-env=KILN_RUSTC_RELEASE={release}");
    println!("cargo::rustc-env=KILN_RUSTC_COMMIT={}", line("commit-hash: "));
}

/// Generates the bindings from the headers, as the C compiler reads them.
fn make_bindings(out: &Path) {
    let include = folder("KILN_INCLUDE", "include");
    println!("cargo::rerun-if-changed={}", include.display());
    let header = out.join("kiln_all.h");
    fs::write(&header, "#include <kiln/kiln.h>\n#include <kiln/as.h>\n#include <kiln/llvm_asm.h>\n").unwrap();
    let compiler = env::var_os("CC").filter(|name| !name.is_empty()).unwrap_or_else(|| "cc".into());
    let text = output(Command::new(compiler).arg("-E").arg("-I").arg(include).arg(header));
    fs::write(out.join("bindings.rs"), bindings::make(&tokens::of_headers(&text))).unwrap();
}

/// Installed libraries are together; in a build folder, two are in folders of their own.
fn link() {
    let libraries = folder("KILN_LIBRARY", "build");
    for (library, own) in [("kiln-llvm", "frontends/llvm"), ("kiln-as", "assembler"), ("kiln", ".")] {
        for folder in [libraries.clone(), libraries.join(own)] {
            let file = folder.join(format!("lib{library}.a"));
            if file.exists() {
                println!("cargo::rerun-if-changed={}", file.display());
                println!("cargo::rustc-link-search=native={}", folder.display());
            }
        }
        println!("cargo::rustc-link-lib=static={library}");
    }
}

/// The module of rustc's driver that handles crashes, which is not public, for the driver here.
fn take_signal_handler(sysroot: &Path, out: &Path) {
    let path = sysroot.join("lib/rustlib/rustc-src/rust/compiler/rustc_driver_impl/src/signal_handler.rs");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let text: String = text.split_inclusive('\n').filter(|line| !line.starts_with("//!")).collect();
    fs::write(out.join("signal_handler.rs"), format!("use crate::libc;\n{text}")).unwrap();
}
