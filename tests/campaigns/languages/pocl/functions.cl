/* Functions of mathematics and of integers. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void mathematics(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  float x = in[i] * 0x1p-30f + 0.25f;
  float y = sin(x) + cos(x) * exp(-x) + log(x) + pow(x, 1.5f) + sqrt(x) + atan2(x, 2.0f) + fma(x, x, 1.0f);
  out[i] = as_int(y);
}
kernel void precise(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  double x = in[i] * 0x1p-30 + 0.25;
  out[i] = as_long(sin(x) + tan(x) * exp(x) + log2(x) + cbrt(x) + hypot(x, 2.0) + floor(x * 10) + fmod(x, 0.3));
}
kernel void integers(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  uint x = in[i];
  int y = as_int(in[(i + 9) % s.n]);
  out[i] = popcount(x) + clz(x) * 64 + mul_hi(as_int(x), y) + mad24(y, 3, 5) + abs_diff(as_int(x), y) + (y % (int)(x % 97 + 1));
}
