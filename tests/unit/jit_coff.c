/* Objects of COFF that a JIT loads (kiln_jit_add_object on Windows): what is read of an object is what its module has,
 * and what cannot be loaded is refused by name. On Linux that is all, since code for Windows does not run there; on
 * Windows the code runs. (jit_windows.cpp has exceptions and collections there, windows_host.py whole programs;
 * fuzz/object damages objects.) */
#include "coff_load.h"
#include "jit_fixture.h"
#include "object_text.h"

#include "ir/module/session_state.h"
#include "lib/jit/load/load.h"
#include "lib/object/coff.h"

/* Names that objects share, by each means. */
static const char names_text[] =
  "data weak @soft align 4 { i32 44 }\n"
  "data hidden @inner align 8 { i64 5, 6 }\n"
  "data hidden @other align 4 { i32 33 }\n"
  "data common @pool align 32 { zero 40 }\n"
  "data @row section \"rows\" align 8 { i64 1, 2, 3 }\n"
  "extern data @__start_rows\nextern data @__stop_rows\n"
  "func @size() -> i64 {\nb0:\n  %r = sub.i64 @__stop_rows, @__start_rows\n  ret %r\n}\n"
  "extern data weak @nobody\n"
  "declare weak @no_function() -> i64\n"
  "extern data dllimport @bought\n"
  "func linkonce @once() -> i64 {\nb0:\n  ret 1\n}\n"
  "func internal @init() {\nb0:\n  %a = load.i64 @inner\n  %b = add.i64 %a, 1\n"
  "  store.i64 %b, @inner\n  ret\n}\nctor @init 65535 with @once\n"
  "func linkonce @once_more() -> i64 {\nb0:\n  ret 1\n}\n"
  "func internal @init_more() {\nb0:\n  %a = load.i64 @inner\n  %b = shl.i64 %a, 1\n"
  "  store.i64 %b, @inner\n  ret\n}\nctor @init_more 65535 with @once_more\n"
  "func @is_null() -> i64 {\nb0:\n  %a = add.i64 @nobody, 0\n  %b = add.i64 @no_function, %a\n"
  "  ret %b\n}\n"
  "func @value() -> i64 {\nb0:\n  %p = load.i64 @bought\n  %x = load.i32 @soft\n"
  "  %y = load.i64 @inner+8\n  %z = load.i64 @pool+32\n  %c = call @once()\n"
  "  %s = sext.i64 i32 %x\n  %d = add.i64 %y, %s\n  %e = add.i64 %d, %z\n  %f = add.i64 %e, %c\n"
  "  %g = add.i64 %f, %p\n  ret %g\n}\n";

static kiln_buffer object_of(const char *text) {
  kiln_module_options options = {.pic = KILN_PIC_FULL, .name = "text", .on_diag = jit_tell};
  kiln_buffer out = {0};
  assert_true(kiln_target_find("x86_64-windows", &options.target));
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_text_read(s, text, strlen(text), NULL, NULL), KILN_OK);
  assert_int_equal(kiln_emit_object(m, &s, 1, &out), KILN_OK);
  kiln_session_free(s);
  kiln_module_free(m);
  return out;
}

static void refused(const kiln_buffer *o, kiln_status status, const char *why) {
  kiln_jit_error e = {0};
  assert_int_equal(coff_load(o->data, o->size, NULL, NULL, &e), status);
  if (strstr(e.diag.message, why) == NULL) fail_msg("'%s' lacks '%s'", e.diag.message, why);
  kiln_jit_error_free(&e);
}

/* What `see` is to see of the text's object. */
static void seen(const char *text, void (*see)(const struct kn_jit_loaded *o)) {
  kiln_jit_error e = {0};
  kiln_buffer b = object_of(text);
  if (coff_load(b.data, b.size, NULL, see, &e) != KILN_OK) fail_msg("%s", e.diag.message);
  kiln_buffer_free(&b);
}

/* ---- the bytes of an object ---- */

enum { HEADER = 20, SECTION = 40, RELOC = 10 };

/* The header of a section whose name has no more than 8 bytes; NULL: there is none. */
static uint8_t *find_section(const kiln_buffer *o, const char *name) {
  uint16_t n;
  memcpy(&n, o->data + 2, 2);
  for (unsigned i = 0; i < n; i++) {
    uint8_t *h = o->data + HEADER + i * SECTION;
    if (strncmp((char *)h, name, 8) == 0) return h;
  }
  return NULL;
}

static uint8_t *section(const kiln_buffer *o, const char *name) {
  uint8_t *h = find_section(o, name);
  if (h == NULL) fail_msg("no section %s", name);
  return h;
}

static uint8_t *content(const kiln_buffer *o, const char *name) {
  return o->data + kn_get32(section(o, name) + 20);
}
static uint8_t *relocs(const kiln_buffer *o, const char *name) {
  return o->data + kn_get32(section(o, name) + 24);
}

/* The record of a symbol whose name has no more than 8 bytes. */
static uint8_t *symbol(const kiln_buffer *o, const char *name) {
  uint8_t *at = o->data + kn_get32(o->data + 8);
  for (uint32_t n = kn_get32(o->data + 12); n > 0; n--, at += KN_COFF_SYMBOL)
    if (strncmp((char *)at, name, 8) == 0) return at;
  fail_msg("no symbol %s", name);
  return NULL;
}

/* ---- what is read ---- */

static const struct kn_symbol *known(const struct kn_jit_loaded *o, const char *name) {
  const kiln_symbol s = kiln_symbol_lookup(o->m, name);
  if (s.id == 0) fail_msg("no symbol %s", name);
  return kn_symbol(o->m, s.id);
}

static void see_module(const struct kn_jit_loaded *o) {
  const struct kn_output *out = o->s->out;
  assert_int_equal(out->funcs.n, 10);
  unsigned rows = 0, roots = 0, tables = 0;
  for (uint32_t i = 0; i < out->funcs.n; i++) {
    const struct kn_code_func *f = out->funcs.at + i;
    assert_true(f->size > 0 && f->start % 16 == 0);
    assert_true(i == 0 || f[-1].start + f[-1].size <= f->start);
    assert_int_equal(f->no_rows, f->cfi_size == 0);
    rows += !f->no_rows;
    roots += f->roots != 0;
    if (f->table == 0) continue;
    tables++;
    const struct kn_code_table *t = out->tables.at + f->table - 1;
    assert_ptr_equal(kn_symbol(o->m, t->personality), known(o, "kir_personality"));
    assert_int_equal(t->n_types, 2);
    assert_ptr_equal(kn_symbol(o->m, f->symbol), known(o, "catches"));
    /* the types are backwards; only the second one has a global name */
    const struct kn_symbol *type = kn_symbol(o->m, out->table_types.at[t->type_first + 1]);
    assert_string_equal(type->name, "counter");
  }
  assert_true(rows >= 4); /* through, catches, holds, calls */
  assert_int_equal(roots, 1);
  assert_int_equal(tables, 1);
  assert_int_equal(kiln_ctor_count(o->m), 3);
  unsigned priorities[2] = {0}, exits = 0;
  for (uint32_t i = 0; i < 3; i++) {
    const kiln_ctor_desc c = kiln_ctor_get(o->m, i);
    if (c.at_exit) exits++;
    else priorities[c.has_priority] = c.priority;
  }
  assert_int_equal(exits, 1);
  assert_int_equal(priorities[1], 200);
  assert_int_equal(priorities[0], 0);
  assert_int_equal(kn_jit_loaded_size(o, kiln_symbol_lookup(o->m, "table").id), 24);
}

static void see_names(const struct kn_jit_loaded *o) {
  assert_int_equal(known(o, "soft")->linkage, KILN_LINKAGE_WEAK);
  assert_int_equal(known(o, "inner")->visibility, KILN_VISIBILITY_HIDDEN);
  assert_int_equal(known(o, "value")->visibility, KILN_VISIBILITY_DEFAULT);
  assert_int_equal(known(o, "once")->linkage, KILN_LINKAGE_WEAK);
  assert_int_not_equal(known(o, "once")->comdat, 0);
  assert_int_equal(known(o, "pool")->linkage, KILN_LINKAGE_COMMON);
  const struct kn_data *pool = o->m->data.at + known(o, "pool")->data - 1;
  assert_int_equal(pool->size_bytes, 40);
  assert_int_equal(pool->align_log2, 5);
  assert_int_equal(known(o, "nobody")->linkage, KILN_LINKAGE_WEAK);
  assert_int_equal(known(o, "no_function")->linkage, KILN_LINKAGE_WEAK);
  assert_int_equal(kiln_symbol_lookup(o->m, "__imp_bought").id, 0);
  assert_int_equal(known(o, "bought")->linkage, KILN_LINKAGE_EXTERNAL);
  assert_int_equal(kiln_symbol_lookup(o->m, ".refptr.nobody").id != 0 &&
                     !kn_is_local(known(o, ".refptr.nobody")),
                   0);
  assert_int_equal(kn_jit_loaded_size(o, kiln_symbol_lookup(o->m, "inner").id), 16);
  const struct kn_symbol *row = known(o, "row");
  assert_string_equal(kn_symbol(o->m, row->target)->section, "rows");
  static const char *const with[] = {"once", "once_more"}; /* in the order of the calls */
  assert_int_equal(kiln_ctor_count(o->m), 2);
  for (uint32_t i = 0; i < 2; i++)
    assert_ptr_equal(kn_symbol(o->m, kiln_ctor_get(o->m, i).with.id), known(o, with[i]));
}

CASE(coff_as_its_module) { seen(OBJECT_TEXT_PLAIN, see_module); }
CASE(coff_names) { seen(names_text, see_names); }

/* ---- what is refused ---- */

CASE(coff_that_is_none) {
  kiln_buffer o = object_of(OBJECT_TEXT_PLAIN);
  const kiln_buffer none = {0}, text = {.data = (uint8_t *)"text", .size = 4};
  refused(&none, KILN_ERR_SYNTAX, "no COFF file");
  refused(&text, KILN_ERR_SYNTAX, "no COFF file");
  kn_put16(o.data, 0xaa64);
  refused(&o, KILN_ERR_SYNTAX, "no COFF file for this processor");
  kn_put16(o.data, 0x8664);
  for (uint64_t size = o.size - 1; size > 64; size -= 1 + size / 16) { /* the strings are last */
    const kiln_buffer cut = {.data = o.data, .size = size};
    refused(&cut, KILN_ERR_SYNTAX, "");
  }
  kiln_buffer_free(&o);
}

CASE(coff_what_programs_alone_have) {
  static const struct {
    const char *text, *why;
  } rows[] = {
    {"data tls(le) @t { i32 1 }\n", "section '.tls$'"},
    {"data @t section \".CRT$XCU\" { i64 1 }\n", "section '.CRT$XCU'"},
    {"data @t section \".drectve\" { i8 32, 45, 108, 109 }\n", "it tells the linker '-lm'"},
  };
  for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
    kiln_buffer o = object_of(rows[k].text);
    const bool said = strstr(rows[k].why, "linker") != NULL;
    refused(&o, said ? KILN_ERR_SYNTAX : KILN_ERR_UNSUPPORTED, rows[k].why);
    kiln_buffer_free(&o);
  }
}

/* One field of an object is damaged; what the message says. */
CASE(coff_with_a_damaged_part) {
  for (unsigned k = 0; k < 21; k++) {
    kiln_buffer o = object_of(OBJECT_TEXT_PLAIN);
    const char *why = NULL;
    kiln_status status = KILN_ERR_SYNTAX;
    uint8_t *text = section(&o, ".text"), *sum = symbol(&o, "sum"), *reloc = relocs(&o, ".text");
    uint8_t *pdata = content(&o, ".pdata"), *xdata = content(&o, ".xdata");
    const uint32_t size = kn_get32(text + 16), n = kn_get32(o.data + 12);
    switch (k) {
    case 0: kn_put32(text + 20, (uint32_t)o.size), why = "is not in the file"; break;
    case 1: text[38] |= 0xf0, why = "an unknown alignment"; break;
    case 2: kn_put32(sum + 8, size + 1), why = "'sum' is not in its section"; break;
    case 3: kn_put16(sum + 12, 4000), why = "'sum' is in a section that does not exist"; break;
    case 4: sum[16] = 101, why = "'sum' has the class 101"; break;
    case 5: sum[17] = 255, why = "symbol table is damaged"; break;
    case 6: kn_put32(reloc, size - 3), why = "not in section '.text'"; break;
    case 7: kn_put32(reloc + 4, n), why = "section '.text' is damaged"; break;
    case 8: kn_put16(reloc + 8, 77), status = KILN_ERR_UNSUPPORTED, why = "number 77"; break;
    case 9:
      kn_put16(reloc + 8, KN_COFF_SECREL), status = KILN_ERR_UNSUPPORTED, why = "number 11";
      break;
    case 10: kn_put32(text + 24, (uint32_t)o.size), why = "are not in the file"; break;
    case 11: kn_put32(o.data + 8, (uint32_t)o.size), why = "symbol table is damaged"; break;
    case 12: memcpy(text, "/9999", 6), why = "has no name"; break;
    case 13: xdata[0] = 2, why = "unwind rows are damaged"; break;
    case 14: xdata[0] |= 4 << 3, why = "unwind rows are damaged"; break;
    case 15: xdata[2] = 255, why = "unwind rows are damaged"; break;
    case 16: kn_put32(pdata + 4, kn_get32(pdata)), why = "not those of one function"; break;
    case 17: kn_put32(pdata + 4, kn_get32(pdata + 4) + 64), why = "overlap"; break;
    case 18: section(&o, ".pdata")[16] += 4, why = "unwind rows are damaged"; break;
    case 19:
      kn_put32(relocs(&o, ".pdata"), kn_get32(section(&o, ".pdata") + 16) - 2);
      why = "not in section '.pdata'";
      break;
    default: relocs(&o, ".ctors")[0] = 4, why = "a relocation is not in section"; break;
    }
    refused(&o, status, why);
    kiln_buffer_free(&o);
  }
}

/* Each byte is damaged in turn, and the object read. */
CASE(coff_with_each_byte_damaged) {
  const char *const texts[] = {OBJECT_TEXT_PLAIN, names_text};
  for (unsigned k = 0; k < 2; k++) {
    kiln_buffer o = object_of(texts[k]);
    unsigned read = 0, failed = 0;
    for (uint64_t i = 0; i < o.size; i++) {
      const uint8_t byte = o.data[i];
      kiln_jit_error e = {0};
      o.data[i] = (uint8_t)(byte ^ 0x81);
      if (coff_load(o.data, o.size, NULL, NULL, &e) == KILN_OK) {
        read++;
      } else {
        failed++;
        assert_int_not_equal(e.diag.message[0], 0);
      }
      kiln_jit_error_free(&e);
      o.data[i] = byte;
    }
    assert_true(read > 100 && failed > 100);
    kiln_buffer_free(&o);
  }
}

/* ---- what runs ---- */

#ifdef _WIN32
static long walked;
static void walk(void) { walked++; }
static int64_t outside(int64_t x) { return x * 3; }
static void nothing(void) {}
static int64_t bought = 1000;

static void *resolve(void *user, const char *name) {
  (void)user;
  if (strcmp(name, "walk") == 0) return (void *)(uintptr_t)walk;
  if (strcmp(name, "outside") == 0) return (void *)(uintptr_t)outside;
  if (strcmp(name, "bought") == 0) return &bought;
  return strncmp(name, "kir_", 4) == 0 ? (void *)(uintptr_t)nothing : NULL;
}

static kiln_jit_unit load(kiln_jit *jit, const char *text, unsigned flags) {
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  kiln_buffer o = object_of(text);
  if (kiln_jit_add_object(jit, flags, o.data, o.size, &u, &e) != KILN_OK)
    fail_msg("%s", e.diag.message);
  kiln_buffer_free(&o);
  return u;
}

CASE(coff_runs) {
  for (unsigned reach = 0; reach < KILN_JIT_REACH_COUNT; reach++) {
    kiln_jit *jit = jit_new(&(kiln_jit_options){.resolve = resolve, .gdb = true, .reach = reach});
    for (int round = 0; round < 3; round++) {
      const kiln_jit_unit u = load(jit, OBJECT_TEXT_PLAIN, 0);
      assert_int_equal(jit_call(jit, "sum", 5, 0), 42);
      assert_int_equal(jit_call(jit, "through", 5, 0), 85);
      assert_int_equal(jit_call(jit, "holds", 4, 0), 4);
      assert_int_equal(jit_call(jit, "calls", 5, 0), 15);
      const int64_t *shared = kiln_jit_lookup(jit, "shared");
      assert_int_equal(kiln_jit_run_constructors(jit, u, 0, NULL, NULL), KILN_OK);
      assert_int_equal(*shared, 30);
      assert_int_equal(kiln_jit_run_destructors(jit, u), KILN_OK);
      assert_int_equal(*(const int64_t *)kiln_jit_lookup(jit, "counter"), 1);
      const int32_t *table = kiln_jit_lookup(jit, "table");
      const int64_t *words = kiln_jit_address(jit, u, "words");
      assert_int_equal((uintptr_t)table & 15, 0);
      assert_int_equal((uintptr_t)kiln_jit_address(jit, u, "zeros") & 63, 0);
      assert_int_equal(table[4], 4);
      assert_ptr_equal(*(const int64_t *const *)table, words + 1);
      kiln_jit_frame frame;
      char text[200];
      kiln_jit_pc_info info = {.frames = &frame, .max_frames = 1, .text = text, .text_bytes = 200};
      const char *twice = kiln_jit_address(jit, u, "twice");
      assert_true(kiln_jit_find_pc(jit, twice + 1, &info));
      assert_ptr_equal(info.address, twice);
      assert_string_equal(frame.function, "twice");
      assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
      assert_int_equal(kiln_jit_get_stats(jit).symbols, 0);
    }
    kiln_jit_free(jit);
  }
}

CASE(coff_names_run) {
  kiln_jit *jit = jit_new(&(kiln_jit_options){.resolve = resolve});
  kiln_jit_unit u = {0};
  for (int k = 0; k < 2; k++) {
    char text[sizeof names_text];
    strcpy(text, names_text); /* the second object has other names of its own */
    for (char *at = text; k != 0 && (at = strstr(at, "@size")) != NULL;) memcpy(at, "@siz2", 5);
    for (char *at = text; k != 0 && (at = strstr(at, "@row ")) != NULL;) memcpy(at, "@ro2 ", 5);
    for (char *at = text; k != 0 && (at = strstr(at, "@value")) != NULL;) memcpy(at, "@valu2", 6);
    for (char *at = text; k != 0 && (at = strstr(at, "@is_null")) != NULL;)
      memcpy(at, "@is_nul2", 8);
    u = load(jit, text, 0);
    assert_int_equal(kiln_jit_run_constructors(jit, u, 0, NULL, NULL), KILN_OK);
    assert_int_equal(jit_call(jit, k == 0 ? "is_null" : "is_nul2", 0, 0), 0);
    assert_int_equal(jit_call(jit, k == 0 ? "value" : "valu2", 0, 0), 44 + 6 + 1 + 1000);
    assert_int_equal(jit_call(jit, k == 0 ? "size" : "siz2", 0, 0), 24);
    /* the constructor of a definition that the first unit has is not called again */
    assert_int_equal(*(const int64_t *)kiln_jit_address(jit, u, "inner"), k == 0 ? 12 : 5);
  }
  assert_null(kiln_jit_lookup(jit, "inner"));
  kiln_jit_free(jit);
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(coff_as_its_module),
    cmocka_unit_test(coff_names),
    cmocka_unit_test(coff_that_is_none),
    cmocka_unit_test(coff_what_programs_alone_have),
    cmocka_unit_test(coff_with_a_damaged_part),
    cmocka_unit_test(coff_with_each_byte_damaged),
#ifdef _WIN32
    cmocka_unit_test(coff_runs),
    cmocka_unit_test(coff_names_run),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
