//! Uses all of the library, prints what it gives.
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use shared::{CALLS, Color, Mix, NAMES, apply, checked, small, wide};

struct Own(u64);
impl Mix for Own {
    fn mix(&self, other: &dyn Mix) -> u64 {
        other.weight() - self.0
    }
    fn weight(&self) -> u64 {
        self.0
    }
}

fn main() {
    set_hook(Box::new(|info| println!("line {}: {info}", info.location().unwrap().line())));
    println!("{:?} {:?}", small([1, 2, 3], (4, u64::MAX), "été"), wide(u128::MAX, -3, (0.5, 0.25)));
    let colors = [Color::Named(7), Color::Rgb { r: 1, g: 2, b: 3 }, Color::Wide(5 << 64)];
    for c in &colors {
        println!("{c:?} {} {} {}", c.mix(&Own(3)), Own(1).mix(c), *c == colors[1]);
    }
    println!("{:?} {NAMES:?}", apply([1u8, 2, 3], 3, |v, i| (v[i], format!("{i}"))));
    let drops = Cell::new(0);
    for n in [4, 5] {
        for boom in [false, true] {
            let f = move |n: u32| if boom { panic!("inner {n}") } else { n * 2 };
            let result = catch_unwind(AssertUnwindSafe(|| checked(n, &drops, &f)));
            println!("{:?} {}", result.map_err(|e| e.downcast::<String>().ok()), drops.get());
        }
    }
    println!("{}", CALLS.get());
}
