//! Generators of random numbers with 128 bits of state: PCG64 (XSL-RR), a multiplicative one, xorshift of u128.

struct Pcg {
    state: u128,
    increment: u128,
}

impl Pcg {
    const MULTIPLIER: u128 = 0x2360ed051fc65da44385df649fccf645;

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(Self::MULTIPLIER).wrapping_add(self.increment);
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }
}

struct Lehmer(u128);

impl Lehmer {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0xda942042e4dd58b5);
        (self.0 >> 64) as u64
    }
}

struct Xorshift(u128);

impl Xorshift {
    fn next(&mut self) -> u128 {
        self.0 ^= self.0 << 23;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0.rotate_left(49) & !(self.0 << 64);
        self.0.rotate_left((self.0 >> 121) as u32)
    }

    /// A number below `end`, by the upper half of a product.
    fn below(&mut self, end: u64) -> u64 {
        ((self.next() as u64 as u128 * end as u128) >> 64) as u64
    }
}

fn main() {
    let mut pcg = Pcg { state: 0x979c9a98d84620057d3e9cb6cfe0549b, increment: 0xda3e39cb94b95bdb << 1 | 1 };
    let (mut lehmer, mut xorshift) = (Lehmer(0x1b873593cc9e2d51 << 1 | 1), Xorshift(1 << 100 | 0xdeadbeef));
    let (mut sum, mut counts) = (0u128, [0u32; 16]);
    for _ in 0..100_000 {
        sum = sum.wrapping_add((pcg.next() as u128) << 64 | lehmer.next() as u128);
        sum ^= xorshift.next();
        counts[xorshift.below(16) as usize] += 1;
    }
    let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
    println!("{sum:032x} {spread}");
}
