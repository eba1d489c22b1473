//! What uses the library dynamic.rs.
use dynamic::*;
fn main() {
    let mut s = fill();
    let a = s.push(7);
    println!("{:?} {} {} {}", s.last(), count(), a.load(std::sync::atomic::Ordering::Relaxed), own());
    println!("{} {} {}", own(), boxed().area(), boxed().name());
    let mut m: Vec<_> = map().into_iter().collect();
    m.sort();
    println!("{m:?} {}", here());
    let r = std::panic::catch_unwind(|| {
        let v: Vec<u64> = fill().last().into_iter().collect();
        v[3]
    });
    println!("{}", r.is_err());
}
