fn main() {
    let boxed: Vec<Box<dyn Fn() -> i32>> = vec![Box::new(parts::three), Box::new(|| macros::five!())];
    let sum: i32 = boxed.iter().map(|f| f()).sum();
    let text = parts::more::text(parts::more::doubled(21));
    println!("{} {text} {sum} turn 0", env!("SEVEN"));
    assert!(std::panic::catch_unwind(|| -> i32 { panic!("caught") }).is_err());
}
#[test]
fn sums() {
    assert_eq!(parts::three() + macros::five!(), 8);
}
