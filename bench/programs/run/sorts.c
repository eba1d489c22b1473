/* Quicksort by pointers, heap sort, and a merge sort that calls its comparison by pointer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void swap(int *a, int *b) {
  int t = *a;
  *a = *b;
  *b = t;
}

static void quick(int *low, int *high) {
  while (high - low > 1) {
    int *left = low, *right = high - 1, pivot = low[(high - low) / 2];
    while (left <= right) {
      while (*left < pivot) left++;
      while (*right > pivot) right--;
      if (left <= right) swap(left++, right--);
    }
    if (right + 1 - low < high - left) {
      quick(low, right + 1);
      low = left;
    } else {
      quick(left, high);
      high = right + 1;
    }
  }
}

static void sift(int *a, size_t at, size_t n) {
  for (size_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && a[child + 1] > a[child]) child++;
    if (a[at] >= a[child]) return;
    swap(&a[at], &a[child]);
  }
}

static void heap(int *a, size_t n) {
  for (size_t i = n / 2; i-- > 0;) sift(a, i, n);
  for (size_t i = n; i-- > 1;) {
    swap(&a[0], &a[i]);
    sift(a, 0, i);
  }
}

typedef int compare_fn(const void *, const void *);

static int by_digits(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  if (x % 1000 != y % 1000) return x % 1000 < y % 1000 ? -1 : 1;
  return (x > y) - (x < y);
}

static void merge(int *a, int *scratch, size_t n, compare_fn *compare) {
  if (n < 2) return;
  size_t half = n / 2, i = 0, j = half, to = 0;
  merge(a, scratch, half, compare);
  merge(a + half, scratch, n - half, compare);
  while (i < half && j < n) scratch[to++] = compare(&a[j], &a[i]) < 0 ? a[j++] : a[i++];
  while (i < half) scratch[to++] = a[i++];
  memcpy(a, scratch, to * sizeof *a);
}

static void fill(int *a, size_t n, unsigned seed) {
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1664525 + 1013904223;
    a[i] = (int)(seed >> 4);
  }
}

static unsigned sum(const int *a, size_t n) {
  unsigned s = 0;
  for (size_t i = 0; i < n; i++) s = s * 31 + (unsigned)a[i];
  return s;
}

int main(int argc, char **argv) {
  size_t n = (argc > 1 ? (size_t)atoi(argv[1]) : 10) * 1000;
  int *a = malloc(n * sizeof *a), *scratch = malloc(n * sizeof *a);
  if (a == NULL || scratch == NULL) return 1;
  fill(a, n, 1);
  quick(a, a + n);
  printf("%u\n", sum(a, n));
  fill(a, n, 2);
  heap(a, n);
  printf("%u\n", sum(a, n));
  fill(a, n, 3);
  merge(a, scratch, n, by_digits);
  printf("%u\n", sum(a, n));
  free(a);
  free(scratch);
  return 0;
}
