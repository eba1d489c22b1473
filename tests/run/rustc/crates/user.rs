//! Uses all of the library, prints what it gives.
#![feature(f16, f128)]
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

#[unsafe(no_mangle)]
extern "C" fn nobody_calls_this() {
    shared::needs_what_is_nowhere();
}

fn main() {
    floats();
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

fn floats() {
    use shared::small_and_large::*;
    use std::hint::black_box as b;
    let x = h(b(1.5), b(2.25));
    println!("{:x} {:x}", x.0.to_bits(), x.1.to_bits());
    println!("{:x} {:x}", hc(b(1.5), 3, 2.0).to_bits(), q(b(1.5), 3, 2.0).to_bits());
    let y = qr(b(3.0), 0.5);
    println!("{:x} {:x}", y.0.to_bits(), y.1.to_bits());
    let (p, r, t) = (b(S { a: 1.0, b: 2.0 }), b(Q { a: 3.5 }), b(M { a: 4.0, b: 5.0 }));
    let z = s(p, r, t);
    println!("{:x} {:x} {:x}", z.a.to_bits(), z.b.to_bits(), qq(p, r, t).a.to_bits());
    let w = mm(t);
    println!("{:x} {}", w.a.to_bits(), w.b);
    let v = many(b([1.0, 2.0, 3.0]), b(Some(4.0)), b(Some(9.5)), b(&0.25));
    println!("{:x} {:x}", v.0.unwrap().to_bits(), v.1.to_bits());
    println!("{:x}", ten(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, b(10.0), 11.0).to_bits());
}
