//! SHA-256 and HMAC with it: arrays of words, wrapping arithmetic, iterators of chunks.

const H: [u32; 8] = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// The fractions of the cube roots of the first primes.
fn constants() -> [u32; 64] {
    let primes = (2u64..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0));
    let mut k = [0; 64];
    for (slot, p) in k.iter_mut().zip(primes) {
        // The root with 32 bits after the point, by bisection.
        let (mut low, mut high) = (0u128, 8u128 << 32);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if middle * middle * middle <= u128::from(p) << 96 {
                low = middle;
            } else {
                high = middle;
            }
        }
        *slot = low as u32;
    }
    k
}

#[derive(Clone)]
struct Sha256<'k> {
    k: &'k [u32; 64],
    state: [u32; 8],
    rest: Vec<u8>,
    length: u64,
}

impl<'k> Sha256<'k> {
    fn new(k: &'k [u32; 64]) -> Self {
        Sha256 { k, state: H, rest: Vec::with_capacity(64), length: 0 }
    }

    fn block(&mut self, block: &[u8]) {
        let mut w = [0u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        for i in 16..64 {
            let s0 = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
            let s1 = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = self.state;
        for (&k, &w) in self.k.iter().zip(&w) {
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let t1 = h.wrapping_add(s1).wrapping_add(choice).wrapping_add(k).wrapping_add(w);
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = (a & b) ^ (a & c) ^ (b & c);
            let t2 = s0.wrapping_add(majority);
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (s, v) in self.state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *s = s.wrapping_add(v);
        }
    }

    fn update(&mut self, mut data: &[u8]) -> &mut Self {
        self.length += data.len() as u64;
        while self.rest.len() + data.len() >= 64 {
            let (head, tail) = data.split_at(64 - self.rest.len());
            let mut block = std::mem::take(&mut self.rest);
            block.extend_from_slice(head);
            self.block(&block);
            data = tail;
        }
        self.rest.extend_from_slice(data);
        self
    }

    fn finish(&mut self) -> [u8; 32] {
        let bits = self.length * 8;
        let zeros = (119 - self.rest.len()) % 64;
        let mut end = vec![0x80];
        end.extend(std::iter::repeat_n(0, zeros));
        end.extend(bits.to_be_bytes());
        self.update(&end);
        let mut out = [0; 32];
        for (bytes, word) in out.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        out
    }
}

fn hmac(k: &[u32; 64], key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|b| b ^ with);
    let inner = Sha256::new(k).update(&pad(0x36)).update(data).finish();
    Sha256::new(k).update(&pad(0x5c)).update(&inner).finish()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn main() {
    let k = constants();
    println!("{}", hex(&Sha256::new(&k).update(b"abc").finish()));
    let data: Vec<u8> = (0..3_500_000u32).map(|i| (i.wrapping_mul(2654435761) >> 24) as u8).collect();
    let mut whole = Sha256::new(&k);
    for part in data.chunks(1000) {
        whole.update(part);
    }
    println!("{}", hex(&whole.clone().finish()));
    let mut digest = hmac(&k, b"key", b"The quick brown fox jumps over the lazy dog");
    println!("{}", hex(&digest));
    for _ in 0..5000 {
        digest = hmac(&k, &digest, b"again");
    }
    println!("{}", hex(&digest));
}
