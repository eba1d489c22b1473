// Enums of all layouts, matched by value and by reference.
#[derive(Clone, Debug)]
enum Shape {
    Point,
    Circle { radius: f64 },
    Rect(u32, u32),
    Named(String),
}

#[derive(Clone, Copy, PartialEq)]
enum Level {
    Low = 1,
    High = 200,
}

fn area(shape: &Shape) -> f64 {
    match shape {
        Shape::Point => 0.0,
        Shape::Circle { radius } => {
            let square = radius * radius;
            square * 3.25
        }
        Shape::Rect(w, h) => {
            let (w, h) = (*w as f64, *h as f64);
            w * h
        }
        Shape::Named(name) => name.len() as f64,
    }
}

fn weight(level: Level) -> u32 {
    let base = if level == Level::High { 10 } else { 1 };
    base * level as u32
}

fn main() {
    let shapes = [Shape::Point, Shape::Circle { radius: 2.0 }, Shape::Rect(3, 4), Shape::Named("four".to_string())];
    let mut sum = 0.0;
    let mut i = 0;
    while i < shapes.len() {
        let one = area(&shapes[i]);
        sum += one;
        i += 1;
    }
    let level = Level::High;
    let low = weight(Level::Low);
    let high = weight(level);
    println!("{} {} {}", sum, low, high);
}
