/* Numbers of the text form, and of QBE's language, mean the same in each rounding mode and locale. */
#include <kiln/kiln.h>

#include <fenv.h>
#include <locale.h>
#include "unit.h"

#include "qbe.h"

/* IEEE 754: the float nearest to the decimal. The bits are those that the standard's examples and David Gay's tests of
 * correctly rounded conversion (1991) have. */
static const struct {
  const char *number, *printed;
} rows[] = {
  {"f64 1", "f64 1.0"},
  {"f64 0", "f64 0.0"},
  {"f64 -1", "f64 -1.0"},
  {"f32 16777217", "f32 16777216.0"},
  {"f64 9007199254740993", "f64 0x4340000000000000"},
  {"f64 0.1", "f64 0.1"},
  {"f32 0.1", "f32 0x3dcccccd"},
  {"f64 1e23", "f64 0x44b52d02c7e14af6"},
  {"f64 2.2250738585072011e-308", "f64 0xfffffffffffff"},
  {"f64 2.2250738585072014e-308", "f64 0x10000000000000"},
  {"f64 5e-324", "f64 0x1"},
  {"f64 2e-324", "f64 0.0"},
  {"f64 1.7976931348623157e308", "f64 0x7fefffffffffffff"},
  {"f64 1.7976931348623159e308", "f64 0x7ff0000000000000"},
  {"f64 1e99999", "f64 0x7ff0000000000000"},
  {"f64 1e-99999", "f64 0.0"},
  {"f32 3.4028235677973367e38", "f32 0x7f800000"},
  {"f32 3.4028235677973366e38", "f32 0x7f7fffff"},
  {"f32 1.401298464324817e-45", "f32 0x1"},
  {"f64 inf", "f64 0x7ff0000000000000"},
  {"f64 -inf", "f64 0xfff0000000000000"},
  {"f64 nan", "f64 0x7ff8000000000000"},
  {"f32 nan", "f32 0x7fc00000"},
  {"f64 0x1", "f64 0x1"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static kiln_status print(void *user, kiln_func *f) {
  kiln_status status = kiln_func_print(f, user);
  kiln_func_discard(f);
  return status;
}

static void read_all(void) {
  for (unsigned i = 0; i < ROWS; i++) {
    char text[256], want[128];
    const char *type = rows[i].number[1] == '6' ? "f64" : "f32";
    snprintf(text, sizeof text, "func @f() {\nb0:\n  v0 = copy.%s %s\n  ret\n}\n", type,
             rows[i].number);
    snprintf(want, sizeof want, "copy.%s %s\n", type, rows[i].printed);
    kiln_module *m = kiln_module_new(NULL);
    kiln_session *s = kiln_session_new(m);
    kiln_buffer out = {0};
    assert_int_equal(kiln_text_read(s, text, strlen(text), print, &out), KILN_OK);
    kiln_buffer_append(&out, "", 1);
    if (strstr((const char *)out.data, want) == NULL) fail_msg("%s: %s", rows[i].number, out.data);
    kiln_buffer_free(&out);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

/* QBE's, as C's strtod reads them in the locale "C"; the bits of those with hexadecimal digits are by hand. */
static const char *const qbe_rows[][2] = {
  {"d_1", "f64 1.0"},
  {"s_-0.5", "f32 -0.5"},
  {"d_+.5", "f64 0.5"},
  {"d_5.", "f64 5.0"},
  {"d_0.1", "f64 0.1"},
  {"s_0.1", "f32 0x3dcccccd"},
  {"d_123456.789e-3", "f64 0x405edd3c07ee0b0b"}, /* 123.456789 */
  {"d_1e23", "f64 0x44b52d02c7e14af6"},
  {"d_5e-324", "f64 0x1"},
  {"d_1e99999", "f64 0x7ff0000000000000"},
  {"d_-INFinity", "f64 0xfff0000000000000"},
  {"s_inf", "f32 0x7f800000"},
  {"d_nan", "f64 0x7ff8000000000000"},
  {"d_0x1.8p1", "f64 3.0"},
  {"d_-0X.8P-1", "f64 -0.25"},
  {"d_0x10", "f64 16.0"},
  {"s_0x1.000001p0", "f32 1.0"},               /* half of the last bit: to even */
  {"s_0x1.0000010000001p0", "f32 0x3f800001"}, /* and more */
  {"d_0x1p-1074", "f64 0x1"},
  {"d_0x1p1024", "f64 0x7ff0000000000000"},
  {"d_0x1p-99999999999", "f64 0.0"},
};

static void read_qbe(void) {
  for (unsigned i = 0; i < sizeof qbe_rows / sizeof *qbe_rows; i++) {
    char text[256];
    kiln_module *m = kiln_module_new(NULL);
    kiln_session *s = kiln_session_new(m);
    kiln_buffer out = {0};
    uint64_t instructions;
    snprintf(text, sizeof text, "function %c $f() {\n@s\n\tret %s\n}\n", qbe_rows[i][0][0],
             qbe_rows[i][0]);
    assert_int_equal(kiln_qbe_read(s, text, strlen(text), print, &out, &instructions), KILN_OK);
    kiln_buffer_append(&out, "", 1);
    snprintf(text, sizeof text, "%s\n", qbe_rows[i][1]);
    if (strstr((const char *)out.data, text) == NULL) fail_msg("%s: %s", qbe_rows[i][0], out.data);
    kiln_buffer_free(&out);
    kiln_session_free(s);
    kiln_module_free(m);
  }
}

static void in_all_modes(void) {
  static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  for (unsigned i = 0; i < 4; i++) {
    assert_int_equal(fesetround(modes[i]), 0);
    read_all();
    read_qbe();
  }
  fesetround(FE_TONEAREST);
}

CASE(modes) { in_all_modes(); }

/* Sets the next of the locales with another decimal point that the machine has; false: there is none. */
static bool next_locale(unsigned *k) {
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
  while (*k < sizeof names / sizeof *names)
    if (setlocale(LC_ALL, names[(*k)++]) != NULL && strcmp(localeconv()->decimal_point, ".") != 0)
      return true;
  setlocale(LC_ALL, "C");
  return false;
}

CASE(locales) {
  for (unsigned k = 0; next_locale(&k);) in_all_modes();
}

/* With an argument: in other locales than C's. */
int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(modes)};
  const struct CMUnitTest others[] = {cmocka_unit_test(locales)};
  unsigned k = 0;
  (void)argv;
  if (argc == 1) return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
  if (next_locale(&k)) return cmocka_run_group_tests_name("decimal", others, NULL, NULL);
  puts("1..0 # SKIP no locale with another decimal point");
  return 0;
}
