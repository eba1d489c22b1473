use std::cell::Cell;
thread_local! { static BASE: Cell<usize> = const { Cell::new(0) }; static DEEPEST: Cell<u64> = const { Cell::new(0) }; }
fn room(n: u64) -> bool {
    let here = 0u8;
    DEEPEST.with(|d| d.set(n));
    BASE.with(|b| b.get()) - (&here as *const u8 as usize) < 7 << 20
}
fn own(n: u64) -> u64 {
    if !room(n) {
        return 1;
    }
    own(n + 1).wrapping_add(n.rotate_left(3) ^ 5)
}
fn iter(v: &[u64], n: u64) -> u64 {
    if !room(n) {
        return 1;
    }
    let s: u64 = v.iter().map(|x| x + 1).filter(|x| x % 2 == 0).sum();
    iter(v, n + 1).wrapping_add(s)
}
fn close(n: u64, f: &dyn Fn(u64) -> u64) -> u64 {
    if !room(n) {
        return 1;
    }
    let g = |x| f(x) + n;
    close(n + 1, &g).min(7)
}
fn option(v: &[u64], n: u64) -> Option<u64> {
    if !room(n) {
        return Some(1);
    }
    let a = v.get(1).copied()?;
    Some(option(v, n + 1)?.wrapping_add(a))
}
fn result(t: &str, n: u64) -> Result<u64, std::num::ParseIntError> {
    if !room(n) {
        return Ok(1);
    }
    let a: u64 = t.parse()?;
    Ok(result(t, n + 1)?.wrapping_add(a))
}
struct Node {
    next: Option<Box<Node>>,
    v: u64,
}
fn tree(n: &Node, d: u64) -> u64 {
    if !room(d) {
        return 1;
    }
    let next = match &n.next {
        Some(b) => b.as_ref(),
        None => n,
    };
    tree(next, d + 1).wrapping_add(n.v)
}
fn sort(v: &mut Vec<u64>, d: u64) {
    if !room(d) {
        return;
    }
    v.swap(0, 1);
    sort(v, d + 1);
    v.swap(1, 2);
}
fn format(d: u64) -> usize {
    if !room(d) {
        return 1;
    }
    let s = String::from("abc") + "d";
    format(d + 1) + s.len()
}
struct Deep(Option<Box<Deep>>);
impl Drop for Deep {
    fn drop(&mut self) {
        let n = DEEPEST.with(|d| d.get());
        if room(n + 1) {
        } else {
            std::mem::forget(self.0.take());
        }
    }
}
fn main() {
    let here = 0u8;
    BASE.with(|b| b.set(&here as *const u8 as usize));
    let mut v = vec![1, 2, 3, 4];
    let mut run = |name: &str, f: &mut dyn FnMut()| {
        DEEPEST.with(|d| d.set(0));
        f();
        println!("{name} {}", DEEPEST.with(|d| d.get()));
    };
    run("own", &mut || {
        own(0);
    });
    run("iter", &mut || {
        iter(&[1, 2, 3], 0);
    });
    run("close", &mut || {
        close(0, &|x| x.min(1));
    });
    run("option", &mut || {
        option(&[1, 2], 0);
    });
    run("result", &mut || {
        result("12", 0).ok();
    });
    run("tree", &mut || {
        tree(&Node { next: None, v: 1 }, 0);
    });
    run("sort", &mut || sort(&mut v, 0));
    run("format", &mut || {
        format(0);
    });
    let mut d = Deep(None);
    for _ in 0..2000000 {
        d = Deep(Some(Box::new(d)));
    }
    run("drop", &mut || {
        let x = std::mem::replace(&mut d, Deep(None));
        drop(x);
    });
    std::process::exit(0)
}
