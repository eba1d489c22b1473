/* Constants of more than 64 bits, of arguments of inlined calls and of variables; arrays of variable length. */
typedef float float4 __attribute__((vector_size(16)));
typedef int int8 __attribute__((vector_size(32)));
struct large {
  long a, b, c;
};
union wide {
  __int128 number;
  long halves[2];
};

volatile int sink;

static int wide_integers(__int128 k, unsigned __int128 u, __int128 big) {
  sink = (int)(k + (__int128)u);
  return sink + (int)(big >> 100);
}

#if __BITINT_MAXWIDTH__ >= 256
static int bit_ints(_BitInt(129) b, unsigned _BitInt(256) c) {
  sink = (int)b;
  return sink + (int)c;
}
#endif

static int vectors(float4 v, int8 w) {
  sink = (int)v[1];
  return sink + w[7];
}

static int floats(long double l, _Complex double z) {
  sink = (int)l;
  return sink + (int)__real__ z;
}

static int pointers(const struct large *none, int n) {
  const struct large *p = none;
  sink = n;
  return p ? (int)p->c : n;
}

static int unions(long n) {
  union wide w = {.number = -9};
  sink = (int)n;
  return sink + (int)w.halves[0];
}

static int variable_length(int n, int m) {
  int a[n][m];
  int s = 0;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < m; j++) a[i][j] = i * 10 + j;
  for (int i = 0; i < n; i++) s += a[i][m - 1];
  sink = s;
  return s;
}

/* By LLVM's passes, `all` is the byte that is written to each of its bytes. */
static int zeros(int n) {
  struct large all = {0};
  sink = n;
  return sink;
}

int main(int argc, char **argv) {
  int total = wide_integers(-7, 0xffffffffffffffffu, (__int128)5 << 100);
  (void)argv;
#if __BITINT_MAXWIDTH__ >= 256
  total += bit_ints(-3, 17);
#endif
  total += vectors((float4){1, 2, 3, 4}, (int8){1, 2, 3, 4, 5, 6, 7, 8});
  total += floats(3.25L, 1.5);
  total += pointers(0, argc);
  total += unions(argc);
  total += variable_length(argc + 2, argc + 3);
  total += zeros(argc);
  return total == 12345;
}
