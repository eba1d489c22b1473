/* Pixels: vectors of bytes, with saturation and shuffles. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void blend(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  uchar4 a = as_uchar4(in[i]), b = as_uchar4(in[(i + 77) % s.n]);
  uchar4 sum = add_sat(a, b), less = sub_sat(a, b), middle = rhadd(a, b);
  out[i] = as_uint(sum.wzyx) | (ulong)as_uint(select(less, middle, a > b)) << 32;
}
kernel void gray(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  float4 pixel = convert_float4(as_uchar4(in[i]));
  out[i] = convert_uchar_sat_rte(dot(pixel, s.weights)) + 256 * (long)convert_short_sat(pixel.x * pixel.y);
}
kernel void text(global const uint *in, global long *out, const struct settings s) {
  constant char *letters = "the quick brown fox";
  char16 v = vload16(0, letters);
  size_t i = get_global_id(0);
  v += (char16)((char)in[i]);
  v = v >= (char16)'m' ? v - (char16)13 : v;
  out[i] = as_long(v.s01234567) ^ as_long(v.s89abcdef);
}
