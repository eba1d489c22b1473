/* Product of square matrices: float in three nested loops over two-dimensional arrays. */
#include <stdio.h>
#include <stdlib.h>

enum { N = 240 };
static double a[N][N], b[N][N], c[N][N];

static void fill(double m[N][N], unsigned seed) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      seed = seed * 1103515245 + 12345;
      m[i][j] = (double)(seed >> 16 & 1023) / 512 - 1;
    }
  }
}

static void multiply(double out[N][N], double left[N][N], double right[N][N]) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      double sum = 0;
      for (int k = 0; k < N; k++) sum += left[i][k] * right[k][j];
      out[i][j] = sum;
    }
  }
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  double trace = 0;
  fill(a, 1);
  fill(b, 2);
  for (int r = 0; r < rounds; r++) {
    multiply(c, a, b);
    for (int i = 0; i < N; i++) trace += c[i][(i + r) % N];
  }
  printf("%.6f\n", trace);
  return 0;
}
