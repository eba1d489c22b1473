/* Inline assembly of bitcode with an assembler of the test's own: it is asked once for all texts
 * of a module, each once; what it gives is in the code; its errors name the function; without it
 * only frequent statements are known. */
#include "bitcode_fixture.h"

static const char source[] =
  "int one(int x) { __asm__(\"first %0\" : \"+a\"(x)); return x; }\n"
  "int two(int x) { __asm__(\"second %1, %0\" : \"=c\"(x) : \"d\"(x)); return x; }\n"
  "int again(int x) { __asm__(\"first %0\" : \"+a\"(x)); return x; }\n"
  "int none(int x) { __asm__(\"pause\"); __asm__(\"\" : \"+r\"(x)); return x; }\n";

struct assembler {
  unsigned calls, texts;
  const char *error;
};

static kiln_status assemble(void *user, const kiln_target *target, kiln_assembly *texts,
                            uint32_t n) {
  struct assembler *a = user;
  assert_int_equal(target->processor, KILN_PROCESSOR_X86_64);
  a->calls++;
  a->texts += n;
  for (uint32_t i = 0; i < n; i++) {
    static const kiln_assembled_reloc reloc = {
      .offset_bytes = 1, .kind = KILN_RELOC_X64_CALL, .symbol = "outside", .addend = -4};
    bool first = texts[i].text_bytes == 11 && memcmp(texts[i].text, "first %eax\n", 11) == 0;
    assert_true(first || (texts[i].text_bytes == 18 &&
                          memcmp(texts[i].text, "second %edx, %ecx\n", 18) == 0));
    texts[i].error = first ? a->error : NULL;
    texts[i].bytes = (const uint8_t *)(first ? "\x0f\xaa\xbb\xcc\xdd" : "\xe8\x00\x00\x00\x00");
    texts[i].size_bytes = 5;
    texts[i].relocs = &reloc;
    texts[i].n_relocs = !first;
  }
  return KILN_OK;
}

static kiln_status compile(const kiln_buffer *bc, struct assembler *a, struct bc_result *r,
                           kiln_buffer *object) {
  kiln_module_options o = {
    .target.processor = KILN_PROCESSOR_X86_64, .on_diag = bc_note, .on_diag_user = r};
  if (a) o.assemble = assemble;
  o.assemble_user = a;
  kiln_module *m = kiln_module_new(&o);
  kiln_session *s = kiln_session_new(m);
  assert_non_null(s);
  kiln_status status = kiln_llvm_read(s, bc->data, bc->size, NULL, NULL, NULL, NULL);
  if (status == KILN_OK) status = kiln_emit_elf(m, &s, 1, object);
  kiln_session_free(s);
  kiln_module_free(m);
  return status;
}

/* An assembler that was made for a newer version says something of a symbol. */
static kiln_status newer(void *user, const kiln_target *target, kiln_assembly *texts, uint32_t n) {
  static const kiln_assembled_symbol symbol = {.name = "s", .reserved = {1}};
  (void)target;
  for (uint32_t i = 0; i < n && user != NULL; i++) {
    texts[i].symbols = &symbol;
    texts[i].n_symbols = 1;
  }
  return KILN_OK;
}

CASE(newer_assembler) {
  for (unsigned is = 0; is < 2; is++) {
    kiln_assembly text = {.text = "nop\n", .text_bytes = 4};
    kiln_module *m = kiln_module_new(
      &(kiln_module_options){.assemble = newer, .assemble_user = is ? &text : NULL});
    assert_int_equal(kiln_module_assemble(m, &text, 1), is ? KILN_ERR_ARGUMENT : KILN_OK);
    kiln_module_free(m);
  }
}

CASE(one_call) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O1", source), object = {0};
  struct assembler a = {0};
  struct bc_result r = {0};
  assert_int_equal(compile(&bc, &a, &r, &object), KILN_OK);
  assert_int_equal(a.calls, 1);
  assert_int_equal(a.texts, 2);
  unsigned found = 0;
  for (size_t i = 0; i + 5 <= object.size; i++)
    found += memcmp(object.data + i, "\x0f\xaa\xbb\xcc\xdd", 5) == 0;
  assert_int_equal(found, 2);
  bool named = false;
  for (size_t i = 0; i + 8 <= object.size; i++) named |= memcmp(object.data + i, "outside", 8) == 0;
  assert_true(named);
  kiln_buffer_free(&object);
  kiln_buffer_free(&bc);
}

CASE(errors) {
  if (!bc_have_clang()) skip();
  kiln_buffer bc = bc_make("c", "-O1", source), object = {0};
  struct assembler a = {.error = "no such thing"};
  struct bc_result r = {0};
  assert_int_equal(compile(&bc, &a, &r, &object), KILN_ERR_UNSUPPORTED);
  assert_string_equal(r.diag.function, "one");
  assert_non_null(strstr(r.diag.message, "no such thing"));
  struct bc_result without = {0};
  assert_int_equal(compile(&bc, NULL, &without, &object), KILN_ERR_UNSUPPORTED);
  assert_string_equal(without.diag.function, "one");
  assert_non_null(strstr(without.diag.message, "assembler"));
  kiln_buffer_free(&bc);
  bc = bc_make("c", "-O1", strstr(source, "int none"));
  assert_int_equal(compile(&bc, NULL, &without, &object), KILN_OK);
  kiln_buffer_free(&object);
  kiln_buffer_free(&bc);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(newer_assembler),
    cmocka_unit_test(one_call),
    cmocka_unit_test(errors),
  };
  return cmocka_run_group_tests_name("assembly in bitcode", tests, NULL, NULL);
}
