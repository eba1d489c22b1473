/* Numeric kernels: Mandelbrot, matrix product, FFT with complex numbers, sieve, LU, n-body, spigot. */
#include <complex.h>
#include <math.h>
#include <stdio.h>
static int mandel(double x, double y) {
  double a = 0, b = 0;
  int n = 0;
  while (a * a + b * b < 4 && n < 60) {
    double t = a * a - b * b + x;
    b = 2 * a * b + y;
    a = t;
    n++;
  }
  return n;
}
static void fft(double complex *v, int n) {
  if (n == 1) return;
  double complex e[n / 2], o[n / 2];
  for (int i = 0; i < n / 2; i++) e[i] = v[2 * i], o[i] = v[2 * i + 1];
  fft(e, n / 2);
  fft(o, n / 2);
  for (int i = 0; i < n / 2; i++) {
    double complex w = cos(-2 * M_PI * i / n) + I * sin(-2 * M_PI * i / n);
    v[i] = e[i] + w * o[i];
    v[i + n / 2] = e[i] - w * o[i];
  }
}
static float complex cf(float complex a, float complex b) { return a * b - conjf(a) / b; }
static double det(int n, double m[n][n]) {
  double d = 1;
  for (int c = 0; c < n; c++) {
    int p = c;
    for (int r = c; r < n; r++)
      if (fabs(m[r][c]) > fabs(m[p][c])) p = r;
    if (m[p][c] == 0) return 0;
    if (p != c) {
      for (int k = 0; k < n; k++) {
        double t = m[p][k];
        m[p][k] = m[c][k];
        m[c][k] = t;
      }
      d = -d;
    }
    d *= m[c][c];
    for (int r = c + 1; r < n; r++) {
      double f = m[r][c] / m[c][c];
      for (int k = c; k < n; k++) m[r][k] -= f * m[c][k];
    }
  }
  return d;
}
static void spigot(void) {
  static int a[3500 / 4];
  int d = 0, e = 0;
  for (int i = 0; i < 3500 / 4; i++) a[i] = 2000;
  for (int c = 3500 / 4 - 1; c > 500; c -= 14) {
    d = 0;
    for (int b = c; b > 0; b--) {
      d += a[b] * 10000;
      a[b] = d % (2 * b - 1 ? 2 * b - 1 : 1);
      d /= 2 * b - 1;
      if (b > 1) d *= b - 1;
    }
    printf("%04d", e + d / 10000);
    e = d % 10000;
  }
  puts("");
}
int main(void) {
  for (int y = -6; y <= 6; y++) {
    for (int x = -25; x < 12; x++) putchar(" .:-=+*#%@"[mandel(x / 15.0, y / 5.5) / 7 % 10]);
    putchar('\n');
  }
  float a[12][12], b[12][12], c[12][12] = {{0}};
  for (int i = 0; i < 12; i++)
    for (int k = 0; k < 12; k++) a[i][k] = (float)(i + k) / 3, b[i][k] = (float)(i * k % 7) - 2.5f;
  for (int i = 0; i < 12; i++)
    for (int k = 0; k < 12; k++)
      for (int l = 0; l < 12; l++) c[i][k] += a[i][l] * b[l][k];
  float t = 0;
  for (int i = 0; i < 12; i++) t += c[i][i] * (float)i;
  printf("%.6g %.6g\n", t, c[3][7]);
  double complex v[32];
  for (int i = 0; i < 32; i++) v[i] = sin(i) + I * (i % 5);
  fft(v, 32);
  printf("%.9g %.9g %.9g\n", creal(v[3]), cimag(v[7]), cabs(v[16]));
  float complex z = cf(1.5f + 2 * I, -0.5f + I);
  printf("%.6g %.6g\n", crealf(z), cimagf(z));
  double m[6][6];
  for (int i = 0; i < 6; i++)
    for (int k = 0; k < 6; k++) m[i][k] = 1.0 / (i + k + 1) + (i == k);
  printf("%.12g\n", det(6, m));
  static char s[5000];
  int primes = 0;
  for (int i = 2; i < 5000; i++)
    if (!s[i]) {
      primes++;
      for (int k = 2 * i; k < 5000; k += i) s[k] = 1;
    }
  printf("%d\n", primes);
  double px = 1, py = 0, vx = 0, vy = 0.8;
  for (int i = 0; i < 2000; i++) {
    double r = px * px + py * py, f = -1 / (r * sqrt(r));
    vx += f * px * 0.005;
    vy += f * py * 0.005;
    px += vx * 0.005;
    py += vy * 0.005;
  }
  printf("%.9g %.9g\n", px, py);
  spigot();
  return 0;
}
