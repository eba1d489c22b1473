// Closures: by reference, by value, boxed, as arguments and results; iterators with them.
fn apply<F: Fn(i32) -> i32>(f: F, x: i32) -> i32 {
    let y = f(x);
    y + 1
}

fn adder(n: i32) -> impl Fn(i32) -> i32 {
    move |m| {
        let sum = n + m;
        sum
    }
}

fn counter() -> Box<dyn FnMut() -> u32> {
    let mut count = 0;
    Box::new(move || {
        count += 1;
        count
    })
}

fn main() {
    let base = 10;
    let add = |x| x + base;
    let a = apply(add, 5);
    let b = adder(3)(4);
    let mut next = counter();
    next();
    let c = next();
    let mut log = Vec::new();
    let mut record = |x: i32| {
        log.push(x);
        log.len()
    };
    record(a);
    let d = record(b);
    let squares: Vec<i32> = log.iter().map(|x| x * x).filter(|x| x % 2 == 0).collect();
    println!("{} {} {} {} {:?}", a, b, c, d, squares);
}
