//! Checked arithmetic: i64 and u64 by the methods of the library and by way of i128, and i128 itself.

fn polynomial(x: i64, factors: &[i64]) -> Option<i64> {
    let mut sum = 0i64;
    for &factor in factors {
        sum = sum.checked_mul(x)?.checked_add(factor)?;
    }
    Some(sum)
}

fn polynomial_wide(x: i64, factors: &[i64]) -> Option<i64> {
    let mut sum = 0i64;
    for &factor in factors {
        sum = i64::try_from(sum as i128 * x as i128).ok()?;
        sum = i64::try_from(sum as i128 + factor as i128).ok()?;
    }
    Some(sum)
}

fn polynomial_i128(x: i64, factors: &[i64]) -> Option<i128> {
    let mut sum = 0i128;
    for &factor in factors {
        sum = sum.checked_mul(x as i128)?.checked_sub(factor as i128)?;
    }
    Some(sum)
}

fn power(base: u64, exponent: u32) -> Option<u64> {
    let mut value = 1u64;
    for _ in 0..exponent {
        value = value.checked_mul(base)?;
    }
    Some(value)
}

/// a * b / c, saturated.
fn scale(a: u64, b: u64, c: u64) -> u64 {
    let value = a as u128 * b as u128 / c as u128;
    if value > u64::MAX as u128 { u64::MAX } else { value as u64 }
}

fn main() {
    let (mut state, mut sum, mut failed) = (88172645463325252u64, 0u64, 0u32);
    let mut factors = [0i64; 9];
    for round in 0..10000u64 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        factors[(round % 9) as usize] = state as i64 >> 34;
        let x = (state >> 40) as i64 >> (round % 24);
        let (a, b) = (polynomial(x, &factors), polynomial_wide(x, &factors));
        assert!(a == b);
        match a {
            Some(value) => sum = sum.rotate_left(3) ^ value as u64,
            None => failed += 1,
        }
        match polynomial_i128(x, &factors) {
            Some(value) => sum = sum.wrapping_add((value >> 32) as u64),
            None => failed += 1,
        }
        match power(state >> 58, (round % 17) as u32) {
            Some(value) => sum ^= value,
            None => failed += 1,
        }
        sum = sum.wrapping_add(scale(state, sum, state >> 20 | 1));
    }
    println!("{sum:016x} {failed}");
}
