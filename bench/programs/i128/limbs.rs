//! Numbers of many 64-bit limbs: multiplication, addition and division by a limb, with u128 for products and carries.

const LIMBS: usize = 40;

fn multiply_add(sum: &mut [u64], a: &[u64], by: u64) -> u64 {
    let mut carry = 0u64;
    for k in 0..a.len() {
        let t = sum[k] as u128 + a[k] as u128 * by as u128 + carry as u128;
        sum[k] = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

fn multiply(a: &[u64; LIMBS], b: &[u64; LIMBS], product: &mut [u64; 2 * LIMBS]) {
    *product = [0; 2 * LIMBS];
    for k in 0..LIMBS {
        product[k + LIMBS] = multiply_add(&mut product[k..k + LIMBS], a, b[k]);
    }
}

fn add(a: &mut [u64], b: &[u64]) -> u64 {
    let mut carry = 0u128;
    for k in 0..b.len() {
        carry += a[k] as u128 + b[k] as u128;
        a[k] = carry as u64;
        carry >>= 64;
    }
    carry as u64
}

/// Returns the rest.
fn divide(a: &mut [u64], by: u64) -> u64 {
    let mut rest = 0u128;
    for k in (0..a.len()).rev() {
        let t = rest << 64 | a[k] as u128;
        a[k] = (t / by as u128) as u64;
        rest = t % by as u128;
    }
    rest as u64
}

fn main() {
    let (mut a, mut b, mut product) = ([0u64; LIMBS], [0u64; LIMBS], [0u64; 2 * LIMBS]);
    let mut state = 0x9e3779b97f4a7c15u64;
    for k in 0..LIMBS {
        state = state.wrapping_mul(0xd1342543de82ef95).wrapping_add(1);
        a[k] = state;
        b[k] = !state.rotate_left(23);
    }
    let mut sum = 0u64;
    for round in 0..200u64 {
        multiply(&a, &b, &mut product);
        sum ^= divide(&mut product, 0xfffffffb00000000 | round);
        sum = sum.rotate_left(7) ^ add(&mut a, &product[..LIMBS]);
        b.copy_from_slice(&product[LIMBS / 2..LIMBS / 2 + LIMBS]);
        b[0] |= 1;
    }
    let hash = a.iter().fold(sum, |h, &limb| (h ^ limb).wrapping_mul(0x100000001b3));
    println!("{hash:016x}");
}
