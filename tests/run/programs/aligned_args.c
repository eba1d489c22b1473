// Arguments of floats that are aligned to 16 bytes by their members: beyond the registers they begin at such an address
// (AAPCS64, 6.8.2, C.4), which va_arg, expanded by the front end, relies on.
#include <stdarg.h>
#include <stdio.h>

struct lanes4 {
  _Alignas(16) float x[4];
};
struct lanes2 {
  _Alignas(16) double x[2];
};
struct plain3 {
  float x[3];
};

// What kinds says: f lanes4, d lanes2, p plain3, s double, i int.
__attribute__((noinline)) static double sum(const char *kinds, ...) {
  va_list list;
  double total = 0, weight = 1;
  va_start(list, kinds);
  for (; *kinds; kinds++, weight *= 1.5) {
    if (*kinds == 'f') {
      struct lanes4 v = va_arg(list, struct lanes4);
      total += weight * (v.x[0] + 2 * v.x[1] + 4 * v.x[2] + 8 * v.x[3]);
    } else if (*kinds == 'd') {
      struct lanes2 v = va_arg(list, struct lanes2);
      total += weight * (v.x[0] + 2 * v.x[1]);
    } else if (*kinds == 'p') {
      struct plain3 v = va_arg(list, struct plain3);
      total += weight * (v.x[0] + 2 * v.x[1] + 4 * v.x[2]);
    } else if (*kinds == 's') {
      total += weight * va_arg(list, double);
    } else {
      total += weight * va_arg(list, int);
    }
  }
  va_end(list);
  return total;
}

__attribute__((noinline)) static double fixed(double a, double b, double c, double d, double e, double f, double g, double h,
                                              float i, struct lanes4 j, float k, struct lanes2 l, struct plain3 m,
                                              struct lanes4 n, int o) {
  return a + b + c + d + e + f + g + h + 2 * i + j.x[0] + 3 * j.x[3] + 5 * k + 7 * l.x[0] + 9 * l.x[1] + 11 * m.x[2] +
         13 * n.x[0] + 15 * n.x[1] + 17 * o;
}

int main(void) {
  struct lanes4 f = {{1.5f, 2.25f, -3, 4}};
  struct lanes2 d = {{-7, 8.125}};
  struct plain3 p = {{9, 10.5f, -11}};
  printf("%g\n", sum("ffffs", f, f, f, f, 1.0));
  printf("%g\n", sum("sssssssssfsfsdpf", 1., 2., 3., 4., 5., 6., 7., 8., 9., f, 10., f, 11., d, p, f));
  printf("%g\n", sum("iiiiiiiiiffdsf", 1, 2, 3, 4, 5, 6, 7, 8, 9, f, f, d, 10., f));
  printf("%g\n", sum("fdpfdpfdpf", f, d, p, f, d, p, f, d, p, f));
  printf("%g\n", fixed(1, 2, 3, 4, 5, 6, 7, 8, 9, f, 10, d, p, f, 11));
  double (*volatile unseen)(const char *, ...) = sum;
  printf("%g\n", unseen("ssssssssspfpds", 1., 2., 3., 4., 5., 6., 7., 8., 9., p, f, p, d, 10.));
  return 0;
}
