/* Fourier transforms of several lengths and back, with kissfft. */
#include <kiss_fft.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 4096 };

int main(int argc, char **argv) {
  static const int lengths[] = {1024, 1000, 4096, 2187, 3125};
  static kiss_fft_cpx in[MOST], out[MOST], back[MOST];
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
    int n = lengths[l];
    kiss_fft_cfg forward = kiss_fft_alloc(n, 0, NULL, NULL);
    kiss_fft_cfg inverse = kiss_fft_alloc(n, 1, NULL, NULL);
    double difference = 0, power = 0;
    if (forward == NULL || inverse == NULL) return 1;
    for (int i = 0; i < n; i++) {
      in[i].r = (kiss_fft_scalar)(i * 37 % 101) / 101;
      in[i].i = (kiss_fft_scalar)(i * 53 % 97) / 97;
    }
    for (int r = 0; r < rounds; r++) {
      kiss_fft(forward, in, out);
      kiss_fft(inverse, out, back);
      in[r % n].r += 1;
    }
    for (int i = 0; i < n; i++) {
      power += out[i].r * out[i].r + out[i].i * out[i].i;
      difference += back[i].r / n - in[i].r;
    }
    printf("%d %.3e %.3f\n", n, power, difference);
    free(forward);
    free(inverse);
  }
  return 0;
}
