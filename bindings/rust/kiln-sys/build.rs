//! Makes the bindings, and compiles libkiln unless `KILN_LIBRARY` names a folder that has it; its headers are then in
//! `KILN_INCLUDE`, or beside the sources. Crates that depend on this one get the folder of the headers as
//! `DEP_KILN_INCLUDE`.

#[path = "build/bindings.rs"]
mod bindings;
#[path = "build/tokens.rs"]
mod tokens;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folders of the library's sources; those within them that belong to checking builds alone, by their last name, and
/// to the feature `text`.
const SOURCES: [&str; 5] = ["base", "ir", "lib", "runtime", "targets"];
const CHECKS: &str = "check";
const TEXT: &str = "ir/text";
/// Those of the feature `llvm`. Where libkiln-llvm is, in the source tree and in a build folder.
const LLVM_SOURCES: [&str; 2] = ["assembler", LLVM];
const LLVM: &str = "frontends/llvm";
/// Headers of the assembler.
const DWARF: &str = "dwarf";

fn main() {
    // Links to the folders of the source tree; in a package, copies of them.
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("libkiln");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let llvm = env::var_os("CARGO_FEATURE_LLVM").is_some();
    let text_form = env::var_os("CARGO_FEATURE_TEXT").is_some();
    let include = env::var_os("KILN_INCLUDE").map_or_else(|| root.join("include"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", include.display());
    println!("cargo::rerun-if-env-changed=KILN_LIBRARY");
    println!("cargo::rerun-if-env-changed=KILN_INCLUDE");
    println!("cargo::metadata=include={}", include.display());

    let header = out.join("kiln_all.h");
    let more = if llvm { "#include <kiln/as.h>\n#include <kiln/llvm_asm.h>\n" } else { "" };
    fs::write(&header, format!("#include <kiln/kiln.h>\n{more}")).unwrap();
    let text = cc::Build::new().include(&include).file(&header).expand();
    let text = String::from_utf8(text).expect("headers are UTF-8");
    fs::write(out.join("bindings.rs"), bindings::make(&tokens::of_headers(&text))).unwrap();

    match env::var_os("KILN_LIBRARY") {
        Some(folder) => link(&PathBuf::from(folder), llvm, text_form),
        None => compile(&root, &include, llvm, text_form),
    }
}

/// Has the libraries in `folder` linked.
fn link(folder: &Path, llvm: bool, text_form: bool) {
    // Installed ones are together; in a build folder two are in folders of their own.
    let others: &[_] = if llvm { &[("kiln-llvm", LLVM), ("kiln-as", "assembler")] } else { &[] };
    let text: &[_] = if text_form { &[("kiln-text", ".")] } else { &[] };
    for (library, own) in others.iter().chain(text).chain(&[("kiln", ".")]) {
        for folder in [folder, &folder.join(own)] {
            let file = folder.join(format!("lib{library}.a"));
            if file.exists() {
                println!("cargo::rerun-if-changed={}", file.display());
                println!("cargo::rustc-link-search=native={}", folder.display());
            }
        }
        println!("cargo::rustc-link-lib=static={library}");
    }
}

/// Compiles the sources below `root` to one library.
fn compile(root: &Path, include: &Path, llvm: bool, text_form: bool) {
    let mut files = Vec::new();
    for folder in SOURCES.iter().chain(if llvm { &LLVM_SOURCES[..] } else { &[] }) {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        list(&root.join(folder), text_form, &mut files);
    }
    println!("cargo::rerun-if-changed={}", root.join(DWARF).display());
    files.sort();
    cc::Build::new()
        .std("gnu11")
        .opt_level(3)
        .define("NDEBUG", None)
        .flag("-fvisibility=hidden")
        .include(include)
        .include(root)
        .include(root.join(LLVM))
        .include(root.join(DWARF))
        .files(files)
        .compile("kiln");
}

/// Adds the C sources in `folder` and below it; those of the text form only if that is wanted.
fn list(folder: &Path, text_form: bool, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| {
        panic!("{}: {e}; set KILN_LIBRARY to the folder of an installed libkiln.a", folder.display())
    });
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with(CHECKS) && (text_form || !path.ends_with(TEXT)) {
                list(&path, text_form, files);
            }
        } else if path.extension().is_some_and(|e| e == "c") && !is_of_another_system(&path) {
            files.push(path);
        }
    }
}

/// Is the source one of those that are for Windows alone, or for the others?
fn is_of_another_system(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "windows") {
        name.ends_with("_linux.c") || ["frames_dwarf.c", "cfi.c", "host.c", "throw.c"].contains(&&*name)
    } else {
        name == "windows.c" || name.ends_with("_windows.c")
    }
}
