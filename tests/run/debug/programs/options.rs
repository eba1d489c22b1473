// Option and Result: of references, numbers, strings; the question mark.
fn parse(text: &str) -> Result<i32, String> {
    let trimmed = text.trim();
    let number = match trimmed.parse::<i32>() {
        Ok(n) => n,
        Err(_) => return Err(format!("not a number: {}", trimmed)),
    };
    Ok(number)
}

fn add(a: &str, b: &str) -> Result<i32, String> {
    let x = parse(a)?;
    let y = parse(b)?;
    Ok(x + y)
}

fn first_even(numbers: &[i32]) -> Option<&i32> {
    let mut i = 0;
    while i < numbers.len() {
        let n = &numbers[i];
        if n % 2 == 0 {
            return Some(n);
        }
        i += 1;
    }
    None
}

fn main() {
    let good = add("1", " 41");
    let bad = add("1", "x");
    let even = first_even(&[3, 5, 8]);
    let none = first_even(&[3]);
    let boxed: Option<Box<u64>> = Some(Box::new(7));
    let small: Option<u8> = None;
    let nested: Option<Option<bool>> = Some(None);
    let value = boxed.map(|b| *b + 1).unwrap_or(0);
    println!("{:?} {:?} {:?} {:?} {} {:?} {:?}", good, bad, even, none, value, small, nested);
}
