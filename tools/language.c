/* What an input is: by its first bytes, C and C++ and other sources by the suffix of the name, texts by their first
 * words. Called by tool.c and by whoever opens inputs in its own way. */
#include "system.h"
#include "tool.h"

#include "../lib/object/elf_format.h"

#include <kiln/llvm.h>

/* By enum tool_language: what messages call it. */
static const char *const names[TOOL_LANGUAGES] = {[TOOL_TEXT] = "Kiln text",
                                                  [TOOL_BITCODE] = "LLVM bitcode",
                                                  [TOOL_QBE] = "QBE IL",
                                                  [TOOL_WASM] = "WebAssembly",
                                                  [TOOL_C] = "C",
                                                  [TOOL_CXX] = "C++"};

/* Returns true. */
static bool set(struct tool_input *in, enum tool_language language, const char *what,
                const char *advice) {
  in->language = language;
  in->what = what != NULL ? what : names[language];
  in->advice = advice;
  return true;
}

/* ---- the first bytes ---- */

static const struct {
  const char *bytes; /* in hexadecimal */
  const char *what, *advice;
} magics[] = {
  {"213c617263683e0a", "an archive", "`ar x` extracts its members"}, /* !<arch> */
  {"213c7468696e3e0a", "an archive", "`ar t` lists its members"},    /* !<thin> */
  {"cffaedfe", "a Mach-O file", NULL},
  {"cafebabe", "a Mach-O file or a Java class", NULL},
  {"4d5a", "a Windows program", NULL},
  {"1f8b", "compressed by gzip", "gunzip it first"},
  {"28b52ffd", "compressed by zstd", "unzstd it first"},
  {"fd377a585a00", "compressed by xz", "unxz it first"},
  {"504b0304", "a zip archive", NULL},
  {"2321", "a script", NULL}, /* #! */
  {"cffeedfe", "a Mach-O file", NULL},
};

static unsigned digit(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

static bool begins(const struct tool_input *in, const char *hex) {
  size_t n = strlen(hex) / 2;
  for (size_t i = 0; i < n; i++)
    if (i >= in->size || in->bytes[i] != (digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1])))
      return false;
  return true;
}

static const char *elf_kind(const struct tool_input *in) {
  if (in->size < EI_NIDENT + 2) return "the beginning of an ELF file";
  bool big = in->bytes[EI_DATA] == ELFDATA2MSB;
  switch (in->bytes[EI_NIDENT + big]) {
  case ET_REL: return "an ELF object";
  case ET_EXEC: return "an ELF executable";
  case ET_DYN: return "an ELF shared object or executable";
  default: return "an ELF file";
  }
}

static bool find_binary(struct tool_input *in) {
  static const char dis[] = "`kiln dis` disassembles it";
  if (kiln_llvm_is_bitcode(in->bytes, in->size)) return set(in, TOOL_BITCODE, NULL, NULL);
  if (kiln_wasm_is_module(in->bytes, in->size)) return set(in, TOOL_WASM, NULL, NULL);
  if (begins(in, "7f454c46")) return set(in, TOOL_OBJECT, elf_kind(in), dis);
  if (begins(in, "6486") || begins(in, "0000ffff"))
    return set(in, TOOL_OBJECT, "a COFF object", dis);
  for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
    if (begins(in, magics[i].bytes)) return set(in, TOOL_OTHER, magics[i].what, magics[i].advice);
  return false;
}

/* ---- the suffix ---- */

static const struct {
  const char *suffixes;
  enum tool_language language;
  const char *what, *advice;
} sources[] = {
  {".c.i.", TOOL_C, NULL, "`kiln cc -c` compiles it, `kiln run` runs it"},
  {".cpp.cc.cxx.c++.C.ii.cppm.", TOOL_CXX, NULL, "`kiln c++ -c` compiles it, `kiln run` runs it"},
  {".f.F.for.FOR.fpp.FPP.f90.F90.f95.F95.f03.F03.f08.F08.", TOOL_OTHER, "Fortran",
   "`kiln flang -c` compiles it"},
  {".rs.", TOOL_OTHER, "Rust", "use `kiln cargo`, or rustc --emit=llvm-bc"},
  {".ll.", TOOL_OTHER, "LLVM's text", "`llvm-as` makes bitcode of it"},
  {".wat.wast.", TOOL_OTHER, "WebAssembly's text",
   "`wat2wasm` or `wasm-tools parse` makes a module of it"},
  {".s.S.", TOOL_OTHER, "assembly", "`kiln cc -c` assembles it"},
};

static bool has_suffix(const struct tool_input *in, const char *suffixes) {
  const char *slash = kn_last_slash(in->path),
             *dot = strrchr(slash != NULL ? slash : in->path, '.');
  char suffix[16];
  int n = dot != NULL ? snprintf(suffix, sizeof suffix, "%s.", dot) : INT_MAX;
  return n < (int)sizeof suffix && strstr(suffixes, suffix) != NULL;
}

/* ---- the first words ---- */

/* Words that texts of one language alone begin with; those of LLVM may come second. */
static const struct {
  const char *word;
  enum tool_language language; /* TOOL_OTHER: LLVM's */
} firsts[] = {
  {"function", TOOL_QBE},     {"export", TOOL_QBE},
  {"thread", TOOL_QBE},       {"common", TOOL_QBE},
  {"type", TOOL_QBE},         {"dbgfile", TOOL_QBE},
  {"func", TOOL_TEXT},        {"extern", TOOL_TEXT},
  {"alias", TOOL_TEXT},       {"ifunc", TOOL_TEXT},
  {"ctor", TOOL_TEXT},        {"dtor", TOOL_TEXT},
  {"guard", TOOL_TEXT},       {"keep", TOOL_TEXT},
  {"unit", TOOL_TEXT},        {"dwarf", TOOL_TEXT},
  {"define", TOOL_OTHER},     {"triple", TOOL_OTHER},
  {"datalayout", TOOL_OTHER}, {"source_filename", TOOL_OTHER},
};

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

/* The language of a word, -1: it may be any. */
static int language_of(const char *word, size_t n) {
  for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
    if (strlen(firsts[i].word) == n && memcmp(firsts[i].word, word, n) == 0)
      return (int)firsts[i].language;
  return -1;
}

static const char *end_of_line(const char *at, const char *end) {
  const char *eol = memchr(at, '\n', (size_t)(end - at));
  return eol != NULL ? eol : end;
}

/* By the first thing that only one language has: a word; '$' before names and '#' before comments of QBE, '@' before
 * names of Kiln's text; LLVM's comment that names the module. */
static enum tool_language find_text(const struct tool_input *in) {
  static const char module_id[] = "; ModuleID";
  const char *at = (const char *)in->bytes, *end = at + in->size;
  for (unsigned words = 0; at < end;) {
    const char *start = at;
    if (is_letter(*at)) {
      while (at < end && (is_letter(*at) || (*at >= '0' && *at <= '9'))) at++;
      int known = language_of(start, (size_t)(at - start));
      if (known >= 0 && (words == 0 || (words == 1 && known == TOOL_OTHER)))
        return (enum tool_language)known;
      words++;
      continue;
    }
    switch (*at++) {
    case ';':
      if ((size_t)(end - start) >= sizeof module_id &&
          memcmp(start, module_id, sizeof module_id - 1) == 0)
        return TOOL_OTHER;
      at = end_of_line(start, end);
      break;
    case '"':
      while (at < end && *at != '"' && *at != '\n') at += *at == '\\' && at + 1 < end ? 2 : 1;
      at += at < end;
      break;
    case '#':
    case '$': return TOOL_QBE;
    case '@':
    case '!': return TOOL_TEXT;
    default: break;
    }
  }
  return has_suffix(in, ".ssa.") ? TOOL_QBE : TOOL_TEXT;
}

void tool_language_find(struct tool_input *in) {
  if (find_binary(in)) return;
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    if (!has_suffix(in, sources[i].suffixes)) continue;
    set(in, sources[i].language, sources[i].what, sources[i].advice);
    return;
  }
  enum { LOOKED_AT = 512 };
  bool binary = memchr(in->bytes, 0, in->size < LOOKED_AT ? in->size : LOOKED_AT) != NULL;
  enum tool_language text = binary ? TOOL_OTHER : find_text(in);
  if (binary) set(in, TOOL_OTHER, "binary data of an unknown kind", NULL);
  else if (text == TOOL_OTHER) set(in, text, "LLVM's text", "`llvm-as` makes bitcode of it");
  else set(in, text, NULL, NULL);
}

/* ---- targets ---- */

bool tool_language_target(const struct tool_input *in, kiln_target *out) {
  static const char key[] = "target ";
  if (in->language == TOOL_BITCODE) return kiln_llvm_find_target(in->bytes, in->size, out);
  if (in->language != TOOL_TEXT) return false;
  for (const char *at = (const char *)in->bytes, *end = at + in->size; at < end;) {
    const char *eol = end_of_line(at, end);
    if ((size_t)(eol - at) >= sizeof key && memcmp(at, key, sizeof key - 1) == 0) {
      const char *word = at + sizeof key - 1;
      char name[64];
      size_t n = 0;
      while (word < eol && n + 1 < sizeof name && *word > ' ' && *word != ';') name[n++] = *word++;
      name[n] = 0;
      if (kiln_target_find(name, out)) return true;
    }
    at = eol + (eol < end);
  }
  return false;
}
