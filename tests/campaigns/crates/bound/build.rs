use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=shapes.hpp");
    let out = Path::new(&std::env::var("OUT_DIR").unwrap()).join("shapes.rs");
    let header = bindgen::Builder::default().header("shapes.hpp").clang_args(["-x", "c++"]);
    let bindings = header.allowlist_item("shapes.*").generate().unwrap();
    bindings.write_to_file(out).unwrap();
    cc::Build::new().cpp(true).file("shapes.cpp").compile("shapes");
}
