use shapes::*;

#[test]
fn names() {
    assert_eq!((Circle::name(), Square::name()), ("Circle", "Square"));
}

#[test]
fn factorials() {
    assert_eq!(factorial(34), Some(295232799039604140847618609643520000000));
    assert_eq!(factorial(35), None);
}

#[test]
fn threads() {
    assert_eq!(in_threads(8), 28140);
}

#[test]
fn panics() {
    assert_eq!(checked(&[1, 2], 1), Ok(2));
    assert!(checked(&[1, 2], 5).unwrap_err().contains("index is 5"));
}

#[test]
fn counts() {
    assert_eq!(words("a b A")["a"], 2);
}
