#[test]
fn program() {
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_top")).output().unwrap();
    assert!(done.status.success());
    println!("the program printed {}", String::from_utf8(done.stdout).unwrap());
}
