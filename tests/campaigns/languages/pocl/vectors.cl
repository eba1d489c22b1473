/* Vectors of float and double. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void floats(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  float4 v = convert_float4(as_uchar4(in[i])) * s.weights + s.factor;
  for (int r = 0; r < s.rounds; r++) v = fmin(v.yzwx * 0.5f + v, (float4)1e6f);
  out[i] = as_long(v.xy) ^ as_long(v.zw) << 1;
}
kernel void doubles(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  double4 v = (double4)(in[i], in[(i + 1) % s.n], 3, s.factor), w = v.wzyx;
  for (int r = 0; r < s.rounds; r++) v = v * 0.25 + w, w = w.yxwz - v;
  long4 bits = as_long4(v);
  out[i] = bits.x ^ bits.y ^ bits.z ^ bits.w;
}
kernel void wide(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0);
  uint16 v = (uint16)(in[i]) * (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  v ^= rotate(v, (uint16)(7));
  uint8 h = v.lo + v.hi;
  uint4 q = h.even * h.odd;
  out[i] = upsample(q.x ^ q.y, q.z ^ q.w);
}
