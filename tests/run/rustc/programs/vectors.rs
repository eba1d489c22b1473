//! Vectors of std::arch: what every x86-64 has, and what is detected.
use std::arch::x86_64::*;
use std::hint::black_box;

fn bytes(v: __m128i) -> [u8; 16] {
    // SAFETY: all bytes are valid.
    unsafe { std::mem::transmute(v) }
}

#[target_feature(enable = "sse2")]
fn sse2() {
    let a = _mm_setr_epi8(0, -1, 2, -3, 4, 127, -128, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let b = black_box(_mm_set1_epi8(5));
    println!("{:?}", bytes(_mm_add_epi8(a, b)));
    println!("{:?} {:?}", bytes(_mm_adds_epi8(a, b)), bytes(_mm_subs_epu8(a, b)));
    println!("{:?} {:x}", bytes(_mm_cmpgt_epi8(a, b)), _mm_movemask_epi8(_mm_cmpeq_epi8(a, b)));
    println!("{:?} {:?}", bytes(_mm_max_epu8(a, b)), bytes(_mm_avg_epu8(a, b)));
    println!("{:?} {:?}", bytes(_mm_unpacklo_epi8(a, b)), bytes(_mm_packus_epi16(a, b)));
    println!("{:?} {:?}", bytes(_mm_sad_epu8(a, b)), bytes(_mm_madd_epi16(a, b)));
    println!("{:?} {:?}", bytes(_mm_shuffle_epi32::<0b00_01_10_11>(a)), bytes(_mm_srli_si128::<3>(a)));
    println!("{:?} {:?}", bytes(_mm_slli_epi32::<4>(a)), bytes(_mm_sra_epi16(a, b)));
    println!("{} {}", _mm_extract_epi16::<3>(a), _mm_cvtsi128_si64(a));
    println!("{:?}", bytes(_mm_insert_epi16::<2>(a, -2)));
    let (x, y) = (_mm_setr_pd(1.5, -2.5), black_box(_mm_setr_pd(0.5, 4.0)));
    println!("{:?} {:?} {:?}", _mm_add_pd(x, y), _mm_sqrt_pd(y), _mm_cmplt_pd(x, y));
    println!("{:?} {:?} {}", _mm_max_pd(x, y), _mm_shuffle_pd::<1>(x, y), _mm_movemask_pd(x));
    println!("{} {:?}", _mm_cvtsd_si32(x), _mm_cvtpd_ps(x));
    let z = _mm_setr_ps(1.0, 2.0, 3.0, 4.0);
    println!("{:?} {:?} {:?}", _mm_mul_ps(z, z), _mm_movehl_ps(z, z), bytes(_mm_cvttps_epi32(z)));
    println!("{} {}", _mm_comilt_sd(x, y), _mm_cvtsd_f64(_mm_div_sd(x, y)));
    let mut carry = 0;
    println!("{}", _addcarry_u64(1, u64::MAX, black_box(0), &mut carry));
    println!("{carry}");
}

#[target_feature(enable = "sse4.2,ssse3,popcnt")]
fn sse4() {
    let a = black_box(_mm_setr_epi8(0, -1, 2, -3, 4, 127, -128, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    println!("{:?} {:?}", bytes(_mm_shuffle_epi8(a, a)), bytes(_mm_abs_epi8(a)));
    println!("{:?} {:?}", bytes(_mm_alignr_epi8::<5>(a, a)), bytes(_mm_hadd_epi16(a, a)));
    println!("{:?} {:?}", bytes(_mm_mullo_epi32(a, a)), bytes(_mm_blendv_epi8(a, _mm_setzero_si128(), a)));
    println!("{} {} {}", _mm_crc32_u8(7, 9), _mm_crc32_u64(7, 9), _popcnt64(black_box(0xff0f)));
    println!("{} {}", _mm_testz_si128(a, a), _mm_extract_epi32::<2>(a));
    println!("{:?}", _mm_floor_pd(_mm_setr_pd(1.7, -1.7)));
}

#[target_feature(enable = "avx2,bmi2")]
fn avx2() {
    let a = black_box(_mm256_setr_epi32(1, -2, 3, -4, 5, -6, 7, -8));
    println!("{:?} {:?}", _mm256_add_epi32(a, a), _mm256_abs_epi32(a));
    println!("{:?} {:?}", _mm256_mullo_epi16(a, a), _mm256_cmpgt_epi32(a, _mm256_setzero_si256()));
    println!("{:?} {}", _mm256_madd_epi16(a, a), _mm256_movemask_epi8(a));
    println!("{:?} {:?}", _mm256_permute2x128_si256::<1>(a, a), _mm256_extracti128_si256::<1>(a));
    println!("{:?} {:?}", _mm256_shuffle_epi8(a, a), _mm256_packs_epi32(a, a));
    println!("{:?}", _mm256_unpackhi_epi64(a, a));
    let x = _mm256_setr_pd(1.0, -2.0, 3.5, 9.0);
    println!("{:?} {:?} {:?}", _mm256_sqrt_pd(x), _mm256_add_pd(x, x), _mm256_movemask_pd(x));
    println!("{} {}", _pdep_u64(0b101, black_box(0xf0f0)), _pext_u64(0xabcd, 0xf0f0));
}

fn main() {
    // SAFETY: every x86-64 has it.
    unsafe { sse2() };
    if is_x86_feature_detected!("sse4.2") && is_x86_feature_detected!("popcnt") {
        // SAFETY: the processor has it.
        unsafe { sse4() };
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has it.
        unsafe { avx2() };
    }
}
