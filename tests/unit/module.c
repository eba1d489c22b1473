/* Modules: symbols, signatures, data, constructors, locations, errors and failing allocations. */
#include "unit.h"

#include "ir/module/session_state.h"
#include "large.h"
#include "failing.h"
#include <kiln/debug.h>
#include <kiln/emit.h>
#include <kiln/inline.h>
#include <kiln/reachable.h>
#include <kiln/text.h>

struct fixture {
  kiln_module *m;
  unsigned diags;
  kiln_diag diag; /* the newest */
};

static void on_diag(void *user, const kiln_diag *d) {
  struct fixture *t = user;
  t->diags++;
  t->diag = *d;
}

static void open_module(struct fixture *t, kiln_pic pic) {
  kiln_module_options options = {.target.processor = KILN_PROCESSOR_X86_64,
                                 .name = "test.c",
                                 .pic = pic,
                                 .on_diag = on_diag,
                                 .on_diag_user = t};
  t->diags = 0;
  t->m = kiln_module_new(&options);
  assert_non_null(t->m);
}

static int setup(void **state) {
  static struct fixture fixture;
  open_module(&fixture, KILN_PIC_FULL);
  *state = &fixture;
  return 0;
}

static int teardown(void **state) {
  struct fixture *t = *state;
  kiln_module_free(t->m);
  return 0;
}

/* A module like the first, without its errors. */
static void again(struct fixture *t) {
  kiln_module_free(t->m);
  open_module(t, KILN_PIC_FULL);
}

/* `call` fails with `status`: one diagnostic, and the module keeps it. A fresh module follows. */
#define FAILS(wanted, call)                                                                        \
  do {                                                                                             \
    unsigned before_ = t->diags;                                                                   \
    (void)(call);                                                                                  \
    assert_int_equal(kiln_module_status(t->m), wanted);                                            \
    assert_int_equal(t->diags, before_ + 1);                                                       \
    assert_int_equal(kiln_module_diag(t->m)->status, wanted);                                      \
    assert_string_equal(kiln_module_diag(t->m)->module, "test.c");                                 \
    again(t);                                                                                      \
  } while (0)

static kiln_sig void_sig(kiln_module *m) { return kiln_sig_new(m, KILN_CC_C, 0, NULL, 0, NULL, 0); }

static kiln_symbol func(kiln_module *m, const char *name, kiln_linkage linkage) {
  return kiln_func_declare(m, &(kiln_symbol_desc){.name = name, .linkage = linkage}, void_sig(m));
}

static kiln_symbol data(kiln_module *m, const char *name, kiln_linkage linkage) {
  return kiln_data_declare(m, &(kiln_symbol_desc){.name = name, .linkage = linkage});
}

/* ---- options and targets ---- */

CASE(options_are_checked) {
  assert_null(kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_COUNT}));
  assert_null(kiln_module_new(&(kiln_module_options){.pic = KILN_PIC_COUNT}));
  assert_null(kiln_module_new(&(kiln_module_options){.target = {.abi = 1}}));
  assert_null(kiln_module_new(&(kiln_module_options){.target = {.reserved = {0, 1}}}));
  kiln_target host, target;
  assert_true(kiln_target_find_host(&host));
  for (int given = 0; given < 2; given++) { /* all zero is the same as none */
    kiln_module *m = kiln_module_new(given ? &(kiln_module_options){0} : NULL);
    target = kiln_module_get_target(m);
    assert_memory_equal(&target, &host, sizeof target);
    assert_int_equal(kiln_module_processor(m), host.processor);
    assert_int_equal(kiln_module_status(m), KILN_OK);
    kiln_module_free(m);
  }
  kiln_module_free(NULL);
  for (unsigned i = 1; i < KILN_PROCESSOR_COUNT; i++) {
    assert_true(kiln_target_find(kiln_processor_name((kiln_processor)i), &target));
    assert_int_equal(target.processor, i);
  }
  assert_null(kiln_processor_name(KILN_PROCESSOR_HOST));
  assert_null(kiln_processor_name(KILN_PROCESSOR_COUNT));
  uint64_t all = 0, bit;
  for (unsigned t = 1; t < KILN_PROCESSOR_COUNT; t++) {
    const char *name;
    for (unsigned i = 0; (name = kiln_feature_name((kiln_processor)t, i)) != NULL; i++) {
      assert_true(kiln_feature_find((kiln_processor)t, name, &bit));
      assert_int_equal(all & bit, 0);
      all |= bit;
    }
    assert_false(kiln_feature_find((kiln_processor)t, "sse2", &bit));
  }
  assert_int_equal(all, KILN_FEATURE_LSE | KILN_FEATURE_CX16 | KILN_FEATURE_FMA);
  assert_false(kiln_feature_find(KILN_PROCESSOR_X86_64, "lse", &bit));
  assert_null(kiln_feature_name(KILN_PROCESSOR_COUNT, 0));
  assert_null(kiln_session_new(NULL)); /* a module that was refused needs no check of its own */
}

/* Names as LLVM's Triple.cpp, GNU's config.sub, Go, Zig, .NET and Debian write them. */
CASE(targets_by_the_names_of_others) {
  enum { X64 = KILN_PROCESSOR_X86_64, A64 = KILN_PROCESSOR_AARCH64 };
  enum { LINUX = KILN_SYSTEM_LINUX, WINDOWS = KILN_SYSTEM_WINDOWS, MACOS = KILN_SYSTEM_MACOS };
  enum { ELF = KILN_FORMAT_ELF, COFF = KILN_FORMAT_COFF, MACHO = KILN_FORMAT_MACH_O };
  static const struct {
    const char *name;
    unsigned processor, system, format; /* 0: no target */
  } rows[] = {
    {"x86_64", X64, LINUX, ELF},
    {"x86-64", X64, LINUX, ELF},
    {"amd64", X64, LINUX, ELF},
    {"x64", X64, LINUX, ELF},
    {"aarch64", A64, LINUX, ELF},
    {"arm64", A64, LINUX, ELF},
    {"x86_64-unknown-linux-gnu", X64, LINUX, ELF},
    {"x86_64-pc-linux-gnu", X64, LINUX, ELF},
    {"x86_64-linux-gnu", X64, LINUX, ELF},
    {"x86-64-linux-gnu", X64, LINUX, ELF},
    {"aarch64-linux-musl", A64, LINUX, ELF},
    {"aarch64-alpine-linux-musl", A64, LINUX, ELF},
    {"aarch64-linux-android29", A64, LINUX, ELF},
    {"x86_64-unknown-freebsd14.0", X64, LINUX, ELF},
    {"x86_64-unknown-none", X64, LINUX, ELF},
    {"aarch64-none-elf", A64, LINUX, ELF},
    {"x86_64-windows", X64, WINDOWS, COFF},
    {"x86_64-pc-windows-gnu", X64, WINDOWS, COFF},
    {"x86_64-w64-windows-gnu", X64, WINDOWS, COFF},
    {"amd64-pc-win32", X64, WINDOWS, COFF},
    {"x86_64-w64-mingw32", X64, WINDOWS, COFF},
    {"x86_64-pc-windows-gnullvm", X64, WINDOWS, COFF},
    {"x86_64-pc-windows-gnu-elf", X64, WINDOWS, ELF},
    {"arm64-apple-macosx11.0.0", A64, MACOS, MACHO},
    {"aarch64-apple-darwin", A64, MACOS, MACHO},
    {"x86_64-apple-darwin23", X64, MACOS, MACHO},
    {"x86_64-pc-windows-msvc", 0, 0, 0},
    {"x86_64-linux-gnux32", 0, 0, 0},
    {"aarch64-linux-gnu_ilp32", 0, 0, 0},
    {"aarch64_be-linux-gnu", 0, 0, 0},
    {"arm64e-apple-macos", 0, 0, 0},
    {"x86_64-unknown-openbsd", 0, 0, 0},
    {"x86_64-apple-linux", 0, 0, 0},
    {"x86", 0, 0, 0},
    {"x86_64linux", 0, 0, 0},
    {"riscv64-linux-gnu", 0, 0, 0},
    {"", 0, 0, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    kiln_target t = {0};
    if (kiln_target_find(rows[i].name, &t) != (rows[i].processor != 0) ||
        t.processor != rows[i].processor || t.system != rows[i].system ||
        t.format != rows[i].format)
      fail_msg("%s: %u, %u, %u", rows[i].name, t.processor, t.system, t.format);
    if (rows[i].processor == 0) continue;
    kiln_module *m = kiln_module_new(&(kiln_module_options){.target = t});
    bool works = (t.system == KILN_SYSTEM_LINUX && t.format == KILN_FORMAT_ELF) ||
                 (t.system == KILN_SYSTEM_WINDOWS && t.format == KILN_FORMAT_COFF);
    assert_int_equal(kiln_module_status(m), works ? KILN_OK : KILN_ERR_UNSUPPORTED);
    if (!works) {
      const char *message = kiln_module_diag(m)->message;
      assert_non_null(strstr(message, kiln_processor_name(t.processor)));
      assert_non_null(strstr(message, kiln_system_name(t.system)));
      assert_non_null(strstr(message, kiln_format_name(t.format)));
    }
    kiln_module_free(m);
  }
  assert_null(kiln_module_new(&(kiln_module_options){.target.system = KILN_SYSTEM_COUNT}));
  assert_null(kiln_module_new(&(kiln_module_options){.target.format = KILN_FORMAT_COUNT}));
  assert_false(kiln_target_find(NULL, &(kiln_target){0}) || kiln_target_find("arm64", NULL));
}

/* ---- symbols ---- */

static void names_are_unique(void **state) {
  struct fixture *t = *state;
  kiln_module *m = t->m;
  kiln_symbol f = func(m, "f", KILN_LINKAGE_WEAK);
  kiln_symbol g =
    kiln_func_declare(m, &(kiln_symbol_desc){.name = "fgh", .name_length = 2}, void_sig(m));
  assert_int_equal(f.id, 1);
  assert_int_equal(g.id, 2);
  assert_string_equal(kiln_symbol_get(m, g).desc.name, "fg");
  assert_int_equal(func(m, "f", KILN_LINKAGE_EXTERNAL).id, f.id);
  assert_int_equal(kiln_symbol_get(m, f).desc.linkage, KILN_LINKAGE_WEAK);
  assert_int_equal(kiln_symbol_lookup(m, "f").id, f.id);
  assert_int_equal(kiln_symbol_lookup(m, "fg").id, g.id);
  assert_int_equal(kiln_symbol_lookup(m, "fgh").id, 0);
  assert_int_equal(kiln_symbol_lookup(m, "").id, 0);
  /* without a name: always new, never found */
  kiln_symbol p = data(m, NULL, KILN_LINKAGE_PRIVATE), q = data(m, "", KILN_LINKAGE_INTERNAL);
  assert_int_equal(p.id, 3);
  assert_int_equal(q.id, 4);
  assert_int_equal(kiln_symbol_count(m), 4);
  assert_string_equal(kiln_symbol_get(m, q).desc.name, "");
  assert_int_equal(kiln_symbol_get(m, (kiln_symbol){5}).kind, KILN_SYMBOL_UNKNOWN);
  assert_int_equal(kiln_symbol_get(m, (kiln_symbol){0}).kind, KILN_SYMBOL_UNKNOWN);
  FAILS(KILN_ERR_SYMBOL, data(m, "f", KILN_LINKAGE_EXTERNAL));
}

static void strings_are_copied(void **state) {
  struct fixture *t = *state;
  char name[] = "name", section[] = "sec", comdat[] = "com";
  kiln_symbol_desc d = {.name = name,
                        .section = section,
                        .comdat = comdat,
                        .comdat_stays = true,
                        .align_log2 = 5,
                        .visibility = KILN_VISIBILITY_HIDDEN,
                        .tls = KILN_TLS_LOCAL_EXEC,
                        .dso_local = true};
  kiln_symbol s = kiln_data_declare(t->m, &d);
  section[0] = name[0] = comdat[0] = 'x';
  d.name = "other";
  d.comdat_stays = false;
  kiln_symbol s2 = kiln_data_declare(t->m, &d);
  kiln_symbol_info i = kiln_symbol_get(t->m, s), i2 = kiln_symbol_get(t->m, s2);
  assert_string_equal(i.desc.name, "name");
  assert_string_equal(i.desc.section, "sec");
  assert_string_equal(i.desc.comdat, "com");
  assert_string_equal(i2.desc.section, "xec");
  assert_string_equal(i2.desc.comdat, "xom");
  assert_true(i.desc.comdat_stays && !i2.desc.comdat_stays);
  assert_int_equal(i.desc.align_log2, 5);
  assert_int_equal(i.desc.visibility, KILN_VISIBILITY_HIDDEN);
  assert_int_equal(i.desc.tls, KILN_TLS_LOCAL_EXEC);
  assert_true(i.desc.dso_local);
  assert_false(i.defined);
  assert_int_equal(i.kind, KILN_SYMBOL_DATA);
}

/* Names of all lengths around whole words: every byte counts, and none may be 0. */
static void every_byte_of_a_name_counts(void **state) {
  struct fixture *t = *state;
  static const char bytes[] = "\x80\xff\1a\x81z\x7f_\2\xfe$b\x80\xff\1a\x81z\x7f_\2\xfe$b";
  for (size_t length = 1; length < sizeof bytes; length++) {
    char name[sizeof bytes];
    kiln_symbol_desc d = {.name = name, .name_length = length};
    uint32_t n = kiln_symbol_count(t->m);
    memcpy(name, bytes, length);
    kiln_symbol whole = kiln_data_declare(t->m, &d);
    assert_int_equal(whole.id, n + 1);
    for (size_t i = 0; i < length; i++) {
      name[i] ^= 4;
      assert_int_equal(kiln_data_declare(t->m, &d).id, n + 2 + i);
      name[i] ^= 4;
    }
    assert_int_equal(kiln_data_declare(t->m, &d).id, whole.id);
  }
  for (size_t length = 1; length < sizeof bytes; length++)
    for (size_t i = 0; i < length; i++) {
      char name[sizeof bytes];
      memcpy(name, bytes, length);
      name[i] = 0;
      FAILS(KILN_ERR_ARGUMENT,
            kiln_data_declare(t->m, &(kiln_symbol_desc){.name = name, .name_length = length}));
    }
}

static void bad_symbols_are_refused(void **state) {
  struct fixture *t = *state;
  static const struct {
    kiln_symbol_desc desc;
    bool func;
  } rows[] = {
    {{.name = NULL}, true},
    {{.name = ""}, false},
    {{.name = "", .linkage = KILN_LINKAGE_WEAK}, false},
    {{.name = "a\0b", .name_length = 3}, false},
    {{.name = "abc\0efg\x80", .name_length = 8}, false},
    {{.name = "abcdefgh\x80\xff\1\0", .name_length = 12}, false},
    {{.name = "abcdefgh1234567\0", .name_length = 16}, false},
    {{.name = "x", .linkage = KILN_LINKAGE_COUNT}, false},
    {{.name = "x", .visibility = KILN_VISIBILITY_COUNT}, false},
    {{.name = "x", .tls = KILN_TLS_COUNT}, false},
    {{.name = "x", .align_log2 = 17}, false},
    {{.name = "x", .linkage = KILN_LINKAGE_COMMON}, true},
    {{.name = "x", .linkage = KILN_LINKAGE_COMMON, .tls = KILN_TLS_LOCAL_EXEC}, false},
    {{.name = "x", .tls = KILN_TLS_LOCAL_EXEC}, true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].func)
      FAILS(KILN_ERR_ARGUMENT, kiln_func_declare(t->m, &rows[i].desc, void_sig(t->m)));
    else FAILS(KILN_ERR_ARGUMENT, kiln_data_declare(t->m, &rows[i].desc));
  }
  FAILS(KILN_ERR_ARGUMENT,
        kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "f"}, (kiln_sig){1}));
  FAILS(KILN_ERR_ARGUMENT, kiln_data_declare(t->m, NULL));
}

static void aliases(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = func(t->m, "f", KILN_LINKAGE_INTERNAL);
  kiln_symbol late = func(t->m, "late", KILN_LINKAGE_EXTERNAL);
  kiln_symbol a = kiln_alias_define(
    t->m, &(kiln_symbol_desc){.name = "late", .linkage = KILN_LINKAGE_WEAK}, f, 0);
  assert_int_equal(a.id, late.id);
  kiln_symbol_info i = kiln_symbol_get(t->m, a);
  assert_int_equal(i.kind, KILN_SYMBOL_ALIAS);
  assert_int_equal(i.desc.linkage, KILN_LINKAGE_WEAK);
  assert_int_equal(i.target.id, f.id);
  assert_true(i.defined);
  assert_int_equal(i.sig.id, kiln_symbol_get(t->m, f).sig.id);
  assert_int_equal(func(t->m, "late", KILN_LINKAGE_EXTERNAL).id, a.id);
  FAILS(KILN_ERR_SYMBOL, kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "late"}, f, 0));
  FAILS(KILN_ERR_ARGUMENT,
        kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "b"}, (kiln_symbol){1}, 0));
  a = kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "b"},
                        func(t->m, "f", KILN_LINKAGE_EXTERNAL), 0);
  FAILS(KILN_ERR_SYMBOL, kn_symbol_define_func(t->m, a.id));
}

static void block_symbols_are_interned(void **state) {
  struct fixture *t = *state;
  kiln_module *m = t->m;
  kiln_symbol f = func(m, "f", KILN_LINKAGE_EXTERNAL), g = func(m, "g", KILN_LINKAGE_EXTERNAL);
  kiln_symbol f3 = kiln_block_symbol(m, f, (kiln_block){3}),
              g3 = kiln_block_symbol(m, g, (kiln_block){3});
  kiln_symbol f9 = kiln_block_symbol(m, f, (kiln_block){9});
  assert_true(f3.id != g3.id && f3.id != f9.id && g3.id != f9.id);
  assert_int_equal(kiln_block_symbol(m, f, (kiln_block){3}).id, f3.id);
  assert_int_equal(kiln_block_symbol(m, g, (kiln_block){3}).id, g3.id);
  kiln_symbol_info i = kiln_symbol_get(m, f9);
  assert_int_equal(i.kind, KILN_SYMBOL_BLOCK);
  assert_int_equal(i.target.id, f.id);
  assert_int_equal(i.offset_bytes, 9);
  /* found from the function, newest first */
  assert_int_equal(m->symbols.at[f.id].block_first, f9.id);
  assert_int_equal(m->symbols.at[f9.id].block_first, f3.id);
  assert_int_equal(m->symbols.at[f3.id].block_first, 0);
  assert_int_equal(m->symbols.at[g.id].block_first, g3.id);
  FAILS(KILN_ERR_ARGUMENT,
        kiln_block_symbol(m, data(m, "d", KILN_LINKAGE_EXTERNAL), (kiln_block){0}));
}

static void bodies_come_once(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = func(t->m, "f", KILN_LINKAGE_EXTERNAL);
  assert_true(kn_symbol_define_func(t->m, f.id));
  assert_true(kiln_symbol_get(t->m, f).defined);
  kn_symbol_undefine_func(t->m, f.id);
  assert_false(kiln_symbol_get(t->m, f).defined);
  assert_true(kn_symbol_define_func(t->m, f.id));
  FAILS(KILN_ERR_SYMBOL, kn_symbol_define_func(t->m, f.id));
  FAILS(KILN_ERR_SYMBOL, kn_symbol_define_func(t->m, data(t->m, "d", KILN_LINKAGE_EXTERNAL).id));
  FAILS(KILN_ERR_ARGUMENT, kn_symbol_define_func(t->m, 77));
}

/* When code may refer to a symbol directly, by the rules of ELF: kind of definition x visibility x level. */
static void direct_follows_the_rules(void **state) {
  struct fixture *t = *state;
  enum { U = 1, D = 2, B = 3 }; /* direct while undefined, when defined, both */
  static const struct {
    kiln_linkage linkage;
    kiln_visibility visibility;
    bool dso_local;
    uint8_t level[KILN_PIC_COUNT]; /* FULL, PIE, STATIC */
  } rows[] = {
    {KILN_LINKAGE_EXTERNAL, KILN_VISIBILITY_DEFAULT, false, {0, D, B}},
    {KILN_LINKAGE_EXTERNAL, KILN_VISIBILITY_HIDDEN, false, {B, B, B}},
    {KILN_LINKAGE_EXTERNAL, KILN_VISIBILITY_PROTECTED, false, {D, D, B}},
    {KILN_LINKAGE_EXTERNAL, KILN_VISIBILITY_DEFAULT, true, {B, B, B}},
    {KILN_LINKAGE_INTERNAL, KILN_VISIBILITY_DEFAULT, false, {B, B, B}},
    {KILN_LINKAGE_PRIVATE, KILN_VISIBILITY_DEFAULT, false, {B, B, B}},
    {KILN_LINKAGE_WEAK, KILN_VISIBILITY_DEFAULT, false, {0, D, D}},
    {KILN_LINKAGE_WEAK, KILN_VISIBILITY_HIDDEN, false, {D, D, D}},
    {KILN_LINKAGE_WEAK, KILN_VISIBILITY_DEFAULT, true, {B, B, B}},
    {KILN_LINKAGE_LINKONCE, KILN_VISIBILITY_DEFAULT, false, {0, D, B}},
    {KILN_LINKAGE_LINKONCE, KILN_VISIBILITY_HIDDEN, false, {B, B, B}},
    {KILN_LINKAGE_COMMON, KILN_VISIBILITY_DEFAULT, false, {0, D, B}},
  };
  for (unsigned pic = 0; pic < KILN_PIC_COUNT; pic++) {
    kiln_module_free(t->m);
    open_module(t, (kiln_pic)pic);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
      for (unsigned is_func = 0; is_func < 2; is_func++) {
        if (is_func && rows[i].linkage == KILN_LINKAGE_COMMON) continue;
        char name[16];
        snprintf(name, sizeof name, "s%u.%u", i, is_func);
        kiln_symbol_desc d = {.name = name,
                              .linkage = rows[i].linkage,
                              .visibility = rows[i].visibility,
                              .dso_local = rows[i].dso_local};
        kiln_symbol s =
          is_func ? kiln_func_declare(t->m, &d, void_sig(t->m)) : kiln_data_declare(t->m, &d);
        /* of what another object may define the address is not, if that may be a function's */
        bool elsewhere = rows[i].visibility == KILN_VISIBILITY_DEFAULT &&
                         rows[i].linkage != KILN_LINKAGE_INTERNAL &&
                         rows[i].linkage != KILN_LINKAGE_PRIVATE;
        unsigned undefined = !elsewhere ? KN_DIRECT : is_func ? KN_DIRECT_NO : KN_DIRECT_ACCESS;
        assert_int_equal(t->m->symbols.at[s.id].direct, rows[i].level[pic] & U ? undefined : 0);
        if (is_func) assert_true(kn_symbol_define_func(t->m, s.id));
        else
          assert_int_equal(kiln_data_define(t->m, s, &(kiln_data_desc){.size_bytes = 4}), KILN_OK);
        assert_int_equal(t->m->symbols.at[s.id].direct, rows[i].level[pic] & D ? KN_DIRECT : 0);
      }
    }
  }
}

/* ---- signatures ---- */

static void signatures_are_interned(void **state) {
  struct fixture *t = *state;
  kiln_param p[3] = {{.type = KILN_TYPE_I32, .flags = KILN_PARAM_SEXT},
                     {.type = KILN_TYPE_I64, .flags = KILN_PARAM_BYVAL, .size_bytes = 24},
                     {.type = KILN_TYPE_F64}};
  kiln_type r[2] = {KILN_TYPE_I64, KILN_TYPE_F32};
  kiln_sig a = kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_VARIADIC, p, 3, r, 2);
  kiln_param q[3];
  memset(q, 0xaa, sizeof q); /* padding must not count */
  for (unsigned i = 0; i < 3; i++) {
    q[i].type = p[i].type;
    q[i].flags = p[i].flags;
    q[i].align_log2 = p[i].align_log2;
    q[i].size_bytes = p[i].size_bytes;
    memset(q[i].reserved, 0, sizeof q[i].reserved);
  }
  assert_int_equal(kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_VARIADIC, q, 3, r, 2).id, a.id);
  kiln_sig_info i = kiln_sig_get(t->m, a);
  assert_int_equal(i.n_params, 3);
  assert_int_equal(i.n_results, 2);
  assert_int_equal(i.flags, KILN_SIG_VARIADIC);
  assert_int_equal(i.params[1].size_bytes, 24);
  assert_int_equal(i.params[0].flags, KILN_PARAM_SEXT);
  assert_int_equal(i.results[1], KILN_TYPE_F32);
  /* a description makes the same signature, and stays where it is */
  for (unsigned k = 0; k < 100; k++)
    kiln_sig_new(t->m, KILN_CC_C, 0, NULL, 0, (kiln_type[]){KILN_TYPE_I8, (kiln_type)(1 + k % 4)},
                 2);
  assert_int_equal(
    kiln_sig_new(t->m, i.cc, i.flags, i.params, i.n_params, i.results, i.n_results).id, a.id);
  /* each of these differs in one thing */
  uint32_t ids[8] = {a.id};
  ids[1] = kiln_sig_new(t->m, KILN_CC_C, 0, p, 3, r, 2).id;
  ids[2] = kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_VARIADIC, p, 2, r, 2).id;
  ids[3] = kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_VARIADIC, p, 3, r, 1).id;
  q[1].size_bytes = 32;
  ids[4] = kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_VARIADIC, q, 3, r, 2).id;
  q[1].size_bytes = 24, q[1].align_log2 = 4;
  ids[5] = kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_VARIADIC, q, 3, r, 2).id;
  q[1].align_log2 = 0, q[2].type = KILN_TYPE_F32;
  ids[6] = kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_VARIADIC, q, 3, r, 2).id;
  ids[7] = void_sig(t->m).id;
  for (unsigned x = 0; x < 8; x++)
    for (unsigned y = 0; y < x; y++) assert_int_not_equal(ids[x], ids[y]);
  assert_int_equal(kiln_sig_get(t->m, (kiln_sig){0}).n_params, 0);
  assert_null(kiln_sig_get(t->m, (kiln_sig){99}).results);
}

static void bad_signatures_are_refused(void **state) {
  struct fixture *t = *state;
  const kiln_param bad[] = {
    {.type = KILN_TYPE_VOID},
    {.type = KILN_TYPE_COUNT},
    {.type = KILN_TYPE_I32, .flags = KILN_PARAM_BYVAL},
    {.type = KILN_TYPE_I32, .flags = KILN_PARAM_SRET},
    {.type = KILN_TYPE_I64, .flags = KILN_PARAM_SRET | KILN_PARAM_BYVAL},
    {.type = KILN_TYPE_I64, .flags = KILN_PARAM_JOIN},
    {.type = KILN_TYPE_I32, .flags = KILN_PARAM_CHAIN},
    {.type = KILN_TYPE_I64, .flags = KILN_PARAM_CHAIN | KILN_PARAM_SRET},
    {.type = KILN_TYPE_I64, .flags = 2 * KILN_PARAM_ZEXT64},
    {.type = KILN_TYPE_I64, .flags = UINT32_C(1) << 31},
    {.type = KILN_TYPE_I64, .flags = KILN_PARAM_SEXT64}, /* has them */
    {.type = KILN_TYPE_F32, .flags = KILN_PARAM_ZEXT64},
    {.type = KILN_TYPE_I32, .flags = KILN_PARAM_SEXT64 | KILN_PARAM_ZEXT64},
    {.type = KILN_TYPE_I8, .flags = KILN_PARAM_SEXT64 | KILN_PARAM_SEXT},
    {.type = KILN_TYPE_I8, .reserved = {1}},
    {.type = KILN_TYPE_V128, .flags = KILN_PARAM_UPPER}, /* of nothing */
    {.type = KILN_TYPE_I64, .flags = KILN_PARAM_BYVAL, .align_log2 = 17},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, 0, &bad[i], 1, NULL, 0));
  const kiln_param chains[] = {{.type = KILN_TYPE_I64, .flags = KILN_PARAM_CHAIN},
                               {.type = KILN_TYPE_I64},
                               {.type = KILN_TYPE_I64, .flags = KILN_PARAM_CHAIN}};
  FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, 0, chains, 3, NULL, 0));
  const kiln_type none = KILN_TYPE_VOID, nine[9] = {KILN_TYPE_I8};
  FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, 0, NULL, 0, &none, 1));
  FAILS(KILN_ERR_LIMIT, kiln_sig_new(t->m, KILN_CC_C, 0, NULL, 0, nine, 9));
  FAILS(KILN_ERR_ARGUMENT, kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_ENTRY, NULL, 0, nine, 1));
  FAILS(KILN_ERR_ARGUMENT, kiln_sig_new(t->m, KILN_CC_COUNT, 0, NULL, 0, NULL, 0));
  FAILS(KILN_ERR_ARGUMENT,
        kiln_sig_new(t->m, KILN_CC_C, 2 * KILN_SIG_WIDER_RESULTS, NULL, 0, NULL, 0));
  const kiln_type two[2] = {KILN_TYPE_V128, KILN_TYPE_I64};
  FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_WIDE_RESULTS, NULL, 0, two, 1));
  FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_WIDE_RESULTS, NULL, 0, two, 2));
  const kiln_type v = KILN_TYPE_V128, four[4] = {v, v, v, v};
  const unsigned wider = KILN_SIG_WIDE_RESULTS | KILN_SIG_WIDER_RESULTS;
  assert_int_not_equal(kiln_sig_new(t->m, KILN_CC_C, wider, NULL, 0, four, 4).id,
                       kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_WIDE_RESULTS, NULL, 0, four, 4).id);
  FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, KILN_SIG_WIDER_RESULTS, NULL, 0, four, 4));
  FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, wider, NULL, 0, four, 2));
  const kiln_param up = {.type = v, .flags = KILN_PARAM_UPPER},
                   parts[] = {{.type = v}, up, up, up, up};
  for (uint32_t n = 2; n <= 4; n += 2) /* a half, three quarters */
    assert_int_not_equal(kiln_sig_new(t->m, KILN_CC_C, 0, parts, n, NULL, 0).id, 0);
  for (uint32_t n = 3; n <= 5; n += 2)
    FAILS(KILN_ERR_TYPE, kiln_sig_new(t->m, KILN_CC_C, 0, parts, n, NULL, 0));
  kiln_param *many = calloc(65536, sizeof *many);
  for (unsigned i = 0; i < 65536; i++) many[i].type = KILN_TYPE_I8;
  assert_int_not_equal(kiln_sig_new(t->m, KILN_CC_C, 0, many, 65535, NULL, 0).id, 0);
  FAILS(KILN_ERR_LIMIT, kiln_sig_new(t->m, KILN_CC_C, 0, many, 65536, NULL, 0));
  free(many);
}

/* ---- data ---- */

static void data_is_copied(void **state) {
  struct fixture *t = *state;
  kiln_symbol s = data(t->m, "s", KILN_LINKAGE_EXTERNAL), z = data(t->m, "z", 0);
  char bytes[16] = "0123456789abcde";
  kiln_reloc r = {.offset_bytes = 8, .symbol = z, .addend = -4, .size_bytes = 8};
  kiln_data_desc d = {.bytes = bytes,
                      .size_bytes = 16,
                      .align_log2 = 4,
                      .flags = KILN_DATA_READ_ONLY,
                      .relocs = &r,
                      .n_relocs = 1},
                 out;
  assert_false(kiln_data_find(t->m, s, &out));
  assert_int_equal(kiln_data_define(t->m, s, &d), KILN_OK);
  bytes[0] = 'x';
  r.addend = 0;
  assert_true(kiln_data_find(t->m, s, &out));
  assert_memory_equal(out.bytes, "0123456789abcde", 16);
  assert_int_equal(out.relocs[0].addend, -4);
  assert_int_equal(out.align_log2, 4);
  assert_int_equal(out.flags, KILN_DATA_READ_ONLY);
  assert_int_equal(kiln_data_define(t->m, z, &(kiln_data_desc){.size_bytes = 99}), KILN_OK);
  assert_true(kiln_data_find(t->m, z, &out));
  assert_null(out.bytes);
  assert_int_equal(out.size_bytes, 99);
  FAILS(KILN_ERR_SYMBOL, kiln_data_define(t->m, z, &(kiln_data_desc){.size_bytes = 99}));
  s = func(t->m, "f", KILN_LINKAGE_EXTERNAL);
  FAILS(KILN_ERR_SYMBOL, kiln_data_define(t->m, s, &(kiln_data_desc){.size_bytes = 1}));
}

static void bad_data_is_refused(void **state) {
  struct fixture *t = *state;
  static const kiln_reloc rows[][2] = {
    {{.offset_bytes = 9, .size_bytes = 8, .symbol = {1}}},
    {{.offset_bytes = UINT64_MAX - 3, .size_bytes = 8, .symbol = {1}}},
    {{.offset_bytes = 0, .size_bytes = 2, .symbol = {1}}},
    {{.offset_bytes = 0, .size_bytes = 8, .symbol = {0}}},
    {{.offset_bytes = 0, .size_bytes = 8, .symbol = {2}}},
    {{.offset_bytes = 0, .size_bytes = 4, .symbol = {1}, .relative_to = {2}}},
    {{.offset_bytes = 8, .size_bytes = 4, .symbol = {1}},
     {.offset_bytes = 0, .size_bytes = 4, .symbol = {1}}},
    {{.offset_bytes = 0, .size_bytes = 8, .symbol = {1}},
     {.offset_bytes = 4, .size_bytes = 8, .symbol = {1}}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    kiln_symbol s = data(t->m, "s", KILN_LINKAGE_EXTERNAL);
    uint32_t n = rows[i][1].size_bytes != 0 ? 2 : 1;
    kiln_data_desc d = {.size_bytes = 16, .relocs = rows[i], .n_relocs = n};
    FAILS(KILN_ERR_ARGUMENT, kiln_data_define(t->m, s, &d));
  }
  kiln_symbol s = data(t->m, "s", KILN_LINKAGE_EXTERNAL);
  FAILS(KILN_ERR_ARGUMENT, kiln_data_define(t->m, s, &(kiln_data_desc){.align_log2 = 17}));
  s = data(t->m, "s", KILN_LINKAGE_EXTERNAL);
  FAILS(KILN_ERR_ARGUMENT, kiln_data_define(t->m, s, &(kiln_data_desc){.flags = 32}));
  s = data(t->m, "s", KILN_LINKAGE_EXTERNAL);
  FAILS(KILN_ERR_LIMIT, kiln_data_define(t->m, s, &(kiln_data_desc){.size_bytes = UINT64_MAX}));
  s = data(t->m, "s", KILN_LINKAGE_COMMON);
  FAILS(KILN_ERR_ARGUMENT,
        kiln_data_define(t->m, s, &(kiln_data_desc){.bytes = "\0\1", .size_bytes = 2}));
  s = data(t->m, "s", KILN_LINKAGE_COMMON);
  assert_int_equal(kiln_data_define(t->m, s, &(kiln_data_desc){.bytes = "\0", .size_bytes = 2}),
                   KILN_OK);
}

static void constructors(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = func(t->m, "f", KILN_LINKAGE_EXTERNAL);
  assert_int_equal(kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f}), KILN_OK);
  assert_int_equal(
    kiln_ctor_add(
      t->m, &(kiln_ctor_desc){.func = f, .has_priority = true, .priority = 101, .at_exit = true}),
    KILN_OK);
  assert_int_equal(kiln_ctor_count(t->m), 2);
  assert_false(kiln_ctor_get(t->m, 0).has_priority); /* zero is no priority, not the first one */
  kiln_ctor_desc ctor = kiln_ctor_get(t->m, 1);
  assert_int_equal(ctor.func.id, f.id);
  assert_int_equal(ctor.priority, 101);
  assert_true(ctor.at_exit);
  assert_int_equal(ctor.with.id, 0);
  assert_int_equal(kiln_ctor_get(t->m, 2).func.id, 0);
  kiln_symbol with = data(t->m, "with", KILN_LINKAGE_WEAK);
  assert_int_equal(kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .with = with}), KILN_OK);
  assert_int_equal(kiln_ctor_get(t->m, 2).with.id, with.id);
  assert_int_equal(kiln_ctor_get(t->m, 3).with.id, 0);
  FAILS(KILN_ERR_ARGUMENT,
        kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .with = (kiln_symbol){99}}));
  f = func(t->m, "f", KILN_LINKAGE_EXTERNAL);
  FAILS(KILN_ERR_ARGUMENT, kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .priority = 7}));
  f = func(t->m, "f", KILN_LINKAGE_EXTERNAL);
  FAILS(KILN_ERR_ARGUMENT,
        kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .has_priority = true, .priority = 65536}));
  FAILS(KILN_ERR_ARGUMENT, kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = (kiln_symbol){9}}));
  FAILS(KILN_ERR_ARGUMENT, kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = data(t->m, "d", 0)}));
}

static void locations(void **state) {
  struct fixture *t = *state;
  kiln_session *s = kiln_session_new(t->m);
  char name[16];
  for (uint32_t i = 0; i < 3000; i++) {
    snprintf(name, sizeof name, "file%u.c", i % 100);
    assert_int_equal(kiln_loc_new(s, kiln_file_new(s, name), i, i + 1), i + 1);
  }
  const struct kn_sources *p = &s->sources;
  assert_int_equal(p->files.n, 100);
  assert_int_equal(p->locs.at[205].file, 4);
  assert_string_equal(p->files.at[p->locs.at[205].file].name, "file4.c");
  assert_int_equal(p->locs.at[205].line, 204);
  assert_int_equal(p->locs.at[205].column, 205);
  kiln_session_free(s);
}

/* ---- errors ---- */

static void first_error_sticks(void **state) {
  struct fixture *t = *state;
  kiln_session *session = kiln_session_new(t->m);
  kiln_symbol s = data(t->m, "s", KILN_LINKAGE_EXTERNAL);
  kiln_sig sig = void_sig(t->m);
  kiln_diag d = {.status = KILN_ERR_SYNTAX, .line = 3, .message = "first"};
  assert_int_equal(kiln_module_fail_diag(t->m, &d), KILN_ERR_SYNTAX);
  d.status = KILN_ERR_TYPE;
  strcpy(d.message, "second");
  strcpy(d.module, "other.c");
  assert_int_equal(kiln_module_fail_diag(t->m, &d), KILN_ERR_TYPE);
  assert_int_equal(t->diags, 2);
  assert_string_equal(t->diag.message, "second");
  assert_string_equal(t->diag.module, "other.c");
  assert_string_equal(kiln_module_diag(t->m)->message, "first");
  assert_string_equal(kiln_module_diag(t->m)->module, "test.c");
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_SYNTAX);
  /* nothing changes any more, nothing is reported */
  uint32_t n = kiln_symbol_count(t->m);
  assert_int_equal(data(t->m, "new", KILN_LINKAGE_EXTERNAL).id, 0);
  assert_int_equal(kiln_func_declare(t->m, &(kiln_symbol_desc){.name = "f"}, sig).id, 0);
  assert_int_equal(void_sig(t->m).id, 0);
  assert_int_equal(kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "a"}, s, 0).id, 0);
  assert_int_equal(kiln_data_define(t->m, s, &(kiln_data_desc){0}), KILN_ERR_SYNTAX);
  assert_int_equal(kiln_loc_new(session, kiln_file_new(session, "f"), 1, 1), 0);
  kiln_session_free(session);
  assert_int_equal(kiln_symbol_count(t->m), n);
  assert_int_equal(t->diags, 2);
}

/* ---- size and memory ---- */

CASE(stays_linear) {
  enum { n = LARGE };
  kiln_module *m =
    kiln_module_new(&(kiln_module_options){.target.processor = KILN_PROCESSOR_X86_64});
  kiln_sig sig = void_sig(m);
  char name[24];
  for (unsigned i = 0; i < n; i++) {
    int length = snprintf(name, sizeof name, "_ZN4name%uEv", i);
    kiln_symbol_desc d = {.name = name, .name_length = (size_t)length, .section = "hot"};
    kiln_symbol f = kiln_func_declare(m, &d, sig);
    kiln_block_symbol(m, f, (kiln_block){i});
    kiln_param p = {.type = KILN_TYPE_I64, .flags = KILN_PARAM_BYVAL, .size_bytes = i};
    kiln_sig_new(m, KILN_CC_C, 0, &p, 1, NULL, 0);
  }
  for (unsigned i = 0; i < n; i++) {
    snprintf(name, sizeof name, "_ZN4name%uEv", i);
    assert_int_equal(kiln_symbol_lookup(m, name).id, 2 * i + 1);
    assert_int_equal(kiln_block_symbol(m, (kiln_symbol){2 * i + 1}, (kiln_block){i}).id, 2 * i + 2);
  }
  assert_int_equal(kiln_symbol_count(m), 2 * n);
  kiln_module_free(m);
}

/* Builds a module of everything; every allocation fails once. */
/* Room that was made ahead: symbols of before and after are found, and no table is copied for them. */
static void room_is_reserved(void **state) {
  struct fixture *t = *state;
  uint32_t n = 5000, size;
  uint32_t before = func(t->m, "before", KILN_LINKAGE_EXTERNAL).id;
  kiln_module_reserve(t->m, n);
  size = t->m->symbol_hash.size;
  for (uint32_t i = 0; i < n; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u", i);
    uint32_t id = func(t->m, name, KILN_LINKAGE_EXTERNAL).id;
    assert_int_equal(id, before + 1 + i);
    assert_int_equal(kiln_symbol_lookup(t->m, name).id, id);
  }
  assert_int_equal(kiln_symbol_lookup(t->m, "before").id, before);
  assert_int_equal(t->m->symbol_hash.size, size);
  kiln_module_reserve(t->m, 10); /* fewer than there is room for */
  kiln_module_reserve(t->m, UINT32_MAX);
  assert_int_equal(t->m->symbol_hash.size, size);
  assert_int_equal(kiln_module_status(t->m), KILN_OK);
}

CASE(allocations_may_fail) {
  unsigned failures = 0;
  for (size_t left = 0;; left++) {
    struct failing f = {.fail_at = left + 1, .on = true};
    kiln_module_options options = {
      .target.processor = KILN_PROCESSOR_X86_64, .name = "m", .allocator = failing_allocator(&f)};
    kiln_module *m = kiln_module_new(&options);
    kiln_status status = KILN_ERR_MEMORY;
    if (m != NULL) {
      kiln_symbol s = {0};
      kiln_session *session = kiln_session_new(m);
      for (unsigned i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        kiln_param p = {.type = KILN_TYPE_I64, .flags = KILN_PARAM_BYVAL, .size_bytes = i};
        kiln_sig sig = kiln_sig_new(m, KILN_CC_C, 0, &p, 1, NULL, 0);
        kiln_symbol g = kiln_func_declare(
          m, &(kiln_symbol_desc){.name = name, .section = name + 1, .comdat = name}, sig);
        kiln_block_symbol(m, g, (kiln_block){i});
        kiln_ctor_add(m, &(kiln_ctor_desc){.func = g, .has_priority = true, .priority = i});
        if (session != NULL) kiln_loc_new(session, kiln_file_new(session, name), i, i);
        s = kiln_data_declare(m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
        kiln_reloc r = {.symbol = g, .size_bytes = 8};
        kiln_data_define(m, s, &(kiln_data_desc){.size_bytes = 64, .relocs = &r, .n_relocs = 1});
      }
      status = kiln_module_status(m);
      if (session == NULL) assert_int_equal(status, KILN_ERR_MEMORY);
      kiln_session_free(session);
      assert_int_equal(s.id, status == KILN_OK ? 900 : s.id);
      kiln_module_free(m);
    }
    assert_int_equal(f.held, 0);
    if (status == KILN_OK) break;
    assert_int_equal(status, KILN_ERR_MEMORY);
    failures++;
  }
  assert_true(failures > 20);
}

/* ---- debugging information ---- */

static void debug_is_strict(void **state) {
  struct fixture *t = *state;
  static const char *const wrong[] = {
    "an entry is defined twice",
    "an entry is defined in a set to which it does not belong",
    "an entry of the module refers to one of a session",
    "a list of the module refers to an entry of a session",
    "an entry has no tag",
    "an attribute's number is too large",
    "a location is at no symbol",
    "a variable is at no symbol",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    kiln_session *s = kiln_session_new(t->m);
    kiln_debug *all = kiln_module_debug(t->m), *own = kiln_session_debug(s);
    kiln_die none = {0}, first = kiln_die_at(all, 1), local = kiln_die_new(own, 0x34, none);
    kiln_die_begin(all, none, 0x34, none); /* entry 0 is ignored, and what would be its attribute */
    kiln_die_set_flag(all, 0x3f);
    kiln_die_begin(all, first, 0x34, none);
    assert_int_equal(kiln_module_status(t->m), KILN_OK);
    switch (i) {
    case 0: kiln_die_begin(all, first, 0x34, none); break;
    case 1: kiln_die_begin(all, kiln_die_at(own, 2), 0x34, none); break;
    case 2: kiln_die_set_ref(all, 0x49, local); break;
    case 3:
      kiln_die_begin_list(all, kiln_die_at(all, 2), &first, 1);
      kiln_die_append(all, local);
      break;
    case 4: kiln_die_begin(all, kiln_die_at(all, 2), 0, none); break;
    case 5: kiln_die_set_uint(all, 0x10000, 1); break;
    case 6: kiln_die_set_symbol(all, 2, (kiln_symbol){99}, NULL, 0); break;
    default: kiln_debug_set_global(kiln_module_debug(t->m), first, (kiln_symbol){99}, NULL, 0);
    }
    assert_int_equal(t->diag.status, KILN_ERR_ARGUMENT);
    assert_non_null(strstr(t->diag.message, wrong[i]));
    assert_null(kiln_module_debug(t->m));
    kiln_session_free(s);
    again(t);
  }
}

/* ---- reachability ---- */

static kiln_status hold(void *user, kiln_func *f) {
  kiln_func ***next = user;
  *(*next)++ = f;
  return KILN_OK;
}

/* What data refers to is reachable at once, what code does once it is compiled; no function is kept. */
static void reachability(void **state) {
  struct fixture *t = *state;
  static const char text[] =
    "func internal @used(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n"
    "func internal @shown(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n"
    "func internal @idle(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n"
    "data @table {\n  addr @shown\n}\n"
    "func @caller(i64) -> i64 {\nb0(v0: i64):\n  v1 = call @used(v0)\n  ret v1\n}\n";
  kiln_session *s = kiln_session_new(t->m);
  kiln_func *held[4] = {NULL}, **next = held;
  assert_int_equal(kiln_text_read(s, text, strlen(text), hold, &next), KILN_OK);
  kiln_symbol used = kiln_symbol_lookup(t->m, "used"), idle = kiln_symbol_lookup(t->m, "idle");
  assert_true(kiln_symbol_is_reachable(t->m, idle)); /* so far nothing is known */
  assert_int_equal(kiln_module_track_reachability(t->m), KILN_OK);
  assert_true(kiln_symbol_is_reachable(t->m, kiln_symbol_lookup(t->m, "shown")));
  assert_false(kiln_symbol_is_reachable(t->m, used));
  assert_int_equal(kiln_func_compile(held[3]), KILN_OK);
  assert_true(kiln_symbol_is_reachable(t->m, used));
  assert_false(kiln_symbol_is_reachable(t->m, idle));
  for (unsigned i = 0; i < 3; i++) kiln_func_discard(held[i]);
  kiln_session_free(s);
}

/* Data that goes unless something refers to it, and what it refers to. */
static void data_if_reachable(void **state) {
  struct fixture *t = *state;
  static const char text[] = "func internal @shown(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n"
                             "func internal @idle(i64) -> i64 {\nb0(v0: i64):\n  ret v0\n}\n"
                             "data internal @dropped if_reachable {\n  addr @idle, addr @inner\n}\n"
                             "data internal @inner if_reachable {\n  addr @shown\n}\n"
                             "data internal @outer readonly if_reachable {\n  addr @inner\n}\n"
                             "func @caller() -> i64 {\nb0:\n  v1 = load.i64 @outer\n  ret v1\n}\n";
  kiln_session *s = kiln_session_new(t->m);
  kiln_func *held[3] = {NULL}, **next = held;
  assert_int_equal(kiln_text_read(s, text, strlen(text), hold, &next), KILN_OK);
  assert_int_equal(kiln_module_track_reachability(t->m), KILN_OK);
  static const char *const names[] = {"outer", "inner", "shown", "dropped", "idle"};
  for (unsigned i = 0; i < 5; i++)
    assert_false(kiln_symbol_is_reachable(t->m, kiln_symbol_lookup(t->m, names[i])));
  assert_int_equal(kiln_func_compile(held[2]), KILN_OK);
  for (unsigned i = 0; i < 5; i++)
    assert_int_equal(kiln_symbol_is_reachable(t->m, kiln_symbol_lookup(t->m, names[i])), i < 3);
  assert_int_equal(kiln_func_compile(held[0]), KILN_OK);
  kiln_func_discard(held[1]);
  kiln_buffer out = {0};
  assert_int_equal(kiln_emit_elf(t->m, &s, 1, &out), KILN_OK);
  assert_true(has_bytes(out.data, out.size, "outer"));
  assert_false(has_bytes(out.data, out.size, "dropped"));
  kiln_buffer_free(&out);
  kiln_session_free(s);
}

/* Zeros are the defaults; what is out of range is an error. */
static void inlining_policies(void **state) {
  struct fixture *t = *state;
  assert_int_equal(kiln_module_get_inline_attrs(t->m).instructions, 24);
  assert_int_equal(kiln_module_set_inline_attrs(t->m, &(kiln_inline_attrs){.instructions = 7}),
                   KILN_OK);
  assert_int_equal(kiln_module_get_inline_attrs(t->m).instructions, 7);
  assert_int_equal(kiln_module_get_inline_attrs(t->m).depth, KILN_INLINE_DEPTH_MOST);
  kiln_inline_attrs deep = {.depth = KILN_INLINE_DEPTH_MOST + 1};
  assert_int_equal(kiln_module_set_inline_attrs(t->m, &deep), KILN_ERR_ARGUMENT);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
    TEST(debug_is_strict),
    TEST(options_are_checked),
    TEST(targets_by_the_names_of_others),
    TEST(names_are_unique),
    TEST(strings_are_copied),
    TEST(every_byte_of_a_name_counts),
    TEST(bad_symbols_are_refused),
    TEST(aliases),
    TEST(block_symbols_are_interned),
    TEST(bodies_come_once),
    TEST(direct_follows_the_rules),
    TEST(signatures_are_interned),
    TEST(bad_signatures_are_refused),
    TEST(data_is_copied),
    TEST(bad_data_is_refused),
    TEST(constructors),
    TEST(locations),
    TEST(first_error_sticks),
    TEST(stays_linear),
    TEST(room_is_reserved),
    TEST(allocations_may_fail),
    TEST(reachability),
    TEST(data_if_reachable),
    TEST(inlining_policies),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
