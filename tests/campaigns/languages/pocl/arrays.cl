/* Private arrays: sorting, and a stack. */
struct settings {
  int n, rounds;
  float factor;
  float4 weights;
};
kernel void sort(global const uint *in, global long *out, const struct settings s) {
  uint a[16];
  size_t i = get_global_id(0);
  for (int k = 0; k < 16; k++) a[k] = in[(i + k * 31) % s.n];
  for (int k = 1; k < 16; k++)
    for (int j = k; j > 0 && a[j - 1] > a[j]; j--) {
      uint t = a[j];
      a[j] = a[j - 1];
      a[j - 1] = t;
    }
  out[i] = a[0] + ((ulong)a[15] << 32) - a[7];
}
kernel void stack(global const uint *in, global long *out, const struct settings s) {
  int values[32], top = 0;
  size_t i = get_global_id(0);
  for (int k = 0; k < 24; k++) {
    uint word = in[(i + k) % s.n];
    if (top < 2 || word & 0x1000) values[top++] = word >> 8;
    else if (word & 0x2000) top--, values[top - 1] += values[top];
    else top--, values[top - 1] ^= values[top] * 3;
  }
  long sum = top;
  while (top > 0) sum = sum * 31 + values[--top];
  out[i] = sum;
}
