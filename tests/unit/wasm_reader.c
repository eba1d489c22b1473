/* The WebAssembly reader: what is valid and what is not, in the official suite's words; damaged modules, hostile counts
 * and depths, failing memory, several threads. What programs compute is tested by the official suite (tests/wasm). */
#include "unit.h"

#include <kiln/kiln.h>
#include <kiln/wasm.h>
#include "failing.h"

/* ---- making modules ---- */

struct text {
  uint8_t *at;
  size_t n, cap;
};

static void put(struct text *t, const void *bytes, size_t n) {
  if (t->n + n > t->cap) {
    t->cap = 2 * (t->n + n) + 64;
    t->at = realloc(t->at, t->cap);
    assert_non_null(t->at);
  }
  memcpy(t->at + t->n, bytes, n);
  t->n += n;
}
static void put8(struct text *t, unsigned byte) { put(t, &(uint8_t){(uint8_t)byte}, 1); }
static void put_number(struct text *t, uint64_t n) {
  for (; n >= 0x80; n >>= 7) put8(t, 0x80 | (n & 0x7f));
  put8(t, (unsigned)n);
}
/* Bytes in hexadecimal digits, between which spaces may be. */
static void put_hex(struct text *t, const char *hex) {
  for (unsigned byte, n; sscanf(hex, " %2x%n", &byte, &n) == 1; hex += n) put8(t, byte);
}
static void put_section(struct text *t, unsigned id, const struct text *content) {
  put8(t, id);
  put_number(t, content->n);
  put(t, content->at, content->n);
}
static void put_hex_section(struct text *t, unsigned id, const char *hex) {
  struct text content = {0};
  put_hex(&content, hex);
  put_section(t, id, &content);
  free(content.at);
}

/* A module of one function, of type 0, whose parameters and result are I32; type 1 is () -> (), type 2 () -> (I32
 * I64). It has a table of functions, a memory, a global that may be set and one that may not, a tag of an I32, and a
 * data segment. `code`: locals and instructions, without the last `end`. */
static void put_module(struct text *t, const char *code) {
  put_hex(t, "00 61 73 6d 01 00 00 00");
  put_hex_section(t, 1, "04 60 01 7f 01 7f  60 00 00  60 00 02 7f 7e  60 01 7f 00");
  put_hex_section(t, 3, "01 00");
  put_hex_section(t, 4, "01 70 00 04");
  put_hex_section(t, 5, "01 00 01");
  put_hex_section(t, 13, "01 00 03");
  put_hex_section(t, 6, "02 7f 01 41 00 0b  7e 00 42 00 0b");
  put_hex_section(t, 9, "01 03 00 01 00");
  put_hex_section(t, 12, "01");
  struct text body = {0}, section = {0};
  put_hex(&body, code);
  put8(&body, 0x0b);
  put8(&section, 1);
  put_number(&section, body.n);
  put(&section, body.at, body.n);
  put_section(t, 10, &section);
  put_hex_section(t, 11, "01 01 02 61 62");
  free(body.at);
  free(section.at);
}

/* ---- reading them ---- */

/* Compiles a module, from memory of exactly its size, and makes an object if it is right. */
static kiln_status compile(const uint8_t *bytes, size_t n, kiln_processor target,
                           const kiln_wasm_options *o, struct failing *budget, kiln_diag *diag) {
  kiln_module_options options = {.target.processor = target, .verify = true, .name = "module"};
  if (budget != NULL) options.allocator = failing_allocator(budget);
  uint8_t *copy = malloc(n != 0 ? n : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, n);
  kiln_buffer object = {.allocator = options.allocator};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = m != NULL ? kiln_session_new(m) : NULL;
  kiln_status status = KILN_ERR_MEMORY;
  if (s != NULL) {
    kiln_wasm *w = kiln_wasm_new(m, copy, n, o);
    status = kiln_module_status(m);
    if (w != NULL) status = kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), NULL, NULL);
    if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, &object);
    if (diag != NULL) *diag = *kiln_module_diag(m);
    kiln_wasm_free(w);
  }
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_buffer_free(&object);
  free(copy);
  return status;
}

/* ---- what is valid ---- */

static const struct row {
  const char *code;  /* locals, instructions */
  const char *wrong; /* how the message begins; NULL: it is valid */
} rows[] = {
  {"00 41 01", NULL},
  {"00 20 00 20 00 6a", NULL},
  {"00", "type mismatch: end expects i32, not nothing"},
  {"00 42 01", "type mismatch: end expects i32, not i64"},
  {"00 41 01 41 02", "type mismatch: end leaves more operands than its type has results"},
  {"00 41 01 42 02 6a", "type mismatch: i32.add expects i32, not i64"},
  {"00 20 01", "unknown local 1"},
  {"01 02 7e 20 02 a7", NULL},
  {"01 d1 86 03 7f 41 00", "too many locals"},
  {"00 23 02", "unknown global 2"},
  {"00 42 00 24 01 41 00", "global is immutable"},
  {"00 10 01 41 00", "unknown function 1"},
  {"00 41 00 10 00", NULL},
  {"00 41 00 11 01 01 41 00", "unknown table 1"},
  {"00 41 00 11 09 00 41 00", "unknown type 9"},
  {"00 41 00 11 01 00 41 00", NULL},
  {"00 41 00 28 03 00", "alignment must not be larger than natural"},
  {"00 41 00 28 42 01 00", "unknown memory 1"},
  {"00 41 00 28 02 ff ff ff ff 0f", NULL},
  {"00 41 00 28 02 ff ff ff ff 1f", "offset out of range"},
  {"00 41 00 28 02 80 80 80 80 80 00", NULL}, /* as long as that of a 64-bit memory may be */
  {"00 41 00 28 02 80 80 80 80 80 80 80 80 80 80 00", "integer representation too long"},
  {"00 41 80 80 80 80 80 00", "integer representation too long"},
  {"00 0c 01", "unknown label 1"},
  {"00 0c 00", "type mismatch: br expects i32, not nothing"},
  {"00 41 00 0c 00", NULL},
  {"00 02 40 0c 00 0b 41 00", NULL},
  {"00 03 7f 41 00 41 00 0d 00 0b", NULL},
  {"00 02 02 41 01 42 01 0b 1a", NULL}, /* a block of two results */
  {"00 41 00 04 7f 41 01 05 41 02 0b", NULL},
  {"00 41 00 04 7f 41 01 0b",
   "type mismatch: an if without else whose results differ from its parameters"},
  {"00 05 41 00", "else without an if"},
  {"00 02 40", "unexpected end of section or function"},
  {"00 41 00 41 00 0e 01 00 00", NULL},
  {"00 02 7e 41 00 41 00 0e 01 00 01 0b 50", "type mismatch: br_table expects i64, not i32"},
  {"00 41 00 42 00 41 00 1b", "type mismatch: select expects i64, not i32"},
  {"00 d0 70 d0 70 41 00 1b d1", "type mismatch: select without a type of references"},
  {"00 d0 70 d0 70 41 00 1c 01 70 d1", NULL},
  {"00 d0 63 6f 1a", "malformed heap type"},
  {"00 d0 71 1a", "garbage collection is not supported: none"},
  {"00 d0 6a 1a", "garbage collection is not supported: array"},
  {"00 d0 74 1a", "garbage collection is not supported: noexn"},
  {"00 d0 68 1a", "continuations (stack switching)"},
  {"00 d0 01 1a", "typed function references"},
  {"00 d2 00 d1", NULL},
  {"00 d2 07 d1", "unknown function 7"},
  {"00 ff", "illegal opcode 0xff"},
  {"00 fc 7f", "illegal opcode 0xfc 0x7f"},
  {"00 41 00 41 00 41 00 fc 08 00 00 41 00", NULL},
  {"00 41 00 41 00 41 00 fc 08 01 00 41 00", "unknown data segment 1"},
  {"00 fc 0d 01 41 00", "unknown elem segment 1"},
  {"00 41 00 fd 0f fd 15 10", "invalid lane index 16"},
  {"00 06 40", "legacy exceptions are not supported: try"},
  {"00 14 00", "typed function references are not supported: call_ref"},
  {"00 fb 00", "garbage-collected types are not supported"},
  {"00 e0 01", "continuations (stack switching) are not supported: cont.new"},
  {"00 e6 00 00", "continuations (stack switching) are not supported: switch"},
  {"00 fc 13", "operations of wide arithmetic are not supported: i64.add128"},
  {"00 fc 16", "operations of wide arithmetic are not supported: i64.mul_wide_u"},
  /* where nothing gets, what is missing is of any type, but not in what begins there */
  {"00 00", NULL},
  {"00 00 6a", NULL},
  {"00 00 42 00 6a", "type mismatch: i32.add expects i32, not i64"},
  {"00 00 1a 1b 1a", NULL},
  {"00 00 02 40 1a 0b", "type mismatch: drop expects any type, not nothing"},
  {"00 41 00 0f 02 7f 0b", "type mismatch: end expects i32, not nothing"},
  {"00 41 00 0f 1a", NULL},
  {"00 00 20 07", "unknown local 7"},
  /* tail calls, exceptions */
  {"00 41 00 12 00", NULL},
  {"00 41 00 13 01 00", "type mismatch: return_call_indirect to a function with other results"},
  {"00 41 00 08 00", NULL},
  {"00 08 00", "type mismatch: throw expects i32, not nothing"},
  {"00 41 00 08 01", "unknown tag 1"},
  {"00 d0 69 0a", NULL},
  {"00 1f 40 01 00 00 00 41 00 10 00 1a 0b 41 00", NULL},
  {"00 1f 40 01 02 00 0b 41 00",
   "type mismatch: a label whose types differ from those of the catch clause"},
  {"00 02 40 1f 40 01 02 00 41 00 10 00 1a 0b 0b 41 00", NULL},
  {"00 02 69 1f 40 01 03 00 41 00 10 00 1a 0b d0 69 0b 1a 41 00", NULL},
  /* atomics */
  {"00 41 00 fe 10 02 00", NULL},
  {"00 41 00 fe 10 01 00", "atomic alignment must be natural"},
};

CASE(messages) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct text t = {0};
    put_module(&t, rows[i].code);
    for (unsigned target = 1; target < KILN_PROCESSOR_COUNT; target++) {
      for (unsigned flags = 0; flags < 8; flags++) {
        kiln_diag d = {.status = KILN_OK};
        kiln_wasm_options o = {.flags = flags};
        kiln_status status = compile(t.at, t.n, (kiln_processor)target, &o, NULL, &d);
        const char *wrong = rows[i].wrong;
        bool as_said =
          wrong == NULL ? status == KILN_OK : strncmp(d.message, wrong, strlen(wrong)) == 0;
        if (!as_said) print_error("%s: %s\n", rows[i].code, d.message);
        assert_true(as_said);
        assert_int_equal(status, d.status);
      }
    }
    free(t.at);
  }
}

/* ---- damage ---- */

/* A module that is right, and has most of what there is. */
static void put_example(struct text *t) {
  put_module(
    t, "02 02 7e 01 7b 41 07 20 00 6d 20 00 28 02 10 04 7f 20 00 41 03 11 00 00 05 20 00 0b 21 00"
       "03 40 20 00 41 01 6b 22 00 0d 00 0b 02 69 1f 40 01 03 00 20 00 10 00 1a 0b d0 69 0b 1a"
       "20 00 fd 0f 20 03 fd 6e fd 1b 02 6a");
}

CASE(every_length) {
  struct text t = {0};
  put_example(&t);
  kiln_diag d;
  kiln_status whole = compile(t.at, t.n, KILN_PROCESSOR_X86_64, NULL, NULL, &d);
  if (whole != KILN_OK) print_error("%s\n", d.message);
  assert_int_equal(whole, KILN_OK);
  for (size_t n = 0; n < t.n; n++) {
    kiln_status status = compile(t.at, n, KILN_PROCESSOR_X86_64, NULL, NULL, &d);
    bool whole_module = n == 8 || n == 28; /* without sections; types alone */
    assert_true((status == KILN_OK) == whole_module);
    assert_true(whole_module || d.message[0] != '\0');
  }
  free(t.at);
}

/* A bit of each byte inverted, and each byte replaced by some others. */
CASE(damaged) {
  struct text t = {0};
  put_example(&t);
  static const uint8_t others[] = {0, 1, 0x0b, 0x40, 0x7f, 0x80, 0xff};
  for (size_t i = 0; i < t.n; i++) {
    uint8_t was = t.at[i];
    for (unsigned k = 0; k < 8 + sizeof others; k++) {
      t.at[i] = (uint8_t)(k < 8 ? was ^ 1 << k : others[k - 8]);
      kiln_diag d;
      kiln_status status = compile(t.at, t.n, (kiln_processor)(1 + (i & 1)), NULL, NULL, &d);
      assert_true(status == KILN_OK || d.message[0] != '\0');
      assert_int_not_equal(status, KILN_ERR_INTERNAL);
    }
    t.at[i] = was;
  }
  free(t.at);
}

CASE(failing_memory) {
  struct text t = {0};
  put_example(&t);
  kiln_status status = KILN_ERR_MEMORY;
  for (long n = 0; status != KILN_OK; n++) {
    assert_true(n < 5000);
    struct failing budget = {.fail_at = (size_t)n + 1, .on = true};
    status = compile(t.at, t.n, KILN_PROCESSOR_X86_64, NULL, &budget, NULL);
    if (status != KILN_OK && status != KILN_ERR_MEMORY)
      print_error("%ld: %s\n", n, kiln_status_name(status));
    assert_true(status == KILN_OK || status == KILN_ERR_MEMORY);
  }
  free(t.at);
}

/* ---- hostile sizes ---- */

/* The status of a module of one function with this body; the body's memory is freed. */
static kiln_status compile_body(struct text *body) {
  struct text t = {0}, section = {0};
  put_hex(&t, "00 61 73 6d 01 00 00 00");
  put_hex_section(&t, 1, "01 60 00 00");
  put_hex_section(&t, 3, "01 00");
  put8(&section, 1);
  put_number(&section, body->n);
  put(&section, body->at, body->n);
  put_section(&t, 10, &section);
  kiln_status status = compile(t.at, t.n, KILN_PROCESSOR_X86_64, NULL, NULL, NULL);
  free(t.at);
  free(section.at);
  free(body->at);
  return status;
}

CASE(deep) {
  struct text body = {0};
  put8(&body, 0);
  for (unsigned i = 0; i < 100000; i++) put_hex(&body, "02 40");
  for (unsigned i = 0; i < 100001; i++) put8(&body, 0x0b);
  assert_int_equal(compile_body(&body), KILN_OK);
  body = (struct text){0};
  put8(&body, 0);
  for (unsigned i = 0; i < 1100000; i++) put_hex(&body, "02 40");
  assert_int_equal(compile_body(&body), KILN_ERR_LIMIT);
  body = (struct text){0};
  put8(&body, 0);
  for (unsigned i = 0; i < 200000; i++) put_hex(&body, "41 00");
  for (unsigned i = 0; i < 200000; i++) put8(&body, 0x1a);
  put8(&body, 0x0b);
  assert_int_equal(compile_body(&body), KILN_OK);
}

CASE(huge_counts) {
  static const char *const sections[] = {
    "01 05 ff ff ff ff 0f",    "02 05 ff ff ff ff 0f", "03 05 80 80 80 80 08",
    "04 05 ff ff ff ff 0f",    "05 05 ff ff ff ff 0f", "06 05 ff ff ff ff 0f",
    "07 05 ff ff ff ff 0f",    "09 05 ff ff ff ff 0f", "0a 05 ff ff ff ff 0f",
    "0b 05 ff ff ff ff 0f",    "0c 05 ff ff ff ff 0f", "01 ff ff ff ff 0f",
    "05 06 01 01 80 80 04 00", "05 05 01 00 81 80 04", "04 08 01 70 00 80 80 80 80 10",
  };
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    struct text t = {0};
    put_hex(&t, "00 61 73 6d 01 00 00 00");
    put_hex(&t, sections[i]);
    kiln_diag d;
    assert_int_not_equal(compile(t.at, t.n, KILN_PROCESSOR_X86_64, NULL, NULL, &d), KILN_OK);
    assert_true(d.message[0] != '\0');
    free(t.at);
  }
}

/* ---- the reader ---- */

CASE(refusals) {
  static const struct {
    const char *code;
    uint32_t proposal;
  } of[] = {{"00 41 00 12 00", KILN_WASM_TAIL_CALLS},
            {"00 41 00 fe 10 02 00", KILN_WASM_THREADS},
            {"00 41 00 fd 0f 41 00 fd 0f fd 80 02 fd 1b 00", KILN_WASM_RELAXED_SIMD}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    struct text t = {0};
    put_module(&t, of[i].code);
    assert_int_equal(compile(t.at, t.n, KILN_PROCESSOR_X86_64, NULL, NULL, NULL), KILN_OK);
    kiln_wasm_options o = {.refuse = of[i].proposal};
    assert_int_equal(compile(t.at, t.n, KILN_PROCESSOR_X86_64, &o, NULL, NULL), KILN_ERR_TYPE);
    free(t.at);
  }
}

/* The image says what the module is, before there is code. */
CASE(described) {
  struct text t = {0};
  put_module(&t, "00 41 00");
  kiln_module *m = kiln_module_new(NULL);
  kiln_wasm *w = kiln_wasm_new(m, t.at, t.n, NULL);
  const kiln_wasm_image *i = kiln_wasm_describe(w);
  assert_non_null(i);
  assert_int_equal(i->version, KILN_WASM_ABI_VERSION);
  assert_int_equal(i->flags, KILN_WASM_IMAGE_AT_MEMORY);
  assert_int_equal(i->n_types, 4);
  assert_int_equal(i->n_funcs, 1);
  assert_true(i->funcs[0].slot <
              -(int)sizeof(kiln_wasm_header)); /* an element segment refers to it */
  assert_int_equal(i->n_globals, 2);
  assert_true(i->globals[0].is_mutable && !i->globals[1].is_mutable);
  assert_int_equal(i->memories[0].limits.min, 1);
  assert_true(i->memories[0].limits.max == UINT64_MAX);
  assert_int_equal(i->tables[0].limits.min, 4);
  assert_int_equal(i->datas[0].size_bytes, 2);
  assert_true(i->instance_bytes % 16 == 0);
  assert_int_equal(kiln_wasm_body_count(w),
                   2); /* the function, and what enters functions of its type */
  assert_int_equal(kiln_wasm_body_bytes(w, 0, 2), 4);
  kiln_wasm_free(w);
  kiln_module_free(m);
  free(t.at);
}

/* A sink compiles, and reads the same bodies' text once more. */
static kiln_status call_back(void *user, kiln_func *f) {
  static const char text[] = "func @of_sink() {\nb0:\n  ret\n}\n";
  kiln_session *s = kiln_func_session(f);
  if (++*(int *)user == 1)
    assert_int_equal(kiln_text_read(s, text, sizeof text - 1, call_back, user), KILN_OK);
  return kiln_func_compile(f);
}

CASE(a_sink_calls_back) {
  struct text t = {0};
  put_module(&t, "00 41 00");
  kiln_module *m = kiln_module_new(NULL);
  kiln_session *s = kiln_session_new(m);
  kiln_wasm *w = kiln_wasm_new(m, t.at, t.n, NULL);
  int calls = 0;
  assert_int_equal(kiln_wasm_read_bodies(w, s, 0, kiln_wasm_body_count(w), call_back, &calls),
                   KILN_OK);
  assert_int_equal(calls, 3);
  kiln_wasm_free(w);
  kiln_session_free(s);
  kiln_module_free(m);
  free(t.at);
}

/* What tests/source/callbacks.py looks for. */
#define ROW(of, test) {of, test, NULL, NULL, NULL}

CASE(null_calls) {
  assert_null(kiln_wasm_new(NULL, "", 0, NULL));
  assert_int_equal(kiln_wasm_body_count(NULL), 0);
  assert_int_equal(kiln_wasm_body_bytes(NULL, 0, 1), 0);
  assert_int_equal(kiln_wasm_read_bodies(NULL, NULL, 0, 0, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_null(kiln_wasm_describe(NULL));
  assert_false(kiln_wasm_is_module("\0as", 3));
  assert_true(kiln_wasm_is_module("\0asm", 4));
  kiln_wasm_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages),   cmocka_unit_test(every_length),
    cmocka_unit_test(damaged),    cmocka_unit_test(failing_memory),
    cmocka_unit_test(deep),       cmocka_unit_test(huge_counts),
    cmocka_unit_test(refusals),   cmocka_unit_test(described),
    cmocka_unit_test(null_calls), ROW("wasm.h sink", a_sink_calls_back),
  };
  return cmocka_run_group_tests_name("wasm_reader", tests, NULL, NULL);
}
