/* Eratosthenes' sieve on bits, and the same on bytes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned sieve_bits(uint32_t *bits, unsigned n) {
  unsigned count = 0;
  memset(bits, 0, (n / 32 + 1) * sizeof *bits);
  for (unsigned i = 2; i < n; i++) {
    if (bits[i / 32] >> i % 32 & 1) continue;
    count++;
    for (uint64_t j = (uint64_t)i * i; j < n; j += i) bits[j / 32] |= 1u << j % 32;
  }
  return count;
}

static unsigned sieve_bytes(char *flags, int n) {
  unsigned count = 0;
  for (int i = 0; i < n; i++) flags[i] = 1;
  for (int i = 2; i < n; i++) {
    if (flags[i]) {
      count++;
      for (int j = i + i; j < n; j += i) flags[j] = 0;
    }
  }
  return count;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  enum { N = 500000 };
  uint32_t *bits = malloc((N / 32 + 1) * sizeof *bits);
  char *flags = malloc(N);
  unsigned sum = 0;
  if (bits == NULL || flags == NULL) return 1;
  for (int r = 0; r < rounds; r++)
    sum += sieve_bits(bits, N - (unsigned)r) + sieve_bytes(flags, N - r);
  printf("%u\n", sum);
  free(bits);
  free(flags);
  return 0;
}
