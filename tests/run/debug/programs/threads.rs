// Threads with channels, mutexes and shared counters; each is waited for before anything else happens.
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::thread;

fn work(id: u32, total: &Mutex<u32>, count: &AtomicU32) -> u32 {
    let mine = id * 10;
    let mut guard = total.lock().unwrap();
    *guard += mine;
    count.fetch_add(1, Ordering::SeqCst);
    mine
}

fn main() {
    let total = Arc::new(Mutex::new(0));
    let count = Arc::new(AtomicU32::new(0));
    let (send, receive) = mpsc::channel();
    let mut id = 1;
    while id <= 3 {
        let (t, c, s) = (total.clone(), count.clone(), send.clone());
        let end = thread::spawn(move || {
            let result = work(id, &t, &c);
            s.send(result).unwrap();
        }).join();
        end.unwrap();
        let got = receive.recv().unwrap();
        id += got / got;
    }
    let sum = *total.lock().unwrap();
    println!("{} {}", sum, count.load(Ordering::SeqCst));
}
