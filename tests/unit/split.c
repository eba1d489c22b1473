/* kiln_emit_elf_split: which sections go where, what is refused, and that a failure changes neither buffer. What the
 * sections say, tests/tool/split_dwarf.sh compares with the objects of LLVM. */
#include "elf_fixture.h"
#include "failing.h"

#include <kiln/text.h>

#define BODY                                                                                       \
  "!1 = file { name \"max.c\", comp_dir \"/src\" }\n"                                              \
  "!2 = compile_unit { producer \"me\", language 12, decl_file !1, GNU_pubnames }\n"               \
  "!int = base_type { name \"int\", byte_size 4, encoding 5 }\n"                                   \
  "!max = subprogram in !2 { name \"max\", decl_file !1, decl_line 3, type !int, external }\n"     \
  "!a = formal_parameter in !max { name \"a\", type !int }\n"                                      \
  "!g = variable in !2 { name \"global\", type !int }\n"                                           \
  "unit !2\nglobal !g @global\ndata @global { i32 1 }\n"                                           \
  "func @max(i32) -> i32 {\n  %a = slot 4\n  !debug !max in !2\n"                                  \
  "  !begin \"max.c\" 3:0 file !1 in !max\n  !var !a %a\nb0(%v: i32):\n"                           \
  "  store.i32 %v, %a\n  !loc \"max.c\" 4:7 file !1 in !max\n  ret 0\n}\n"
static const char text[] = "dwo_name \"max.dwo\"\n" BODY, without[] = BODY;
/* The type of a variable is in the other unit. */
static const char two_units[] =
  "dwo_name \"max.dwo\"\n!3 = file { name \"b.c\" }\n!4 = compile_unit { decl_file !3 }\n"
  "!long = base_type in !4 { name \"long\", byte_size 8, encoding 5 }\n"
  "!own = typedef in !4 { name \"own\", type !long }\nunit !4\nkeep !own in !4\n" BODY
  "!h = variable in !2 { name \"h\", type !own }\nkeep !h in !2\n"
  "!i = variable in !2 { name \"i\", type !own, containing_type !own }\nkeep !i in !2\n";

static kiln_status emit_text(struct fixture *t, const char *source, kiln_buffer *dwo) {
  kiln_session *sessions[] = {t->s};
  kiln_status status = kiln_text_read(t->s, source, strlen(source), NULL, NULL);
  return status == KILN_OK ? kiln_emit_elf_split(t->m, sessions, 1, &t->object, dwo) : status;
}

static void anew(struct fixture *t, kiln_processor p) {
  close_module(t);
  t->options.target.processor = p;
  open_module(t);
}

/* How many sections have names with this part. */
static unsigned count(const kiln_buffer *file, const char *part) {
  Elf *elf = elf_memory((char *)file->data, file->size);
  size_t strings;
  unsigned n = 0;
  assert_int_equal(elf_getshdrstrndx(elf, &strings), 0);
  for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s)) != NULL;) {
    GElf_Shdr h;
    assert_non_null(gelf_getshdr(s, &h));
    n += strstr(elf_strptr(elf, strings, h.sh_name), part) != NULL;
  }
  elf_end(elf);
  return n;
}

static void sections_go_where_they_belong(void **state) {
  struct fixture *t = *state;
  for (kiln_processor p = KILN_PROCESSOR_X86_64; p <= KILN_PROCESSOR_AARCH64; p++) {
    kiln_buffer dwo = {0};
    anew(t, p);
    assert_int_equal(emit_text(t, text, &dwo), KILN_OK);
    assert_int_equal(count(&t->object, ".dwo"), 0);
    assert_int_equal(count(&t->object, ".debug_info"), 2); /* one is its relocations */
    assert_int_equal(count(&dwo, ".rela"), 0);
    assert_int_equal(count(&dwo, ".dwo"), 4);
    kiln_buffer_free(&dwo);
    anew(t, p); /* in one file */
    assert_int_equal(emit_text(t, text, NULL), KILN_OK);
    assert_int_equal(count(&t->object, ".dwo"), 4);
    assert_int_equal(count(&t->object, ".rela.debug_info.dwo"), 0);
    anew(t, p); /* nothing says the name */
    assert_int_equal(emit_text(t, without, &dwo), KILN_OK);
    assert_int_equal(count(&dwo, ".debug"), 0);
    assert_int_equal(count(&t->object, ".debug_info"), 2);
    kiln_buffer_free(&dwo);
  }
}

static unsigned told;
static void tell(void *user, const kiln_diag *d) {
  (void)user, (void)d;
  told++;
}

static void refused(void **state) {
  struct fixture *t = *state;
  kiln_buffer dwo = {0};
  told = 0;
  t->options.on_diag = tell;
  anew(t, KILN_PROCESSOR_X86_64);
  assert_int_equal(emit_text(t, two_units, &dwo), KILN_ERR_UNSUPPORTED);
  assert_int_equal(told, 1);
  t->options.on_diag = NULL;
  assert_non_null(strstr(kiln_module_diag(t->m)->message, "references between units"));
  assert_int_equal(dwo.size + t->object.size, 0);
  anew(t, KILN_PROCESSOR_X86_64);
  assert_int_equal(kiln_module_set_attrs(t->m, &(kiln_module_attrs){.dwo_name = ""}),
                   KILN_ERR_ARGUMENT);
}

static void allocations_may_fail(void **state) {
  struct fixture *t = *state;
  struct failing f = {0};
  kiln_buffer dwo = {.allocator = failing_allocator(&f)};
  t->options.allocator = dwo.allocator;
  t->options.on_diag = tell;
  for (unsigned version = 4; version <= 5; version++) {
    kiln_status status = KILN_ERR_MEMORY;
    for (size_t left = 0; status != KILN_OK; left++) {
      fail_never(&f);
      anew(t, KILN_PROCESSOR_X86_64);
      t->object.allocator = t->options.allocator;
      assert_int_equal(kiln_text_read(t->s, text, sizeof text - 1, NULL, NULL), KILN_OK);
      kiln_module_attrs attrs = kiln_module_get_attrs(t->m);
      attrs.dwarf_version = version;
      kiln_module_set_attrs(t->m, &attrs);
      fail_after(&f, left);
      told = 0;
      kiln_session *sessions[] = {t->s};
      status = kiln_emit_elf_split(t->m, sessions, 1, &t->object, &dwo);
      if (status == KILN_OK) break;
      assert_int_equal(status, KILN_ERR_MEMORY);
      assert_int_equal(told, 1);
      assert_int_equal(dwo.size + t->object.size, 0);
    }
    fail_never(&f);
    kiln_buffer_free(&dwo);
  }
  close_module(t);
  assert_int_equal(f.held, 0);
  t->options.allocator = t->object.allocator = (kiln_allocator){0};
  t->options.on_diag = NULL;
  open_module(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {ELF_TEST(sections_go_where_they_belong), ELF_TEST(refused),
                                     ELF_TEST(allocations_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
