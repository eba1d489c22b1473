/* What the object writer does with relocations: which symbol they name, what is resolved at once, what
 * is refused. */
#include "elf_fixture.h"

static int32_t field(const uint8_t *p) {
  return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

/* Each kind of symbol as target of a reference from code. */
static void code_names_the_right_symbol(void **state) {
  struct fixture *t = *state;
  kiln_symbol ext = undefined(t, "ext"), weak = func(t, "weak", KILN_LINKAGE_WEAK);
  undefined(t, "unused");
  kiln_symbol_desc tls_desc = {.name = "tls", .tls = KILN_TLS_INITIAL_EXEC};
  kiln_symbol tls = kiln_data_declare(t->m, &tls_desc);
  bytes_of(t, "pad", KILN_LINKAGE_PRIVATE, 0, "01234567", 8);
  kiln_symbol global = bytes_of(t, "global", KILN_LINKAGE_EXTERNAL, 0, "01234567", 8);
  kiln_symbol internal = bytes_of(t, "internal", KILN_LINKAGE_INTERNAL, 0, "01234567", 8);
  kiln_symbol private = bytes_of(t, "private", KILN_LINKAGE_PRIVATE, 0, "01234567", 8);
  kiln_symbol unnamed = bytes_of(t, NULL, KILN_LINKAGE_INTERNAL, 0, "01234567", 8);
  bytes_of(t, NULL, KILN_LINKAGE_PRIVATE, KILN_DATA_MERGE_STRINGS, "first", 6);
  kiln_symbol string = bytes_of(t, ".str", KILN_LINKAGE_PRIVATE, KILN_DATA_MERGE_STRINGS, "abc", 4);
  kiln_symbol_desc local_tls = {.linkage = KILN_LINKAGE_PRIVATE, .tls = KILN_TLS_LOCAL_EXEC};
  kiln_symbol my_tls = data_with(t, &local_tls, &(kiln_data_desc){.size_bytes = 4});
  uint8_t code[64] = {0};
  kiln_symbol f = func(t, "f", KILN_LINKAGE_EXTERNAL);
  code_of(t->s, f, code, sizeof code);
  const struct {
    kiln_symbol symbol;
    uint32_t type;
    int32_t addend;
  } rows[] = {
    {ext, R_X86_64_PLT32, -4},         {weak, R_X86_64_GOTPCREL, -4}, {tls, R_X86_64_GOTTPOFF, -4},
    {global, R_X86_64_PC32, -4},       {internal, R_X86_64_PC32, 0},  {private, R_X86_64_PC32, -4},
    {unnamed, R_X86_64_32S, 2},        {string, R_X86_64_PC32, -3},   {my_tls, R_X86_64_TPOFF32, 0},
    {internal, R_X86_64_GOTPCREL, -4}, {ext, R_X86_64_PC32, -4},      {f, R_X86_64_PLT32, -4},
  };
  enum { N = sizeof rows / sizeof rows[0] };
  for (unsigned i = 0; i < N; i++)
    code_reloc(t->s, 4 * i, rows[i].symbol, rows[i].type, rows[i].addend);
  load(t);
  size_t text = section(t, ".text"), data = section_symbol(t, section(t, ".data"));
  assert_int_equal(n_relocs(t, text), N);
  const char *const names[] = {"ext", "weak", "tls", "global",   "internal", NULL,
                               NULL,  NULL,   NULL,  "internal", "ext",      "f"};
  for (unsigned i = 0; i < N; i++) {
    if (names[i] != NULL)
      check_reloc(t, text, i, 4 * i, rows[i].type, symbol_number(t, names[i]), rows[i].addend);
  }
  check_reloc(t, text, 5, 20, R_X86_64_PC32, data, 24 - 4);
  check_reloc(t, text, 6, 24, R_X86_64_32S, data, 32 + 2);
  /* into a merged section: a symbol of its own, whose name linkers drop; thread-local too */
  unsigned found = 0;
  for (size_t i = 1; i < n_symbols(t); i++) {
    GElf_Sym s;
    uint32_t at;
    const char *name = symbol_at(t, i, &s, &at);
    if (strncmp(name, ".L", 2) != 0) continue;
    assert_int_equal(GELF_ST_BIND(s.st_info), STB_LOCAL);
    if (at == section(t, ".rodata.str1.1") && s.st_value == 6) {
      check_reloc(t, text, 7, 28, R_X86_64_PC32, i, -3);
      assert_int_equal(s.st_size, 4);
      found++;
    }
    if (at == section(t, ".tbss")) {
      check_reloc(t, text, 8, 32, R_X86_64_TPOFF32, i, 0);
      assert_int_equal(GELF_ST_TYPE(s.st_info), STT_TLS);
      found++;
    }
  }
  assert_int_equal(found, 2);
  assert_int_equal(symbol_number(t, "unused"), 0);
  assert_int_equal(symbol_number(t, "private"), 0);
  assert_int_equal(symbol_number(t, ".str"), 0);
  assert_int_equal(symbol(t, "tls").st_info, GELF_ST_INFO(STB_GLOBAL, STT_TLS));
  assert_int_equal(symbol(t, "tls").st_shndx, SHN_UNDEF);
  assert_int_equal(symbol(t, "weak").st_info, GELF_ST_INFO(STB_WEAK, STT_NOTYPE));
}

/* A symbol that is not defined gets another linkage and visibility than it was declared with. */
static void linkage_of_undefined(void **state) {
  struct fixture *t = *state;
  kiln_symbol away = func(t, "away", KILN_LINKAGE_EXTERNAL),
              shared = kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "shared"}),
              f = func(t, "f", KILN_LINKAGE_EXTERNAL);
  assert_int_equal(kiln_symbol_set_linkage(t->m, away, KILN_LINKAGE_WEAK, KILN_VISIBILITY_HIDDEN),
                   KILN_OK);
  assert_int_equal(
    kiln_symbol_set_linkage(t->m, shared, KILN_LINKAGE_COMMON, KILN_VISIBILITY_DEFAULT), KILN_OK);
  const kiln_data_desc zeros = {.size_bytes = 16, .align_log2 = 3};
  assert_int_equal(kiln_data_define(t->m, shared, &zeros), KILN_OK);
  code_of(t->s, f, "\xe8\0\0\0\0", 5);
  code_reloc(t->s, 1, away, R_X86_64_PLT32, -4);
  load(t);
  assert_int_equal(symbol(t, "away").st_info, GELF_ST_INFO(STB_WEAK, STT_NOTYPE));
  assert_int_equal(symbol(t, "away").st_other, STV_HIDDEN);
  assert_int_equal(symbol(t, "away").st_shndx, SHN_UNDEF);
  assert_int_equal(symbol(t, "shared").st_shndx, SHN_COMMON);
  assert_int_equal(symbol(t, "shared").st_size, 16);
  assert_int_equal(symbol(t, "shared").st_value, 8);
  static const struct {
    kiln_linkage linkage;
    bool defined, none;
    kiln_status status;
  } wrong[] = {{KILN_LINKAGE_WEAK, true, false, KILN_ERR_SYMBOL},
               {KILN_LINKAGE_LINKONCE, false, false, KILN_ERR_ARGUMENT},
               {KILN_LINKAGE_COMMON, false, false, KILN_ERR_ARGUMENT},
               {KILN_LINKAGE_COUNT, false, false, KILN_ERR_ARGUMENT},
               {KILN_LINKAGE_WEAK, false, true, KILN_ERR_ARGUMENT}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    close_module(t);
    open_module(t);
    kiln_symbol s = func(t, "f", KILN_LINKAGE_EXTERNAL);
    if (wrong[i].defined) {
      s = kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "d"});
      assert_int_equal(kiln_data_define(t->m, s, &zeros), KILN_OK);
    }
    if (wrong[i].none) s.id = 0;
    assert_int_equal(kiln_symbol_set_linkage(t->m, s, wrong[i].linkage, KILN_VISIBILITY_DEFAULT),
                     wrong[i].status);
  }
}

/* Calls of local functions in the same section have no relocation; the session's code stays as is. */
static void calls_are_resolved(void **state) {
  struct fixture *t = *state;
  kiln_symbol local = func(t, "local", KILN_LINKAGE_INTERNAL);
  kiln_symbol private = func(t, NULL, KILN_LINKAGE_PRIVATE);
  kiln_symbol global = func(t, "global", KILN_LINKAGE_EXTERNAL);
  kiln_symbol_desc away_desc = {.name = "away", .linkage = KILN_LINKAGE_INTERNAL, .section = "sec"};
  kiln_symbol away = kiln_func_declare(t->m, &away_desc, t->sig);
  kiln_symbol f = func(t, "f", KILN_LINKAGE_EXTERNAL);
  uint8_t code[32];
  memset(code, 0xe8, sizeof code);
  code_of(t->s, local, "\xc3", 1);
  code_of(t->s, f, code, sizeof code); /* at 16 */
  code_reloc(t->s, 1, local, R_X86_64_PLT32, -4);
  code_reloc(t->s, 6, private, R_X86_64_PC32, -4);
  code_reloc(t->s, 11, global, R_X86_64_PLT32, -4);
  code_reloc(t->s, 16, away, R_X86_64_PLT32, -4);
  code_reloc(t->s, 21, local, R_X86_64_GOTPCREL, -4);
  code_of(t->s, private, "\xc3", 1); /* at 48 */
  code_of(t->s, away, code, 8);
  code_reloc(t->s, 0, local, R_X86_64_PC32, 6);
  code_of(t->s, global, "\xc3", 1);
  code_of(t->s2, func(t, "other", KILN_LINKAGE_EXTERNAL), code, 8); /* at 80 */
  code_reloc(t->s2, 0, private, R_X86_64_PLT32, -4);
  load(t);
  size_t text = section(t, ".text"), sec = section(t, "sec");
  assert_int_equal(symbol(t, "f").st_value, 16);
  assert_int_equal(symbol(t, "global").st_value, 64);
  assert_int_equal(symbol(t, "other").st_value, 80);
  const uint8_t *p = content(t, text);
  assert_int_equal(field(p + 17), 0 - (17 + 4));
  assert_int_equal(field(p + 22), 48 - (22 + 4));
  assert_int_equal(field(p + 80), 48 - (80 + 4));
  assert_int_equal(n_relocs(t, text), 3);
  check_reloc(t, text, 0, 27, R_X86_64_PLT32, symbol_number(t, "global"), -4);
  check_reloc(t, text, 1, 32, R_X86_64_PLT32, symbol_number(t, "away"), -4);
  check_reloc(t, text, 2, 37, R_X86_64_GOTPCREL, symbol_number(t, "local"), -4);
  check_reloc(t, sec, 0, 0, R_X86_64_PC32, symbol_number(t, "local"), 6);
  for (unsigned i = 0; i < 32; i++) assert_int_equal(t->s->out->code.at[16 + i], 0xe8);
}

static void calls_are_resolved_on_aarch64(void **state) {
  struct fixture *t = *state;
  t->options.target.processor = KILN_PROCESSOR_AARCH64;
  close_module(t);
  open_module(t);
  kiln_symbol local = func(t, "local", KILN_LINKAGE_INTERNAL), ext = undefined(t, "ext");
  kiln_symbol str = bytes_of(t, NULL, KILN_LINKAGE_PRIVATE, KILN_DATA_READ_ONLY, "ab", 3);
  code_of(t->s, func(t, "f", KILN_LINKAGE_EXTERNAL), "\0\0\0\x94\0\0\0\x14\0\0\0\x94zyxwvuts", 20);
  code_reloc(t->s, 0, local, R_AARCH64_CALL26, 0);
  code_reloc(t->s, 4, local, R_AARCH64_JUMP26, 8);
  code_reloc(t->s, 8, ext, R_AARCH64_CALL26, 0);
  code_reloc(t->s, 12, str, R_AARCH64_ADR_PREL_PG_HI21, 1);
  code_reloc(t->s, 16, str, R_AARCH64_ADD_ABS_LO12_NC, 1);
  code_of(t->s, local, "\xc0\x03\x5f\xd6\0\0\0\x94", 8); /* at 20 */
  code_reloc(t->s, 4, local, R_AARCH64_CALL26, 0);
  load(t);
  size_t text = section(t, ".text");
  const uint8_t *p = content(t, text);
  assert_int_equal((uint32_t)field(p), 0x94000000u | 20 / 4);               /* bl +20 */
  assert_int_equal((uint32_t)field(p + 4), 0x14000000u | (20 + 8 - 4) / 4); /* b +24 */
  assert_int_equal((uint32_t)field(p + 24), 0x97ffffff);                    /* bl -4 */
  assert_int_equal(n_relocs(t, text), 3);
  check_reloc(t, text, 0, 8, R_AARCH64_CALL26, symbol_number(t, "ext"), 0);
  size_t rodata = section_symbol(t, section(t, ".rodata"));
  check_reloc(t, text, 1, 12, R_AARCH64_ADR_PREL_PG_HI21, rodata, 1);
  check_reloc(t, text, 2, 16, R_AARCH64_ADD_ABS_LO12_NC, rodata, 1);
}

static void data_relocations(void **state) {
  struct fixture *t = *state;
  static const struct {
    kiln_processor target;
    uint32_t abs64, abs32, rel64, rel32;
    int second; /* offset of a function after one of 4 bytes */
  } machines[] = {
    {KILN_PROCESSOR_X86_64, R_X86_64_64, R_X86_64_32, R_X86_64_PC64, R_X86_64_PC32, 16},
    {KILN_PROCESSOR_AARCH64, R_AARCH64_ABS64, R_AARCH64_ABS32, R_AARCH64_PREL64, R_AARCH64_PREL32,
     4},
  };
  for (unsigned i = 0; i < 2; i++) {
    t->options.target.processor = machines[i].target;
    close_module(t);
    open_module(t);
    kiln_symbol ext = undefined(t, "ext"), f = func(t, "f", KILN_LINKAGE_INTERNAL);
    kiln_symbol private = func(t, NULL, KILN_LINKAGE_PRIVATE);
    code_of(t->s, f, "\0\0\0\0", 4);
    kiln_symbol label = code_label(t->s, 2, 4), label2 = code_label(t->s, 1, 0);
    code_of(t->s, private, "\0\0\0\0\0\0\0\0", 8); /* at `second` */
    bytes_of(t, "pad", KILN_LINKAGE_PRIVATE, 0, "01234567", 8);
    kiln_symbol d = kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "d"});
    const kiln_reloc r[] = {
      {.offset_bytes = 0, .symbol = ext, .addend = 5, .size_bytes = 8},
      {.offset_bytes = 8, .symbol = private, .addend = -3, .size_bytes = 8},
      {.offset_bytes = 16, .symbol = label, .size_bytes = 8},
      {.offset_bytes = 24, .symbol = ext, .addend = 7, .size_bytes = 4, .relative_to = d},
      {.offset_bytes = 28, .symbol = private, .addend = 1, .size_bytes = 4, .relative_to = d},
      {.offset_bytes = 32, .symbol = f, .size_bytes = 8, .relative_to = d},
      {.offset_bytes = 40, .symbol = f, .addend = 2, .size_bytes = 4},
      {.offset_bytes = 44, .symbol = label, .addend = 1, .size_bytes = 4, .relative_to = label2},
      {.offset_bytes = 48, .symbol = label2, .size_bytes = 8, .relative_to = private},
      {.offset_bytes = 56, .symbol = d, .addend = 9, .size_bytes = 8},
    };
    uint8_t bytes[68];
    memset(bytes, 0x77, sizeof bytes);
    kiln_data_desc desc = {.bytes = bytes,
                           .size_bytes = sizeof bytes,
                           .relocs = r,
                           .n_relocs = sizeof r / sizeof r[0],
                           .align_log2 = 3};
    assert_int_equal(kiln_data_define(t->m, d, &desc), KILN_OK);
    load(t);
    size_t at = section(t, ".data"), text = section_symbol(t, section(t, ".text"));
    size_t f_number = symbol_number(t, "f"), ext_number = symbol_number(t, "ext");
    assert_int_equal(n_relocs(t, at), 8);
    /* `d` is at 8 of .data. Relative ones: S + A - d = S + (A + r_offset - d) - P */
    check_reloc(t, at, 0, 8, machines[i].abs64, ext_number, 5);
    check_reloc(t, at, 1, 16, machines[i].abs64, text, machines[i].second - 3);
    check_reloc(t, at, 2, 24, machines[i].abs64, text, 4);
    check_reloc(t, at, 3, 32, machines[i].rel32, ext_number, 7 + 24);
    check_reloc(t, at, 4, 36, machines[i].rel32, text, machines[i].second + 1 + 28);
    check_reloc(t, at, 5, 40, machines[i].rel64, f_number, 32);
    check_reloc(t, at, 6, 48, machines[i].abs32, f_number, 2);
    check_reloc(t, at, 7, 64, machines[i].abs64, symbol_number(t, "d"), 9);
    const uint8_t *p = content(t, at) + 8;
    for (unsigned k = 0; k < 44; k++) assert_int_equal(p[k], 0);
    assert_int_equal(field(p + 44), 4 + 1 - 0);
    assert_int_equal(field(p + 48), 0 - machines[i].second);
    assert_int_equal(field(p + 52), -1);
    for (unsigned k = 64; k < 68; k++) assert_int_equal(p[k], 0x77);
  }
}

/* Sections of relocations hold their own and nothing else, in order. */
static void relocations_stay_with_their_section(void **state) {
  struct fixture *t = *state;
  enum { N = 30 };
  kiln_symbol to[N];
  for (unsigned i = 0; i < N; i++) {
    char name[8];
    snprintf(name, sizeof name, "u%02u", i);
    to[i] = undefined(t, name);
  }
  for (unsigned i = 0; i < N; i++) {
    char name[8], sec[8];
    snprintf(name, sizeof name, "f%02u", i);
    snprintf(sec, sizeof sec, "s%u", i % 4);
    kiln_symbol_desc d = {.name = name, .section = i % 4 != 0 ? sec : NULL};
    code_of(i % 2 ? t->s : t->s2, kiln_func_declare(t->m, &d, t->sig), "\0\0\0\0\0\0\0\0", 8);
    code_reloc(i % 2 ? t->s : t->s2, 1, to[i], R_X86_64_PLT32, (int32_t)i);
    name[0] = 'd';
    kiln_reloc r = {.symbol = to[i], .addend = i, .size_bytes = 8};
    d.section = i % 3 != 0 ? sec : NULL;
    data_with(t, &d, &(kiln_data_desc){.size_bytes = 8, .relocs = &r, .n_relocs = 1});
  }
  load(t);
  unsigned seen = 0;
  for (size_t at = 1; at < t->n_sections; at++) {
    if (relocs_of(t, at) == 0 || header(t, at).sh_flags == SHF_ALLOC) continue;
    Elf_Data *rela = elf_getdata(elf_getscn(t->elf, relocs_of(t, at)), NULL);
    for (size_t i = 0; i < n_relocs(t, at); i++) {
      GElf_Rela r;
      gelf_getrela(rela, (int)i, &r);
      GElf_Sym target, owner;
      uint32_t in;
      unsigned number = (unsigned)atoi(symbol_at(t, GELF_R_SYM(r.r_info), &target, &in) + 1);
      assert_int_equal(r.r_addend, number);
      bool code = GELF_R_TYPE(r.r_info) == R_X86_64_PLT32;
      char name[8];
      snprintf(name, sizeof name, "%c%02u", code ? 'f' : 'd', number);
      owner = symbol(t, name);
      assert_int_equal(owner.st_shndx, at);
      assert_int_equal(owner.st_value + (code ? 1 : 0), r.r_offset);
      seen++;
    }
  }
  assert_int_equal(seen, 2 * N);
}

static void errors(void **state) {
  struct fixture *t = *state;
  static const kiln_status wanted[] = {
    KILN_ERR_SYMBOL, KILN_ERR_SYMBOL,      KILN_ERR_SYMBOL,   KILN_ERR_UNSUPPORTED,
    KILN_ERR_SYMBOL, KILN_ERR_UNSUPPORTED, KILN_ERR_ARGUMENT,
  };
  for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    close_module(t);
    open_module(t);
    kiln_symbol f = func(t, "f", KILN_LINKAGE_EXTERNAL);
    kiln_symbol local = func(t, "local", KILN_LINKAGE_INTERNAL);
    kiln_symbol private = bytes_of(t, NULL, KILN_LINKAGE_PRIVATE, 0, "a", 1);
    kiln_symbol ext = undefined(t, "ext");
    kiln_symbol d = kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "d"});
    code_of(t->s, f, "\0\0\0\0", 4);
    kiln_reloc r = {.symbol = ext, .size_bytes = 8};
    switch (i) {
    case 0: /* local, referenced, never defined */
      code_reloc(t->s, 0, local, R_X86_64_PLT32, -4);
      break;
    case 1: /* the address of a block that has no code */
      code_reloc(t->s, 0, kiln_block_symbol(t->m, f, (kiln_block){3}), R_X86_64_PC32, -4);
      break;
    case 2: /* two bodies */
      t->m->symbols.at[f.id].defined = 0;
      code_of(t->s2, f, "\0\0\0\0", 4);
      break;
    case 3: /* a private symbol through the GOT */
      code_reloc(t->s, 0, private, R_X86_64_GOTPCREL, -4);
      break;
    case 4: /* distance from what is not here */ r.relative_to = ext; break;
    case 5: /* distance between two other sections */ r.relative_to = f; break;
    default: break;
    }
    kiln_data_define(t->m, d, &(kiln_data_desc){.size_bytes = 8, .relocs = &r, .n_relocs = 1});
    kiln_module *m2 = kiln_module_new(NULL);
    kiln_session *foreign = kiln_session_new(m2);
    kiln_session *sessions[2] = {t->s, i == 6 ? foreign : t->s2};
    kiln_status status = kiln_emit_elf(t->m, sessions, 2, &t->object);
    kiln_session_free(foreign);
    kiln_module_free(m2);
    assert_int_equal(status, wanted[i]);
    assert_int_equal(t->object.size, 0);
    assert_int_not_equal(kiln_module_diag(t->m)->message[0], 0);
    /* it sticks */
    assert_int_equal(emit(t), wanted[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    ELF_TEST(code_names_the_right_symbol),
    ELF_TEST(calls_are_resolved),
    ELF_TEST(calls_are_resolved_on_aarch64),
    ELF_TEST(data_relocations),
    ELF_TEST(relocations_stay_with_their_section),
    ELF_TEST(errors),
    ELF_TEST(linkage_of_undefined),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
