/* Vectors of several widths and kinds of lanes: with the flags `vec` as loops that LLVM makes of them, too. */
typedef int quad __attribute__((vector_size(16)));
typedef short wide __attribute__((vector_size(32)));
typedef unsigned char odd __attribute__((ext_vector_type(3)));
typedef _Bool mask __attribute__((ext_vector_type(8)));

quad blend(quad a, quad b) { return (((a < b) & (a + b)) | ((a >= b) & (a * b))) >> 3; }
wide swap(wide a, short x) {
  a[5] = x;
  return __builtin_shufflevector(a, a, 15, 14, 13, 12, 11, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7);
}
odd three(odd a, const odd *b) { return a / (*b | 1); }
int any(mask m) { return __builtin_reduce_or(m); }
float dot(const float *restrict a, const float *restrict b, int n) {
  float sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}
void bytes(unsigned char *restrict to, const int *restrict from, int n) {
  for (int i = 0; i < n; i++)
    to[i] = (unsigned char)(from[i] > 255 ? 255 : from[i] < 0 ? 0 : from[i]);
}
unsigned most(const unsigned short *p, int n) {
  unsigned best = 0;
  for (int i = 0; i < n; i++) best = p[i] > best ? p[i] : best;
  return best;
}
