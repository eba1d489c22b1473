/* Variadic functions: numbers of both kinds in the first four positions and after them, structs by value and by
 * address, lists that are copied and handed on, the C library's functions with lists, calls through pointers. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct eight {
  int a, b;
};
struct nine {
  char at[9];
};

static char *put(char *to, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  to += vsprintf(to, format, args);
  *to++ = '|';
  to += vsprintf(to, format, again);
  va_end(again);
  *to++ = '\n';
  return to;
}
static char *lines(char *to, int n, ...) {
  va_list args;
  va_start(args, n);
  for (int i = 0; i < n; i++) {
    const char *format = va_arg(args, const char *);
    va_list rest;
    va_copy(rest, args);
    to = put(to, format, rest);
    va_end(rest);
    (void)va_arg(args, int);
    (void)va_arg(args, double);
  }
  va_end(args);
  return to;
}
static double all(const char *kinds, ...) {
  va_list args;
  double t = 0;
  va_start(args, kinds);
  for (; *kinds != 0; kinds++) switch (*kinds) {
    case 'i': t = t * 2 + va_arg(args, int); break;
    case 'l': t = t * 2 + (double)va_arg(args, long long); break;
    case 'd': t = t * 2 + va_arg(args, double); break;
    case 'e': {
      struct eight e = va_arg(args, struct eight);
      t = t * 2 + e.a - e.b;
      break;
    }
    case 'n': t = t * 2 + va_arg(args, struct nine).at[8]; break;
    default: t = t * 2 + (double)strlen(va_arg(args, char *));
    }
  va_end(args);
  return t;
}
static double (*volatile alls)(const char *, ...) = all;

int main(void) {
  char text[400];
  struct nine n = {"12345678"};
  n.at[8] = 9;
  *lines(text, 3, "%d %g", 1, 2.5, "%5d %.3f", -3, 1e3 / 3, "%x %e", 255, -0.0) = 0;
  fputs(text, stdout);
  printf("%.9g\n", alls("idleins", 1, 2.5, -3LL, (struct eight){9, 4}, 5, n, "six"));
  printf("%.9g\n", alls("didid", 1.5, 2, 3.5, 4, 5.5));
  printf("%.9g %d %s %g %d %g\n", all("nee", n, (struct eight){1, 2}, (struct eight){5, 3}), 1,
         "two", 3.0, 4, 5.0);
  return 0;
}
