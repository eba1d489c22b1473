//! Shortest paths with a priority queue of tuples, a grid of heights, a union of sets, and a knapsack.
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    x: i32,
    y: i32,
}

impl Place {
    fn around(self) -> [Place; 4] {
        [(1, 0), (0, 1), (-1, 0), (0, -1)].map(|(dx, dy)| Place { x: self.x + dx, y: self.y + dy })
    }
}

struct Grid {
    width: i32,
    heights: Vec<u8>,
}

impl Grid {
    fn new(width: i32, random: &mut impl FnMut() -> u32) -> Self {
        Grid { width, heights: (0..width * width).map(|_| (random() % 10) as u8).collect() }
    }

    fn get(&self, Place { x, y }: Place) -> Option<u8> {
        let range = 0..self.width;
        (range.contains(&x) && range.contains(&y)).then(|| self.heights[(y * self.width + x) as usize])
    }

    /// The cheapest way from corner to corner: its cost and its places. A step up costs its square.
    fn cheapest(&self) -> Option<(u32, Vec<Place>)> {
        let (start, end) = (Place { x: 0, y: 0 }, Place { x: self.width - 1, y: self.width - 1 });
        let mut best: HashMap<Place, (u32, Place)> = HashMap::from([(start, (0, start))]);
        let mut queue = BinaryHeap::from([Reverse((0, start))]);
        while let Some(Reverse((cost, place))) = queue.pop() {
            if place == end {
                let mut way = vec![end];
                while let Some(&(_, before)) =
                    way.last().and_then(|p| best.get(p)).filter(|b| b.1 != way[way.len() - 1])
                {
                    way.push(before);
                }
                way.reverse();
                return Some((cost, way));
            }
            if best.get(&place).is_some_and(|&(c, _)| c < cost) {
                continue;
            }
            let here = self.get(place)?;
            for (next, height) in place.around().into_iter().filter_map(|p| Some((p, self.get(p)?))) {
                let cost = cost + 1 + u32::from(height.saturating_sub(here)).pow(2);
                if best.get(&next).is_none_or(|&(c, _)| cost < c) {
                    best.insert(next, (cost, place));
                    queue.push(Reverse((cost, next)));
                }
            }
        }
        None
    }
}

#[derive(Clone, Copy)]
struct Edge {
    to: usize,
    cost: u64,
}

fn distances(graph: &[Vec<Edge>], from: usize) -> Vec<Option<u64>> {
    let mut out = vec![None; graph.len()];
    let mut queue = BinaryHeap::from([(Reverse(0u64), from)]);
    while let Some((Reverse(cost), node)) = queue.pop() {
        if out[node].is_none() {
            out[node] = Some(cost);
            let open = graph[node].iter().filter(|e| out[e.to].is_none());
            queue.extend(open.map(|&Edge { to, cost: more }| (Reverse(cost + more), to)));
        }
    }
    out
}

fn levels(graph: &[Vec<Edge>], from: usize) -> Vec<usize> {
    let mut seen = vec![false; graph.len()];
    let mut queue = VecDeque::from([(from, 0)]);
    let mut out = Vec::new();
    while let Some((node, depth)) = queue.pop_front() {
        if std::mem::replace(&mut seen[node], true) {
            continue;
        }
        if out.len() <= depth {
            out.resize(depth + 1, 0);
        }
        out[depth] += 1;
        queue.extend(graph[node].iter().map(|e| (e.to, depth + 1)));
    }
    out
}

struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, i: usize) -> usize {
        let parent = self.0[i];
        if parent != i {
            self.0[i] = self.root(parent);
        }
        self.0[i]
    }

    fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a] = b;
        a != b
    }
}

fn knapsack(items: &[(usize, u64)], room: usize) -> u64 {
    let mut best = vec![0; room + 1];
    for &(weight, value) in items {
        for left in (weight..=room).rev() {
            best[left] = best[left].max(best[left - weight] + value);
        }
    }
    best.last().copied().unwrap_or_default()
}

fn main() {
    let mut state = 2026u64;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as u32
    };
    let grid = Grid::new(160, &mut random);
    let (cost, way) = grid.cheapest().expect("there is a way");
    println!("{cost} {} {:?}", way.len(), way[way.len() / 2]);

    let n = 10000;
    let mut graph = vec![Vec::new(); n];
    let mut edges = Vec::new();
    for _ in 0..3 * n {
        let (a, b, cost) = (random() as usize % n, random() as usize % n, u64::from(random() % 1000) + 1);
        graph[a].push(Edge { to: b, cost });
        graph[b].push(Edge { to: a, cost });
        edges.push((cost, a, b));
    }
    for from in 0..5 {
        let all = distances(&graph, from);
        println!("{:?} {}", all.iter().flatten().max(), all.iter().flatten().sum::<u64>());
    }
    println!("{:?}", levels(&graph, 0));
    edges.sort_unstable();
    let mut sets = Sets((0..n).collect());
    let tree: u64 = edges.iter().filter(|&&(_, a, b)| sets.join(a, b)).map(|&(cost, ..)| cost).sum();
    let items: Vec<(usize, u64)> = edges.iter().step_by(120).map(|&(cost, a, _)| (a % 90 + 1, cost)).collect();
    println!("{tree} {}", knapsack(&items, 2000));
}
