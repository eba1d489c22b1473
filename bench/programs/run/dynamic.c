/* Dynamic programming: edit distance, longest common subsequence, knapsack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 1500, ITEMS = 200, CAPACITY = 10000 };

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

static void fill(char *s, int n, unsigned seed) {
  for (int i = 0; i < n; i++) {
    seed = seed * 1664525 + 1013904223;
    s[i] = (char)('a' + (seed >> 24) % 7);
  }
  s[n] = '\0';
}

static int distance(const char *a, const char *b) {
  int n = (int)strlen(a), m = (int)strlen(b);
  static int row[LENGTH + 1];
  for (int j = 0; j <= m; j++) row[j] = j;
  for (int i = 1; i <= n; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= m; j++) {
      int above = row[j], cost = a[i - 1] != b[j - 1];
      row[j] = least(least(row[j - 1] + 1, above + 1), diagonal + cost);
      diagonal = above;
    }
  }
  return row[m];
}

static int common(const char *a, const char *b) {
  static short table[LENGTH + 1][LENGTH + 1];
  int n = (int)strlen(a), m = (int)strlen(b);
  for (int i = 1; i <= n; i++) {
    for (int j = 1; j <= m; j++) {
      if (a[i - 1] == b[j - 1]) {
        table[i][j] = (short)(table[i - 1][j - 1] + 1);
      } else {
        table[i][j] = (short)most(table[i - 1][j], table[i][j - 1]);
      }
    }
  }
  return table[n][m];
}

static long knapsack(unsigned seed) {
  static long best[CAPACITY + 1];
  memset(best, 0, sizeof best);
  for (int i = 0; i < ITEMS; i++) {
    seed = seed * 1664525 + 1013904223;
    int weight = (int)(seed >> 20) % 500 + 1;
    long value = (long)(seed >> 8) % 1000 + 1;
    for (int w = CAPACITY; w >= weight; w--) {
      long with = best[w - weight] + value;
      if (with > best[w]) best[w] = with;
    }
  }
  return best[CAPACITY];
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  static char a[LENGTH + 1], b[LENGTH + 1];
  long sum = 0;
  for (int r = 0; r < rounds; r++) {
    fill(a, LENGTH, (unsigned)r);
    fill(b, LENGTH, (unsigned)r + 1000);
    sum += distance(a, b) + common(a, b) + knapsack((unsigned)r);
  }
  printf("%ld\n", sum);
  return 0;
}
