/* Flips of all permutations: small arrays of ints, short loops. */
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16 };

static int count_flips(const int *permutation, int n) {
  int p[MOST], flips = 0;
  for (int i = 0; i < n; i++) p[i] = permutation[i];
  while (p[0] != 0) {
    for (int i = 0, j = p[0]; i < j; i++, j--) {
      int t = p[i];
      p[i] = p[j];
      p[j] = t;
    }
    flips++;
  }
  return flips;
}

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 7;
  int permutation[MOST], count[MOST], most = 0, checksum = 0, r = n;
  if (n < 3 || n > MOST) return 1;
  for (int i = 0; i < n; i++) permutation[i] = i;
  for (int index = 0;; index++) {
    for (; r != 1; r--) count[r - 1] = r;
    int flips = count_flips(permutation, n);
    if (flips > most) most = flips;
    checksum += index % 2 == 0 ? flips : -flips;
    for (;; r++) {
      if (r == n) {
        printf("%d\n%d\n", checksum, most);
        return 0;
      }
      int first = permutation[0];
      for (int i = 0; i < r; i++) permutation[i] = permutation[i + 1];
      permutation[r] = first;
      if (--count[r] > 0) break;
    }
    /* What is left of r here begins the next round. */
  }
}
