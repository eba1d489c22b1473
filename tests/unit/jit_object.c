/* Objects that a JIT loads (kiln_jit_add_object): what the object of a module does is what the module does, and what
 * cannot be loaded is refused by name. (kir/loaded loads the objects of all .kir tests and of gcc; fuzz/object damages
 * objects.) */
#define _GNU_SOURCE
#include "jit_fixture.h"
#include "object_text.h"

#include <elf.h>
#include <pthread.h>

/* ---- objects ---- */

static kiln_buffer object_of(const char *text) {
  struct compiled c = jit_compile(text);
  kiln_buffer out = {0};
  assert_int_equal(kiln_emit_object(c.m, &c.s, 1, &out), KILN_OK);
  jit_release(c);
  return out;
}

static kiln_jit_unit load(kiln_jit *jit, const char *text, uint32_t flags) {
  kiln_jit_error e = {0};
  kiln_jit_unit u;
  kiln_buffer o = object_of(text);
  const kiln_status status = kiln_jit_add_object(jit, flags, o.data, o.size, &u, &e);
  kiln_buffer_free(&o);
  if (status != KILN_OK) fail_msg("%s", e.diag.message);
  return u;
}

/* The object is refused, and the message has `why`. */
static void refused(kiln_jit *jit, const kiln_buffer *o, kiln_status status, const char *why) {
  kiln_jit_error e = {0};
  kiln_jit_unit u = {5};
  const uint64_t before = kiln_jit_get_stats(jit).units;
  assert_int_equal(kiln_jit_add_object(jit, 0, o->data, o->size, &u, &e), status);
  if (strstr(e.diag.message, why) == NULL) fail_msg("'%s' lacks '%s'", e.diag.message, why);
  assert_int_equal(u.id, 0);
  assert_int_equal(kiln_jit_get_stats(jit).units, before);
  kiln_jit_error_free(&e);
}

static Elf64_Shdr *section(const kiln_buffer *o, const char *name) {
  Elf64_Ehdr *head = (void *)o->data;
  Elf64_Shdr *all = (void *)(o->data + head->e_shoff);
  const char *names = (const char *)o->data + all[head->e_shstrndx].sh_offset;
  for (unsigned i = 1; i < head->e_shnum; i++)
    if (strcmp(names + all[i].sh_name, name) == 0) return all + i;
  fail_msg("no section %s", name);
  return NULL;
}

/* ---- what the text of object_text.h refers to ---- */

static struct {
  kiln_jit *jit;
  const void *end;
  kiln_jit_unit unit;
  long roots, frames;
} walked;

/* Whether a walk from here finds the unit. */
static __attribute__((noinline)) bool is_running(kiln_jit_unit unit) {
  kiln_stack_point point;
  kiln_stack_walk w = {.jits = &walked.jit, .n_jits = 1, .end = walked.end};
  assert_int_equal(kiln_stack_point_save(&point), KILN_OK);
  assert_int_equal(kiln_stack_walk_begin(&w, &point), KILN_OK);
  const bool found = kiln_jit_is_on_stack(walked.jit, unit, &w);
  assert_int_equal(w.status, KILN_OK);
  return found;
}

static __attribute__((noinline)) void walk(void) {
  kiln_stack_point point;
  kiln_stack_walk w = {.jits = &walked.jit, .n_jits = 1, .end = walked.end};
  kiln_stack_frame frame;
  assert_int_equal(kiln_stack_point_save(&point), KILN_OK);
  assert_int_equal(kiln_stack_walk_begin(&w, &point), KILN_OK);
  while (kiln_stack_walk_find_next(&w, &frame)) {
    walked.frames++;
    for (uint32_t i = 0; i < frame.n_roots; i++) {
      int64_t *root = kiln_stack_frame_root(&frame, i, NULL);
      *root += 1000;
      walked.roots++;
    }
  }
  assert_int_equal(w.status, KILN_OK);
  assert_true(is_running(walked.unit));
  assert_false(is_running((kiln_jit_unit){walked.unit.id + 1}));
}

static long outside(long x) { return x * 3; }

static void *resolve(void *user, const char *name) {
  (void)user;
  if (strcmp(name, "walk") == 0) return (void *)(uintptr_t)walk;
  if (strcmp(name, "outside") == 0) return (void *)(uintptr_t)outside;
  return NULL;
}

static const kiln_jit_options with_host = {.resolve = resolve, .gdb = true};

static void *next_of_thread(void *jit) { return (void *)jit_call(jit, "next", 0, 0); }

static __attribute__((noinline)) long call_holds(kiln_jit *jit, long x) {
  walked.jit = jit;
  walked.end = __builtin_frame_address(0);
  walked.roots = walked.frames = 0;
  assert_false(is_running(walked.unit));
  const long y = jit_call(jit, "holds", x, 0);
  assert_false(is_running(walked.unit));
  __asm__ volatile("" ::: "memory");
  return y;
}

/* What the module of object_text.h does, whichever way it was added. */
static void check_unit(kiln_jit *jit, kiln_jit_unit u) {
  pthread_t thread;
  void *other;
  assert_int_equal(jit_call(jit, "sum", 5, 0), 42);     /* 30 + 7 + 5 */
  assert_int_equal(jit_call(jit, "through", 5, 0), 85); /* 42 * 2 + 1 */
  assert_int_equal(jit_call(jit, "next", 0, 0), 101);
  assert_int_equal(jit_call(jit, "next", 0, 0), 107); /* 102 + 5 */
  assert_int_equal(pthread_create(&thread, NULL, next_of_thread, jit), 0);
  assert_int_equal(pthread_join(thread, &other), 0);
  assert_int_equal((long)other, 101);
  assert_int_equal(jit_call(jit, "catches", 9, 0), 9);
  walked.unit = u;
  assert_int_equal(call_holds(jit, 4), 1004);
  assert_int_equal(walked.roots, 1);
  assert_int_equal(jit_call(jit, "calls", 5, 0), 15);
  const long *shared = kiln_jit_lookup(jit, "shared"), *counter = kiln_jit_lookup(jit, "counter");
  assert_int_equal(*shared, 0);
  assert_int_equal(kiln_jit_run_constructors(jit, u, 0, NULL, NULL), KILN_OK);
  assert_int_equal(*shared, 30); /* (0 + 3) * 10: by their priorities */
  assert_int_equal(kiln_jit_run_destructors(jit, u), KILN_OK);
  assert_int_equal(*counter, 1);
  const int32_t *table = kiln_jit_lookup(jit, "table");
  assert_int_equal(((uintptr_t)table & 15), 0);
  assert_int_equal(table[4], 4); /* rel32: from the start of the data */
  assert_int_equal(((uintptr_t)kiln_jit_address(jit, u, "zeros") & 63), 0);
  const long *words = kiln_jit_address(jit, u, "words");
  assert_int_equal(words[2], 30);
  assert_ptr_equal(*(const long *const *)table, words + 1);
  kiln_jit_frame frame;
  char text[200];
  kiln_jit_pc_info info = {.frames = &frame, .max_frames = 1, .text = text, .text_bytes = 200};
  const char *twice = kiln_jit_address(jit, u, "twice");
  assert_true(kiln_jit_find_pc(jit, twice + 1, &info));
  assert_int_equal(info.unit.id, u.id);
  assert_ptr_equal(info.address, twice);
  assert_string_equal(frame.function, "twice");
}

/* ---- cases ---- */

CASE(object_as_its_module) {
  kiln_jit *jit = jit_new(&with_host);
  kiln_jit_unit u = jit_add(jit, object_text, 0);
  check_unit(jit, u);
  assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
  const uint64_t names = kiln_jit_get_stats(jit).symbols;
  for (int round = 0; round < 3; round++) {
    u = load(jit, object_text, 0);
    check_unit(jit, u);
    assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
    assert_int_equal(kiln_jit_get_stats(jit).symbols, names);
  }
  kiln_jit_free(jit);
}

CASE(object_of_far_memory_and_switched_pages) {
  kiln_jit_options o = with_host;
  o.protection = KILN_JIT_PROTECTION_SWITCH;
  o.reach = KILN_JIT_REACH_NEAR;
  kiln_jit *jit = jit_new(&o);
  check_unit(jit, load(jit, object_text, KILN_JIT_REDEFINABLE));
  kiln_jit_free(jit);
}

/* Names are those of a module: weak ones are bound to what is there, strong ones clash or are redefined. */
CASE(object_names) {
  static const char again[] = "func @f() -> i64 {\nb0:\n  ret 2\n}\n";
  kiln_jit *jit = jit_new(NULL);
  load(jit,
       "declare @f() -> i64\nfunc @g() -> i64 {\nb0:\n  %r = call @f()\n  ret %r\n}\n"
       "func linkonce @once() -> i64 {\nb0:\n  ret 1\n}\n",
       KILN_JIT_FORWARD);
  load(jit, "func @f() -> i64 {\nb0:\n  ret 1\n}\n", KILN_JIT_REDEFINABLE);
  assert_int_equal(jit_call(jit, "g", 0, 0), 1);
  kiln_buffer o = object_of(again);
  refused(jit, &o, KILN_ERR_SYMBOL, "'f' is defined already");
  kiln_buffer_free(&o);
  load(jit, again, KILN_JIT_REDEFINABLE);
  assert_int_equal(jit_call(jit, "g", 0, 0), 2);
  load(jit,
       "func linkonce @once() -> i64 {\nb0:\n  ret 3\n}\n"
       "func @h() -> i64 {\nb0:\n  %r = call @once()\n  ret %r\n}\n",
       0);
  assert_int_equal(jit_call(jit, "h", 0, 0), 1);
  load(jit, "func weak @soft() -> i64 {\nb0:\n  ret 1\n}\n", 0);
  load(jit, "func weak @soft() -> i64 {\nb0:\n  ret 2\n}\n", 0);
  assert_int_equal(jit_call(jit, "soft", 0, 0), 1);
  o = object_of("declare @nobody()\nfunc @k() {\nb0:\n  call @nobody()\n  ret\n}\n");
  refused(jit, &o, KILN_ERR_SYMBOL, "undefined: nobody");
  kiln_buffer_free(&o);
  kiln_jit_free(jit);
}

/* GNU's unique symbols: all units have the first definition of each. */
CASE(object_unique_symbols) {
  static const char text[] = "data weak @one align 8 { i64 5 }\n"
                             "func weak @get() -> i64 {\nb0:\n  ret @one\n}\n";
  kiln_jit *jit = jit_new(NULL);
  int64_t addresses[2];
  for (unsigned k = 0; k < 2; k++) {
    kiln_buffer o = object_of(text);
    const Elf64_Shdr *table = section(&o, ".symtab");
    Elf64_Sym *symbols = (void *)(o.data + table->sh_offset);
    unsigned n = 0;
    for (uint64_t i = 0; i < table->sh_size / sizeof *symbols; i++) {
      if (ELF64_ST_BIND(symbols[i].st_info) != STB_WEAK) continue;
      symbols[i].st_info = ELF64_ST_INFO(STB_GNU_UNIQUE, ELF64_ST_TYPE(symbols[i].st_info));
      n++;
    }
    assert_int_equal(n, 2);
    kiln_jit_error e = {0};
    kiln_jit_unit u;
    if (kiln_jit_add_object(jit, 0, o.data, o.size, &u, &e) != KILN_OK)
      fail_msg("%s", e.diag.message);
    kiln_buffer_free(&o);
    /* the code of this unit, or of the first one: both have the first one's data */
    addresses[k] = jit_call(jit, "get", 0, 0);
    *(int64_t *)(intptr_t)addresses[k] += 1;
  }
  assert_int_equal(addresses[0], addresses[1]);
  assert_int_equal(*(int64_t *)kiln_jit_lookup(jit, "one"), 7);
  kiln_jit_free(jit);
}

/* A constructor of a definition that another unit has is not called again. */
CASE(object_constructor_of_another_definition) {
  static const char text[] =
    "data common @calls align 8 { zero 8 }\n"
    "func linkonce @thing() -> i64 {\nb0:\n  ret 1\n}\n"
    "func internal @init() {\nb0:\n  %a = load.i64 @calls\n  %b = add.i64 %a, 1\n"
    "  store.i64 %b, @calls\n  ret\n}\nctor @init 65535 with @thing\n";
  kiln_jit *jit = jit_new(NULL);
  for (int i = 0; i < 3; i++)
    assert_int_equal(kiln_jit_run_constructors(jit, load(jit, text, 0), 0, NULL, NULL), KILN_OK);
  assert_int_equal(*(const long *)kiln_jit_lookup(jit, "calls"), 1);
  kiln_jit_free(jit);
}

CASE(object_debug_sections) {
  kiln_jit *jit = jit_new(&with_host);
  uint64_t size = 0;
  kiln_jit_unit u = load(jit, object_text, 0);
  const kiln_buffer image = {.data = (uint8_t *)(uintptr_t)kiln_jit_debug_image(jit, u, &size)};
  assert_non_null(image.data);
  const Elf64_Shdr *line = section(&image, ".debug_line"), *info = section(&image, ".debug_info");
  const uint64_t at = (uint64_t)(uintptr_t)kiln_jit_lookup(jit, "sum");
  assert_non_null(memmem(image.data + line->sh_offset, line->sh_size, &at, 8));
  assert_true(info->sh_size > 0);
  kiln_jit_free(jit);
}

CASE(object_that_is_none) {
  kiln_jit *jit = jit_new(&with_host);
  kiln_buffer o = object_of(object_text);
  Elf64_Ehdr *head = (void *)o.data;
  const kiln_buffer none = {0}, text = {.data = (uint8_t *)"text", .size = 4};
  refused(jit, &none, KILN_ERR_SYNTAX, "no ELF file");
  refused(jit, &text, KILN_ERR_SYNTAX, "no ELF file");
  assert_int_equal(kiln_jit_add_object(jit, 0, NULL, 1, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_jit_add_object(jit, 64, o.data, o.size, NULL, NULL), KILN_ERR_ARGUMENT);
  assert_int_equal(kiln_jit_add_object(NULL, 0, o.data, o.size, NULL, NULL), KILN_ERR_ARGUMENT);
  const uint16_t machine = head->e_machine;
  head->e_machine = EM_RISCV;
  refused(jit, &o, KILN_ERR_SYNTAX, "for another processor");
  head->e_machine = machine;
  head->e_type = ET_DYN;
  refused(jit, &o, KILN_ERR_SYNTAX, "no relocatable object");
  head->e_type = ET_REL;
  head->e_ident[EI_OSABI] = ELFOSABI_FREEBSD;
  refused(jit, &o, KILN_ERR_SYNTAX, "for another system");
  head->e_ident[EI_OSABI] = ELFOSABI_NONE;
  for (uint64_t size = o.size - 1; size > 64; size -= 1 + size / 16) { /* the headers are last */
    const kiln_buffer cut = {.data = o.data, .size = size};
    refused(jit, &cut, KILN_ERR_SYNTAX, "");
  }
  kiln_buffer_free(&o);
  kiln_jit_free(jit);
}

/* Finds the first relocation of a section's. */
static Elf64_Rela *relas(const kiln_buffer *o, const char *name) {
  return (void *)(o->data + section(o, name)->sh_offset);
}

/* One field of an object is damaged; what the message says. */
CASE(object_with_a_damaged_part) {
  kiln_jit *jit = jit_new(&with_host);
  for (unsigned k = 0; k < 12; k++) {
    kiln_buffer o = object_of(object_text);
    const char *why = NULL;
    kiln_status status = KILN_ERR_SYNTAX;
    Elf64_Shdr *text = section(&o, ".text"), *frames = section(&o, ".eh_frame");
    Elf64_Shdr *symtab = section(&o, ".symtab"), *roots = section(&o, "kiln_roots");
    Elf64_Sym *symbols = (void *)(o.data + symtab->sh_offset), *sum = symbols;
    const unsigned n = (unsigned)(symtab->sh_size / sizeof *symbols);
    const char *names = (const char *)o.data + section(&o, ".strtab")->sh_offset;
    while (sum < symbols + n && strcmp(names + sum->st_name, "sum") != 0) sum++;
    switch (k) {
    case 0: text->sh_offset = o.size, why = "is not in the file"; break;
    case 1: text->sh_addralign = 24, why = "alignment of 24"; break;
    case 2: sum->st_size = UINT64_MAX - 4, why = "'sum' is not in its section"; break;
    case 3: sum->st_shndx = 4000, why = "'sum' is in a section that does not exist"; break;
    case 4: sum->st_size += 40, why = "overlap"; break;
    case 5:
      relas(&o, ".rela.text")->r_offset = text->sh_size - 3, why = "not in section '.text'";
      break;
    case 6:
      relas(&o, ".rela.text")->r_info =
        ELF64_R_INFO(n, ELF64_R_TYPE(relas(&o, ".rela.text")->r_info));
      why = "section '.text' is damaged";
      break;
    case 7:
      relas(&o, ".rela.text")->r_info |= 0xfff;
      status = KILN_ERR_UNSUPPORTED, why = "number 4095";
      break;
    case 8: o.data[frames->sh_offset + 8] = 9, why = "unwind rows begin in a way"; break;
    case 9: o.data[frames->sh_offset + 24] ^= 1, why = "unwind rows"; break;
    case 10: o.data[roots->sh_offset + 20] ^= 1, why = "tables of roots are damaged"; break;
    default:
      o.data[section(&o, ".gcc_except_table")->sh_offset] = 0,
                         why = "tables of exceptions are damaged";
    }
    refused(jit, &o, status, why);
    kiln_buffer_free(&o);
  }
  kiln_jit_free(jit);
}

/* Code of another module's options is told what it needs. */
CASE(object_of_a_program) {
  kiln_module_options options = {0};
  assert_true(kiln_target_find_host(&options.target));
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  static const char text[] =
    "data tls(le) @t { i32 1 }\n"
    "func @f() -> i32 {\nb0:\n  %p = tls_addr @t\n  %v = load.i32 %p\n  ret %v\n}\n";
  assert_int_equal(kiln_text_read(s, text, strlen(text), NULL, NULL), KILN_OK);
  kiln_buffer o = {0};
  assert_int_equal(kiln_emit_object(m, &s, 1, &o), KILN_OK);
  kiln_session_free(s);
  kiln_module_free(m);
  kiln_jit *jit = jit_new(NULL);
  refused(jit, &o, KILN_ERR_UNSUPPORTED, "kiln_module_options.jit");
  kiln_buffer_free(&o);
  kiln_jit_free(jit);
}

/* Each byte is damaged in turn, and the object loaded: it is refused, or loaded and removed. */
CASE(object_with_each_byte_damaged) {
  kiln_jit *jit = jit_new(&with_host);
  kiln_buffer o = object_of(object_text);
  unsigned loaded = 0, failed = 0;
  for (uint64_t i = 0; i < o.size; i += EMULATED ? 7 : 1) {
    kiln_jit_error e = {0};
    kiln_jit_unit u;
    const uint8_t byte = o.data[i];
    o.data[i] = (uint8_t)(byte ^ 0x81);
    if (kiln_jit_add_object(jit, 0, o.data, o.size, &u, &e) == KILN_OK) {
      loaded++;
      assert_int_equal(kiln_jit_remove(jit, u, NULL), KILN_OK);
    } else {
      failed++;
      assert_int_not_equal(e.diag.message[0], 0);
    }
    kiln_jit_error_free(&e);
    o.data[i] = byte;
  }
  assert_true(loaded > 100 && failed > 100);
  assert_int_equal(kiln_jit_get_stats(jit).units, 0);
  kiln_buffer_free(&o);
  kiln_jit_free(jit);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(object_as_its_module),
    cmocka_unit_test(object_of_far_memory_and_switched_pages),
    cmocka_unit_test(object_names),
    cmocka_unit_test(object_unique_symbols),
    cmocka_unit_test(object_constructor_of_another_definition),
    cmocka_unit_test(object_debug_sections),
    cmocka_unit_test(object_that_is_none),
    cmocka_unit_test(object_with_a_damaged_part),
    cmocka_unit_test(object_of_a_program),
    cmocka_unit_test(object_with_each_byte_damaged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
