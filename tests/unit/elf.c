/* The object writer, read back by libelf: headers, sections, symbols, groups, unwind tables. What it
 * does with relocations is in elf_relocs.c, what linkers make of it in elf_link.c. */
#include "elf_fixture.h"
#include "failing.h"

static void empty_module(void **state) {
  struct fixture *t = *state;
  load(t);
  GElf_Ehdr h;
  assert_non_null(gelf_getehdr(t->elf, &h));
  assert_memory_equal(h.e_ident, ELFMAG, SELFMAG);
  assert_int_equal(h.e_ident[EI_CLASS], ELFCLASS64);
  assert_int_equal(h.e_ident[EI_DATA], ELFDATA2LSB);
  assert_int_equal(h.e_ident[EI_OSABI], ELFOSABI_NONE);
  assert_int_equal(h.e_type, ET_REL);
  assert_int_equal(h.e_machine, EM_X86_64);
  assert_int_equal(h.e_version, EV_CURRENT);
  assert_int_equal(h.e_flags, 0);
  assert_int_equal(h.e_phnum, 0);
  /* nothing but .text, the note and the tables */
  assert_int_equal(t->n_sections, 5);
  assert_int_equal(header(t, section(t, ".text")).sh_size, 0);
  GElf_Shdr note = header(t, section(t, ".note.GNU-stack"));
  assert_int_equal(note.sh_flags, 0);
  assert_int_equal(note.sh_size, 0);
  assert_int_equal(section(t, ".eh_frame"), 0);
  t->options.target.processor = KILN_PROCESSOR_AARCH64;
  close_module(t);
  open_module(t);
  load(t);
  gelf_getehdr(t->elf, &h);
  assert_int_equal(h.e_machine, EM_AARCH64);
}

static void functions_go_to_text(void **state) {
  struct fixture *t = *state;
  t->options.name = "dir/file.c";
  close_module(t);
  open_module(t);
  code_of(t->s, func(t, "f", KILN_LINKAGE_EXTERNAL), "\x01\x02\x03", 3);
  code_of(t->s, func(t, "g", KILN_LINKAGE_INTERNAL), "\x04", 1);
  kiln_symbol_desc aligned = {.name = "h", .align_log2 = 6, .linkage = KILN_LINKAGE_WEAK};
  code_of(t->s2, kiln_func_declare(t->m, &aligned, t->sig), "\x05\x06", 2);
  code_of(t->s2, func(t, "p", KILN_LINKAGE_PRIVATE), "\x07", 1);
  load(t);
  size_t text = section(t, ".text");
  GElf_Shdr h = header(t, text);
  assert_int_equal(h.sh_type, SHT_PROGBITS);
  assert_int_equal(h.sh_flags, SHF_ALLOC | SHF_EXECINSTR);
  assert_int_equal(h.sh_addralign, 64);
  assert_int_equal(h.sh_offset % 64, 0);
  assert_int_equal(h.sh_size, 64 + 17);
  const uint8_t *code = content(t, text);
  assert_memory_equal(code, "\x01\x02\x03", 3);
  assert_int_equal(code[16], 4);
  for (unsigned i = 17; i < 64; i++) assert_int_equal(code[i], 0xcc);
  assert_memory_equal(code + 64, "\x05\x06", 2);
  assert_int_equal(code[80], 7);
  static const struct {
    const char *name;
    unsigned bind, value, size;
  } rows[] = {{"f", STB_GLOBAL, 0, 3}, {"g", STB_LOCAL, 16, 1}, {"h", STB_WEAK, 64, 2}};
  for (size_t i = 0; i < 3; i++) {
    GElf_Sym s = symbol(t, rows[i].name);
    assert_int_equal(s.st_shndx, text);
    assert_int_equal(s.st_value, rows[i].value);
    assert_int_equal(s.st_size, rows[i].size);
    assert_int_equal(s.st_info, GELF_ST_INFO(rows[i].bind, STT_FUNC));
  }
  assert_int_equal(symbol_number(t, "p"), 0);
  GElf_Sym file = symbol(t, "dir/file.c");
  assert_int_equal(file.st_info, GELF_ST_INFO(STB_LOCAL, STT_FILE));
  assert_int_equal(file.st_shndx, SHN_ABS);
  /* local symbols first, and sh_info says how many */
  for (size_t i = 0; i < n_symbols(t); i++) {
    GElf_Sym s;
    uint32_t at;
    symbol_at(t, i, &s, &at);
    assert_int_equal(GELF_ST_BIND(s.st_info) == STB_LOCAL, i < t->symtab.sh_info);
  }
}

/* The file symbol has the name of the source file where that was said, else the module's. */
static void source_file(void **state) {
  struct fixture *t = *state;
  static const struct {
    const char *said, *has;
  } rows[] = {{"other.c", "other.c"}, {"", "dir/file.c"}, {NULL, "dir/file.c"}};
  t->options.name = "dir/file.c";
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    close_module(t);
    open_module(t);
    assert_int_equal(kiln_module_set_source_file(t->m, "first.c"), KILN_OK);
    assert_int_equal(kiln_module_set_source_file(t->m, rows[i].said), KILN_OK);
    load(t);
    assert_int_equal(symbol(t, rows[i].has).st_info, GELF_ST_INFO(STB_LOCAL, STT_FILE));
    assert_int_equal(symbol_number(t, "first.c"), 0);
  }
}

/* The section that follows from content and flags; with `own` all data have one of their own, but for strings. */
static void data_by_content(struct fixture *t, bool own) {
  enum { RO = KILN_DATA_READ_ONLY, STR = KILN_DATA_MERGE_STRINGS, W = SHF_WRITE, A = SHF_ALLOC };
  const kiln_reloc absolute = {.symbol = undefined(t, "x"), .size_bytes = 8};
  static const struct {
    const char *bytes; /* NULL: zero */
    unsigned size, align_log2, flags;
    bool tls;
    int reloc; /* 1: absolute, 2: relative to itself */
    const char *section;
    unsigned type, section_flags;
  } rows[] = {
    {"ab", 2, 0, 0, false, 0, ".data", SHT_PROGBITS, A | W},
    {"abcdefg", 8, 3, 0, false, 1, ".data", SHT_PROGBITS, A | W},
    {"abcdefg", 8, 3, RO, false, 1, ".data.rel.ro", SHT_PROGBITS, A | W},
    {"abcdefg", 8, 3, RO, false, 2, ".rodata", SHT_PROGBITS, A},
    {"ab", 2, 4, RO, false, 0, ".rodata", SHT_PROGBITS, A},
    {NULL, 3, 0, RO, false, 0, ".rodata", SHT_PROGBITS, A},
    {NULL, 100, 5, 0, false, 0, ".bss", SHT_NOBITS, A | W},
    {"\0\0\0", 3, 0, 0, false, 0, ".bss", SHT_NOBITS, A | W},
    {"\0\0\1", 3, 0, 0, false, 0, ".data", SHT_PROGBITS, A | W},
    {"\1\0\0", 3, 0, 0, false, 0, ".data", SHT_PROGBITS, A | W},
    {"x", 1, 2, 0, true, 0, ".tdata", SHT_PROGBITS, A | W | SHF_TLS},
    {NULL, 4, 2, 0, true, 0, ".tbss", SHT_NOBITS, A | W | SHF_TLS},
    {"abc", 4, 0, STR, false, 0, ".rodata.str1.1", SHT_PROGBITS, A | SHF_MERGE | SHF_STRINGS},
    {"", 1, 0, STR | RO, false, 0, ".rodata.str1.1", SHT_PROGBITS, A | SHF_MERGE | SHF_STRINGS},
    {"a\0b", 4, 0, STR, false, 0, ".rodata", SHT_PROGBITS, A}, /* two strings */
    {"abc", 3, 0, STR, false, 0, ".rodata", SHT_PROGBITS, A},  /* not terminated */
    {"abc", 4, 2, STR, false, 0, ".rodata", SHT_PROGBITS, A},  /* aligned */
  };
  enum { N = sizeof rows / sizeof rows[0] };
  for (unsigned i = 0; i < N; i++) {
    char name[8];
    snprintf(name, sizeof name, "d%u", i);
    kiln_symbol s = kiln_data_declare(
      t->m, &(kiln_symbol_desc){.name = name,
                                .tls = rows[i].tls ? KILN_TLS_GENERAL_DYNAMIC : KILN_TLS_NONE});
    kiln_reloc r = absolute;
    if (rows[i].reloc == 2) r.relative_to = s, r.size_bytes = 4;
    kiln_data_desc d = {.bytes = rows[i].bytes,
                        .size_bytes = rows[i].size,
                        .align_log2 = (uint8_t)rows[i].align_log2,
                        .flags = rows[i].flags,
                        .relocs = &r,
                        .n_relocs = rows[i].reloc != 0};
    assert_int_equal(kiln_data_define(t->m, s, &d), KILN_OK);
  }
  load(t);
  for (unsigned i = 0; i < N; i++) {
    char name[8];
    snprintf(name, sizeof name, "d%u", i);
    GElf_Sym s = symbol(t, name);
    char own_name[32];
    snprintf(own_name, sizeof own_name, "%s.%s", rows[i].section, name);
    bool alone = own && (rows[i].section_flags & SHF_MERGE) == 0;
    size_t at = section(t, alone ? own_name : rows[i].section);
    assert_int_equal(s.st_shndx, at);
    if (alone) assert_int_equal(header(t, at).sh_size, rows[i].size);
    GElf_Shdr h = header(t, at);
    assert_int_equal(h.sh_type, rows[i].type);
    assert_int_equal(h.sh_flags, rows[i].section_flags);
    assert_int_equal(h.sh_entsize, h.sh_flags & SHF_MERGE ? 1 : 0);
    assert_int_equal(s.st_info, GELF_ST_INFO(STB_GLOBAL, rows[i].tls ? STT_TLS : STT_OBJECT));
    assert_int_equal(s.st_size, rows[i].size);
    assert_int_equal(s.st_value % ((uint64_t)1 << rows[i].align_log2), 0);
    assert_true(h.sh_addralign >= (uint64_t)1 << rows[i].align_log2);
    assert_true(s.st_value + s.st_size <= h.sh_size);
    if (h.sh_type == SHT_NOBITS || rows[i].reloc != 0) continue;
    for (unsigned k = 0; k < rows[i].size; k++)
      assert_int_equal(content(t, at)[s.st_value + k],
                       rows[i].bytes != NULL ? (uint8_t)rows[i].bytes[k] : 0);
  }
}

static void data_goes_by_content(void **state) { data_by_content(*state, false); }

static void data_sections(void **state) {
  struct fixture *t = *state;
  t->options.data_sections = true;
  close_module(t);
  open_module(t);
  const kiln_data_desc item = {.bytes = "p", .size_bytes = 1, .flags = KILN_DATA_READ_ONLY};
  const kiln_symbol_desc nameless = {.linkage = KILN_LINKAGE_PRIVATE},
                         common = {.name = "c", .linkage = KILN_LINKAGE_COMMON};
  for (unsigned i = 0; i < 2; i++)
    kiln_data_define(t->m, kiln_data_declare(t->m, &nameless), &item);
  kiln_data_define(t->m, kiln_data_declare(t->m, &common), &(kiln_data_desc){.size_bytes = 4});
  data_by_content(t, true);
  size_t first = section(t, ".rodata"), second = section_after(t, ".rodata", first + 1);
  assert_int_equal(header(t, first).sh_size, 1);
  assert_int_equal(header(t, second).sh_size, 1);
  assert_int_equal(symbol(t, "c").st_shndx, SHN_COMMON);
}

/* Linkage and visibility of functions and data, defined and not. */
static void binding_and_visibility(void **state) {
  struct fixture *t = *state;
  static const unsigned bind[KILN_LINKAGE_COUNT][2] = {
    /* undefined, defined; 99: not allowed */
    [KILN_LINKAGE_EXTERNAL] = {STB_GLOBAL, STB_GLOBAL},
    [KILN_LINKAGE_INTERNAL] = {99, STB_LOCAL},
    [KILN_LINKAGE_PRIVATE] = {99, 99},
    [KILN_LINKAGE_WEAK] = {STB_WEAK, STB_WEAK},
    [KILN_LINKAGE_LINKONCE] = {STB_GLOBAL, STB_WEAK},
    [KILN_LINKAGE_COMMON] = {STB_GLOBAL, STB_GLOBAL},
  };
  static const unsigned visibility[] = {STV_DEFAULT, STV_HIDDEN, STV_PROTECTED};
  unsigned n = 0;
  for (unsigned round = 0; round < 2; round++) { /* declare, then compare */
    code_of(t->s, func(t, round == 0 ? "user" : "user2", KILN_LINKAGE_EXTERNAL), "\0\0\0\0", 4);
    if (round == 1) load(t);
    for (unsigned linkage = 0; linkage < KILN_LINKAGE_COUNT; linkage++)
      for (unsigned v = 0; v < KILN_VISIBILITY_COUNT; v++)
        for (unsigned defined = 0; defined < 2; defined++)
          for (unsigned is_func = 0; is_func < 2; is_func++) {
            if (bind[linkage][defined] == 99) continue;
            if (linkage == KILN_LINKAGE_COMMON && is_func) continue;
            char name[16];
            snprintf(name, sizeof name, "%u.%u.%u.%u", linkage, v, defined, is_func);
            if (round == 0) {
              kiln_symbol_desc d = {
                .name = name, .linkage = (kiln_linkage)linkage, .visibility = (kiln_visibility)v};
              kiln_symbol s =
                is_func ? kiln_func_declare(t->m, &d, t->sig) : kiln_data_declare(t->m, &d);
              if (defined && !is_func)
                kiln_data_define(t->m, s, &(kiln_data_desc){.size_bytes = 8, .align_log2 = 3});
              if (defined && is_func) code_of(t->s2, s, "\0", 1);
              if (!defined) code_reloc(t->s, 0, s, R_X86_64_GOTPCREL, -4);
              continue;
            }
            GElf_Sym s = symbol(t, name);
            assert_int_equal(GELF_ST_BIND(s.st_info), bind[linkage][defined]);
            bool local = bind[linkage][defined] == STB_LOCAL;
            assert_int_equal(GELF_ST_VISIBILITY(s.st_other), local ? STV_DEFAULT : visibility[v]);
            assert_int_equal(s.st_shndx != SHN_UNDEF, defined);
            assert_int_equal(GELF_ST_TYPE(s.st_info), !defined  ? STT_NOTYPE
                                                      : is_func ? STT_FUNC
                                                                : STT_OBJECT);
            if (defined && linkage == KILN_LINKAGE_COMMON) {
              assert_int_equal(s.st_shndx, SHN_COMMON);
              assert_int_equal(s.st_value, 8);
            }
            assert_int_equal(s.st_size, defined ? is_func ? 1 : 8 : 0);
            n++;
          }
  }
  assert_int_equal(n, 3 * (4 + 2 + 4 + 4 + 2));
}

static void explicit_sections(void **state) {
  struct fixture *t = *state;
  enum { A = SHF_ALLOC, W = SHF_WRITE, X = SHF_EXECINSTR };
  enum {
    NO,
    TLS,
    ANOTHER
  }; /* thread-local; there is another section of that name, of other flags */
  static const struct {
    const char *section, *bytes;
    unsigned flags;
    unsigned more;
    unsigned type, section_flags;
  } rows[] = {
    {"one", "a", KILN_DATA_READ_ONLY, NO, SHT_PROGBITS, A},
    {"one", "b", KILN_DATA_READ_ONLY, NO, SHT_PROGBITS, A},
    {"two", "a", KILN_DATA_READ_ONLY, ANOTHER, SHT_PROGBITS, A},
    {"two", "b", 0, ANOTHER, SHT_PROGBITS, A | W},
    {"zero", NULL, 0, NO, SHT_PROGBITS, A | W},
    {".bss.mine", NULL, 0, NO, SHT_NOBITS, A | W},
    {".bss.full", NULL, 0, NO, SHT_PROGBITS, A | W},
    {".bss.full", "x", 0, NO, SHT_PROGBITS, A | W},
    {".bssy", NULL, 0, NO, SHT_PROGBITS, A | W},
    {".tbss.mine", NULL, 0, TLS, SHT_NOBITS, A | W | SHF_TLS},
    {".tdata.mine", "a", 0, TLS, SHT_PROGBITS, A | W | SHF_TLS},
    {".init_array.5", "a", 0, NO, SHT_INIT_ARRAY, A | W},
    {".fini_array", "a", 0, NO, SHT_FINI_ARRAY, A | W},
    {".preinit_array", "a", 0, NO, SHT_PREINIT_ARRAY, A | W},
    {".note.kiln", "a", KILN_DATA_READ_ONLY, NO, SHT_NOTE, A},
    {"mixed", "a", KILN_DATA_READ_ONLY, ANOTHER, SHT_PROGBITS, A},
    {".notes", "a", KILN_DATA_READ_ONLY, NO, SHT_NOTE, A},
    {".llvm.lto", "a", KILN_DATA_READ_ONLY, NO, 0x6fff4c0c, A},
    {".bss.constant", NULL, KILN_DATA_READ_ONLY, NO, SHT_NOBITS, A | W},
    {".sbss.constant", NULL, KILN_DATA_READ_ONLY, NO, SHT_NOBITS, A | W},
    {".gnu.linkonce.b.c", NULL, KILN_DATA_READ_ONLY, NO, SHT_NOBITS, A | W},
    {".llvm.linkonce.tb.c", NULL, 0, TLS, SHT_NOBITS, A | W | SHF_TLS},
    {".tdata.constant", "a", KILN_DATA_READ_ONLY, NO, SHT_PROGBITS, A | W | SHF_TLS},
    {".ldata.large", "a", KILN_DATA_READ_ONLY, NO, SHT_PROGBITS, A | 0x10000000},
  };
  enum { N = sizeof rows / sizeof rows[0] };
  kiln_symbol_desc f = {.name = "f", .section = "mixed"}, g = {.name = "g", .section = "code"};
  code_of(t->s, kiln_func_declare(t->m, &f, t->sig), "\x11", 1);
  code_of(t->s, kiln_func_declare(t->m, &g, t->sig), "\x22", 1);
  for (unsigned i = 0; i < N; i++) {
    char name[8];
    snprintf(name, sizeof name, "d%u", i);
    kiln_symbol_desc d = {.name = name,
                          .section = rows[i].section,
                          .tls = rows[i].more == TLS ? KILN_TLS_INITIAL_EXEC : KILN_TLS_NONE};
    data_with(t, &d,
              &(kiln_data_desc){.bytes = rows[i].bytes, .size_bytes = 1, .flags = rows[i].flags});
  }
  load(t);
  for (unsigned i = 0; i < N; i++) {
    char name[8];
    snprintf(name, sizeof name, "d%u", i);
    GElf_Sym s = symbol(t, name);
    size_t at = s.st_shndx, first = section(t, rows[i].section);
    assert_int_equal(section_after(t, rows[i].section, first + 1) != 0, rows[i].more == ANOTHER);
    GElf_Shdr h = header(t, at);
    assert_string_equal(elf_strptr(t->elf, t->symtab.sh_link, h.sh_name), rows[i].section);
    assert_int_equal(h.sh_type, rows[i].type);
    assert_int_equal(h.sh_flags, rows[i].section_flags);
    if (h.sh_type != SHT_NOBITS)
      assert_int_equal(content(t, at)[s.st_value], rows[i].bytes ? rows[i].bytes[0] : 0);
  }
  assert_int_equal(header(t, section(t, "code")).sh_flags, A | X);
  assert_int_equal(content(t, section(t, "code"))[symbol(t, "g").st_value], 0x22);
  assert_int_equal(content(t, section(t, "mixed"))[symbol(t, "f").st_value], 0x11);
}

static void used_data_is_retained(void **state) {
  struct fixture *t = *state;
  bytes_of(t, "kept", KILN_LINKAGE_EXTERNAL, KILN_DATA_USED, "a", 1);
  bytes_of(t, "plain", KILN_LINKAGE_EXTERNAL, 0, "b", 1);
  kiln_symbol_desc in = {.name = "kept2", .section = "sec"},
                   out = {.name = "not", .section = "sec"};
  data_with(t, &in, &(kiln_data_desc){.bytes = "c", .size_bytes = 1, .flags = KILN_DATA_USED});
  data_with(t, &out, &(kiln_data_desc){.bytes = "d", .size_bytes = 1});
  load(t);
  GElf_Ehdr e;
  gelf_getehdr(t->elf, &e);
  assert_int_equal(e.e_ident[EI_OSABI], ELFOSABI_GNU);
  static const struct {
    const char *symbol, *section;
    unsigned retain;
  } rows[] = {{"kept", ".data.kept", SHF_GNU_RETAIN},
              {"plain", ".data", 0},
              {"kept2", "sec", SHF_GNU_RETAIN},
              {"not", "sec", 0}};
  for (size_t i = 0; i < 4; i++) {
    GElf_Shdr h = header(t, symbol(t, rows[i].symbol).st_shndx);
    assert_int_equal(h.sh_flags, SHF_ALLOC | SHF_WRITE | rows[i].retain);
    assert_string_equal(elf_strptr(t->elf, t->symtab.sh_link, h.sh_name), rows[i].section);
  }
}

static void functions_are_retained(void **state) {
  struct fixture *t = *state;
  kiln_symbol_desc in = {.name = "in", .section = "sec"}, data = {.name = "data", .section = "sec"};
  kiln_symbol f[2] = {func(t, "own", KILN_LINKAGE_EXTERNAL), kiln_func_declare(t->m, &in, t->sig)};
  for (size_t i = 0; i < 2; i++) {
    code_of(t->s, f[i], "\x01", 1);
    t->s->out->funcs.at[i].used = true;
  }
  code_of(t->s, func(t, "plain", KILN_LINKAGE_EXTERNAL), "\x02", 1);
  data_with(t, &data, &(kiln_data_desc){.bytes = "c", .size_bytes = 1});
  load(t);
  static const struct {
    const char *symbol, *section;
    unsigned flags;
  } rows[] = {{"own", ".text.own", SHF_EXECINSTR | SHF_GNU_RETAIN},
              {"plain", ".text", SHF_EXECINSTR},
              {"in", "sec", SHF_EXECINSTR | SHF_GNU_RETAIN},
              {"data", "sec", SHF_WRITE}};
  for (size_t i = 0; i < 4; i++) {
    GElf_Shdr h = header(t, symbol(t, rows[i].symbol).st_shndx);
    assert_int_equal(h.sh_flags, SHF_ALLOC | rows[i].flags);
    assert_string_equal(elf_strptr(t->elf, t->symtab.sh_link, h.sh_name), rows[i].section);
  }
}

static void data_goes_with_symbols(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = func(t, "f", KILN_LINKAGE_EXTERNAL);
  code_of(t->s, f, "\x01", 1);
  static const struct {
    const char *symbol, *section, *in;
  } rows[] = {{"a", NULL, ".data.a"}, {"b", "sec", "sec"}, {"c", "sec", "sec"}};
  for (size_t i = 0; i < 3; i++)
    data_with(t, &(kiln_symbol_desc){.name = rows[i].symbol, .section = rows[i].section},
              &(kiln_data_desc){.bytes = "x", .size_bytes = 1, .with = f});
  load(t);
  for (size_t i = 0; i < 3; i++) {
    GElf_Shdr h = header(t, symbol(t, rows[i].symbol).st_shndx);
    assert_int_equal(h.sh_flags, SHF_ALLOC | SHF_WRITE | SHF_LINK_ORDER);
    assert_int_equal(h.sh_link, symbol(t, "f").st_shndx);
    assert_string_equal(elf_strptr(t->elf, t->symtab.sh_link, h.sh_name), rows[i].in);
  }
  assert_int_not_equal(symbol(t, "b").st_shndx, symbol(t, "c").st_shndx);
}

static void data_goes_with_nothing(void **state) {
  struct fixture *t = *state;
  kiln_symbol none = undefined(t, "none");
  data_with(t, &(kiln_symbol_desc){.name = "a"},
            &(kiln_data_desc){.bytes = "x", .size_bytes = 1, .with = none});
  kiln_buffer out = {0};
  assert_int_equal(kiln_emit_elf(t->m, &t->s, 1, &out), KILN_ERR_SYMBOL);
  kiln_buffer_free(&out);
}

static const uint32_t *group_words(struct fixture *t, size_t group, size_t *n) {
  GElf_Shdr h = header(t, group);
  assert_int_equal(h.sh_type, SHT_GROUP);
  assert_int_equal(h.sh_entsize, 4);
  assert_int_equal(h.sh_link, section(t, ".symtab"));
  *n = h.sh_size / 4;
  return (const uint32_t *)(const void *)content(t, group);
}

static void groups(void **state) {
  struct fixture *t = *state;
  kiln_symbol puts_ = undefined(t, "puts");
  code_of(t->s, func(t, "once", KILN_LINKAGE_LINKONCE), "\xe8\0\0\0\0", 5);
  code_reloc(t->s, 1, puts_, R_X86_64_PLT32, -4);
  kiln_symbol_desc joined = {.name = "joined", .comdat = "once", .linkage = KILN_LINKAGE_INTERNAL};
  data_with(t, &joined, &(kiln_data_desc){.bytes = "a", .size_bytes = 1});
  kiln_symbol_desc other = {.name = "other", .comdat = "C5", .linkage = KILN_LINKAGE_WEAK};
  code_of(t->s, kiln_func_declare(t->m, &other, t->sig), "\x01", 1);
  kiln_symbol_desc zero = {.name = "zero", .linkage = KILN_LINKAGE_LINKONCE};
  data_with(t, &zero, &(kiln_data_desc){.size_bytes = 8});
  kiln_symbol_desc in = {
    .name = "in", .section = "sec", .comdat = "C5", .linkage = KILN_LINKAGE_LINKONCE};
  data_with(t, &in, &(kiln_data_desc){.bytes = "b", .size_bytes = 1});
  code_of(t->s, func(t, "plain", KILN_LINKAGE_EXTERNAL), "\x02", 1);
  kiln_symbol_desc kept = {.name = "kept", .comdat = "stays", .linkage = KILN_LINKAGE_INTERNAL};
  kiln_symbol_desc says = {.section = "sec", .comdat = "stays", .linkage = KILN_LINKAGE_PRIVATE};
  says.comdat_stays = true;
  data_with(t, &kept, &(kiln_data_desc){.bytes = "c", .size_bytes = 1});
  data_with(t, &says, &(kiln_data_desc){.bytes = "d", .size_bytes = 1});
  load(t);
  size_t once = section(t, ".text.once"), rela = section(t, ".rela.text.once");
  size_t joined_at = symbol(t, "joined").st_shndx, n;
  assert_int_equal(symbol(t, "once").st_shndx, once);
  assert_int_equal(joined_at, section(t, ".data.joined"));
  /* groups in the order of their first member, before their members */
  size_t g = section(t, ".group"), g2 = section_after(t, ".group", g + 1);
  const uint32_t *words = group_words(t, g, &n);
  assert_int_equal(n, 4);
  assert_int_equal(words[0], GRP_COMDAT);
  assert_int_equal(words[1], once);
  assert_int_equal(words[2], rela);
  assert_int_equal(words[3], joined_at);
  assert_true(g < once && g < joined_at);
  assert_int_equal(header(t, g).sh_info, symbol_number(t, "once"));
  assert_int_equal(header(t, once).sh_flags, SHF_ALLOC | SHF_EXECINSTR | SHF_GROUP);
  assert_int_equal(header(t, rela).sh_flags, SHF_INFO_LINK | SHF_GROUP);
  assert_int_equal(header(t, joined_at).sh_flags, SHF_ALLOC | SHF_WRITE | SHF_GROUP);
  check_reloc(t, once, 0, 1, R_X86_64_PLT32, symbol_number(t, "puts"), -4);
  /* a signature that no symbol has */
  words = group_words(t, g2, &n);
  assert_int_equal(n, 3);
  assert_int_equal(words[1], section(t, ".text.other"));
  assert_int_equal(words[2], section(t, "sec"));
  assert_int_equal(header(t, g2).sh_info, symbol_number(t, "C5"));
  assert_int_equal(symbol(t, "C5").st_info, GELF_ST_INFO(STB_LOCAL, STT_NOTYPE));
  size_t g3 = section_after(t, ".group", g2 + 1);
  words = group_words(t, g3, &n);
  assert_int_equal(n, 2);
  assert_int_equal(words[1], section(t, ".bss.zero"));
  assert_int_equal(header(t, words[1]).sh_type, SHT_NOBITS);
  assert_int_equal(symbol(t, "plain").st_shndx, section(t, ".text"));
  /* one that is no COMDAT group, since one of its symbols says so */
  words = group_words(t, section_after(t, ".group", g3 + 1), &n);
  assert_int_equal(n, 3);
  assert_int_equal(words[0], 0);
  assert_int_equal(words[1], section(t, ".data.kept"));
  assert_int_equal(words[2],
                   section_after(t, "sec", section(t, "sec") + 1)); /* the other is of "C5" */
}

static void function_sections(void **state) {
  struct fixture *t = *state;
  t->options.function_sections = true;
  close_module(t);
  open_module(t);
  code_of(t->s, func(t, "f", KILN_LINKAGE_EXTERNAL), "\x01\x02", 2);
  code_of(t->s, func(t, "g", KILN_LINKAGE_INTERNAL), "\xe8\0\0\0\0", 5);
  code_reloc(t->s, 1, kiln_symbol_lookup(t->m, "f"), R_X86_64_PLT32, -4);
  code_of(t->s, func(t, NULL, KILN_LINKAGE_PRIVATE), "\x03", 1);
  code_of(t->s, func(t, "p", KILN_LINKAGE_PRIVATE), "\x04", 1);
  load(t);
  assert_int_equal(header(t, section(t, ".text")).sh_size, 0);
  static const char *const names[] = {".text.f", ".text.g", ".text.p"};
  static const char *const bytes[] = {"\x01\x02", "\xe8", "\x04"};
  for (unsigned i = 0; i < 3; i++) {
    size_t at = section(t, names[i]);
    assert_int_equal(header(t, at).sh_flags, SHF_ALLOC | SHF_EXECINSTR);
    assert_memory_equal(content(t, at), bytes[i], strlen(bytes[i]));
  }
  assert_int_equal(symbol(t, "f").st_shndx, section(t, ".text.f"));
  assert_int_equal(symbol(t, "f").st_value, 0);
  size_t g = section(t, ".text.g");
  assert_int_equal(relocs_of(t, g), section(t, ".rela.text.g"));
  check_reloc(t, g, 0, 1, R_X86_64_PLT32, symbol_number(t, "f"), -4);
  /* the one without a name */
  size_t unnamed = section_after(t, ".text", section(t, ".text") + 1);
  assert_int_equal(content(t, unnamed)[0], 3);
}

static void constructors(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = func(t, "f", KILN_LINKAGE_INTERNAL), p = func(t, "p", KILN_LINKAGE_PRIVATE);
  code_of(t->s, f, "\x90", 1);
  code_of(t->s, p, "\x90", 1);
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .at_exit = false});
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = p, .at_exit = false});
  kiln_ctor_add(
    t->m, &(kiln_ctor_desc){.func = f, .has_priority = true, .priority = 101, .at_exit = false});
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = p, .at_exit = true});
  kiln_ctor_add(t->m,
                &(kiln_ctor_desc){.func = p, .has_priority = true, .priority = 0, .at_exit = true});
  load(t);
  static const struct {
    const char *name;
    unsigned type, size;
  } rows[] = {{".init_array", SHT_INIT_ARRAY, 16},
              {".init_array.00101", SHT_INIT_ARRAY, 8},
              {".fini_array", SHT_FINI_ARRAY, 8},
              {".fini_array.00000", SHT_FINI_ARRAY, 8}};
  for (unsigned i = 0; i < 4; i++) {
    GElf_Shdr h = header(t, section(t, rows[i].name));
    assert_int_equal(h.sh_type, rows[i].type);
    assert_int_equal(h.sh_size, rows[i].size);
    assert_int_equal(h.sh_flags, SHF_ALLOC | SHF_WRITE);
    assert_int_equal(h.sh_addralign, 8);
  }
  size_t init = section(t, ".init_array");
  check_reloc(t, init, 0, 0, R_X86_64_64, symbol_number(t, "f"), 0);
  check_reloc(t, init, 1, 8, R_X86_64_64, section_symbol(t, section(t, ".text")), 16);
}

/* Numbers of the sections of the group `name`, apart from the groups' own word; 0 where there are less. */
static void members(struct fixture *t, const char *name, size_t *out, size_t n_out) {
  memset(out, 0, n_out * sizeof *out);
  for (size_t g = 1; g < t->n_sections; g++) {
    GElf_Shdr h = header(t, g);
    if (h.sh_type != SHT_GROUP || h.sh_info != symbol_number(t, name)) continue;
    size_t n;
    const uint32_t *words = group_words(t, g, &n);
    assert_true(n - 1 <= n_out);
    for (size_t i = 1; i < n; i++) out[i - 1] = words[i];
  }
}

static void constructors_with(void **state) {
  struct fixture *t = *state;
  kiln_symbol_desc init = {.name = "init", .comdat = "once", .linkage = KILN_LINKAGE_INTERNAL};
  kiln_symbol f = kiln_func_declare(t->m, &init, t->sig);
  code_of(t->s, f, "\x90", 1);
  kiln_symbol_desc descs[] = {
    {.name = "once", .linkage = KILN_LINKAGE_LINKONCE},       /* a group of its own */
    {.name = "joined", .comdat = "once"},                     /* that of another */
    {.name = "weak", .linkage = KILN_LINKAGE_WEAK},           /* none: one is made */
    {.name = "local", .linkage = KILN_LINKAGE_INTERNAL},      /* none that others see */
    {.name = "elsewhere", .linkage = KILN_LINKAGE_EXTERNAL}}; /* not defined here */
  kiln_symbol with[5];
  for (unsigned i = 0; i < 5; i++) {
    with[i] = kiln_data_declare(t->m, descs + i);
    kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .at_exit = i == 1, .with = with[i]});
    if (i < 4) kiln_data_define(t->m, with[i], &(kiln_data_desc){.size_bytes = 4});
  }
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f,
                                        .has_priority = true,
                                        .priority = 7,
                                        .at_exit = false,
                                        .with = kiln_alias_define(
                                          t->m, &(kiln_symbol_desc){.name = "a"}, with[0], 0)});
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .at_exit = false});
  load(t);
  size_t once[9], weak[2];
  members(t, "once", once, 9);
  members(t, "weak", weak, 2);
  size_t init_once = section(t, ".init_array"), plain;
  size_t at[9] = {section(t, ".text.init"),
                  section(t, ".bss.once"),
                  section(t, ".bss.joined"),
                  init_once,
                  init_once + 1,
                  section(t, ".fini_array"),
                  section(t, ".rela.fini_array"),
                  section(t, ".init_array.00007"),
                  section(t, ".rela.init_array.00007")};
  assert_memory_equal(once, at, sizeof at);
  assert_int_equal(relocs_of(t, init_once), init_once + 1);
  size_t init_weak = section_after(t, ".init_array", init_once + 1);
  assert_int_equal(weak[0], init_weak);
  assert_int_equal(weak[1], relocs_of(t, init_weak));
  plain = section_after(t, ".init_array", init_weak + 1);
  for (unsigned i = 0; i < 9; i++) assert_true(header(t, at[i]).sh_flags & SHF_GROUP);
  assert_int_equal(header(t, init_once).sh_size, 8);
  assert_int_equal(header(t, init_weak).sh_size, 8);
  assert_int_equal(header(t, plain).sh_size, 16); /* the local one's and that without */
  assert_int_equal(header(t, plain).sh_flags, SHF_ALLOC | SHF_WRITE);
}

static void aliases(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = func(t, "f", KILN_LINKAGE_INTERNAL);
  /* a chain, the last of it first */
  kiln_symbol c = undefined(t, "c");
  kiln_symbol_desc weak = {
    .name = "b", .linkage = KILN_LINKAGE_WEAK, .visibility = KILN_VISIBILITY_HIDDEN};
  kiln_symbol b = kiln_alias_define(t->m, &weak, c, 4);
  kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "a"}, b, 1);
  kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "c"}, f, 2);
  code_of(t->s, func(t, "first", KILN_LINKAGE_EXTERNAL), "\x90", 1);
  code_of(t->s, f, "01234567", 8);
  kiln_symbol d = bytes_of(t, "d", KILN_LINKAGE_EXTERNAL, 0, "abcdefgh", 8);
  kiln_symbol_desc local = {.name = "e", .linkage = KILN_LINKAGE_INTERNAL};
  kiln_symbol e = kiln_alias_define(t->m, &local, d, 6);
  code_of(t->s, func(t, "user", KILN_LINKAGE_EXTERNAL), "\0\0\0\0", 4);
  code_reloc(t->s, 0, e, R_X86_64_PC32, -4);
  load(t);
  static const struct {
    const char *name, *section;
    unsigned value, size, bind, type, visibility;
  } rows[] = {{"c", ".text", 18, 6, STB_GLOBAL, STT_FUNC, STV_DEFAULT},
              {"b", ".text", 22, 2, STB_WEAK, STT_FUNC, STV_HIDDEN},
              {"a", ".text", 23, 1, STB_GLOBAL, STT_FUNC, STV_DEFAULT},
              {"e", ".data", 6, 2, STB_LOCAL, STT_OBJECT, STV_DEFAULT}};
  for (unsigned i = 0; i < 4; i++) {
    GElf_Sym s = symbol(t, rows[i].name);
    assert_int_equal(s.st_shndx, section(t, rows[i].section));
    assert_int_equal(s.st_value, rows[i].value);
    assert_int_equal(s.st_size, rows[i].size);
    assert_int_equal(s.st_info, GELF_ST_INFO(rows[i].bind, rows[i].type));
    assert_int_equal(s.st_other, rows[i].visibility);
  }
  check_reloc(t, section(t, ".text"), 0, 32, R_X86_64_PC32, symbol_number(t, "e"), -4);
}

/* What a local one is called by names its symbol, though both are in one section. */
static void ifuncs(void **state) {
  struct fixture *t = *state;
  kiln_symbol resolver = func(t, "r", KILN_LINKAGE_INTERNAL);
  kiln_symbol_desc desc = {.name = "l", .linkage = KILN_LINKAGE_INTERNAL, .resolver = true};
  kiln_symbol local = kiln_alias_define(t->m, &desc, resolver, 0);
  kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "a"}, local, 0);
  code_of(t->s, resolver, "01234567", 8);
  code_of(t->s, func(t, "user", KILN_LINKAGE_EXTERNAL), "\0\0\0\0", 4);
  code_reloc(t->s, 0, local, R_X86_64_PLT32, -4);
  load(t);
  GElf_Ehdr e;
  assert_non_null(gelf_getehdr(t->elf, &e));
  assert_int_equal(e.e_ident[EI_OSABI], ELFOSABI_GNU);
  assert_int_equal(symbol(t, "l").st_info, GELF_ST_INFO(STB_LOCAL, STT_GNU_IFUNC));
  assert_int_equal(symbol(t, "a").st_info, GELF_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC));
  check_reloc(t, section(t, ".text"), 0, 16, R_X86_64_PLT32, symbol_number(t, "l"), -4);
  kiln_symbol data = bytes_of(t, "d", KILN_LINKAGE_EXTERNAL, 0, "abcdefgh", 8);
  desc.name = "b";
  assert_int_equal(kiln_alias_define(t->m, &desc, data, 0).id, 0);
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_ARGUMENT);
}

static void bad_aliases_are_refused(void **state) {
  struct fixture *t = *state;
  for (unsigned i = 0; i < 5; i++) { /* itself, a pair, undefined, common, a number */
    close_module(t);
    open_module(t);
    kiln_symbol a = undefined(t, "a"), b = undefined(t, "b");
    if (i == 3) {
      b = data_with(t, &(kiln_symbol_desc){.name = "c", .linkage = KILN_LINKAGE_COMMON},
                    &(kiln_data_desc){.size_bytes = 4});
    } else if (i == 4) {
      b = data_with(t, &(kiln_symbol_desc){.name = "n"},
                    &(kiln_data_desc){.size_bytes = 4096, .flags = KILN_DATA_ABSOLUTE});
    }
    kiln_symbol_desc alias = {.name = "a"};
    if (i == 4) alias.linkage = KILN_LINKAGE_PRIVATE;
    kiln_alias_define(t->m, &alias, i == 0 ? a : b, 0);
    if (i == 1) kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "b"}, a, 0);
    assert_int_equal(kiln_module_status(t->m), i < 2 ? KILN_ERR_SYMBOL : KILN_OK);
    assert_int_equal(emit(t), KILN_ERR_SYMBOL);
    assert_int_equal(t->object.size, 0);
  }
}

/* ---- .eh_frame ---- */

static uint32_t word(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void unwind_table(void **state) {
  struct fixture *t = *state;
  static const struct {
    kiln_processor target;
    uint8_t code_align, ra;
    uint8_t second; /* offset of a function after one of 4 bytes */
    const char *rules;
    size_t n_rules;
    uint32_t type;
  } rows[] = {
    /* DWARF register 7 is rsp, 16 the return address; on AArch64 31 is sp, 30 is x30 */
    {KILN_PROCESSOR_X86_64, 1, 16, 16, "\x0c\x07\x08\x90\x01", 5, R_X86_64_PC32},
    {KILN_PROCESSOR_AARCH64, 4, 30, 4, "\x0c\x1f\x00", 3, R_AARCH64_PREL32},
  };
  for (unsigned i = 0; i < 2; i++) {
    t->options.target.processor = rows[i].target;
    close_module(t);
    open_module(t);
    code_of(t->s, func(t, "f", KILN_LINKAGE_EXTERNAL), "\x01\x02\x03\x04", 4);
    code_cfi(t->s, "\x41\x0e\x10\x86\x02", 5);
    code_of(t->s, func(t, "g", KILN_LINKAGE_LINKONCE), "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    code_cfi(t->s, "\x41\x0e\x10\x86\x02\x43\x0d\x06\x44", 9);
    code_of(t->s2, func(t, "h", KILN_LINKAGE_PRIVATE), "\x01\x02\x03\x04", 4);
    load(t);
    size_t at = section(t, ".eh_frame");
    GElf_Shdr h = header(t, at);
    assert_int_equal(h.sh_flags, SHF_ALLOC);
    assert_int_equal(h.sh_addralign, 8);
    const uint8_t *p = content(t, at), *base = p, *end = p + h.sh_size;
    uint32_t length = word(p);
    assert_int_equal((length + 4) % 8, 0);
    assert_int_equal(word(p + 4), 0);
    assert_int_equal(p[8], 1);
    assert_string_equal((const char *)p + 9, "zR");
    assert_int_equal(p[12], rows[i].code_align);
    assert_int_equal(p[13], 0x78); /* -8 */
    assert_int_equal(p[14], rows[i].ra);
    assert_int_equal(p[15], 1);
    assert_int_equal(p[16], 0x1b); /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
    assert_memory_equal(p + 17, rows[i].rules, rows[i].n_rules);
    for (size_t k = 17 + rows[i].n_rules; k < length + 4; k++) assert_int_equal(p[k], 0);
    p += length + 4;
    const struct {
      const char *section, *cfi;
      uint32_t size, n_cfi;
      uint64_t value;
    } fdes[] = {{".text", "\x41\x0e\x10\x86\x02", 4, 5, 0},
                {".text.g", "\x41\x0e\x10\x86\x02\x43\x0d\x06\x44", 8, 9, 0},
                {".text", "", 4, 0, rows[i].second}};
    for (unsigned k = 0; k < 3; k++) {
      length = word(p);
      assert_int_equal((length + 4) % 8, 0);
      assert_ptr_equal(p + 4 - word(p + 4), base);
      assert_int_equal(word(p + 8), 0);
      assert_int_equal(word(p + 12), fdes[k].size);
      assert_int_equal(p[16], 0);
      assert_memory_equal(p + 17, fdes[k].cfi, fdes[k].n_cfi);
      for (size_t x = 17 + fdes[k].n_cfi; x < length + 4; x++) assert_int_equal(p[x], 0);
      check_reloc(t, at, k, (uint64_t)(p + 8 - base), rows[i].type,
                  section_symbol(t, section(t, fdes[k].section)), (int64_t)fdes[k].value);
      p += length + 4;
    }
    assert_ptr_equal(p, end);
    assert_int_equal(n_relocs(t, at), 3);
    /* AArch64 marks where code begins */
    assert_int_equal(symbol_number(t, "$x") != 0, rows[i].target == KILN_PROCESSOR_AARCH64);
  }
}

/* ---- the whole ---- */

static void mixed_module(struct fixture *t) {
  kiln_symbol puts_ = undefined(t, "puts"), late = undefined(t, "late");
  kiln_symbol str = bytes_of(t, NULL, KILN_LINKAGE_PRIVATE, KILN_DATA_MERGE_STRINGS, "hello", 6);
  kiln_symbol f = func(t, "f", KILN_LINKAGE_EXTERNAL), g = func(t, "g", KILN_LINKAGE_LINKONCE);
  code_of(t->s, f, "0123456789abcdef", 16);
  code_reloc(t->s, 0, puts_, R_X86_64_PLT32, -4);
  code_reloc(t->s, 4, str, R_X86_64_PC32, -4);
  code_cfi(t->s, "\x41\x0e\x10", 3);
  kiln_symbol label = code_label(t->s, 1, 5);
  code_of(t->s2, g, "0123456789", 10);
  code_reloc(t->s2, 0, late, R_X86_64_GOTPCREL, -4);
  kiln_reloc r[2] = {{.symbol = label, .size_bytes = 8},
                     {.symbol = g, .size_bytes = 8, .offset_bytes = 8}};
  data_with(t, &(kiln_symbol_desc){.name = "table"},
            &(kiln_data_desc){.size_bytes = 16, .relocs = r, .n_relocs = 2, .align_log2 = 3});
  kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "alias"}, f, 0);
  kiln_ctor_add(
    t->m, &(kiln_ctor_desc){.func = f, .has_priority = true, .priority = 7, .at_exit = false});
  bytes_of(t, "sec", KILN_LINKAGE_INTERNAL, KILN_DATA_USED, "xyz", 3);
}

static void same_input_same_bytes(void **state) {
  struct fixture *t = *state;
  mixed_module(t);
  kiln_session *sessions[2] = {t->s, t->s2};
  kiln_buffer first = {0}, second = {0};
  assert_int_equal(kiln_emit_elf(t->m, sessions, 2, &first), KILN_OK);
  close_module(t);
  open_module(t);
  mixed_module(t);
  /* after other content, in memory that had other content */
  uint8_t *dirt = kiln_buffer_reserve(&second, 1 << 16);
  memset(dirt, 0xa5, 1 << 16);
  second.size = 3;
  sessions[0] = t->s, sessions[1] = t->s2;
  assert_int_equal(kiln_emit_elf(t->m, sessions, 2, &second), KILN_OK);
  assert_int_equal(second.size, first.size + 3);
  assert_memory_equal(second.data, "\xa5\xa5\xa5", 3);
  assert_memory_equal(second.data + 3, first.data, first.size);
  kiln_buffer_free(&first);
  kiln_buffer_free(&second);
}

static void allocations_may_fail(void **state) {
  struct fixture *t = *state;
  struct failing f = {0};
  t->options.allocator = failing_allocator(&f);
  unsigned failures = 0;
  for (size_t left = 0;; left++) {
    fail_never(&f);
    close_module(t);
    t->object.allocator = t->options.allocator;
    open_module(t);
    mixed_module(t);
    fail_after(&f, left);
    kiln_session *sessions[2] = {t->s, t->s2};
    kiln_status status = kiln_emit_elf(t->m, sessions, 2, &t->object);
    if (status == KILN_OK) {
      assert_int_equal(f.calls, f.fail_at -
                                  1); /* it takes `left` allocations; each has failed once by now */
      break;
    }
    assert_int_equal(status, KILN_ERR_MEMORY);
    assert_int_equal(kiln_module_status(t->m), KILN_ERR_MEMORY);
    assert_int_equal(t->object.size, 0);
    failures++;
  }
  assert_true(failures > 1);
  fail_never(&f);
  close_module(t);
  assert_int_equal(f.held, 0);
  t->options.allocator = t->object.allocator = (kiln_allocator){0};
  open_module(t);
}

/* More sections than 16 bits number: the numbers move to the first header and to .symtab_shndx. */
static void many_sections(void **state) {
  struct fixture *t = *state;
  enum { N = 70000 };
  t->options.function_sections = true;
  close_module(t);
  open_module(t);
  char name[16];
  for (uint32_t i = 0; i < N; i++) {
    snprintf(name, sizeof name, "f%u", i);
    uint8_t code[4] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), 0xc3};
    code_of(t->s, func(t, name, i % 2 ? KILN_LINKAGE_EXTERNAL : KILN_LINKAGE_INTERNAL), code, 4);
  }
  load(t);
  GElf_Ehdr e;
  gelf_getehdr(t->elf, &e);
  assert_int_equal(((const Elf64_Ehdr *)(const void *)t->object.data)->e_shnum, 0);
  assert_int_equal(((const Elf64_Ehdr *)(const void *)t->object.data)->e_shstrndx, SHN_XINDEX);
  /* null, .text, the functions', .eh_frame with relocations, note, .symtab, its extension, strings */
  assert_int_equal(t->n_sections, N + 8);
  assert_non_null(t->shndx);
  unsigned seen = 0, wide = 0;
  for (size_t i = 1; i < n_symbols(t); i++) {
    GElf_Sym s;
    uint32_t at;
    const char *symbol_name = symbol_at(t, i, &s, &at);
    if (GELF_ST_TYPE(s.st_info) != STT_FUNC) continue;
    GElf_Shdr h = header(t, at);
    assert_string_equal(elf_strptr(t->elf, t->symtab.sh_link, h.sh_name) + 6, symbol_name);
    uint32_t number = (uint32_t)atoi(symbol_name + 1);
    const uint8_t *code = t->object.data + h.sh_offset;
    assert_int_equal(code[0] | code[1] << 8 | code[2] << 16, number);
    seen++;
    wide += s.st_shndx == SHN_XINDEX;
  }
  assert_int_equal(seen, N);
  assert_in_range(wide, N - 0xff00, N - 0xff00 + 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    ELF_TEST(empty_module),
    ELF_TEST(functions_go_to_text),
    ELF_TEST(source_file),
    ELF_TEST(data_goes_by_content),
    ELF_TEST(data_sections),
    ELF_TEST(binding_and_visibility),
    ELF_TEST(explicit_sections),
    ELF_TEST(used_data_is_retained),
    ELF_TEST(functions_are_retained),
    ELF_TEST(data_goes_with_symbols),
    ELF_TEST(data_goes_with_nothing),
    ELF_TEST(groups),
    ELF_TEST(function_sections),
    ELF_TEST(constructors),
    ELF_TEST(constructors_with),
    ELF_TEST(aliases),
    ELF_TEST(ifuncs),
    ELF_TEST(bad_aliases_are_refused),
    ELF_TEST(unwind_table),
    ELF_TEST(same_input_same_bytes),
    ELF_TEST(allocations_may_fail),
    ELF_TEST(many_sections),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
