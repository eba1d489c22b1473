//! Makes the bindings, and compiles libkiln unless `KILN_LIBRARY` names a folder that has it; its headers are then in
//! `KILN_INCLUDE`, or in the source tree.

#[path = "build/bindings.rs"]
mod bindings;
#[path = "build/tokens.rs"]
mod tokens;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folders of the library's sources, and the subfolders that belong to checking builds alone.
const SOURCES: [&str; 7] = ["ir", "lib", "targets", "helpers", "jit", "assembler", LLVM];
const CHECKS: &str = "check";
/// Where libkiln-llvm is, in the source tree and in a build folder.
const LLVM: &str = "frontends/llvm";

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../..");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let include = env::var_os("KILN_INCLUDE").map_or_else(|| root.join("include"), PathBuf::from);
    println!("cargo:rerun-if-changed={}", include.display());
    println!("cargo:rerun-if-env-changed=KILN_LIBRARY");
    println!("cargo:rerun-if-env-changed=KILN_INCLUDE");

    let header = out.join("kiln_all.h");
    fs::write(&header, "#include <kiln/kiln.h>\n#include <kiln/as.h>\n#include <kiln/llvm_asm.h>\n").unwrap();
    let text = cc::Build::new().include(&include).file(&header).expand();
    let text = String::from_utf8(text).expect("headers are UTF-8");
    fs::write(out.join("bindings.rs"), bindings::make(&tokens::of_headers(&text))).unwrap();

    if let Some(folder) = env::var_os("KILN_LIBRARY") {
        let folder = PathBuf::from(folder);
        // Installed ones are together; in a build folder two are in folders of their own.
        for (library, own) in [("kiln-llvm", LLVM), ("kiln-as", "assembler"), ("kiln", ".")] {
            for folder in [&folder, &folder.join(own)] {
                let file = folder.join(format!("lib{library}.a"));
                if file.exists() {
                    println!("cargo:rerun-if-changed={}", file.display());
                    println!("cargo:rustc-link-search=native={}", folder.display());
                }
            }
            println!("cargo:rustc-link-lib=static={library}");
        }
        return;
    }
    let mut files = Vec::new();
    for folder in SOURCES {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
        list(&root.join(folder), &mut files);
    }
    files.sort();
    cc::Build::new()
        .std("gnu11")
        .opt_level(3)
        .define("NDEBUG", None)
        .flag("-fvisibility=hidden")
        .include(&include)
        .include(&root)
        .include(root.join(LLVM))
        .files(files)
        .compile("kiln");
}

/// Adds the C sources in `folder` and below it.
fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with(CHECKS) {
                list(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "c") {
            files.push(path);
        }
    }
}
