/* Sums of vectors: integers and doubles. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void integers(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  out[i] = (long)in[i] * 3 + in[(i + 1) % s.n];
}
kernel void doubles(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  double x = in[i], y = in[s.n - 1 - i];
  out[i] = as_long(x * 0.5 + y * s.factor);
}
