// Futures and closures, for stepped.py: comments name lines.
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Is ready when it is polled for the second time.
struct Wait(bool);
impl Future for Wait {
    type Output = u32;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(5); // ready
        }
        cx.waker().wake_by_ref(); // pending
        Poll::Pending
    }
}

async fn leaf(n: u32) -> u32 {
    let waited = Wait(false).await; // leaf
    n + waited // waited
}

async fn middle(n: u32) -> u32 {
    let first = leaf(n).await; // first
    let second = leaf(first).await; // second
    first + second // both
}

fn closures(numbers: &[u32]) -> u32 {
    let more = 2;
    let large: Vec<u32> = numbers
        .iter()
        .map(|n| {
            n + more // map
        })
        .filter(|n| {
            *n > 3 // filter
        })
        .collect();
    large.len() as u32 // collected
}

fn main() {
    let total = closures(&[1, 2, 3]);
    let mut future = pin!(async {
        let n = middle(total).await; // block
        n + 1 // end
    });
    let mut cx = Context::from_waker(Waker::noop());
    let mut polls = 0;
    let end = loop {
        polls += 1; // polls
        let polled = future.as_mut().poll(&mut cx);
        match polled {
            Poll::Ready(n) => break n, // done
            Poll::Pending => {}
        }
    };
    println!("{polls} {end}");
}
