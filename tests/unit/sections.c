/* Sections declared by kiln_section_declare: their headers in the object, what cannot be in them, the text form, and
 * what the JIT makes of them. */
#include "elf_fixture.h"

#include <kiln/jit.h>
#include <kiln/text.h>

enum {
  A = KILN_SECTION_ALLOC,
  W = KILN_SECTION_WRITE,
  X = KILN_SECTION_EXEC,
  M = KILN_SECTION_MERGE,
  S = KILN_SECTION_STRINGS
};

static kiln_symbol data_in(struct fixture *t, const char *name, const char *section,
                           const void *bytes, uint64_t size, unsigned flags) {
  return data_with(t, &(kiln_symbol_desc){.name = name, .section = section},
                   &(kiln_data_desc){.bytes = bytes, .size_bytes = size, .flags = flags});
}

static void as_said(void **state) {
  struct fixture *t = *state;
  const struct {
    const char *name;
    kiln_section_desc desc;
    uint32_t type;
    uint64_t flags;
  } rows[] = {
    {"plain", {0}, SHT_PROGBITS, 0},
    {"read", {.flags = A}, SHT_PROGBITS, SHF_ALLOC},
    {"written", {.flags = A | W}, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE},
    {"run", {.flags = A | X}, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR},
    {"notes", {.flags = A, .kind = KILN_SECTION_NOTE}, SHT_NOTE, SHF_ALLOC},
    {".note.no", {.flags = A, .kind = KILN_SECTION_CONTENT}, SHT_PROGBITS, SHF_ALLOC},
    {".init_array.x", {.flags = A | W}, SHT_INIT_ARRAY, SHF_ALLOC | SHF_WRITE},
    {"inits",
     {.flags = A | W, .kind = KILN_SECTION_INIT, .entry_bytes = 8},
     SHT_INIT_ARRAY,
     SHF_ALLOC | SHF_WRITE},
    {"kept", {.flags = A | KILN_SECTION_RETAIN}, SHT_PROGBITS, SHF_ALLOC | SHF_GNU_RETAIN},
    {"left", {.flags = KILN_SECTION_EXCLUDE}, SHT_PROGBITS, UINT64_C(0x80000000)},
    {"words", {.flags = A | M, .entry_bytes = 4}, SHT_PROGBITS, SHF_ALLOC | SHF_MERGE},
    {"wide",
     {.flags = A | M | S, .entry_bytes = 2},
     SHT_PROGBITS,
     SHF_ALLOC | SHF_MERGE | SHF_STRINGS},
    {"texts", {.flags = S}, SHT_PROGBITS, SHF_STRINGS},
    {"own",
     {.flags = A, .kind = KILN_SECTION_OTHER, .format_type = 0x60000123},
     0x60000123,
     SHF_ALLOC},
  };
  enum { N = sizeof rows / sizeof *rows };
  for (unsigned i = 0; i < N; i++) {
    char name[8];
    snprintf(name, sizeof name, "x%u", i);
    assert_int_equal(kiln_section_declare(t->m, rows[i].name, &rows[i].desc), KILN_OK);
    /* read-only or not: the declaration counts */
    data_in(t, name, rows[i].name, "ab\0\0cd\0\0", 8, i & 1 ? KILN_DATA_READ_ONLY : 0);
  }
  load(t);
  for (unsigned i = 0; i < N; i++) {
    GElf_Shdr h = header(t, section(t, rows[i].name));
    assert_int_equal(h.sh_type, rows[i].type);
    assert_int_equal(h.sh_flags, rows[i].flags);
    assert_int_equal(h.sh_entsize, rows[i].desc.entry_bytes);
    assert_int_equal(h.sh_size, 8);
  }
}

static void without_content(void **state) {
  struct fixture *t = *state;
  kiln_section_desc zero = {.flags = A | W, .kind = KILN_SECTION_ZERO};
  assert_int_equal(kiln_section_declare(t->m, "zero", &zero), KILN_OK);
  data_in(t, "x", "zero", NULL, 4096, 0);
  load(t);
  assert_int_equal(header(t, section(t, "zero")).sh_type, SHT_NOBITS);
  assert_int_equal(header(t, section(t, "zero")).sh_size, 4096);
}

static void of_functions(void **state) {
  struct fixture *t = *state;
  kiln_section_desc hot = {.flags = A | X | W};
  assert_int_equal(kiln_section_declare(t->m, "hot", &hot), KILN_OK);
  kiln_symbol f =
    kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "f", .section = "hot"}, t->sig);
  code_of(t->s, f, "\xc3", 1);
  load(t);
  assert_int_equal(header(t, section(t, "hot")).sh_flags, SHF_ALLOC | SHF_EXECINSTR | SHF_WRITE);
}

/* Data that is kept stands in a section of its own beside the one of that name. */
static void kept_in_it(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_section_declare(t->m, "s", &(kiln_section_desc){.flags = A}), KILN_OK);
  data_in(t, "x", "s", "x", 1, 0);
  data_in(t, "y", "s", "y", 1, KILN_DATA_USED);
  load(t);
  size_t first = section(t, "s");
  assert_int_equal(header(t, first).sh_flags, SHF_ALLOC);
  assert_int_equal(header(t, section_after(t, "s", first + 1)).sh_flags,
                   SHF_ALLOC | SHF_GNU_RETAIN);
}

static void not_fitting(void **state) {
  struct fixture *t = *state;
  const struct {
    kiln_section_desc desc;
    const char *bytes, *message;
    uint64_t size;
    uint8_t align_log2;
    bool reloc;
  } rows[] = {
    {{.flags = A | W, .kind = KILN_SECTION_ZERO}, "x", "no content", 1, 0, false},
    {{.kind = KILN_SECTION_OTHER, .format_type = SHT_GROUP}, "x", "ELF section", 1, 0, false},
    {{.flags = A | M, .entry_bytes = 4}, "abcde", "another size", 5, 0, false},
    {{.flags = A | M, .entry_bytes = 4}, "abcd", "another size", 4, 3, false},
    {{.flags = A | M, .entry_bytes = 8}, "abcdefgh", "with relocations", 8, 0, true},
    {{.flags = A | M | S, .entry_bytes = 2}, "ab\0c", "end in zero", 4, 0, false},
  };
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    close_module(t);
    open_module(t);
    assert_int_equal(kiln_section_declare(t->m, "s", &rows[i].desc), KILN_OK);
    kiln_reloc reloc = {.symbol = undefined(t, "u"), .size_bytes = 8};
    kiln_symbol_desc symbol = {.name = "x", .section = "s"};
    if (rows[i].align_log2 != 0) data_in(t, "before", "s", rows[i].bytes, rows[i].size, 0);
    data_with(t, &symbol,
              &(kiln_data_desc){.bytes = rows[i].bytes,
                                .size_bytes = rows[i].size,
                                .align_log2 = rows[i].align_log2,
                                .relocs = &reloc,
                                .n_relocs = rows[i].reloc});
    assert_int_equal(emit(t), KILN_ERR_ARGUMENT);
    assert_non_null(strstr(kiln_module_diag(t->m)->message, rows[i].message));
  }
}

static void wrong(void **state) {
  struct fixture *t = *state;
  const kiln_section_desc rows[] = {
    {.flags = 128},
    {.kind = KILN_SECTION_KIND_COUNT},
    {.kind = KILN_SECTION_OTHER},
    {.kind = KILN_SECTION_NOTE, .format_type = 7},
    {.flags = M},
  };
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    close_module(t);
    open_module(t);
    assert_int_equal(kiln_section_declare(t->m, "s", &rows[i]), KILN_ERR_ARGUMENT);
  }
}

static void said_twice(void **state) {
  struct fixture *t = *state;
  kiln_section_desc one = {.flags = A}, other = {.flags = A | W}, got;
  for (unsigned i = 0; i < 100; i++) {
    char name[8];
    snprintf(name, sizeof name, "s%u", i % 50);
    assert_int_equal(kiln_section_declare(t->m, name, i % 50 == 7 ? &other : &one), KILN_OK);
  }
  assert_true(kiln_section_find(t->m, "s7", &got));
  assert_int_equal(got.flags, A | W);
  assert_false(kiln_section_find(t->m, "s50", &got));
  assert_int_equal(kiln_section_declare(t->m, "s7", &one), KILN_ERR_SYMBOL);
}

static void in_text(void **state) {
  struct fixture *t = *state;
  static const char text[] = "target x86_64\n"
                             "section \"a b\" alloc write exec retain exclude type note\n"
                             "section \"o\" type 1610612736\n"
                             "section \"m\" merge strings entry 2\n"
                             "data @x section \"m\" {\n  zero 2\n}\n";
  assert_int_equal(kiln_text_read(t->s, text, sizeof text - 1, NULL, NULL), KILN_OK);
  kiln_buffer out = {0};
  assert_int_equal(kiln_module_print(t->m, &out), KILN_OK);
  assert_int_equal(out.size, sizeof text - 1);
  assert_memory_equal(out.data, text, sizeof text - 1);
  kiln_buffer_free(&out);
}

/* ---- the JIT ---- */

static int value;
static void set_value(int argc, char **argv, char **envp) {
  (void)argv, (void)envp;
  value = 42 + argc;
}
static void *resolve(void *user, const char *name) {
  (void)user;
  return strcmp(name, "set_value") == 0 ? (void *)(uintptr_t)set_value : NULL;
}

static void in_a_jit(void **state) {
  struct fixture *t = *state;
  close_module(t);
  kiln_target_find_host(&t->options.target);
  open_module(t);
  kiln_section_desc inits = {.flags = A | W, .kind = KILN_SECTION_INIT}, written = {.flags = A | W};
  assert_int_equal(kiln_section_declare(t->m, "inits", &inits), KILN_OK);
  assert_int_equal(kiln_section_declare(t->m, "written", &written), KILN_OK);
  kiln_reloc reloc = {.symbol = undefined(t, "set_value"), .size_bytes = 8};
  data_with(t, &(kiln_symbol_desc){.name = "init", .section = "inits"},
            &(kiln_data_desc){.size_bytes = 8, .align_log2 = 3, .relocs = &reloc, .n_relocs = 1});
  data_in(t, "x", "written", "x", 1, KILN_DATA_READ_ONLY);
  data_with(t, &(kiln_symbol_desc){.name = "y", .section = "written"},
            &(kiln_data_desc){.bytes = "y", .size_bytes = 1, .flags = KILN_DATA_READ_ONLY});
  kiln_jit *jit = kiln_jit_new(&(kiln_jit_options){.resolve = resolve}, NULL);
  kiln_jit_input input = {.module = t->m, .sessions = &t->s, .n_sessions = 1};
  kiln_jit_unit unit;
  assert_int_equal(kiln_jit_add(jit, 0, &input, 1, &unit, NULL), KILN_OK);
  *(char *)kiln_jit_lookup(jit, "x") = 'z';
  assert_int_equal(kiln_jit_run_constructors(jit, unit, 0, NULL, NULL), KILN_OK);
  assert_int_equal(value, 42);
  kiln_jit_free(jit);
}

static void executable_data_in_a_jit(void **state) {
  struct fixture *t = *state;
  close_module(t);
  kiln_target_find_host(&t->options.target);
  open_module(t);
  assert_int_equal(kiln_section_declare(t->m, ".run", &(kiln_section_desc){.flags = A | X}),
                   KILN_OK);
  data_in(t, "x", ".run", "\xc3", 1, KILN_DATA_READ_ONLY);
  kiln_jit *jit = kiln_jit_new(NULL, NULL);
  kiln_jit_input input = {.module = t->m, .sessions = &t->s, .n_sessions = 1};
  assert_int_equal(kiln_jit_add(jit, 0, &input, 1, NULL, NULL), KILN_ERR_UNSUPPORTED);
  kiln_jit_free(jit);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, elf_setup, elf_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(as_said),      TEST(without_content),
    TEST(of_functions), TEST(kept_in_it),
    TEST(not_fitting),  TEST(wrong),
    TEST(said_twice),   TEST(in_text),
    TEST(in_a_jit),     TEST(executable_data_in_a_jit),
  };
  return cmocka_run_group_tests_name("sections", tests, NULL, NULL);
}
