//! The programs of the examples, by their code in memory and by objects that the system's compiler links.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// The folder of this package.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn example(name: &str) -> PathBuf {
    // Cargo builds examples before tests run, in the folder beside that of the tests.
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("examples").join(name)
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let out = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

/// A folder for objects, empty at first.
fn folder() -> PathBuf {
    static MADE: Once = Once::new();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    MADE.call_once(|| {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
    });
    folder
}

/// What the program prints, in both ways.
fn check(name: &str, options: &[&str], source: &str, expected: &str) {
    let source = Path::new(HERE).join("examples").join(name).join(source);
    assert_eq!(output(Command::new(example(name)).arg(&source)), (Some(0), expected.into(), "".into()));
    let object = folder().join(format!("{name}.o"));
    let program = folder().join(name);
    let mut compile = Command::new(example(name));
    assert_eq!(output(compile.args(options).arg("-o").arg(&object).arg(&source)).0, Some(0));
    assert_eq!(output(Command::new("cc").arg(&object).arg("-o").arg(&program)), (Some(0), "".into(), "".into()));
    assert_eq!(output(&mut Command::new(&program)), (Some(0), expected.into(), "".into()));
}

#[test]
fn brainfuck() {
    check("brainfuck", &[], "hi.bf", "Hi\n");
}

#[test]
fn toy() {
    let primes = "2\n3\n5\n7\n11\n13\n17\n19\n23\n29\n";
    check("toy", &["-g"], "primes.toy", &format!("{primes}21\n6765\n"));
}

#[test]
fn toy_debug() {
    let source = Path::new(HERE).join("examples/toy/primes.toy");
    let object = folder().join("debug.o");
    assert_eq!(output(Command::new(example("toy")).args(["-g", "-o"]).arg(&object).arg(source)).0, Some(0));
    let (_, dwarf, _) = output(Command::new("readelf").arg("--debug-dump=info,decodedline").arg(&object));
    for wanted in ["DW_TAG_subprogram", "DW_TAG_formal_parameter", ": gcd", ": number", "primes.toy"] {
        assert!(dwarf.contains(wanted), "{wanted}");
    }
    let gcd = include_str!("../examples/toy/primes.toy").lines().position(|l| l.contains("let t =")).unwrap() + 1;
    assert!(dwarf.lines().any(|l| l.split_whitespace().nth(1) == Some(&gcd.to_string())), "no line {gcd}");
}

#[test]
fn errors_have_a_place() {
    let file = folder().join("wrong.toy");
    std::fs::write(&file, "fn main() {\n    return x;\n}\n").unwrap();
    let (status, _, error) = output(Command::new(example("toy")).arg(&file));
    assert_eq!((status, &*error), (Some(1), "toy: line 2: there is no variable x\n"));
}
