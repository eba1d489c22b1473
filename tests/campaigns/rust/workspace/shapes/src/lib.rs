//! Traits, generics, closures, panics, threads, wide integers, floats.
use derive::Name;
use std::collections::{BTreeMap, HashMap};
use std::sync::{mpsc, Arc, Mutex};

pub trait Shape {
    fn area(&self) -> f64;
    fn describe(&self) -> String {
        format!("{:.3}", self.area())
    }
}

#[derive(Name, Clone, Debug, PartialEq)]
pub struct Circle {
    pub radius: f64,
}

#[derive(Name, Clone, Debug, PartialEq)]
pub struct Square {
    pub side: f32,
}

impl Shape for Circle {
    fn area(&self) -> f64 {
        std::f64::consts::PI * self.radius * self.radius
    }
}

impl Shape for Square {
    fn area(&self) -> f64 {
        f64::from(self.side) * f64::from(self.side)
    }
    fn describe(&self) -> String {
        format!("square of {}", self.side)
    }
}

pub fn total(shapes: &[Box<dyn Shape>]) -> f64 {
    shapes.iter().map(|s| s.area()).sum()
}

pub fn words(text: &str) -> BTreeMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

pub fn factorial(n: u32) -> Option<u128> {
    (1..=u128::from(n)).try_fold(1u128, |product, k| product.checked_mul(k))
}

pub fn in_threads(n: u64) -> u64 {
    let sum = Arc::new(Mutex::new(0));
    let (tx, rx) = mpsc::channel();
    let threads: Vec<_> = (0..n)
        .map(|i| {
            let (sum, tx) = (Arc::clone(&sum), tx.clone());
            std::thread::spawn(move || {
                *sum.lock().unwrap() += i;
                tx.send(i * i).unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    drop(tx);
    let squares: u64 = rx.iter().sum();
    let sum = *sum.lock().unwrap();
    sum * 1000 + squares
}

pub fn checked(values: &[i32], index: usize) -> Result<i32, String> {
    let values = values.to_vec();
    std::panic::catch_unwind(move || values[index]).map_err(|e| match e.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => "another panic".to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas() {
        assert_eq!(Square { side: 3.0 }.describe(), "square of 3");
        assert!((Circle { radius: 1.0 }.area() - 3.14159).abs() < 0.001);
    }

    #[test]
    #[should_panic(expected = "overflow")]
    fn overflow() {
        let mut x = std::env::args().count() as u8;
        for _ in 0..300 {
            x += 1;
        }
    }
}
