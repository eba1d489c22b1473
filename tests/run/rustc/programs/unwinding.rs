//! Panics: caught, across threads, while dropping, out of bounds, overflow; thread-local data and atomics.
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, Location, resume_unwind};
use std::sync::atomic::*;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;

struct Guard<'a>(&'a str, &'a RefCell<Vec<String>>);
impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(format!("{}{}", self.0, if thread::panicking() { "!" } else { "" }));
    }
}

fn caught<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|e| {
        if let Some(s) = e.downcast_ref::<&str>() {
            s.to_string()
        } else if let Some(s) = e.downcast_ref::<String>() {
            s.clone()
        } else {
            "another".to_string()
        }
    })
}

fn deep(n: u32, log: &RefCell<Vec<String>>) -> u128 {
    let _guard = Guard("deep", log);
    if n == 0 {
        panic!("bottom");
    }
    u128::from(n) + deep(n - 1, log)
}

thread_local! {
    static NAME: RefCell<String> = RefCell::new("new".to_string());
    static PLAIN: Cell<u32> = const { Cell::new(5) };
}

extern "C-unwind" fn through_c(n: i32) -> i32 {
    if n > 2 {
        panic!("through C");
    }
    n
}

fn index(v: &[i32], i: usize) -> i32 {
    v[i]
}

fn main() {
    panic::set_hook(Box::new(|info| {
        let at: &Location<'_> = info.location().unwrap();
        println!("hook: line {} column {}", at.line(), at.column());
    }));
    let log = RefCell::new(Vec::new());
    println!("{:?}", caught(|| deep(3, &log)));
    println!("{:?}", log.take());
    println!("{:?} {:?}", caught(|| index(&[1, 2], 1)), caught(|| index(&[1, 2], 7)));
    let zero = std::hint::black_box(0i32);
    println!("{:?} {:?}", caught(|| 1 / zero), caught(|| i32::MIN / (zero - 1)));
    println!("{:?} {:?}", caught(|| u8::try_from(300 + zero).unwrap()), caught(|| (zero as u8 - 1) + 5));
    println!("{:?}", caught(|| "abc"[2..zero as usize].len()));
    println!("{:?}", caught(|| caught(|| panic!("inner")).unwrap_err().len()));
    println!("{:?}", caught(|| resume_unwind(Box::new(17u8))));
    println!("{:?} {:?}", caught(|| through_c(2)), caught(|| through_c(3)));
    println!(
        "{:?} {:?}",
        caught(|| {
            let _a = Guard("a", &log);
            let _b = [Guard("b", &log), Guard("c", &log)];
            None::<u8>.expect("none")
        }),
        log.borrow()
    );

    let counter = Arc::new((AtomicU8::new(250), AtomicI64::new(-1), AtomicBool::new(false), AtomicU16::new(1)));
    let shared = Arc::new(Mutex::new(Vec::new()));
    let (send, receive) = mpsc::channel();
    let threads: Vec<_> = (0..4u32)
        .map(|i| {
            let (counter, shared, send) = (counter.clone(), shared.clone(), send.clone());
            thread::spawn(move || {
                NAME.with_borrow_mut(|name| name.push_str(&i.to_string()));
                PLAIN.set(PLAIN.get() + i);
                for _ in 0..100 {
                    counter.0.fetch_add(1, Ordering::SeqCst);
                    counter.1.fetch_sub(3, Ordering::Relaxed);
                }
                counter.2.fetch_or(i == 2, Ordering::AcqRel);
                counter.3.fetch_max(i as u16 * 100, Ordering::Release);
                shared.lock().unwrap().push(i);
                send.send((i, NAME.take(), PLAIN.get())).unwrap();
                assert!(i != 3, "thread {i}");
                i
            })
        })
        .collect();
    drop(send);
    println!("{:?}", threads.into_iter().map(|t| t.join().map_err(|_| "panic")).collect::<Vec<_>>());
    let mut got: Vec<_> = receive.iter().collect();
    got.sort();
    println!("{got:?} {:?} {}", NAME.take(), PLAIN.get());
    println!("{counter:?} {:?}", shared.lock().map(|mut v| { v.sort(); v.clone() }));
    let a = AtomicUsize::new(5);
    println!("{:?} {:?}", a.compare_exchange(5, 6, Ordering::SeqCst, Ordering::Relaxed),
        a.compare_exchange(5, 7, Ordering::AcqRel, Ordering::Acquire));
    println!("{} {} {}", a.swap(9, Ordering::AcqRel), a.fetch_nand(3, Ordering::SeqCst), a.load(Ordering::Acquire));
    let p = AtomicPtr::new(&mut 5u32);
    // SAFETY: the constant is there.
    println!("{}", unsafe { *p.swap(std::ptr::null_mut(), Ordering::SeqCst) });
    fence(Ordering::SeqCst);
    compiler_fence(Ordering::SeqCst);
    static ONCE: OnceLock<String> = OnceLock::new();
    println!("{} {}", ONCE.get_or_init(|| "first".into()), ONCE.get_or_init(|| "second".into()));
    let at_end = Guard("end", &log);
    std::mem::forget(at_end);
    std::process::exit(caught(|| -> i32 { panic!("{}", 3) }).unwrap_err().len() as i32 + 40);
}
