/* Text handling character by character: words, case, search, numbers to text and back. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *make_text(size_t n) {
  static const char *const words[] = {"the",  "quick", "brown", "fox",  "jumps",  "over",
                                      "lazy", "dog",   "and",   "runs", "faster", "than"};
  char *text = malloc(n + 16), *p = text;
  unsigned seed = 5;
  if (text == NULL) exit(1);
  while ((size_t)(p - text) < n) {
    seed = seed * 1664525 + 1013904223;
    for (const char *w = words[(seed >> 20) % 12]; *w != '\0'; w++) *p++ = *w;
    *p++ = (seed >> 8) % 9 == 0 ? '\n' : ' ';
  }
  *p = '\0';
  return text;
}

static size_t count_words(const char *s) {
  size_t n = 0;
  int inside = 0;
  for (; *s != '\0'; s++) {
    int is_word = !isspace((unsigned char)*s);
    n += (size_t)(is_word && !inside);
    inside = is_word;
  }
  return n;
}

static void capitalize(char *s) {
  char before = ' ';
  for (; *s != '\0'; s++) {
    if ((before == ' ' || before == '\n') && *s >= 'a' && *s <= 'z') *s = (char)(*s - 'a' + 'A');
    before = *s;
  }
}

static int starts_with(const char *s, const char *prefix) {
  while (*prefix != '\0') {
    if (*s++ != *prefix++) return 0;
  }
  return 1;
}

static size_t count_occurrences(const char *s, const char *word) {
  size_t n = 0;
  for (; *s != '\0'; s++) n += (size_t)starts_with(s, word);
  return n;
}

static void reverse(char *s, size_t n) {
  for (size_t i = 0; i + i + 1 < n; i++) {
    char c = s[i];
    s[i] = s[n - 1 - i];
    s[n - 1 - i] = c;
  }
}

static char *format(char *to, int value) {
  char *start = to;
  unsigned rest = value < 0 ? -(unsigned)value : (unsigned)value;
  do *to++ = (char)('0' + rest % 10);
  while ((rest /= 10) != 0);
  if (value < 0) *to++ = '-';
  reverse(start, (size_t)(to - start));
  *to = '\0';
  return to;
}

static int parse(const char *s) {
  int sign = 1, value = 0;
  if (*s == '-') {
    sign = -1;
    s++;
  }
  while (*s >= '0' && *s <= '9') value = value * 10 + (*s++ - '0');
  return sign * value;
}

static unsigned checksum(const char *s) {
  unsigned h = 2166136261;
  while (*s != '\0') h = (h ^ (unsigned char)*s++) * 16777619;
  return h;
}

int main(int argc, char **argv) {
  size_t n = (argc > 1 ? (size_t)atoi(argv[1]) : 10) * 1000;
  char *text = make_text(n), number[16];
  long sum = 0;
  printf("%zu %zu\n", count_words(text), count_occurrences(text, "fox jumps"));
  capitalize(text);
  printf("%zu %u\n", count_occurrences(text, "Faster"), checksum(text));
  reverse(text, strlen(text));
  printf("%u\n", checksum(text));
  for (int i = 0; i < (int)n / 4; i++) {
    format(number, (i - 1000) * 317);
    sum += parse(number) % 1000;
  }
  printf("%ld\n", sum);
  free(text);
  return 0;
}
