/* String work: formatting, parsing, wide characters, an expression evaluator, base64, UTF-8, words. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
static const char *at;
static double expression(void);
static double factor(void) {
  while (*at == ' ') at++;
  if (*at == '(') {
    at++;
    double v = expression();
    at++;
    return v;
  }
  if (*at == '-') {
    at++;
    return -factor();
  }
  char *e;
  double v = strtod(at, &e);
  at = e;
  return v;
}
static double term(void) {
  double v = factor();
  for (;;) {
    while (*at == ' ') at++;
    if (*at == '*') at++, v *= factor();
    else if (*at == '/') at++, v /= factor();
    else return v;
  }
}
static double expression(void) {
  double v = term();
  for (;;) {
    while (*at == ' ') at++;
    if (*at == '+') at++, v += term();
    else if (*at == '-') at++, v -= term();
    else return v;
  }
}
static void base64(const unsigned char *s, size_t n, char *o) {
  static const char t[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < n; i += 3) {
    unsigned v =
      (unsigned)s[i] << 16 | (i + 1 < n ? s[i + 1] : 0u) << 8 | (i + 2 < n ? s[i + 2] : 0u);
    for (int k = 0; k < 4; k++)
      *o++ = i + (size_t)k <= n || k < 2 ? t[v >> (18 - 6 * k) & 63] : '=';
  }
  *o = 0;
}
static int utf8(unsigned c, char *o) {
  if (c < 0x80) return *o = (char)c, 1;
  if (c < 0x800) return o[0] = (char)(0xc0 | c >> 6), o[1] = (char)(0x80 | (c & 63)), 2;
  if (c < 0x10000)
    return o[0] = (char)(0xe0 | c >> 12), o[1] = (char)(0x80 | (c >> 6 & 63)),
           o[2] = (char)(0x80 | (c & 63)), 3;
  return o[0] = (char)(0xf0 | c >> 18), o[1] = (char)(0x80 | (c >> 12 & 63)),
         o[2] = (char)(0x80 | (c >> 6 & 63)), o[3] = (char)(0x80 | (c & 63)), 4;
}
int main(void) {
  static const char *const e[] = {"1 + 2 * 3", "(4 - 6) * -3.5 / 7", "2 * (3 + 4) * (5 - 1)",
                                  "1e3 / 8 - .5"};
  for (unsigned i = 0; i < 4; i++) {
    at = e[i];
    printf("%s = %g\n", e[i], expression());
  }
  char out[100];
  for (size_t n = 1; n < 8; n++) {
    base64((const unsigned char *)"Kiln\xff\x80!", n, out);
    printf("%s ", out);
  }
  unsigned points[] = {'A', 0xe9, 0x20ac, 0x1f600};
  char u[5];
  for (int i = 0; i < 4; i++) {
    int n = utf8(points[i], u);
    u[n] = 0;
    printf("%s%d ", u, n);
  }
  wchar_t w[] = L"wide \x20ac";
  printf("%zu %x\n", wcslen(w), (unsigned)w[5]);
  char text[] = "the cat the dog the end a cat";
  struct {
    char *w;
    int n;
  } words[20];
  int k = 0;
  for (char *t = strtok(text, " "); t; t = strtok(0, " ")) {
    int i = 0;
    while (i < k && strcmp(words[i].w, t)) i++;
    if (i == k) words[k].w = t, words[k++].n = 0;
    words[i].n++;
  }
  for (int i = 0; i < k; i++) printf("%s:%d ", words[i].w, words[i].n);
  puts("");
  printf("%5d|%-5d|%05d|%+d|%x|%#o|%e|%10.3f|%-8s|%.2s|%c|%%|%ld|%hhd|%zu\n", 42, 42, 42, 42,
         0xbeef, 8, 12345.678, 3.14159, "ab", "xyz", 'q', -5L, 300, sizeof(long));
  int a, b;
  char c;
  double d;
  int n = sscanf("12 -7 x 2.5", "%d %d %c %lf", &a, &b, &c, &d);
  printf("%d %d %d %c %g\n", n, a, b, c, d);
  char rev[] = "reversed";
  for (char *l = rev, *r = rev + strlen(rev) - 1; l < r; l++, r--) {
    char s = *l;
    *l = *r;
    *r = s;
  }
  for (char *p = rev; *p; p++) *p = (char)toupper(*p);
  printf("%s %ld %lx\n", rev, strtol("-123abc", 0, 10), strtoul("ffff0000ffff", 0, 16));
  return k;
}
