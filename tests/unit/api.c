/* What the public API has as a whole: room to grow, attributes, the calls of <kiln/build_ops.h>, objects as files, and
 * names given once. */
#include <kiln/kiln.h>

#include <errno.h>
#include "unit.h"
#include <unistd.h>

static kiln_module *new_module(void) {
  kiln_module *m = kiln_module_new(NULL);
  kiln_target host;
  if (!kiln_target_find_host(&host)) {
    assert_null(m);
    m = kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  } else {
    assert_int_equal(kiln_module_processor(m), host.processor);
  }
  assert_non_null(m);
  return m;
}

static kiln_func *begin(kiln_module *m, kiln_session *s) {
  kiln_param i64 = {.type = KILN_TYPE_I64};
  kiln_type result = KILN_TYPE_I64;
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &i64, 1, &result, 1);
  return kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, sig));
}

/* A struct with something in the room for later is refused, by whatever takes it. */
CASE(newer) {
  enum {
    SYMBOL,
    SECTION,
    DATA,
    RELOC,
    CTOR,
    MODULE,
    CTYPE,
    CFIELD,
    FUNC,
    TRY,
    ASM,
    DECLARED,
    SET,
    COUNT
  };
  for (int k = 0; k < COUNT; k++) {
    kiln_module *m = new_module();
    kiln_session *s = kiln_session_new(m);
    kiln_func *f = begin(m, s);
    kiln_ctypes *c = kiln_ctypes_new(m);
    kiln_symbol x = kiln_data_declare(m, &(kiln_symbol_desc){.name = "x"});
    assert_int_equal(kiln_module_status(m), KILN_OK);
    switch (k) {
    case SYMBOL: kiln_data_declare(m, &(kiln_symbol_desc){.name = "y", .reserved[0] = 1}); break;
    case SECTION: kiln_section_declare(m, "s", &(kiln_section_desc){.reserved[0] = 1}); break;
    case DATA:
      kiln_data_define(m, x, &(kiln_data_desc){.size_bytes = 1, .reserved[1] = UINT64_MAX});
      break;
    case RELOC:
      kiln_data_define(
        m, x,
        &(kiln_data_desc){.size_bytes = 8,
                          .relocs = &(kiln_reloc){.symbol = x, .size_bytes = 8, .reserved[0] = 1},
                          .n_relocs = 1});
      break;
    case ASM:
      kiln_build_asm(f, kiln_sig_parse(m, "()"), &(kiln_asm){.reserved[0] = 1}, NULL, 0);
      break;
    case DECLARED:
      kiln_func_declare_variable(
        f, &(kiln_debug_variable){.slot = kiln_slot_new(f, 8, 3), .reserved[0] = 1});
      break;
    case SET: kiln_func_set_variable(f, &(kiln_debug_value){.reserved[0] = 1}); break;
    case CFIELD:
      kiln_ctype_new_struct(
        c, NULL, &(kiln_cfield){.type = kiln_ctype_basic(KILN_CTYPE_INT), .reserved[0] = 1}, 1);
      break;
    case CTOR:
      kiln_ctor_add(m, &(kiln_ctor_desc){.func = kiln_func_symbol(f), .reserved[0] = 1});
      break;
    case MODULE: kiln_module_set_attrs(m, &(kiln_module_attrs){.reserved[1] = 1}); break;
    case FUNC: kiln_func_set_attrs(f, &(kiln_func_attrs){.reserved[2] = 1}); break;
    case TRY: kiln_build_try(f, &(kiln_try_desc){.reserved[1] = 1}); break;
    case CTYPE:
      kiln_ctype_new_struct(c, &(kiln_ctype_options){.reserved[0] = 1},
                            &(kiln_cfield){.type = kiln_ctype_basic(KILN_CTYPE_INT)}, 1);
      break;
    default: break;
    }
    bool of_func = k >= FUNC;
    assert_int_equal(of_func ? kiln_func_status(f) : kiln_module_status(m), KILN_ERR_ARGUMENT);
    kiln_ctypes_free(c);
    kiln_session_free(s);
    kiln_module_free(m);
  }
  assert_null(kiln_module_new(&(kiln_module_options){.reserved[6] = 1}));
  kiln_jit_error e = {0};
  assert_null(kiln_jit_new(&(kiln_jit_options){.reserved[0] = 1}, &e));
  kiln_target host;
  if (kiln_target_find_host(&host)) {
    assert_int_equal(e.diag.status, KILN_ERR_ARGUMENT);
    kiln_jit *jit = kiln_jit_new(NULL, NULL);
    kiln_module *m = new_module();
    kiln_jit_input input = {.module = m, .reserved[1] = 1};
    assert_int_equal(kiln_jit_add(jit, 0, &input, 1, NULL, &e), KILN_ERR_ARGUMENT);
    kiln_module_free(m);
    kiln_jit_free(jit);
  }
  kiln_jit_error_free(&e);
}

/* Attributes are read as they were set; those of the module count where a function says nothing. */
CASE(attributes) {
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  assert_int_equal(kiln_module_set_attrs(m, &(kiln_module_attrs){.protection = KILN_PROTECT_BRANCH,
                                                                 .dwarf_version = 4,
                                                                 .no_plt = true,
                                                                 .no_red_zone = true,
                                                                 .exec_stack = true}),
                   KILN_OK);
  kiln_module_attrs of = kiln_module_get_attrs(m);
  assert_int_equal(of.protection, KILN_PROTECT_BRANCH);
  assert_int_equal(of.dwarf_version, 4);
  assert_true(of.no_plt && of.no_red_zone && of.exec_stack);
  of.exec_stack = false;
  assert_int_equal(kiln_module_set_attrs(m, &of), KILN_OK);
  assert_false(kiln_module_get_attrs(m).exec_stack);
  kiln_func *f = begin(m, s);
  kiln_func_attrs a = kiln_func_get_attrs(f);
  assert_true(a.protection == 0 && a.guard == KILN_GUARD_NONE && a.probe_bytes == 0 && !a.naked);
  kiln_symbol p = kiln_symbol_refer(m, "personality");
  const kiln_func_attrs all = {.personality = p,
                               .features = KILN_FEATURE_CX16,
                               .guard = KILN_GUARD_ALWAYS,
                               .protection = KILN_PROTECT_NONE,
                               .probe_bytes = 4096,
                               .frame_pointer = true,
                               .realign_stack = true,
                               .no_jump_tables = true,
                               .foreign = true};
  kiln_func_set_attrs(f, &all);
  a = kiln_func_get_attrs(f);
  assert_true(a.personality.id == p.id && a.features == all.features && a.guard == all.guard);
  assert_true(a.protection == all.protection && a.probe_bytes == 4096);
  assert_true(a.frame_pointer && a.realign_stack && !a.general_only && !a.naked);
  assert_true(a.no_jump_tables && a.foreign && !a.no_rows);
  a.protection = 0; /* as the module says */
  a.probe_bytes = 1;
  kiln_func_set_attrs(f, &a);
  a = kiln_func_get_attrs(f);
  assert_true(a.protection == 0 && a.probe_bytes == 16);
  assert_int_equal(kiln_func_status(f), KILN_OK);
  kiln_func_set_attrs(f, &(kiln_func_attrs){.protection = KILN_PROTECT_NONE | KILN_PROTECT_BRANCH});
  assert_int_equal(kiln_func_status(f), KILN_ERR_ARGUMENT);
  kiln_func_discard(f);
  assert_int_equal(kiln_module_freeze(m), KILN_OK);
  assert_int_equal(kiln_module_set_attrs(m, &of), KILN_ERR_STRUCTURE);
  kiln_session_free(s);
  kiln_module_free(m);
  m = new_module();
  of.protection = KILN_PROTECT_RETURN | KILN_PROTECT_KEY_B;
  assert_int_equal(kiln_module_set_attrs(m, &of), KILN_ERR_UNSUPPORTED);
  assert_non_null(strstr(kiln_module_diag(m)->message, "key B"));
  kiln_module_free(m);
}

static bool is_text(kiln_func *f, const char *text) {
  kiln_buffer out = {0};
  assert_int_equal(kiln_func_print(f, &out), KILN_OK);
  bool is = out.size == strlen(text) && memcmp(out.data, text, out.size) == 0;
  if (!is) print_message("%.*s", (int)out.size, (char *)out.data);
  kiln_buffer_free(&out);
  return is;
}

/* A call of each shape builds what the text form says. */
CASE(operations) {
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  kiln_func *f = begin(m, s);
  const kiln_type t = KILN_TYPE_I64, v128 = KILN_TYPE_V128, i32 = KILN_TYPE_I32;
  kiln_value p = kiln_func_param(f, 0), one = kiln_const_int(f, 1);
  kiln_value a = kiln_build_add(f, t, p, one);
  a = kiln_build_fshl(f, t, a, p, one);
  a = kiln_build_ctz(f, t, a);
  kiln_value low = kiln_build_trunc(f, i32, t, a);
  kiln_build_memcpy(f, p, a, one);
  kiln_build_va_copy(f, p, a);
  kiln_value saved = kiln_build_stack_save(f);
  kiln_build_stack_restore(f, saved);
  kiln_build_set_rounding(f, one);
  kiln_value v = kiln_build_vsplat(f, v128, i32, low);
  v = kiln_build_vadd(f, v128, i32, v, v);
  v = kiln_build_vicmp(f, v128, i32, KILN_ICOND_SLT, v, v);
  v = kiln_build_vinsert(f, v128, i32, 2, v, low);
  kiln_build_vextract(f, i32, v128, 3, v);
  kiln_build_return_addr(f, 0);
  kiln_build_unreachable(f);
  assert_int_equal(kiln_func_finish(f), KILN_OK);
  assert_true(is_text(f, "func @f(i64) -> i64 {\nb0(v0: i64):\n"
                         "  v1 = add.i64 v0, 1\n"
                         "  v2 = fshl.i64 v1, v0, 1\n"
                         "  v3 = ctz.i64 v2\n"
                         "  v4 = trunc.i32 i64 v3\n"
                         "  memcpy v0, v3, 1\n"
                         "  va_copy v0, v3\n"
                         "  v7 = stack_save\n"
                         "  stack_restore v7\n"
                         "  set_rounding 1\n"
                         "  v10 = vsplat.v128 i32 v4\n"
                         "  v11 = vadd.v128 i32 v10, v10\n"
                         "  v12 = vicmp.v128 slt i32 v11, v11\n"
                         "  v13 = vinsert.v128 i32 v12, v4, 2\n"
                         "  v14 = vextract.i32 v128 v13, 3\n"
                         "  v15 = return_addr 0\n"
                         "  unreachable\n}\n"));
  kiln_func_discard(f);
  kiln_session_free(s);
  kiln_module_free(m);
}

static size_t read_file(const char *path, char *out, size_t size) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t n = fread(out, 1, size, file);
  fclose(file);
  return n;
}

static kiln_module *with_string(kiln_symbol *text) {
  kiln_module *m = kiln_module_new(&(kiln_module_options){0});
  *text = kiln_data_define_string(m, "a\0b", 3);
  kiln_symbol x = kiln_data_declare(m, &(kiln_symbol_desc){.name = "x"});
  kiln_reloc to = {.symbol = *text, .size_bytes = 8};
  kiln_data_desc d = {.size_bytes = 8, .align_log2 = 3, .relocs = &to, .n_relocs = 1};
  assert_int_equal(kiln_data_define(m, x, &d), KILN_OK);
  return m;
}

/* The file has the bytes of kiln_emit_elf; an error leaves none, and says which. */
CASE(files) {
  kiln_symbol text;
  kiln_module *m = with_string(&text);
  kiln_data_desc d;
  assert_true(kiln_data_find(m, text, &d));
  assert_true(d.size_bytes == 4 && memcmp(d.bytes, "a\0b", 4) == 0);
  kiln_buffer object = {0};
  assert_int_equal(kiln_emit_elf(m, NULL, 0, &object), KILN_OK);
  kiln_module_free(m);
  char path[] = "/tmp/kiln-api-XXXXXX", bytes[8192];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  m = with_string(&text);
  assert_int_equal(kiln_emit_object_file(m, NULL, 0, path), KILN_OK);
  kiln_module_free(m);
  assert_int_equal(read_file(path, bytes, sizeof bytes), object.size);
  assert_memory_equal(bytes, object.data, object.size);
  kiln_buffer_free(&object);
  unlink(path);
  m = with_string(&text);
  assert_int_equal(kiln_emit_object_file(m, NULL, 0, "/nowhere/at/all.o"), KILN_ERR_IO);
  assert_non_null(strstr(kiln_module_diag(m)->message, "/nowhere/at/all.o"));
  assert_non_null(strstr(kiln_module_diag(m)->message, strerror(ENOENT)));
  kiln_module_free(m);
  m = kiln_module_new(&(kiln_module_options){0});
  assert_int_equal(kiln_data_define_string(m, NULL, 1).id, 0);
  assert_int_equal(kiln_emit_object_file(m, NULL, 0, path), KILN_ERR_ARGUMENT);
  assert_int_not_equal(access(path, F_OK), 0);
  kiln_module_free(m);
}

/* A file's name is that of its entry, in its folder unless it is absolute. */
CASE(file_names) {
  static const char *const rows[][3] = {
    {"/src", "a.c", "/src/a.c"}, {"/src", "/b.c", "/b.c"}, {NULL, "c.c", "c.c"}};
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  kiln_debug *d = kiln_module_debug(m);
  kiln_func *f = begin(m, s);
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    kiln_die file = kiln_die_new_file(d, rows[k][0], rows[k][1]);
    uint32_t number = kiln_file_new_die(s, file, NULL);
    assert_int_not_equal(number, 0);
    kiln_func_set_loc(f, kiln_loc_new(s, number, 7, 1));
    kiln_diag diag = {.status = KILN_OK};
    kiln_func_fill_diag(f, &diag);
    assert_string_equal(diag.source, rows[k][2]);
    assert_int_equal(diag.source_line, 7);
  }
  assert_int_equal(kiln_file_new_die(s, kiln_die_at(d, 100), NULL), 0);
  assert_int_equal(kiln_module_status(m), KILN_ERR_ARGUMENT);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* Files of one name in two folders are two, whichever was named last. */
CASE(files_of_one_name) {
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  kiln_debug *d = kiln_module_debug(m);
  const kiln_die own = kiln_die_new_file(d, "/own", "src/lib.rs"),
                 other = kiln_die_new_file(d, "/other", "src/lib.rs");
  const uint32_t plain = kiln_file_new(s, "src/lib.rs"),
                 first = kiln_file_new_die(s, own, "src/lib.rs"),
                 second = kiln_file_new_die(s, other, "src/lib.rs");
  assert_int_equal(first, plain);
  assert_int_not_equal(second, 0);
  assert_int_not_equal(second, first);
  assert_int_equal(kiln_file_new_die(s, own, "src/lib.rs"), first);
  assert_int_equal(kiln_file_new_die(s, other, "src/lib.rs"), second);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* Units and globals are of the module's set. */
CASE(units) {
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  kiln_debug *d = kiln_session_debug(s);
  kiln_die_new_unit(d, kiln_die_new_file(d, "/src", "a.c"), "test", KILN_DW_LANG_C99);
  assert_int_equal(kiln_module_status(m), KILN_ERR_ARGUMENT);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* Entries that are reserved are defined later, or never; those that are new have other numbers. */
CASE(reserved_entries) {
  kiln_module *m = new_module();
  kiln_debug *d = kiln_module_debug(m);
  const kiln_die none = {0};
  assert_int_equal(kiln_die_reserve(NULL).id, 0);
  kiln_die first = kiln_die_reserve(d), next = kiln_die_new(d, KILN_DW_TAG_base_type, none);
  assert_int_equal(first.id, kiln_die_at(d, 1).id);
  assert_int_equal(next.id, kiln_die_at(d, 2).id);
  assert_int_equal(kiln_die_reserve(d).id, kiln_die_at(d, 3).id);
  kiln_die_begin(d, first, KILN_DW_TAG_base_type, none);
  assert_int_equal(kiln_module_status(m), KILN_OK);
  kiln_die_begin(d, first, KILN_DW_TAG_base_type, none); /* twice */
  assert_int_equal(kiln_module_status(m), KILN_ERR_ARGUMENT);
  kiln_module_free(m);
}

/* Sources of the standard library and of packages are not the user's; folders whose names are only similar are. */
CASE(foreign_paths) {
  static const struct {
    const char *path;
    bool foreign;
  } rows[] = {
    {"/rustc/f88b5e9d1e6a2c6c4d0c0b7a0f0c8a3b9d2e1f00/library/core/src/ops/range.rs", true},
    {"/rustc/1.99.1/library/std/src/lib.rs", true},
    {"/usr/src/rustc-1.63.0/library/alloc/src/vec/mod.rs", true},
    {"/root/.rustup/toolchains/t/lib/rustlib/src/rust/library/core/src/option.rs", true},
    {"/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/memchr-2.7.4/src/lib.rs", true},
    {"/registry/src/a-b-1949cf8c6b5b557f/p-1.0.0/lib.rs", true},
    {"C:\\Users\\u\\.cargo\\registry\\src\\github.com-1ecc6299db9ec823\\p-1.0.0\\src\\lib.rs",
     true},
    {"/home/u/.cargo/git/checkouts/serde-0123456789abcdef/1a2b3c4/src/lib.rs", true},
    {"/home/u/git/checkouts/serde/src/lib.rs", false},
    {"/home/u/registry/src/lib.rs", false},
    {"/home/u/registry/src/index/p-1.0.0/lib.rs", false},
    {"/home/u/registry/src/index-1949cf8c6b5b557/p/lib.rs", false},
    {"/home/u/registry/src/index-1949cf8c6b5b557f0/p/lib.rs", false},
    {"/home/u/registry/src/index-1949cf8c6b5b557f/lib.rs", false},
    {"/home/u/rustc/1.99.1/library/std/src/lib.rs", false},
    {"/rustc/library/lib.rs", false},
    {"/rustc/x/compiler/lib.rs", false},
    {"src/main.rs", false},
    {"/registry/src/", false},
    {"", false},
  };
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
    if (kiln_file_is_foreign(rows[i].path) != rows[i].foreign) fail_msg("%s", rows[i].path);
  assert_false(kiln_file_is_foreign(NULL));
}

/* A function that is described, and in which nothing has a location. */
CASE(described_nowhere) {
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  kiln_debug *d = kiln_module_debug(m);
  kiln_die_declaration what = {.name = "f", .file = kiln_die_new_file(d, "/src", "a.c"), .line = 1};
  kiln_die unit = kiln_die_new_unit(d, what.file, "test", KILN_DW_LANG_C99);
  kiln_symbol_desc desc = {.name = "f"};
  kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &desc, sig));
  kiln_block next = kiln_block_new(f);
  kiln_func_set_debug(f, kiln_die_new_function(d, unit, &what, false), unit, 0);
  kiln_build_br(f, next, NULL, 0);
  kiln_block_switch(f, next);
  kiln_build_ret(f, NULL, 0);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_buffer out = {0};
  assert_int_equal(kiln_emit_elf(m, &s, 1, &out), KILN_OK);
  kiln_buffer_free(&out);
  kiln_session_free(s);
  kiln_module_free(m);
}

/* A declaration may repeat what another one said, and be silent; it cannot say more or something else. */
CASE(declared_otherwise) {
  const kiln_symbol_desc first = {.name = "x",
                                  .linkage = KILN_LINKAGE_WEAK,
                                  .section = ".mine",
                                  .comdat = "group",
                                  .align_log2 = 4};
  const kiln_symbol_desc other[] = {
    {.name = "x", .linkage = KILN_LINKAGE_INTERNAL},
    {.name = "x", .visibility = KILN_VISIBILITY_HIDDEN},
    {.name = "x", .tls = KILN_TLS_LOCAL_EXEC},
    {.name = "x", .dso_local = true},
    {.name = "x", .section = ".other"},
    {.name = "x", .comdat = "grou"},
    {.name = "x", .align_log2 = 3},
    {.name = "x", .no_plt = true},
    {.name = "x", .comdat_stays = true},
  };
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    kiln_module *m = new_module();
    kiln_symbol x = kiln_data_declare(m, &first);
    assert_int_equal(kiln_data_declare(m, &first).id, x.id);
    assert_int_equal(kiln_data_declare(m, &(kiln_symbol_desc){.name = "x", .body = true}).id, x.id);
    assert_int_equal(kiln_data_declare(m, &other[i]).id, 0);
    assert_int_equal(kiln_module_status(m), KILN_ERR_SYMBOL);
    kiln_module_free(m);
  }
}

/* Ways to describe a function wrongly; each is an error of the function, none drops what was described. */
static void unknown_begin(kiln_func *f, kiln_die e, kiln_debug_expr *full) {
  (void)full;
  kiln_func_set_debug(f, e, e, 99);
}
static void unknown_call(kiln_func *f, kiln_die e, kiln_debug_expr *full) {
  (void)full;
  kiln_func_set_variable(f, &(kiln_debug_value){.variable = e, .inlined = 99});
}
static void cut_expression(kiln_func *f, kiln_die e, kiln_debug_expr *full) {
  kiln_func_set_variable(
    f, &(kiln_debug_value){.variable = e, .expr = full->bytes, .expr_bytes = full->size_bytes});
}
static void other_fields(kiln_func *f, kiln_die e, kiln_debug_expr *full) {
  (void)e, (void)full;
  kiln_func_declare_data(f, &(kiln_symbol_desc){.name = "d"}, NULL);
}
static void other_fields_of_alias(kiln_func *f, kiln_die e, kiln_debug_expr *full) {
  (void)e, (void)full;
  kiln_func_define_alias(f, &(kiln_symbol_desc){.name = "a", .align_log2 = 5},
                         kiln_func_add_data(f, &(kiln_data_desc){.size_bytes = 8}), 0);
}

static void described_wrongly(void **state) {
  (void)state;
  static void (*const ways[])(kiln_func *f, kiln_die e, kiln_debug_expr *full) = {
    unknown_begin, unknown_call, cut_expression, other_fields, other_fields_of_alias};
  kiln_debug_expr full = {0};
  for (unsigned i = 0; i < 200; i++) kiln_debug_expr_op(&full, KILN_DW_OP_deref);
  for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
    kiln_module *m = new_module();
    kiln_session *s = kiln_session_new(m);
    kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, NULL, 0);
    kiln_func *f = kiln_func_begin(s, kiln_func_declare(m, &(kiln_symbol_desc){.name = "f"}, sig));
    ways[i](f, kiln_die_new(kiln_module_debug(m), KILN_DW_TAG_subprogram, (kiln_die){0}), &full);
    if (kiln_func_status(f) != KILN_ERR_ARGUMENT) fail_msg("way %u", i);
    kiln_func_discard(f);
    kiln_session_free(s);
    kiln_module_free(m);
  }
  kiln_module *m = new_module();
  kiln_debug *d = kiln_module_debug(m);
  kiln_die_new(d, KILN_DW_TAG_variable, (kiln_die){0});
  kiln_die_set_expr(d, KILN_DW_AT_location, full.bytes, full.size_bytes);
  assert_int_equal(kiln_module_status(m), KILN_ERR_ARGUMENT);
  kiln_module_free(m);
}

/* Ways to use a symbol in a function; the function fails if it is private data of another one. */
static void use_by_code(kiln_func *f, kiln_symbol d) {
  assert_int_equal(kiln_const_symbol(f, d, 0).id, 0);
}
static void use_by_reloc(kiln_func *f, kiln_symbol d) {
  const kiln_reloc r = {.size_bytes = 8, .symbol = d};
  const kiln_data_desc data = {.bytes = "12345678", .size_bytes = 8, .relocs = &r, .n_relocs = 1};
  assert_int_equal(kiln_func_add_data(f, &data).id, 0);
}
static void use_by_difference(kiln_func *f, kiln_symbol d) {
  const kiln_reloc r = {.size_bytes = 4, .symbol = kiln_func_symbol(f), .relative_to = d};
  const kiln_data_desc data = {.bytes = "12345678", .size_bytes = 8, .relocs = &r, .n_relocs = 1};
  assert_int_equal(kiln_func_add_data(f, &data).id, 0);
}
static void use_by_section(kiln_func *f, kiln_symbol d) {
  const kiln_reloc r = {.size_bytes = 8, .symbol = d};
  const kiln_data_desc data = {.bytes = "12345678", .size_bytes = 8, .relocs = &r, .n_relocs = 1};
  kiln_symbol to = kiln_func_declare_data(f, &(kiln_symbol_desc){.section = ".other"}, NULL);
  kiln_func_define_data(f, to, &data);
}
static void use_by_alias(kiln_func *f, kiln_symbol d) {
  assert_int_equal(kiln_func_define_alias(f, &(kiln_symbol_desc){.name = "late"}, d, 0).id, 0);
}
static void use_as_type(kiln_func *f, kiln_symbol d) { kiln_const_typeid(f, d); }
static void use_as_personality(kiln_func *f, kiln_symbol d) {
  kiln_func_set_attrs(f, &(kiln_func_attrs){.personality = d});
}
static void use_by_assembly(kiln_func *f, kiln_symbol d) {
  const kiln_asm_reloc r = {.kind = KILN_RELOC_ABS64, .symbol = d};
  kiln_asm code = {.bytes = "12345678", .size_bytes = 8, .relocs = &r, .n_relocs = 1};
  kiln_sig sig = kiln_sig_parse(kiln_session_module(kiln_func_session(f)), "()");
  kiln_build_asm(f, sig, &code, NULL, 0);
}

/* Private data of a function is its own: the function that uses another one's has the error, and may be built again. */
CASE(private_data) {
  kiln_module *m = new_module();
  kiln_session *s = kiln_session_new(m);
  kiln_sig sig = kiln_sig_parse(m, "() -> i64");
  const kiln_data_desc bytes = {.bytes = "12345678", .size_bytes = 8};
  kiln_symbol of[3], data[3];
  for (unsigned i = 0; i < 3; i++) {
    char name[8];
    snprintf(name, sizeof name, "f%u", i);
    of[i] = kiln_func_declare(m, &(kiln_symbol_desc){.name = name}, sig);
  }
  for (unsigned i = 0; i < 2; i++) { /* f0 is compiled, f1 is discarded */
    kiln_func *f = kiln_func_begin(s, of[i]);
    data[i] = kiln_func_add_data(f, &bytes);
    kiln_value v = kiln_build_load(f, KILN_TYPE_I64, kiln_const_symbol(f, data[i], 0), 0, 0);
    kiln_build_ret(f, &v, 1);
    if (i == 0) assert_int_equal(kiln_func_compile(f), KILN_OK);
    else kiln_func_discard(f);
  }
  static void (*const use[])(kiln_func *f, kiln_symbol d) = {
    use_by_code,  use_by_reloc, use_by_difference,  use_by_section,
    use_by_alias, use_as_type,  use_as_personality, use_by_assembly};
  for (unsigned i = 0; i < 16; i++) { /* of another function, and of one that is no more */
    unsigned gone = i / 8;
    kiln_func *f = kiln_func_begin(s, of[1 + gone]);
    use[i % 8](f, data[gone]);
    kiln_diag d;
    assert_int_equal(kiln_func_try_compile(f, &d), KILN_ERR_SYMBOL);
    assert_string_equal(d.message, gone == 0 ? "private data of the function 'f0'"
                                             : "private data of a function that was discarded");
  }
  kiln_func *f = kiln_func_begin(s, of[1]);
  data[2] = kiln_func_add_data(f, &bytes);
  kiln_value v = kiln_build_load(f, KILN_TYPE_I64, kiln_const_symbol(f, data[2], 0), 0, 0);
  kiln_build_ret(f, &v, 1);
  assert_int_equal(kiln_func_compile(f), KILN_OK);
  kiln_buffer out = {0};
  assert_int_equal(kiln_emit_elf(m, &s, 1, &out), KILN_OK);
  kiln_buffer_free(&out);
  /* the module's own data and aliases are the module's errors */
  assert_int_equal(kiln_alias_define(m, &(kiln_symbol_desc){.name = "a"}, data[0], 0).id, 0);
  assert_int_equal(kiln_module_status(m), KILN_ERR_SYMBOL);
  kiln_session_free(s);
  kiln_module_free(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(private_data),
    cmocka_unit_test(newer),
    cmocka_unit_test(attributes),
    cmocka_unit_test(operations),
    cmocka_unit_test(files),
    cmocka_unit_test(file_names),
    cmocka_unit_test(files_of_one_name),
    cmocka_unit_test(units),
    cmocka_unit_test(reserved_entries),
    cmocka_unit_test(foreign_paths),
    cmocka_unit_test(described_nowhere),
    cmocka_unit_test(declared_otherwise),
    cmocka_unit_test(described_wrongly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
