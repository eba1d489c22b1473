/* Spectral norm of an infinite matrix: division, conversion of integers, small functions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(const double *v, double *out, int n) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += element(i, j) * v[j];
    out[i] = sum;
  }
}

static void times_transposed(const double *v, double *out, int n) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += element(j, i) * v[j];
    out[i] = sum;
  }
}

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 100;
  double *u = malloc((size_t)n * sizeof *u), *v = malloc((size_t)n * sizeof *v);
  double *scratch = malloc((size_t)n * sizeof *scratch), uv = 0, vv = 0;
  if (u == NULL || v == NULL || scratch == NULL) return 1;
  for (int i = 0; i < n; i++) u[i] = 1;
  for (int i = 0; i < 10; i++) {
    times(u, scratch, n);
    times_transposed(scratch, v, n);
    times(v, scratch, n);
    times_transposed(scratch, u, n);
  }
  for (int i = 0; i < n; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  printf("%.9f\n", sqrt(uv / vv));
  free(u);
  free(v);
  free(scratch);
  return 0;
}
