// Generic functions and types, traits with associated types, trait objects.
use std::ops::Add;

trait Animal {
    fn name(&self) -> String;
    fn legs(&self) -> u32 {
        4
    }
}

struct Dog {
    age: u8,
}
struct Bird;

impl Animal for Dog {
    fn name(&self) -> String {
        let text = format!("dog of {}", self.age);
        text
    }
}
impl Animal for Bird {
    fn name(&self) -> String {
        "bird".to_string()
    }
    fn legs(&self) -> u32 {
        2
    }
}

#[derive(Clone, Copy)]
struct Pair<T> {
    a: T,
    b: T,
}

impl<T: Add<Output = T> + Copy> Pair<T> {
    fn sum(&self) -> T {
        let total = self.a + self.b;
        total
    }
}

fn largest<T: PartialOrd + Copy>(items: &[T]) -> T {
    let mut most = items[0];
    let mut i = 1;
    while i < items.len() {
        if items[i] > most {
            most = items[i];
        }
        i += 1;
    }
    most
}

fn legs(animals: &[Box<dyn Animal>]) -> u32 {
    let mut n = 0;
    let mut i = 0;
    while i < animals.len() {
        let animal = &animals[i];
        n += animal.legs();
        i += 1;
    }
    n
}

fn main() {
    let ints = Pair { a: 1, b: 2 };
    let floats = Pair { a: 0.5, b: 0.25 };
    let x = ints.sum();
    let y = floats.sum();
    let most = largest(&[3, 9, 4]);
    let letter = largest(&['a', 'z']);
    let animals: Vec<Box<dyn Animal>> = vec![Box::new(Dog { age: 3 }), Box::new(Bird)];
    let n = legs(&animals);
    let name = animals[0].name();
    println!("{} {} {} {} {} {}", x, y, most, letter, n, name);
}
