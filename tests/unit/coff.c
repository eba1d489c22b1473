/* The writer of COFF, read back by llvm-readobj: headers, sections, comdats, symbols, relocations, tables of unwinding,
 * directives, bigobj. What linkers make of its objects is in run/windows. Expected are Microsoft's "PE Format", and for
 * what is GNU's the objects that LLVM writes for x86_64-windows-gnu. */
#define _GNU_SOURCE /* memmem */
#include "elf_fixture.h"

#include <kiln/text.h>
#include <unistd.h>

#define READER "llvm-readobj-22"

/* What llvm-readobj says of the object, the options of which are `options`. The next call overwrites it. */
static const char *say(struct fixture *t, const char *options) {
  static char *text;
  static size_t room;
  char path[] = "/tmp/kiln-coff-XXXXXX", line[200];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, t->object.data, t->object.size), (ssize_t)t->object.size);
  close(fd);
  snprintf(line, sizeof line, READER " %s %s 2>&1", options, path);
  FILE *p = popen(line, "r");
  assert_non_null(p);
  size_t n = 0, got;
  do {
    if (room - n < 65536) assert_non_null(text = realloc(text, room += 1 << 20));
    got = fread(text + n, 1, room - n - 1, p);
    n += got;
  } while (got != 0);
  text[n] = 0;
  if (pclose(p) != 0) fail_msg("%s: %s", line, text);
  unlink(path);
  return text;
}

static kiln_status emit_coff(struct fixture *t) {
  close_object(t);
  kiln_session *sessions[2] = {t->s, t->s2};
  return kiln_emit_object(t->m, sessions, 2, &t->object);
}

/* Emits the object; what llvm-readobj says of it. */
static const char *load_coff(struct fixture *t, const char *options) {
  if (emit_coff(t) != KILN_OK) fail_msg("%s", kiln_module_diag(t->m)->message);
  return say(t, options);
}

/* The first `what` in a text of megabytes, which is mostly near: ASan's strstr measures the whole text at each call. */
static const char *find(const char *text, const char *what) {
  const char *near = memmem(text, strnlen(text, 4096), what, strlen(what));
  return near != NULL ? near : strstr(text, what);
}

/* The number `n`, from 0, of the blocks `kind` (Section, Symbol) of that name, without other blocks; NULL if there are
 * fewer. The next call overwrites it. */
static const char *block(const char *text, const char *kind, const char *name, unsigned n) {
  static char found[4000];
  char head[40], line[200];
  snprintf(head, sizeof head, "\n  %s {\n", kind);
  int length = snprintf(line, sizeof line, "Name: %s", name);
  while ((text = find(text, head)) != NULL) {
    text += strlen(head);
    const char *end = find(text, "\n  }\n");
    assert_non_null(end);
    const char *at = memmem(text, (size_t)(end - text), line, (size_t)length);
    if (at == NULL || strchr(" \n", at[length]) == NULL || n-- != 0) continue;
    assert_true((size_t)(end - text) < sizeof found);
    memcpy(found, text, (size_t)(end - text));
    found[end - text] = 0;
    return found;
  }
  return NULL;
}

static void has(const char *text, const char *what) {
  if (text == NULL || strstr(text, what) == NULL) fail_msg("no '%s' in: %s", what, text);
}

static int setup(void **state) {
  static struct fixture fixture;
  struct fixture *t = &fixture;
  memset(t, 0, sizeof *t);
  assert_true(kiln_target_find("x86_64-w64-mingw32", &t->options.target));
  open_module(t);
  *state = t;
  return 0;
}

static void fresh(struct fixture *t) {
  close_module(t);
  open_module(t);
}

static void refused(struct fixture *t, kiln_status status, const char *message) {
  assert_int_equal(emit_coff(t), status);
  if (strstr(kiln_module_diag(t->m)->message, message) == NULL)
    fail_msg("%s", kiln_module_diag(t->m)->message);
  assert_int_equal(t->object.size, 0);
  fresh(t);
}

static kiln_symbol data_of(struct fixture *t, kiln_symbol_desc desc, kiln_data_desc data) {
  if (data.size_bytes == 0) data.size_bytes = 4;
  return data_with(t, &desc, &data);
}

/* ---- sections ---- */

static void sections_by_content(void **state) {
  struct fixture *t = *state;
  t->options.name = "a folder/a source file of more than 18 bytes.c";
  fresh(t);
  code_of(t->s, func(t, "f", KILN_LINKAGE_EXTERNAL), "\xc3", 1);
  bytes_of(t, "data", KILN_LINKAGE_EXTERNAL, 0, "abcd", 4);
  bytes_of(t, "constant", KILN_LINKAGE_EXTERNAL, KILN_DATA_READ_ONLY, "efg", 3);
  bytes_of(t, "zero", KILN_LINKAGE_EXTERNAL, 0, NULL, 12);
  data_of(t, (kiln_symbol_desc){.name = "tls", .tls = KILN_TLS_LOCAL_EXEC},
          (kiln_data_desc){.bytes = "ijkl", .align_log2 = 4});
  data_of(t, (kiln_symbol_desc){.name = "placed", .section = ".a_long_name"},
          (kiln_data_desc){.bytes = "mnop", .align_log2 = 13});
  const char *text = load_coff(t, "--file-header --sections --section-data --symbols");
  has(text, "Machine: IMAGE_FILE_MACHINE_AMD64 (0x8664)");
  static const struct {
    const char *name, *flags, *size, *align;
  } rows[] = {
    {".text", "(0x60500020)", "RawDataSize: 1\n", "ALIGN_16BYTES"},
    {".data", "(0xC0100040)", "RawDataSize: 4\n", "ALIGN_1BYTES"},
    {".rdata", "(0x40100040)", "RawDataSize: 3\n", "ALIGN_1BYTES"},
    {".bss", "(0xC0100080)", "RawDataSize: 12\n", "ALIGN_1BYTES"},
    {".tls$", "(0xC0500040)", "0000: 696A6B6C ", "ALIGN_16BYTES"},
    {".a_long_name", "(0xC0E00040)", "0000: 6D6E6F70 ", "ALIGN_8192BYTES"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *s = block(text, "Section", rows[i].name, 0);
    has(s, rows[i].flags);
    has(s, rows[i].size);
    has(s, rows[i].align);
  }
  has(block(text, "Section", ".bss", 0), "PointerToRawData: 0x0\n");
  has(block(text, "Symbol", ".file", 0),
      "FileName: a folder/a source file of more than 18 bytes.c\n");
  has(block(text, "Symbol", "f", 0), "ComplexType: Function (0x2)");
  has(block(text, "Symbol", "constant", 0), "Section: .rdata (");
  has(block(text, "Symbol", "zero", 0), "StorageClass: External");
}

static void local_names(void **state) {
  struct fixture *t = *state;
  code_of(t->s, func(t, "internal", KILN_LINKAGE_INTERNAL), "\xc3", 1);
  code_of(t->s, func(t, "private", KILN_LINKAGE_PRIVATE), "\xc3", 1);
  code_of(t->s, func(t, "exactly8", KILN_LINKAGE_EXTERNAL), "\xc3", 1);
  code_of(t->s, func(t, "nine_long", KILN_LINKAGE_EXTERNAL), "\xc3", 1);
  const char *text = load_coff(t, "--symbols");
  has(block(text, "Symbol", "internal", 0), "StorageClass: Static");
  assert_null(block(text, "Symbol", "private", 0));
  has(block(text, "Symbol", "exactly8", 0), "Value: 32\n");
  has(block(text, "Symbol", "nine_long", 0), "Value: 48\n");
}

static void constructors(void **state) {
  struct fixture *t = *state;
  kiln_symbol f = func(t, "f", KILN_LINKAGE_EXTERNAL);
  code_of(t->s, f, "\xc3", 1);
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f});
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .has_priority = true, .priority = 200});
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = f, .at_exit = true});
  const char *text = load_coff(t, "--sections --section-relocations");
  has(block(text, "Section", ".ctors", 0), "0x0 IMAGE_REL_AMD64_ADDR64 f");
  has(block(text, "Section", ".ctors.65335", 0), "0x0 IMAGE_REL_AMD64_ADDR64 f"); /* 65535 - 200 */
  has(block(text, "Section", ".dtors", 0), "IMAGE_SCN_ALIGN_8BYTES");
}

/* ---- comdats ---- */

static void comdats(void **state) {
  struct fixture *t = *state;
  static const struct {
    const char *name, *select;
    kiln_comdat choice;
    bool stays;
  } rows[] = {
    {"any", "Selection: Any (0x2)", KILN_COMDAT_ANY, false},
    {"size", "Selection: SameSize (0x3)", KILN_COMDAT_SAME_SIZE, false},
    {"exact", "Selection: ExactMatch (0x4)", KILN_COMDAT_EXACT, false},
    {"largest", "Selection: Largest (0x6)", KILN_COMDAT_LARGEST, false},
    {"stays", "Selection: NoDuplicates (0x1)", KILN_COMDAT_ANY, true},
  };
  const size_t n = sizeof rows / sizeof *rows;
  for (size_t i = 0; i < n; i++)
    data_of(t,
            (kiln_symbol_desc){.name = rows[i].name,
                               .comdat = rows[i].name,
                               .comdat_choice = rows[i].choice,
                               .comdat_stays = rows[i].stays},
            (kiln_data_desc){.bytes = "1234"});
  code_of(t->s, func(t, "once", KILN_LINKAGE_LINKONCE), "\xc3", 1);
  code_cfi(t->s, "\1\0\0\0", 4);
  data_of(t, (kiln_symbol_desc){.name = "second", .comdat = "any"},
          (kiln_data_desc){.bytes = "1234", .flags = KILN_DATA_READ_ONLY});
  const char *text = load_coff(t, "--sections --symbols");
  for (size_t i = 0; i < n; i++) {
    char name[40];
    snprintf(name, sizeof name, ".data$%s", rows[i].name);
    has(block(text, "Section", name, 0), "IMAGE_SCN_LNK_COMDAT");
    has(block(text, "Symbol", name, 0), rows[i].select);
    /* the symbol after that of the section names the group */
    const char *own = block(text, "Symbol", name, 0), *next = strstr(text, own) + strlen(own);
    char line[40];
    snprintf(line, sizeof line, "Name: %s\n", rows[i].name);
    assert_ptr_equal(strstr(next, "Name: "), strstr(next, line));
  }
  /* JAMCRC of "1234": the CRC 32 of zlib, inverted */
  has(block(text, "Symbol", ".data$exact", 0), "Checksum: 0x641C1F5C\n");
  has(block(text, "Symbol", ".rdata$second", 0), "Selection: Associative (0x5)");
  has(block(text, "Symbol", ".rdata$second", 0), "AssocSection: .data$any (");
  has(block(text, "Symbol", ".text$once", 0), "Selection: Any (0x2)");
  has(block(text, "Symbol", ".xdata$once", 0), "Selection: Any (0x2)");
  has(block(text, "Section", ".pdata$once", 0), "RawDataSize: 12\n");
}

static void comdats_that_cannot_be(void **state) {
  struct fixture *t = *state;
  data_of(t, (kiln_symbol_desc){.name = "x", .comdat = "nobody"},
          (kiln_data_desc){.bytes = "1234"});
  refused(t, KILN_ERR_UNSUPPORTED,
          "section group 'nobody': COFF has only groups with a symbol of that name");
  t->options.target = (kiln_target){.processor = KILN_PROCESSOR_X86_64};
  fresh(t);
  kiln_data_declare(
    t->m, &(kiln_symbol_desc){.name = "x", .comdat = "x", .comdat_choice = KILN_COMDAT_LARGEST});
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_ARGUMENT);
  fresh(t);
  kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "x", .dll = KILN_DLL_IMPORT});
  assert_int_equal(kiln_module_status(t->m), KILN_ERR_ARGUMENT);
}

/* ---- symbols ---- */

static void weak_symbols(void **state) {
  struct fixture *t = *state;
  code_of(t->s, func(t, "strong", KILN_LINKAGE_EXTERNAL), "\xe8\0\0\0\0\xc3", 6);
  code_reloc(t->s, 1, func(t, "nowhere", KILN_LINKAGE_WEAK), R_X86_64_PLT32, -4);
  code_of(t->s, func(t, "weak", KILN_LINKAGE_WEAK), "\xc3", 1);
  const char *text = load_coff(t, "--symbols");
  has(block(text, "Symbol", "weak", 0), "StorageClass: WeakExternal");
  has(block(text, "Symbol", "weak", 0), "Linked: .weak.weak.default.strong (");
  has(block(text, "Symbol", "weak", 0), "Search: Alias (0x3)");
  has(block(text, "Symbol", ".weak.weak.default.strong", 0), "Section: .text (");
  has(block(text, "Symbol", ".weak.weak.default.strong", 0), "Value: 16\n");
  has(block(text, "Symbol", "nowhere", 0), "Linked: .weak.nowhere.default.strong (");
  has(block(text, "Symbol", ".weak.nowhere.default.strong", 0), "IMAGE_SYM_ABSOLUTE");
}

static void directives(void **state) {
  struct fixture *t = *state;
  data_of(t, (kiln_symbol_desc){.name = "common", .linkage = KILN_LINKAGE_COMMON},
          (kiln_data_desc){.size_bytes = 4, .align_log2 = 5});
  data_of(t, (kiln_symbol_desc){.name = "small", .linkage = KILN_LINKAGE_COMMON},
          (kiln_data_desc){.size_bytes = 1});
  data_of(t, (kiln_symbol_desc){.name = "d", .dll = KILN_DLL_EXPORT}, (kiln_data_desc){0});
  data_of(t, (kiln_symbol_desc){.name = "hidden", .visibility = KILN_VISIBILITY_HIDDEN},
          (kiln_data_desc){0});
  data_of(t, (kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE, .section = ".drectve"},
          (kiln_data_desc){.bytes = " -one", .size_bytes = 5, .flags = KILN_DATA_READ_ONLY});
  kiln_symbol_desc e = {.name = "f.1", .dll = KILN_DLL_EXPORT};
  code_of(t->s, kiln_func_declare(t->m, &e, t->sig), "\xc3", 1);
  const char *text = load_coff(t, "--coff-directives --sections --symbols");
  has(text, "Directive(s):  -one -aligncomm:\"common\",5 -export:\"d\",data "
            "-exclude-symbols:\"hidden\" "
            "-export:\"f.1\"");
  has(block(text, "Section", ".drectve", 0), "(0x100A00)");
  assert_null(block(text, "Section", ".drectve", 1));
  has(block(text, "Symbol", "common", 0), "Section: IMAGE_SYM_UNDEFINED (0)");
  has(block(text, "Symbol", "common", 0),
      "Value: 32\n"); /* as LLVM does, no less than the alignment */
  has(block(text, "Symbol", "small", 0), "Value: 1\n");
}

/* Names that a linker would read otherwise than they are; run/names has more of them, and links them. */
static void hard_names(void **state) {
  struct fixture *t = *state;
  static const struct {
    const char *name;
    kiln_symbol_desc desc;
    const char *message;
  } rows[] = {
    {"a\"b", {.dll = KILN_DLL_EXPORT}, "'-export' cannot name what contains the byte 0x22"},
    {"a=b", {.dll = KILN_DLL_EXPORT}, "'-export' cannot name what contains the byte 0x3d"},
    {"a\nb", {.visibility = KILN_VISIBILITY_HIDDEN}, "'-exclude-symbols' cannot name"},
    {"a:b", {.visibility = KILN_VISIBILITY_HIDDEN}, "what contains the byte 0x3a"},
    {"a,b",
     {.linkage = KILN_LINKAGE_COMMON},
     "'-aligncomm' cannot name what contains the byte 0x2c"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    kiln_symbol_desc d = rows[i].desc;
    d.name = rows[i].name;
    data_of(t, d, (kiln_data_desc){.align_log2 = 3});
    refused(t, KILN_ERR_UNSUPPORTED, rows[i].message);
  }
  data_of(t, (kiln_symbol_desc){.name = "c", .linkage = KILN_LINKAGE_COMMON},
          (kiln_data_desc){.align_log2 = 14});
  refused(t, KILN_ERR_UNSUPPORTED, "'c' is aligned to 16384 bytes; COFF has at most 8192");
  data_of(t, (kiln_symbol_desc){.name = "x", .section = "/4"}, (kiln_data_desc){.bytes = "1234"});
  has(block(load_coff(t, "--sections --section-data"), "Section", "/4", 0), "0000: 31323334 ");
}

/* A function of one instruction, the field of which refers to `symbol`. */
static void refers(struct fixture *t, const char *name, const char *code, kiln_symbol symbol,
                   uint32_t type, int32_t addend) {
  code_of(t->s, func(t, name, KILN_LINKAGE_EXTERNAL), code, 8);
  code_reloc(t->s, 3, symbol, type, addend);
}

static void relocations(void **state) {
  struct fixture *t = *state;
  kiln_symbol far = undefined(t, "far"),
              local = bytes_of(t, "local", KILN_LINKAGE_PRIVATE, 0, "abcd", 4);
  bytes_of(t, "after", KILN_LINKAGE_EXTERNAL, 0, "efgh", 4);
  kiln_symbol tls = data_of(t, (kiln_symbol_desc){.name = "tls", .tls = KILN_TLS_LOCAL_EXEC},
                            (kiln_data_desc){.bytes = "ijkl"});
  kiln_symbol imported =
    kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "imported", .dll = KILN_DLL_IMPORT});
  kiln_symbol elsewhere = kiln_data_declare(t->m, &(kiln_symbol_desc){.name = "elsewhere"});
  static const char code[] = "\x90\x90\xe8\0\0\0\0\xc3";
  refers(t, "a", code, far, R_X86_64_PLT32, -4);
  refers(t, "b", code, local, R_X86_64_PC32, -2); /* 2 bytes from there */
  refers(t, "c", code, tls, R_X86_64_TPOFF32, 1);
  refers(t, "d", code, imported, R_X86_64_REX_GOTPCRELX, -4);
  refers(t, "e", code, elsewhere, R_X86_64_REX_GOTPCRELX, -4);
  refers(t, "f", code, elsewhere, R_X86_64_GOTPCREL, -4);
  refers(t, "g", code, far, R_X86_64_32, 7);
  const kiln_reloc at = {.symbol = far, .addend = 9, .size_bytes = 8};
  data_of(t, (kiln_symbol_desc){.name = "table"},
          (kiln_data_desc){.size_bytes = 8, .relocs = &at, .n_relocs = 1, .align_log2 = 3});
  /* by number: from the image's base, from a section's start, a section's number */
  const kiln_reloc by_number[] = {
    {.symbol = far, .addend = 5, .size_bytes = 4, .kind = KILN_RELOC_FORMAT + 3},
    {.offset_bytes = 4,
     .symbol = local,
     .addend = 6,
     .size_bytes = 4,
     .kind = KILN_RELOC_FORMAT + 11},
    {.offset_bytes = 8, .symbol = local, .size_bytes = 2, .kind = KILN_RELOC_FORMAT + 10}};
  data_of(t, (kiln_symbol_desc){.name = "by_number", .section = "numbers"},
          (kiln_data_desc){.size_bytes = 10, .relocs = by_number, .n_relocs = 3});
  const char *text = load_coff(t, "--sections --section-relocations --section-data --symbols");
  static const char *const want[] = {
    "0x3 IMAGE_REL_AMD64_REL32 far",
    "0x13 IMAGE_REL_AMD64_REL32 .data",
    "0x23 IMAGE_REL_AMD64_SECREL tls",
    "0x33 IMAGE_REL_AMD64_REL32 __imp_imported",
    "0x43 IMAGE_REL_AMD64_REL32 .refptr.elsewhere",
    "0x53 IMAGE_REL_AMD64_REL32 .refptr.elsewhere",
    "0x63 IMAGE_REL_AMD64_ADDR32 far",
  };
  for (size_t i = 0; i < sizeof want / sizeof *want; i++)
    has(block(text, "Section", ".text", 0), want[i]);
  /* addends are in the fields: REL32 counts from the field's end */
  const char *s = block(text, "Section", ".text", 0);
  has(s, "0000: 9090E800 000000C3");
  has(s, "0010: 9090E802 000000C3");
  has(s, "0020: 9090E801 000000C3");
  has(s, "0060: 9090E807 000000C3");
  has(block(text, "Section", ".data", 0), "0x8 IMAGE_REL_AMD64_ADDR64 far");
  has(block(text, "Section", ".data", 0), "0000: 61626364 65666768 09000000 00000000");
  s = block(text, "Section", "numbers", 0);
  has(s, "0x0 IMAGE_REL_AMD64_ADDR32NB far");
  has(s, "0x4 IMAGE_REL_AMD64_SECREL .data");
  has(s, "0x8 IMAGE_REL_AMD64_SECTION .data");
  has(s, "0000: 05000000 06000000 0000");
  has(block(text, "Section", ".rdata$.refptr.elsewhere", 0),
      "0x0 IMAGE_REL_AMD64_ADDR64 elsewhere");
  assert_null(block(text, "Section", ".rdata$.refptr.elsewhere", 1));
  has(block(text, "Symbol", ".rdata$.refptr.elsewhere", 0), "Selection: Any (0x2)");
  has(block(text, "Symbol", ".refptr.elsewhere", 0), "StorageClass: External");
  has(block(text, "Symbol", "__imp_imported", 0), "IMAGE_SYM_UNDEFINED");
  assert_null(block(text, "Symbol", "imported", 0));
}

/* ---- unwinding ---- */

/* UNWIND_INFO, as kn_prologue has it: version 1, prologue of 1 byte, one code, no frame register: push rbp. */
static const char push_rbp[] = "\x01\x01\x01\x00\x01\x50\x00\x00";

static void unwind_tables(void **state) {
  struct fixture *t = *state;
  code_of(t->s, func(t, "plain", KILN_LINKAGE_EXTERNAL), "\xc3", 1);
  code_of(t->s, func(t, "framed", KILN_LINKAGE_EXTERNAL), "\x55\x5d\xc3", 3);
  code_cfi(t->s, push_rbp, 8);
  const char *text = load_coff(t, "--unwind --sections --section-relocations");
  has(text, "StartAddress: framed (0x0)");
  has(text, "EndAddress: framed +0x3 (0x4)");
  has(text, "Version: 1\n");
  has(text, "PrologSize: 1\n");
  has(text, "0x01: PUSH_NONVOL reg=RBP");
  assert_null(strstr(text, "StartAddress: plain"));
  has(block(text, "Section", ".pdata", 0), "0x8 IMAGE_REL_AMD64_ADDR32NB .xdata");
  has(block(text, "Section", ".pdata", 0), "RawDataSize: 12\n");
}

static const char throws[] =
  "declare @__gxx_personality_seh0(...) -> i32\ndeclare @far(i64) -> i64\nextern data @type\n"
  "!1 = file { name \"made.src\", comp_dir \"/nowhere\" }\n"
  "!2 = compile_unit { language 12, decl_file !1 }\n"
  "!catches = subprogram in !1 { name \"catches\", decl_line 5, external }\nunit !2\n"
  "func @catches(i64) -> i64 personality @__gxx_personality_seh0 {\n"
  "  !debug !catches in !2\n  !begin \"/nowhere/made.src\" 5:0 file !1 in !catches\n"
  "b0(%x: i64):\n  !loc \"/nowhere/made.src\" 6:3 file !1 in !catches\n"
  "  try @far(%x) to b1(result 0) unwind b2(exception 0, exception 1) [catch @type]\n"
  "b1(%y: i64):\n  ret %y\nb2(%e: i64, %s: i32):\n  ret %e\n}\n";

/* The personality's table follows the unwind codes; it names types by the distance to words with their addresses. */
static void exceptions_and_lines(void **state) {
  struct fixture *t = *state;
  if (kiln_text_read(t->s, throws, strlen(throws), NULL, NULL) != KILN_OK)
    fail_msg("%s", kiln_module_diag(t->m)->message);
  const char *text = load_coff(t, "--unwind --sections --section-relocations");
  has(text, "StartAddress: catches (0x0)");
  has(text, "ExceptionHandler (0x1)");
  has(text, "TerminateHandler (0x2)");
  has(text, "Handler: __gxx_personality_seh0 (");
  const char *xdata = block(text, "Section", ".xdata", 0);
  has(xdata, "IMAGE_REL_AMD64_ADDR32NB __gxx_personality_seh0");
  has(xdata, "IMAGE_REL_AMD64_REL32 .data");
  has(block(text, "Section", ".data", 0), "0x0 IMAGE_REL_AMD64_ADDR64 type");
  has(block(text, "Section", ".debug_info", 0), "IMAGE_REL_AMD64_SECREL .debug_abbrev");
  has(block(text, "Section", ".debug_info", 0), "IMAGE_SCN_MEM_DISCARDABLE");
  has(block(text, "Section", ".debug_line", 0), "IMAGE_REL_AMD64_ADDR64 .text");
}

/* ---- limits ---- */

static void many_relocations(void **state) {
  struct fixture *t = *state;
  enum { N = 70000 };
  kiln_symbol far = undefined(t, "far");
  kiln_reloc *relocs = calloc(N, sizeof *relocs);
  assert_non_null(relocs);
  for (uint32_t i = 0; i < N; i++)
    relocs[i] = (kiln_reloc){.offset_bytes = 8 * i, .symbol = far, .size_bytes = 8};
  data_of(t, (kiln_symbol_desc){.name = "table"},
          (kiln_data_desc){.size_bytes = 8 * N, .relocs = relocs, .n_relocs = N, .align_log2 = 3});
  const char *text = load_coff(t, "--sections --section-relocations");
  const char *at = strstr(text, "Name: .data ");
  has(at, "IMAGE_SCN_LNK_NRELOC_OVFL");
  has(at, "RelocationCount: 65535\n");
  /* the last one; the first entry of the table is the number of entries, itself included */
  has(at, "0x88B78 IMAGE_REL_AMD64_ADDR64 far");
  unsigned n = 0;
  for (; (at = find(at, "IMAGE_REL_AMD64_ADDR64 far")) != NULL; at++) n++;
  assert_int_equal(n, N);
  free(relocs);
}

static void many_sections(void **state) {
  struct fixture *t = *state;
  enum { N = 65400 };
  t->options.data_sections = true;
  t->options.name = "a source file of more than 20 bytes, twice that.c";
  fresh(t);
  for (unsigned i = 0; i < N; i++) {
    char name[16];
    snprintf(name, sizeof name, "d%u", i);
    data_of(t, (kiln_symbol_desc){.name = name, .comdat = i > N - 3 ? "d65398" : NULL},
            (kiln_data_desc){.bytes = "1234"});
  }
  if (emit_coff(t) != KILN_OK) fail_msg("%s", kiln_module_diag(t->m)->message);
  assert_memory_equal(t->object.data, "\0\0\xff\xff\2\0\x64\x86",
                      8); /* ANON_OBJECT_HEADER_BIGOBJ */
  const char *text = say(t, "--file-header --symbols");
  has(text, "SectionCount: 65401\n"); /* .text too */
  has(block(text, "Symbol", ".file", 0),
      "FileName: a source file of more than 20 bytes, twice that.c\n");
  has(block(text, "Symbol", "d65397", 0), "Section: .data$d65397 (65399)");
  has(block(text, "Symbol", ".data$d65399", 0), "AssocSection: .data$d65398 (65400)");
}

static void what_cannot_be(void **state) {
  struct fixture *t = *state;
  data_of(t, (kiln_symbol_desc){.name = "x"}, (kiln_data_desc){.bytes = "1234", .align_log2 = 14});
  refused(t, KILN_ERR_UNSUPPORTED, "'.data' is aligned to 16384 bytes; COFF has at most 8192");
  kiln_symbol f = func(t, "f", KILN_LINKAGE_EXTERNAL);
  code_of(t->s, f, "\xc3", 1);
  kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "chosen", .resolver = true}, f, 0);
  refused(t, KILN_ERR_UNSUPPORTED, "'chosen': COFF has no ifuncs");
  data_of(t, (kiln_symbol_desc){.name = "x"},
          (kiln_data_desc){.size_bytes = UINT64_C(1) << 32, .flags = KILN_DATA_ABSOLUTE});
  refused(t, KILN_ERR_LIMIT, "the address of 'x' does not fit in the 32 bits of COFF");
  kiln_symbol w = bytes_of(t, "w", KILN_LINKAGE_EXTERNAL, 0, "1234", 4);
  data_of(t, (kiln_symbol_desc){.name = "x", .section = "s"},
          (kiln_data_desc){.bytes = "1234", .with = w});
  refused(t, KILN_ERR_UNSUPPORTED, "section 's': COFF has no sections that go with a symbol");
  kiln_section_declare(t->m, "s",
                       &(kiln_section_desc){.flags = KILN_SECTION_ALLOC,
                                            .kind = KILN_SECTION_OTHER,
                                            .format_type = 0x70000001});
  data_of(t, (kiln_symbol_desc){.name = "x", .section = "s"}, (kiln_data_desc){.bytes = "1234"});
  refused(t, KILN_ERR_UNSUPPORTED, "section 's': COFF has no sections of such a type");
  kiln_symbol far = undefined(t, "far");
  kiln_reloc wide = {.symbol = far, .size_bytes = 8, .kind = KILN_RELOC_FORMAT + 1};
  data_of(t, (kiln_symbol_desc){.name = "x"},
          (kiln_data_desc){.size_bytes = 8, .relocs = &wide, .n_relocs = 1});
  refused(t, KILN_ERR_UNSUPPORTED, "against 'far': COFF has no such relocation");
  far = undefined(t, "far");
  wide = (kiln_reloc){.symbol = far, .size_bytes = 2, .kind = KILN_RELOC_FORMAT + 3};
  data_of(t, (kiln_symbol_desc){.name = "x", .section = "two bytes"},
          (kiln_data_desc){.size_bytes = 2, .relocs = &wide, .n_relocs = 1});
  refused(t, KILN_ERR_UNSUPPORTED, "against 'far': COFF has no such relocation");
  far = undefined(t, "far");
  kiln_reloc at = {.symbol = far, .size_bytes = 4, .addend = INT64_C(1) << 40};
  data_of(t, (kiln_symbol_desc){.name = "x"},
          (kiln_data_desc){.size_bytes = 4, .relocs = &at, .n_relocs = 1});
  refused(t, KILN_ERR_LIMIT, "an offset from 'far' does not fit in 32 bits");
  code_of(t->s, func(t, "f", KILN_LINKAGE_EXTERNAL), "\0\0\0\0\0\0\0\0", 8);
  code_reloc(t->s, 0, undefined(t, "far"), R_X86_64_PC64, 0);
  refused(t, KILN_ERR_UNSUPPORTED, "against 'far': COFF has no such relocation");
  static const char roots[] =
    "declare @far()\nfunc @f() comdat \"f\" {\n  slot 8 align 8 root\nb0():\n"
    "  call @far()\n  ret\n}\n";
  assert_int_equal(kiln_text_read(t->s, roots, strlen(roots), NULL, NULL), KILN_OK);
  refused(t, KILN_ERR_UNSUPPORTED, "COFF has no tables of roots of a function in a comdat");
  kiln_module_set_attrs(t->m, &(kiln_module_attrs){.protection = KILN_PROTECT_BRANCH});
  refused(t, KILN_ERR_UNSUPPORTED,
          "protecting an object's code is not supported on x86_64-windows");
  kiln_session *s[1] = {t->s};
  assert_int_equal(kiln_emit_elf_split(t->m, s, 1, &t->object, NULL), KILN_ERR_UNSUPPORTED);
  has(kiln_module_diag(t->m)->message, "split DWARF is not supported on x86_64-windows");
  fresh(t);
  s[0] = t->s;
  assert_int_equal(kiln_emit_elf(t->m, s, 1, &t->object), KILN_ERR_ARGUMENT);
  has(kiln_module_diag(t->m)->message, "the module is for objects of the format coff");
}

/* As ELF's section (docs/roots.md), whose start and end linkers make symbols of: read-only, of 4-byte words. */
static void roots(void **state) {
  struct fixture *t = *state;
  static const char text[] = "declare @far()\nfunc @f() {\n  slot 8 align 8 root\nb0():\n"
                             "  call @far()\n  ret\n}\n";
  assert_int_equal(kiln_text_read(t->s, text, strlen(text), NULL, NULL), KILN_OK);
  const char *said = load_coff(t, "--sections --relocs");
  const char *s = block(said, "Section", "kiln_roots", 0);
  has(s, "(0x40300040)");
  has(s, "RawDataSize: 36\n"); /* a head, a call, a root */
  has(s, "RelocationCount: 1\n");
  has(said, "0x8 IMAGE_REL_AMD64_REL32 .text");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, elf_teardown)
  const struct CMUnitTest tests[] = {
    TEST(sections_by_content),
    TEST(local_names),
    TEST(constructors),
    TEST(comdats),
    TEST(comdats_that_cannot_be),
    TEST(weak_symbols),
    TEST(directives),
    TEST(hard_names),
    TEST(relocations),
    TEST(unwind_tables),
    TEST(exceptions_and_lines),
    TEST(many_relocations),
    TEST(many_sections),
    TEST(roots),
    TEST(what_cannot_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
