//! Sorting, maps and grids: own sorts and the library's, a hash map of counts, Conway's game and a flood fill.
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

struct Random(u64);

impl Iterator for Random {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        Some((self.0 >> 33) as u32)
    }
}

fn quick<T: PartialOrd + Copy>(items: &mut [T]) {
    if items.len() < 12 {
        for i in 1..items.len() {
            let mut j = i;
            while j > 0 && items[j] < items[j - 1] {
                items.swap(j, j - 1);
                j -= 1;
            }
        }
        return;
    }
    let pivot = items[items.len() / 2];
    let (mut low, mut high) = (0, items.len() - 1);
    loop {
        while items[low] < pivot {
            low += 1;
        }
        while pivot < items[high] {
            high -= 1;
        }
        if low >= high {
            break;
        }
        items.swap(low, high);
        low += 1;
        high -= 1;
    }
    let (left, right) = items.split_at_mut(low);
    quick(left);
    quick(right);
}

fn merge<T: Ord + Clone>(items: &[T]) -> Vec<T> {
    if items.len() < 2 {
        return items.to_vec();
    }
    let (left, right) = items.split_at(items.len() / 2);
    let (left, right) = (merge(left), merge(right));
    let mut out = Vec::with_capacity(items.len());
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let next = match (l.peek(), r.peek()) {
            (Some(a), Some(b)) => {
                if b < a {
                    r.next()
                } else {
                    l.next()
                }
            }
            (Some(_), None) => l.next(),
            (None, _) => r.next(),
        };
        match next {
            Some(item) => out.push(item.clone()),
            None => return out,
        }
    }
}

#[derive(Clone, PartialEq)]
struct Grid {
    width: usize,
    cells: Vec<bool>,
}

impl Grid {
    fn around(&self, x: usize, y: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (w, h) = (self.width, self.cells.len() / self.width);
        let steps = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];
        steps.into_iter().map(move |(dx, dy): (isize, isize)| {
            (x.wrapping_add_signed(dx).wrapping_add(w) % w, y.wrapping_add_signed(dy).wrapping_add(h) % h)
        })
    }

    fn get(&self, (x, y): (usize, usize)) -> bool {
        self.cells[y * self.width + x]
    }

    fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let w = self.width;
        (0..self.cells.len()).map(move |i| (i % w, i / w))
    }

    fn step(&self) -> Grid {
        let alive = |(x, y)| match self.around(x, y).filter(|&p| self.get(p)).count() {
            3 => true,
            2 => self.get((x, y)),
            _ => false,
        };
        Grid { width: self.width, cells: self.places().map(alive).collect() }
    }

    /// Sizes of the areas of living cells, largest first.
    fn areas(&self) -> Vec<usize> {
        let mut seen = HashSet::new();
        let mut out = Vec::new();
        for place in self.places().filter(|&p| self.get(p)) {
            let mut queue = VecDeque::from([place]);
            let mut size = 0;
            while let Some((x, y)) = queue.pop_front() {
                if seen.insert((x, y)) {
                    size += 1;
                    queue.extend(self.around(x, y).filter(|&p| self.get(p)));
                }
            }
            if size > 0 {
                out.push(size);
            }
        }
        out.sort_unstable_by(|a, b| b.cmp(a));
        out
    }
}

fn main() {
    let numbers: Vec<u32> = Random(1).take(200_000).collect();
    let mut sorted = numbers.clone();
    quick(&mut sorted);
    let mut pairs: Vec<(u32, usize)> = numbers.iter().enumerate().map(|(i, &n)| (n % 500, i)).collect();
    pairs.truncate(60_000);
    let merged = merge(&pairs);
    pairs.sort_by_key(|&(n, i)| (n, std::cmp::Reverse(i)));
    assert!(sorted.windows(2).all(|w| w[0] <= w[1]) && merged.windows(2).all(|w| w[0] < w[1]));
    println!("{} {:?} {:?}", sorted[100_000], merged[29_999], pairs[29_999]);

    let mut counts: HashMap<u32, (usize, u64)> = HashMap::new();
    for (i, n) in numbers.iter().take(100_000).enumerate() {
        let entry = counts.entry(n % 3001).or_default();
        entry.0 += 1;
        entry.1 += i as u64;
    }
    let by_count = counts.iter().fold(BTreeMap::new(), |mut map, (n, (count, sum))| {
        map.entry(*count).or_insert_with(Vec::new).push((*n, *sum));
        map
    });
    let most = by_count.last_key_value().map(|(count, list)| (count, list.iter().max()));
    println!("{} {most:?}", by_count.len());

    let mut grid = Grid { width: 64, cells: Random(7).take(64 * 48).map(|n| n % 3 == 0).collect() };
    for _ in 0..40 {
        grid = grid.step();
    }
    let areas = grid.areas();
    println!("{} {:?}", areas.iter().sum::<usize>(), &areas[..areas.len().min(8)]);
}
