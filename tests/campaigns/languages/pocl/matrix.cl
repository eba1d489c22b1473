/* Products of matrices, by rows and by tiles in local memory. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void rows(global const uint *in, global long *out, const struct settings s) {
  size_t i = get_global_id(0), row = i / 128, column = i % 128;
  ulong sum = 0;
  for (int k = 0; k < 128; k++) sum += (ulong)in[row * 128 + k] * in[k * 128 + column];
  out[i] = sum;
}
kernel void tiles(global const uint *in, global long *out, const struct settings s) {
  local float a[64], b[64];
  size_t group = get_group_id(0), me = get_local_id(0), row = me / 8, column = me % 8;
  size_t top = group / 16 * 8, left = group % 16 * 8;
  float sum = 0;
  for (int t = 0; t < 128; t += 8) {
    a[me] = in[(top + row) * 128 + t + column] >> 20;
    b[me] = in[(t + row) * 128 + left + column] >> 20;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < 8; k++) sum += a[row * 8 + k] * b[k * 8 + column];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  out[(top + row) * 128 + left + column] = (long)sum;
}
