/* Weak definitions and references, aliases of functions and data, sections, common, used. */
#include <stdio.h>
int base(int x) { return x * 2 + 1; }
extern int other(int x) __attribute__((alias("base")));
extern int weak_other(int x) __attribute__((weak, alias("base")));
static int hidden_base(int x) { return x - 5; }
extern int hidden_other(int x) __attribute__((alias("hidden_base"), visibility("hidden")));
int data[4] = {1, 2, 3, 4};
extern int data_too[4] __attribute__((alias("data")));
__attribute__((weak)) int weak_definition(int x) { return x + 1000; }
__attribute__((weak)) int weak_data = 77;
extern int missing(int) __attribute__((weak));
extern int missing_data __attribute__((weak));
static int (*const pointers[])(int) = {base, other, weak_other, hidden_other, missing};
static int *data_pointers[] = {&missing_data, &data[2], &data_too[3], &weak_data};
__attribute__((section("kiln_rows"), used)) static const int row1 = 5, row2 = 6;
__attribute__((section("kiln_rows"), used)) static const int row3 = 7;
extern const int __start_kiln_rows[], __stop_kiln_rows[];
__attribute__((section(".text.elsewhere"))) int elsewhere(int x) { return x ^ 0xff; }
__attribute__((common)) int shared_tentative[16];
__attribute__((visibility("hidden"))) int hidden_function(int x) { return x * x; }
__attribute__((visibility("protected"))) int protected_function(int x) { return x * x * x; }
int main(void) {
  printf("%d %d %d %d\n", base(1), other(2), weak_other(3), hidden_other(4));
  data_too[1] = 20;
  printf("%d %d\n", data[1], data == data_too);
  printf("%d %d\n", weak_definition(1), weak_data);
  printf("%d %d\n", missing == 0, &missing_data == 0);
  if (missing) printf("%d\n", missing(1));
  for (int i = 0; i < 5; i++) printf("%d ", pointers[i] ? pointers[i](10) : -1);
  for (int i = 0; i < 4; i++) printf("%d ", data_pointers[i] ? *data_pointers[i] : -1);
  int sum = 0;
  for (const int *p = __start_kiln_rows; p < __stop_kiln_rows; p++) sum += *p;
  printf("%d %ld\n", sum, (long)(__stop_kiln_rows - __start_kiln_rows));
  shared_tentative[3] = elsewhere(3);
  printf("%d %d %d\n", shared_tentative[3] + shared_tentative[4], hidden_function(7),
         protected_function(3));
  return base == other ? 11 : 12;
}
