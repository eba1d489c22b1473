// Vec, slices, arrays, VecDeque, tuples.
use std::collections::VecDeque;

fn sum(numbers: &[u32]) -> u32 {
    let mut total = 0;
    for n in numbers {
        total += n;
    }
    total
}

fn sorted(mut numbers: Vec<u32>) -> Vec<u32> {
    let mut i = 1;
    while i < numbers.len() {
        let mut k = i;
        while k > 0 && numbers[k - 1] > numbers[k] {
            numbers.swap(k - 1, k);
            k -= 1;
        }
        i += 1;
    }
    numbers
}

fn main() {
    let mut numbers: Vec<u32> = Vec::new();
    let mut seed = 7u32;
    while numbers.len() < 4 {
        seed = seed * 75 % 101;
        numbers.push(seed);
    }
    let total = sum(&numbers);
    let ordered = sorted(numbers.clone());
    let middle = &ordered[1..3];
    let fixed = [1u8, 2, 3];
    let pair = (middle.len(), fixed[1]);
    let mut queue = VecDeque::new();
    queue.push_back(pair);
    queue.push_front((9, 9));
    let front = queue.pop_front();
    println!("{} {:?} {:?} {:?}", total, middle, pair, front);
}
