use std::{env, fs, path::Path};

fn main() {
    let squares: Vec<String> = (0..10).map(|i| (i * i).to_string()).collect();
    let path = Path::new(&env::var("OUT_DIR").unwrap()).join("squares.rs");
    fs::write(path, format!("const SQUARES: [u32; 10] = [{}];\n", squares.join(", "))).unwrap();
    println!("cargo:rerun-if-changed=build.rs");
}
