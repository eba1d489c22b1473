/* Order of __int128: sorts, searches, a heap, with values signed and unsigned. */
#include <stdio.h>
#include <stdlib.h>

typedef __int128 i128;
typedef unsigned __int128 u128;
typedef unsigned long long u64;

enum { COUNT = 5000 };

static i128 signed_values[COUNT];
static u128 values[COUNT];

static int compare(const void *a, const void *b) {
  u128 x = *(const u128 *)a, y = *(const u128 *)b;
  return (x > y) - (x < y);
}

static void quicksort(i128 *from, i128 *to) {
  while (to - from > 8) {
    i128 pivot = from[(to - from) / 2], *i = from, *k = to - 1;
    while (i <= k) {
      while (*i < pivot) i++;
      while (pivot < *k) k--;
      if (i <= k) {
        i128 t = *i;
        *i++ = *k;
        *k-- = t;
      }
    }
    quicksort(from, k + 1);
    from = i;
  }
  for (i128 *i = from + 1; i < to; i++) {
    i128 value = *i, *k = i;
    for (; k > from && value < k[-1]; k--) *k = k[-1];
    *k = value;
  }
}

static int search(const u128 *in, int n, u128 value) {
  int low = 0, high = n;
  while (low < high) {
    int middle = (low + high) / 2;
    if (in[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

static void sift(u128 *heap, int at, int n) {
  u128 value = heap[at];
  for (int child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && heap[child] < heap[child + 1]) child++;
    if (value >= heap[child]) break;
    heap[at] = heap[child];
  }
  heap[at] = value;
}

static i128 clamped(i128 value, i128 low, i128 high) {
  return value < low ? low : value > high ? high : value;
}

int main(void) {
  u128 state = 0x853c49e6748fea9b, sum = 0;
  for (int i = 0; i < COUNT; i++) {
    state = state * 0xda942042e4dd58b5 + 0x14057b7ef767814f;
    values[i] = state >> (i % 3 * 32) ^ state << 64;
    signed_values[i] = (i128)state >> (i % 5 * 16);
  }
  qsort(values, COUNT, sizeof values[0], compare);
  quicksort(signed_values, signed_values + COUNT);
  for (int i = 1; i < COUNT; i++) {
    if (values[i - 1] > values[i] || signed_values[i - 1] > signed_values[i]) return 1;
  }
  i128 best = 0;
  for (int i = 0; i < 4 * COUNT; i++) {
    state = state * 0xda942042e4dd58b5 + 0x14057b7ef767814f;
    sum = sum * 31 + (u128)search(values, COUNT, state);
    i128 middle = clamped((i128)state, signed_values[COUNT / 4], signed_values[COUNT / 2]);
    best = best < middle ? middle : best ^ (middle & 255);
  }
  for (int n = COUNT / 2; n-- > 0;) sift(values, n, COUNT);
  for (int n = COUNT - 1; n > 0; n--) {
    u128 t = values[0];
    values[0] = values[n];
    values[n] = t;
    sift(values, 0, n);
  }
  for (int i = 1; i < COUNT; i++)
    sum = (sum + (u128)i) ^ (values[i - 1] <= values[i] ? values[i] : 0);
  sum ^= (u128)best;
  printf("%016llx%016llx\n", (u64)(sum >> 64), (u64)sum);
  return 0;
}
