/* C types (<kiln/ctypes.h>): layout against this compiler's, and classification against the rules of the psABI
 * (3.2.3) and AAPCS64 (6.8.2, 6.9), cited at each row. That calls work is tested by abi/described.py. */
#include "unit.h"

#include <kiln/kiln.h>

#include "ctype_text.h"
#include "failing.h"

struct fixture {
  kiln_module *m;
  kiln_session *s;
  kiln_ctypes *c;
  kiln_diag diag;
  struct failing memory;
};

static void on_diag(void *user, const kiln_diag *d) { ((struct fixture *)user)->diag = *d; }

static bool make(struct fixture *t, kiln_processor target) {
  t->m = kiln_module_new(&(kiln_module_options){.name = "test",
                                                .target.processor = target,
                                                .allocator = failing_allocator(&t->memory),
                                                .on_diag = on_diag,
                                                .on_diag_user = t});
  if (t->m == NULL) return false;
  t->s = kiln_session_new(t->m);
  t->c = kiln_ctypes_new(t->m);
  return t->s != NULL && t->c != NULL;
}

static void destroy(struct fixture *t) {
  kiln_ctypes_free(t->c);
  if (t->s != NULL) kiln_session_free(t->s);
  kiln_module_free(t->m);
}

static int setup_for(void **state, kiln_processor target) {
  static struct fixture fixture;
  memset(&fixture, 0, sizeof fixture);
  *state = &fixture;
  return make(&fixture, target) ? 0 : 1;
}
static int setup(void **state) { return setup_for(state, KILN_PROCESSOR_X86_64); }
static int setup_a64(void **state) { return setup_for(state, KILN_PROCESSOR_AARCH64); }

static int teardown(void **state) {
  destroy(*state);
  return 0;
}

static kiln_ctype type(struct fixture *t, const char *text) {
  kiln_ctype type = ctype_parse(t->c, &text);
  assert_int_not_equal(type.id, 0);
  assert_int_equal(*text, 0);
  return type;
}

/* ---- layout ---- */

#define LAYOUT(text, ...)                                                                          \
  do {                                                                                             \
    typedef struct __VA_ARGS__ s;                                                                  \
    expect_layout(*state, text, sizeof(s), _Alignof(s));                                           \
  } while (0)

static void expect_layout(struct fixture *t, const char *text, size_t size, size_t align) {
  kiln_ctype_info info = kiln_ctype_get(t->c, type(t, text));
  if (info.size_bytes != size || info.align_bytes != align)
    fail_msg("%s: %llu bytes aligned to %u, not %zu to %zu", text,
             (unsigned long long)info.size_bytes, info.align_bytes, size, align);
}

#define PACKED __attribute__((packed))
#define ALIGNED(n) __attribute__((aligned(n)))

static void layout(void **state) {
  LAYOUT("{c}", { char a; });
  LAYOUT("{csil}", {
    char a;
    short b;
    int c;
    long d;
  });
  LAYOUT("{lc}", {
    long a;
    char b;
  });
  LAYOUT("{co}", {
    char a;
    __int128 b;
  });
  LAYOUT("{ce}", {
    char a;
    long double b;
  });
  LAYOUT("{cF}", {
    char a;
    float _Complex b;
  });
  LAYOUT("{cD}", {
    char a;
    double _Complex b;
  });
  LAYOUT("{c5sb}", {
    char a;
    short b[5];
    _Bool c;
  });
  LAYOUT("{c{sc}c}", {
    char a;
    struct {
      short a;
      char b;
    } b;
    char c;
  });
  LAYOUT("{c[d3c]}", {
    char a;
    union {
      double a;
      char b[3];
    } b;
  });
  LAYOUT(
    "{ci}<!>", PACKED {
      char a;
      int b;
    });
  LAYOUT(
    "{cic}<!@4>", PACKED ALIGNED(4) {
      char a;
      int b;
      char c;
    });
  LAYOUT("{c@8c}", {
    char a;
    char b ALIGNED(8);
  });
  LAYOUT("{c!i}", {
    char a;
    int b PACKED;
  });
  LAYOUT("{i*d}", {
    int a;
    double b[];
  });
  LAYOUT("{}", {});
}

/* Bit-fields: 3.1.2; the members' offsets are tested by values in abi/described.py. */
static void bit_fields(void **state) {
  LAYOUT("{:3i:5i}", {
    int a : 3;
    int b : 5;
  });
  LAYOUT("{:30i:5i}", {
    int a : 30;
    int b : 5;
  });
  LAYOUT("{:30i:5c}", {
    int a : 30;
    char b : 5;
  });
  LAYOUT("{c:31i}", {
    char a;
    int b : 31;
  });
  LAYOUT("{c:20i:12i}", {
    char a;
    int b : 20;
    int c : 12;
  });
  LAYOUT("{c_:0ic}", {
    char a;
    int : 0;
    char b;
  });
  LAYOUT("{c_:5lc}", {
    char a;
    long : 5;
    char b;
  });
  LAYOUT("{:1l}", { long a : 1; });
  LAYOUT("{:1bs}", {
    _Bool a : 1;
    short b;
  });
  LAYOUT(
    "{:20i:20i}<!>", PACKED {
      int a : 20;
      int b : 20;
    });
  LAYOUT("{c!:20ii}", {
    char a;
    int b : 20 PACKED;
    int c;
  });
#pragma pack(push, 2)
  LAYOUT("{:10l_:0Lc}<#2>", {
    long a : 10;
    unsigned long : 0; /* aligns as ever */
    char b;
  });
  LAYOUT("{c:20i:20i}<#2>", {
    char a;
    int b : 20;
    int c : 20;
  });
  LAYOUT("{cl@8c}<#2>", {
    char a;
    long b;
    char c ALIGNED(8);
  });
#pragma pack(pop)
}

/* ---- classification ---- */

/* How an argument or result is passed, as text: "i64 f32+8(4)": pieces with offsets (and bytes, if fewer than the
 * type's); or none, value, byval, reference, sret. */
static void describe(const kiln_carg_info *a, char *out, size_t size) {
  static const char *const ways[] = {"none", "value", "", "byval", "reference", "sret"};
  size_t n = (size_t)snprintf(out, size, "%s", ways[a->pass]);
  for (uint32_t i = 0; i < a->n_pieces; i++) {
    const kiln_cpiece *p = &a->pieces[i];
    n += (size_t)snprintf(out + n, size - n, "%s%s+%u", i ? " " : "", kiln_type_name(p->type),
                          p->offset_bytes);
    if (p->size_bytes != kiln_type_size(p->type))
      n += (size_t)snprintf(out + n, size - n, "(%u)", p->size_bytes);
  }
}

struct row {
  const char *type, *argument, *result;
};

static void expect_rows(struct fixture *t, const struct row *rows, size_t n) {
  for (size_t i = 0; i < n; i++) {
    kiln_ctype type_of_row = type(t, rows[i].type);
    kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, &type_of_row, 1, type_of_row);
    if (sig.id == 0) fail_msg("%s: %s", rows[i].type, t->diag.message);
    kiln_carg_info a = kiln_csig_get_arg(t->c, sig, 0), r = kiln_csig_get_result(t->c, sig);
    char text[2][200];
    describe(&a, text[0], sizeof text[0]);
    describe(&r, text[1], sizeof text[1]);
    if (strcmp(text[0], rows[i].argument) != 0 || strcmp(text[1], rows[i].result) != 0)
      fail_msg("%s: %s -> %s, not %s -> %s", rows[i].type, text[0], text[1], rows[i].argument,
               rows[i].result);
  }
}

static void x64_classes(void **state) {
  static const struct row rows[] = {
    {"i", "value", "value"},
    {"o", "value", "value"},
    {"e", "value", "value"},
    {"{c}", "i8+0", "i8+0"},
    {"{3c}", "i32+0(3)", "i32+0(3)"},
    {"{5c}", "i64+0(5)", "i64+0(5)"},
    {"{li}", "i64+0 i64+8", "i64+0 i64+8"}, /* 16 bytes with its padding */
    {"{9c}", "i64+0 i8+8", "i64+0 i8+8"},
    {"{16c}", "i64+0 i64+8", "i64+0 i64+8"},
    {"{17c}", "byval", "sret"}, /* more than two eightbytes, no SSEUP */
    {"{ddd}", "byval", "sret"},
    {"{f}", "f32+0", "f32+0"},
    {"{ff}", "f64+0", "f64+0"},
    {"{fff}", "f64+0 f32+8", "f64+0 f32+8"},
    {"{fi}", "i64+0", "i64+0"}, /* INTEGER wins within an eightbyte */
    {"{dl}", "f64+0 i64+8", "f64+0 i64+8"},
    {"{ld}", "i64+0 f64+8", "i64+0 f64+8"},
    {"{fffi}", "f64+0 i64+8", "f64+0 i64+8"},
    {"{f{fi}}", "f64+0 i32+8", "f64+0 i32+8"}, /* a nested one is classified where it stands */
    {"[dl]", "i64+0", "i64+0"},
    {"[f3i]", "i64+0 i32+8", "i64+0 i32+8"},
    {"F", "f64+0", "f64+0"}, /* float _Complex: one eightbyte of SSE */
    {"D", "f64+0 f64+8", "f64+0 f64+8"},
    {"E", "byval", "f80+0 f80+16"}, /* COMPLEX_X87: st0 and st1 */
    {"{e}", "byval", "f80+0"},      /* X87 arguments are in memory, results in st0 */
    {"[el]", "byval", "sret"},      /* INTEGER and X87UP: X87UP without X87 before it */
    {"[eo]", "i64+0 i64+8", "i64+0 i64+8"},
    {"{o}", "i64+0 i64+8", "i64+0 i64+8"},
    {"{cl}<!>", "byval", "sret"},                    /* an unaligned field */
    {"{c{dc}<!>}", "byval", "sret"},                 /* the same, further inside */
    {"{c^4,c}<#2>", "i32+0", "i32+0"},               /* by nature it is aligned */
    {"{fs{s{i}<!>}}", "i64+0 i32+8", "i64+0 i32+8"}, /* not in its struct, but as a whole */
    {"[f{:3C:17I3S:7S}e]<#1>", "i64+0 i64+8", "i64+0 i64+8"},
    {"{lc}<!>", "i64+0 i8+8", "i64+0 i8+8"}, /* packed, but none */
    {"{l}<@16>", "i64+0", "i64+0"},          /* the second eightbyte is padding */
    {"{:40l:30l}", "i64+0 i64+8", "i64+0 i64+8"},
    {"{f_:17i}<!>", "f64+0(7)", "f64+0(7)"},
    {"{s:18Q{:64Q}}<!>", "byval", "sret"}, /* a whole integer, though written as bit-field */
    {"{_:32id}", "f64+8", "f64+8"},        /* padding takes no register */
    {"{}", "none", "none"},
    {"{{}i}", "i32+0", "i32+0"},
    {"p", "value", "value"},
  };
  expect_rows(*state, rows, sizeof rows / sizeof rows[0]);
}

static void a64_classes(void **state) {
  static const struct row rows[] = {
    {"i", "value", "value"},
    {"e", "value", "value"},
    {"{c}", "i8+0", "i8+0"},
    {"{3c}", "i32+0(3)", "i32+0(3)"},
    {"{9c}", "i64+0 i8+8", "i64+0 i8+8"},
    {"{17c}", "reference", "sret"}, /* B.4: composites of more than 16 bytes */
    {"{f}", "f32+0", "f32+0"},      /* homogeneous aggregates of up to four members */
    {"{ff}", "f32+0 f32+4", "f32+0 f32+4"},
    {"{ffff}", "f32+0 f32+4 f32+8 f32+12", "f32+0 f32+4 f32+8 f32+12"},
    {"{fffff}", "reference", "sret"}, /* five: a composite of 20 bytes */
    {"{4d}", "f64+0 f64+8 f64+16 f64+24", "f64+0 f64+8 f64+16 f64+24"},
    {"{d{dd}}", "f64+0 f64+8 f64+16", "f64+0 f64+8 f64+16"},
    {"{fd}", "i64+0 i64+8", "i64+0 i64+8"}, /* not of one type */
    {"{ffi}", "i64+0 i32+8", "i64+0 i32+8"},
    {"[f{ff}]", "f32+0 f32+4", "f32+0 f32+4"}, /* unions: the largest member */
    {"[fi]", "i32+0", "i32+0"},
    {"{2F}", "f32+0 f32+4 f32+8 f32+12", "f32+0 f32+4 f32+8 f32+12"},
    {"F", "f32+0 f32+4", "f32+0 f32+4"},
    {"D", "f64+0 f64+8", "f64+0 f64+8"},
    {"{ee}", "f128+0 f128+16", "f128+0 f128+16"},
    {"{f}<@16>", "i64+0 i64+8", "i64+0 i64+8"}, /* padding: not homogeneous, natural alignment 4 */
    {"{o}", "i128+0", "i128+0"},                /* C.8, C.10: an even register */
    {"{l@16c}", "reference", "sret"},
    {"{@16cl}", "i128+0", "i128+0"},             /* a member aligned to 16 */
    {"{ll}<@16>", "i64+0 i64+8", "i64+0 i64+8"}, /* 5.9: the type's own attribute does not count */
    {"{f:3i}", "i64+0", "i64+0"},
    {"{_:0i2d}", "f64+0 f64+8", "f64+0 f64+8"}, /* a bit-field of no bits is no member */
    {"{cl}<!>", "i64+0 i8+8", "i64+0 i8+8"},
    {"{}", "none", "none"},
  };
  expect_rows(*state, rows, sizeof rows / sizeof rows[0]);
}

/* The parameters of a signature as text: types with flags. */
static void expect_params(struct fixture *t, const char *result, const char *types,
                          const char *expected) {
  kiln_ctype list[40];
  uint32_t n = 0;
  const char *p = types;
  while (*p) list[n++] = ctype_parse(t->c, &p);
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, list, n, type(t, result));
  assert_int_not_equal(sig.id, 0);
  kiln_sig_info info = kiln_sig_get(t->m, kiln_csig_sig(t->c, sig));
  char text[800] = "";
  for (uint32_t i = 0; i < info.n_params; i++) {
    static const char *const flags[] = {" sext", " zext", " byval", " sret", " join", " chain"};
    size_t at = strlen(text);
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "",
                           kiln_type_name((kiln_type)info.params[i].type));
    for (unsigned k = 0; k < 6; k++)
      if (info.params[i].flags >> k & 1)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", flags[k]);
    if (info.params[i].flags & KILN_PARAM_BYVAL)
      snprintf(text + at, sizeof text - at, "(%u, %u)", info.params[i].size_bytes,
               1u << info.params[i].align_log2);
  }
  assert_string_equal(text, expected);
}

/* 3.2.3, passing: whole in registers or whole in memory, which then takes no register. */
static void x64_registers(void **state) {
  struct fixture *t = *state;
  expect_params(t, "v", "nllll{ll}l",
                "i64 chain, i64, i64, i64, i64, i64, i64, i64"); /* takes no place */
  expect_params(t, "v", "bcCsSiI", "i8 zext, i8 sext, i8 zext, i16 sext, i16 zext, i32, i32");
  expect_params(t, "v", "lllll{ll}l", "i64, i64, i64, i64, i64, i64 byval(16, 8), i64");
  expect_params(t, "v", "llll{ll}{l}", "i64, i64, i64, i64, i64, i64, i64 byval(8, 8)");
  expect_params(t, "v", "lllll{ld}d", "i64, i64, i64, i64, i64, i64, f64, f64");
  expect_params(t, "v", "llllll{ld}{d}", "i64, i64, i64, i64, i64, i64, i64 byval(16, 8), f64");
  expect_params(t, "v", "ddddddd{dd}d", "f64, f64, f64, f64, f64, f64, f64, i64 byval(16, 8), f64");
  expect_params(t, "v", "lllllo{l}", "i64, i64, i64, i64, i64, i128, i64"); /* i128: both or none */
  expect_params(t, "{17c}", "llll{ll}", "i64 sret, i64, i64, i64, i64, i64 byval(16, 8)");
  expect_params(t, "v", "{17c}{o}{e}", "i64 byval(17, 8), i64, i64, i64 byval(16, 16)");
}

static void a64_registers(void **state) {
  struct fixture *t = *state;
  expect_params(t, "v", "n{ll}", "i64 chain, i64 join, i64");
  expect_params(t, "v", "bcCsS", "i8, i8, i8, i16, i16");
  expect_params(t, "v", "{ll}{lc}{f}", "i64 join, i64, i64 join, i64, f32");
  expect_params(t, "v", "{dd}{17c}{}i", "f64 join, f64, i64, i32");
  expect_params(t, "{17c}", "{o}", "i64 sret, i128");
}

static void variadic(void **state) {
  struct fixture *t = *state;
  kiln_ctype fixed[1] = {kiln_ctype_basic(KILN_CTYPE_POINTER)};
  kiln_csig sig =
    kiln_csig_new(t->c, KILN_CC_C, KILN_SIG_VARIADIC, fixed, 1, kiln_ctype_basic(KILN_CTYPE_INT));
  kiln_ctype more[] = {kiln_ctype_basic(KILN_CTYPE_FLOAT), kiln_ctype_basic(KILN_CTYPE_CHAR),
                       type(t, "{17c}"), kiln_ctype_basic(KILN_CTYPE_BOOL)};
  kiln_csig call = kiln_csig_new_variadic(t->c, sig, more, 4);
  kiln_sig_info info = kiln_sig_get(t->m, kiln_csig_sig(t->c, call));
  assert_int_equal(info.flags, KILN_SIG_VARIADIC);
  assert_int_equal(info.n_params, 5);
  assert_int_equal(info.params[1].type, KILN_TYPE_F64);
  assert_int_equal(info.params[2].type, KILN_TYPE_I32);
  assert_int_equal(info.params[3].flags, KILN_PARAM_BYVAL);
  assert_int_equal(info.params[4].type, KILN_TYPE_I32);
  assert_int_equal(kiln_csig_get_arg(t->c, call, 4).type.id, KILN_CTYPE_INT);
}

/* The example of the header, with its caller. */
static void example(void **state) {
  struct fixture *t = *state;
  kiln_module *m = t->m;
  kiln_session *s = t->s;
  kiln_ctypes *c = t->c;
  kiln_ctype real = kiln_ctype_basic(KILN_CTYPE_DOUBLE);
  kiln_ctype point =
    kiln_ctype_new_struct(c, NULL, (kiln_cfield[]){{.type = real}, {.type = real}}, 2);
  kiln_csig sig = kiln_csig_new(c, KILN_CC_C, 0, (kiln_ctype[]){point, real}, 2, point);
  kiln_symbol scale =
    kiln_func_declare(m, &(kiln_symbol_desc){.name = "scale"}, kiln_csig_sig(c, sig));
  kiln_func *f = kiln_func_begin(s, scale);
  kiln_value p = kiln_build_cparam(f, c, sig, 0);
  kiln_value by = kiln_build_cparam(f, c, sig, 1);
  for (int32_t at = 0; at < 16; at += 8) {
    kiln_value v = kiln_build_load(f, KILN_TYPE_F64, p, at, 0);
    v = kiln_build_binary(f, KILN_OP_FMUL, KILN_TYPE_F64, v, by);
    kiln_build_store(f, KILN_TYPE_F64, p, at, v, 0);
  }
  kiln_build_creturn(f, c, sig, p);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_int_equal(kiln_func_verify(f), KILN_OK);
  assert_int_equal(kiln_func_compile(f), KILN_OK);

  kiln_ctype address = kiln_ctype_basic(KILN_CTYPE_POINTER);
  kiln_csig twice = kiln_csig_new(c, KILN_CC_C, 0, (kiln_ctype[]){address, address}, 2,
                                  kiln_ctype_basic(KILN_CTYPE_VOID));
  kiln_func *g = kiln_func_begin(
    s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "twice"}, kiln_csig_sig(c, twice)));
  kiln_value result = kiln_build_cparam(g, c, twice, 0), from = kiln_build_cparam(g, c, twice, 1);
  kiln_build_ccall(g, c, sig, kiln_const_symbol(g, scale, 0), result,
                   (kiln_value[]){from, kiln_const_f64(g, 2.0)}, 2);
  kiln_build_creturn(g, c, twice, (kiln_value){0});
  assert_int_equal(kiln_func_finish(g), KILN_OK);
  assert_int_equal(kiln_func_verify(g), KILN_OK);
  assert_int_equal(kiln_func_compile(g), KILN_OK);
}

/* ---- misuse ---- */

static void expect_error(struct fixture *t, kiln_status status, const char *text) {
  assert_int_equal(kiln_module_status(t->m), status);
  assert_non_null(strstr(t->diag.message, text));
}

#define FIELDS(...)                                                                                \
  NULL, (kiln_cfield[]){__VA_ARGS__}, sizeof((kiln_cfield[]){__VA_ARGS__}) / sizeof(kiln_cfield)

static void void_member(void **state) {
  struct fixture *t = *state;
  kiln_ctype s = kiln_ctype_new_struct(t->c, FIELDS({.type = kiln_ctype_basic(KILN_CTYPE_VOID)}));
  assert_int_equal(s.id, 0);
  expect_error(t, KILN_ERR_TYPE, "void");
}

static void float_bits(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ctype_new_struct(t->c, FIELDS({.type = kiln_ctype_basic(KILN_CTYPE_FLOAT),
                                                       .flags = KILN_CFIELD_BITS,
                                                       .bits = 3}))
                     .id,
                   0);
  expect_error(t, KILN_ERR_TYPE, "bit-field");
}

static void wide_bits(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ctype_new_struct(t->c, FIELDS({.type = kiln_ctype_basic(KILN_CTYPE_INT),
                                                       .flags = KILN_CFIELD_BITS,
                                                       .bits = 33}))
                     .id,
                   0);
  expect_error(t, KILN_ERR_ARGUMENT, "wider");
}

static void bad_alignment(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ctype_new_aligned(t->c, kiln_ctype_basic(KILN_CTYPE_INT), 3).id, 0);
  expect_error(t, KILN_ERR_ARGUMENT, "power of two");
}

static void too_large(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_ctype_new_array(t->c, kiln_ctype_basic(KILN_CTYPE_LONG), UINT64_MAX / 4).id,
                   0);
  expect_error(t, KILN_ERR_LIMIT, "too large");
}

static void flexible_inside(void **state) {
  struct fixture *t = *state;
  kiln_ctype flexible = kiln_ctype_new_flexible(t->c, kiln_ctype_basic(KILN_CTYPE_INT));
  assert_int_equal(kiln_ctype_new_struct(
                     t->c, FIELDS({.type = flexible}, {.type = kiln_ctype_basic(KILN_CTYPE_INT)}))
                     .id,
                   0);
  expect_error(t, KILN_ERR_STRUCTURE, "flexible");
}

static void array_parameter(void **state) {
  struct fixture *t = *state;
  kiln_ctype array = type(t, "3i");
  assert_int_equal(
    kiln_csig_new(t->c, KILN_CC_C, 0, &array, 1, kiln_ctype_basic(KILN_CTYPE_VOID)).id, 0);
  expect_error(t, KILN_ERR_TYPE, "parameter");
}

/* Ids of derived types leave room for basic types of later versions. */
static void derived_ids(void **state) {
  struct fixture *t = *state;
  kiln_ctypes *c = kiln_ctypes_new(t->m);
  kiln_ctype i = kiln_ctype_basic(KILN_CTYPE_INT);
  assert_int_equal(kiln_ctype_new_array(c, i, 3).id, 256);
  assert_int_equal(kiln_ctype_new_array(c, i, 4).id, 257);
  assert_int_equal(kiln_ctype_get(c, (kiln_ctype){257}).count, 4);
  for (uint32_t id = KILN_CTYPE_COMPLEX_LDOUBLE + 1; id < 260; id++)
    if (id != 256 && id != 257) assert_int_equal(kiln_ctype_get(c, (kiln_ctype){id}).kind, 0);
  assert_int_equal(kiln_ctype_basic(KILN_CTYPE_ARRAY).id, 0);
  kiln_ctypes_free(c);
}

static void other_convention(void **state) {
  struct fixture *t = *state;
  kiln_ctype i = kiln_ctype_basic(KILN_CTYPE_INT);
  assert_int_equal(kiln_csig_new(t->c, KILN_CC_WIN64, 0, &i, 1, i).id, 0);
  expect_error(t, KILN_ERR_UNSUPPORTED, "convention");
}

static void not_variadic(void **state) {
  struct fixture *t = *state;
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, NULL, 0, kiln_ctype_basic(KILN_CTYPE_VOID));
  assert_int_equal(kiln_csig_new_variadic(t->c, sig, NULL, 0).id, 0);
  expect_error(t, KILN_ERR_ARGUMENT, "variadic");
}

static void wrong_calls(void **state) {
  struct fixture *t = *state;
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, NULL, 0, kiln_ctype_basic(KILN_CTYPE_VOID));
  kiln_symbol g =
    kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "g"}, kiln_csig_sig(t->c, sig));
  const kiln_value none = {0};
  for (unsigned i = 0; i < 5; i++) {
    char name[2] = {(char)('a' + i), 0};
    kiln_func *f = kiln_func_begin(
      t->s, kiln_func_declare(t->m, &(kiln_symbol_desc){.name = name}, kiln_csig_sig(t->c, sig)));
    kiln_value v = kiln_const_int(f, 1), callee = kiln_const_symbol(f, g, 0);
    switch (i) {
    case 0: kiln_build_ccall(f, t->c, sig, callee, none, &v, 1); break;
    case 1: kiln_build_ccall(f, t->c, (kiln_csig){0}, callee, none, NULL, 0); break;
    case 2: kiln_build_cparam(f, t->c, sig, 0); break;
    case 3: kiln_build_creturn(f, t->c, (kiln_csig){99}, none); break;
    default: kiln_build_cva_arg(f, t->c, kiln_ctype_basic(KILN_CTYPE_FLOAT), v); break;
    }
    assert_int_not_equal(kiln_func_status(f), KILN_OK);
    kiln_func_discard(f);
  }
}

CASE(failing_memory) {
  unsigned failures = 0;
  for (size_t k = 1;; k++) {
    struct fixture t = {.memory.fail_at = k};
    if (make(&t, KILN_PROCESSOR_X86_64)) {
      for (unsigned i = 0; i < 60; i++) {
        kiln_cfield fields[2] = {{.type = kiln_ctype_basic(KILN_CTYPE_INT)},
                                 {.type = kiln_ctype_basic(KILN_CTYPE_DOUBLE)}};
        kiln_ctype s = kiln_ctype_new_struct(t.c, NULL, fields, 2), params[2] = {s, s};
        kiln_csig sig = kiln_csig_new(t.c, KILN_CC_C, 0, params, 2, s);
        if (sig.id != 0) assert_int_not_equal(s.id, 0);
        if (s.id == 0 || sig.id == 0) assert_int_equal(kiln_module_status(t.m), KILN_ERR_MEMORY);
      }
      failures += kiln_module_status(t.m) == KILN_ERR_MEMORY;
    }
    destroy(&t);
    if (t.memory.calls < k) break;
  }
  assert_true(failures > 5);
}

/* ---- equal signatures ---- */

static void interned(void **state) {
  struct fixture *t = *state;
  kiln_ctype i = kiln_ctype_basic(KILN_CTYPE_INT), d = kiln_ctype_basic(KILN_CTYPE_DOUBLE);
  kiln_ctype f = kiln_ctype_basic(KILN_CTYPE_FLOAT);
  kiln_csig a = kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){i, d}, 2, i);
  assert_int_equal(kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){i, d}, 2, i).id, a.id);
  assert_int_not_equal(kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){d, i}, 2, i).id, a.id);
  assert_int_not_equal(kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){i, d}, 2, d).id, a.id);
  assert_int_not_equal(kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){i}, 1, i).id, a.id);
  kiln_csig v = kiln_csig_new(t->c, KILN_CC_C, KILN_SIG_VARIADIC, (kiln_ctype[]){i, d}, 2, i);
  assert_int_not_equal(v.id, a.id);
  kiln_csig one = kiln_csig_new_variadic(t->c, v, &d, 1);
  assert_int_equal(kiln_csig_new_variadic(t->c, v, &d, 1).id, one.id);
  assert_int_equal(kiln_csig_new_variadic(t->c, v, NULL, 0).id, v.id);
  /* a promoted float is not a double: its argument may still be given as a float */
  assert_int_not_equal(kiln_csig_new_variadic(t->c, v, &f, 1).id, one.id);
  /* the fixed arguments are other ones */
  kiln_csig all = kiln_csig_new(t->c, KILN_CC_C, KILN_SIG_VARIADIC, (kiln_ctype[]){i, d, d}, 3, i);
  assert_int_not_equal(all.id, one.id);
  uint32_t first = 0;
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned k = 0; k < 200; k++) {
      kiln_ctype params[8];
      for (unsigned b = 0; b < 8; b++) params[b] = k >> b & 1 ? i : d;
      kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, params, 8, i);
      if (round == 0 && k == 0) first = sig.id;
      assert_int_equal(sig.id, first + k);
    }
  }
}

/* ---- code of this machine ---- */

/* Links what was compiled and gives the address of a function. */
static void *jit_function(struct fixture *t, kiln_jit **jit, const char *name) {
  kiln_jit_input input = {.module = t->m, .sessions = &t->s, .n_sessions = 1};
  *jit = kiln_jit_new(NULL, NULL);
  assert_int_equal(kiln_jit_add(*jit, 0, &input, 1, NULL, NULL), KILN_OK);
  return kiln_jit_lookup(*jit, name);
}

static kiln_func *define(struct fixture *t, const char *name, kiln_csig sig) {
  return kiln_func_begin(
    t->s, kiln_func_declare(t->m, &(kiln_symbol_desc){.name = name}, kiln_csig_sig(t->c, sig)));
}

/* float pick(long, ...) returns its second variadic argument, a float that is passed without promotion; the first is
 * a char, likewise. */
static void not_promoted(void **state) {
  struct fixture *t = *state;
  kiln_ctype l = kiln_ctype_basic(KILN_CTYPE_LONG), f = kiln_ctype_basic(KILN_CTYPE_FLOAT);
  kiln_ctype c = kiln_ctype_basic(KILN_CTYPE_SCHAR);
  kiln_ctypes_set_promotion(t->c, false);
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, KILN_SIG_VARIADIC, &l, 1, f);
  kiln_csig of_call = kiln_csig_new_variadic(t->c, sig, (kiln_ctype[]){c, f}, 2);
  assert_int_equal(kiln_csig_get_arg(t->c, of_call, 1).type.id, c.id);
  assert_int_equal(kiln_csig_get_arg(t->c, of_call, 2).type.id, f.id);

  kiln_func *g = define(t, "pick", sig);
  kiln_value list = kiln_slot_new(g, 32, 3);
  kiln_build_unary(g, KILN_OP_VA_START, KILN_TYPE_PTR, list);
  kiln_value small = kiln_build_cva_arg(g, t->c, c, list);
  kiln_value v = kiln_build_cva_arg(g, t->c, f, list);
  kiln_value negative =
    kiln_build_icmp(g, KILN_ICOND_SLT, KILN_TYPE_I8, small, kiln_const_int(g, 0));
  v = kiln_build_select(g, KILN_TYPE_F32, negative, v, kiln_const_f32(g, 0));
  kiln_build_creturn(g, t->c, sig, v);
  assert_int_equal(kiln_func_compile(g), KILN_OK);

  g = define(t, "call", kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){c, f}, 2, f));
  kiln_value args[] = {kiln_const_int(g, 7), kiln_func_param(g, 0), kiln_func_param(g, 1)};
  kiln_value callee = kiln_const_symbol(g, kiln_symbol_lookup(t->m, "pick"), 0);
  v = kiln_build_ccall(g, t->c, of_call, callee, (kiln_value){0}, args, 3);
  kiln_build_ret(g, &v, 1);
  assert_int_equal(kiln_func_compile(g), KILN_OK);
  kiln_jit *jit;
  float (*call)(signed char, float) = (float (*)(signed char, float))jit_function(t, &jit, "call");
  assert_true(call(-1, 2.5f) == 2.5f);
  assert_true(call(1, 2.5f) == 0);
  kiln_jit_free(jit);
}

static void promoted_by_default(void **state) {
  struct fixture *t = *state;
  kiln_ctype l = kiln_ctype_basic(KILN_CTYPE_LONG), f = kiln_ctype_basic(KILN_CTYPE_FLOAT);
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, KILN_SIG_VARIADIC, &l, 1, f);
  sig = kiln_csig_new_variadic(t->c, sig, &f, 1);
  assert_int_equal(kiln_csig_get_arg(t->c, sig, 1).type.id, KILN_CTYPE_DOUBLE);
  kiln_func *g = define(t, "f", sig);
  kiln_build_cva_arg(g, t->c, f, kiln_func_param(g, 0));
  assert_int_equal(kiln_func_status(g), KILN_ERR_TYPE);
  kiln_func_discard(g);
}

/* psABI 3.2.3: class MEMORY goes to the stack, a result to memory of the caller; AAPCS64 6.8.2, B.4: as if
 * it were larger than 16 bytes. */
static void check_in_memory(struct fixture *t, kiln_cpass argument) {
  kiln_ctype_options memory = {.in_memory = true};
  kiln_ctype l = kiln_ctype_basic(KILN_CTYPE_LONG);
  kiln_ctype none = kiln_ctype_new_struct(t->c, &memory, NULL, 0);
  kiln_ctype one = kiln_ctype_new_struct(t->c, &memory, &(kiln_cfield){.type = l}, 1);
  kiln_ctype outer = kiln_ctype_new_struct(t->c, NULL, &(kiln_cfield){.type = one}, 1);
  kiln_ctype array = kiln_ctype_new_array(t->c, one, 1);
  kiln_ctype with_array = kiln_ctype_new_struct(t->c, NULL, &(kiln_cfield){.type = array}, 1);
  const kiln_ctype types[] = {none, one, outer, with_array};
  for (unsigned i = 0; i < 4; i++) {
    kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, &types[i], 1, types[i]);
    assert_int_equal(kiln_csig_get_arg(t->c, sig, 0).pass, argument);
    assert_int_equal(kiln_csig_get_result(t->c, sig).pass, KILN_CPASS_SRET);
  }
  kiln_ctype plain = kiln_ctype_new_struct(t->c, NULL, NULL, 0);
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, &plain, 1, plain);
  assert_int_equal(kiln_csig_get_arg(t->c, sig, 0).pass, KILN_CPASS_NONE);
  assert_int_equal(kiln_csig_get_result(t->c, sig).pass, KILN_CPASS_NONE);
}
static void in_memory(void **state) { check_in_memory(*state, KILN_CPASS_BYVAL); }
static void a64_in_memory(void **state) { check_in_memory(*state, KILN_CPASS_REFERENCE); }

/* struct one f(long, struct none, struct one, long): called with its true type. */
static void calls_in_memory(void **state) {
  struct fixture *t = *state;
  kiln_ctype_options memory = {.in_memory = true};
  kiln_ctype l = kiln_ctype_basic(KILN_CTYPE_LONG);
  kiln_ctype none = kiln_ctype_new_struct(t->c, &memory, NULL, 0);
  kiln_ctype one = kiln_ctype_new_struct(t->c, &memory, &(kiln_cfield){.type = l}, 1);
  kiln_csig sig = kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){l, none, one, l}, 4, one);
  kiln_func *f = define(t, "f", sig);
  kiln_value sum = kiln_build_cparam(f, t->c, sig, 0);
  kiln_build_cparam(f, t->c, sig, 1);
  kiln_value v = kiln_build_cparam(f, t->c, sig, 2), to = kiln_slot_new(f, 8, 3);
  sum = kiln_build_binary(f, KILN_OP_MUL, KILN_TYPE_I64, sum,
                          kiln_build_load(f, KILN_TYPE_I64, v, 0, 0));
  sum = kiln_build_binary(f, KILN_OP_SUB, KILN_TYPE_I64, sum, kiln_build_cparam(f, t->c, sig, 3));
  kiln_build_store(f, KILN_TYPE_I64, to, 0, sum, 0);
  kiln_build_creturn(f, t->c, sig, to);
  assert_int_equal(kiln_func_compile(f), KILN_OK);

  kiln_csig outer = kiln_csig_new(t->c, KILN_CC_C, 0, (kiln_ctype[]){l, l, l}, 3, l);
  kiln_func *g = define(t, "g", outer);
  kiln_value slot = kiln_slot_new(g, 8, 3), empty = kiln_slot_new(g, 1, 0);
  kiln_build_store(g, KILN_TYPE_I64, slot, 0, kiln_func_param(g, 1), 0);
  kiln_value args[] = {kiln_func_param(g, 0), empty, slot, kiln_func_param(g, 2)};
  kiln_value callee = kiln_const_symbol(g, kiln_symbol_lookup(t->m, "f"), 0);
  v = kiln_build_ccall(g, t->c, sig, callee, (kiln_value){0}, args, 4);
  v = kiln_build_load(g, KILN_TYPE_I64, v, 0, 0);
  kiln_build_ret(g, &v, 1);
  assert_int_equal(kiln_func_compile(g), KILN_OK);
  kiln_jit *jit;
  long (*call)(long, long, long) = (long (*)(long, long, long))jit_function(t, &jit, "g");
  assert_int_equal(call(6, 8, 5), 43);
  kiln_jit_free(jit);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_A64(f) cmocka_unit_test_setup_teardown(f, setup_a64, teardown)
#ifdef __aarch64__ /* what is compared with the compiler that built the test */
#define TEST_HOST TEST_A64
#else
#define TEST_HOST TEST
#endif
  const struct CMUnitTest tests[] = {
    TEST_HOST(layout),
    TEST_HOST(bit_fields),
    TEST(x64_classes),
    TEST(x64_registers),
    TEST_A64(a64_classes),
    TEST_A64(a64_registers),
    TEST(variadic),
    TEST(example),
    TEST_A64(example),
    TEST(void_member),
    TEST(float_bits),
    TEST(wide_bits),
    TEST(bad_alignment),
    TEST(too_large),
    TEST(flexible_inside),
    TEST(array_parameter),
    TEST(not_variadic),
    TEST(derived_ids),
    TEST(other_convention),
    TEST(wrong_calls),
    TEST(interned),
    TEST_HOST(not_promoted),
    TEST_HOST(promoted_by_default),
    TEST(in_memory),
    TEST_A64(a64_in_memory),
    TEST_HOST(calls_in_memory),
    cmocka_unit_test(failing_memory),
  };
  return cmocka_run_group_tests_name("ctypes", tests, NULL, NULL);
}
