/* The command line of `kiln cc`, `kiln c++` and `kiln flang`: which words are inputs, which take the next word as their
 * value, which matter to the linker only, and what is to be made; the flags that Kiln itself honours are noted here.
 * verb_cc.c calls it first.
 * Invariant: every word ends in exactly one item, or in a field of cc_args. */
#include "cc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- items ---- */

static struct cc_item *add(struct cc_args *a, enum cc_kind kind, const char *word,
                           const char *value) {
  if (a->n == a->cap) {
    a->cap = a->cap ? a->cap * 2 : 64;
    a->items = cc_more(a->items, a->cap * sizeof *a->items);
  }
  a->items[a->n] = (struct cc_item){.kind = kind, .word = word, .value = value};
  return &a->items[a->n++];
}

/* ---- @files ---- */

enum { MAX_FILES = 64 }; /* in all, nested or not: bounds files that include themselves */

static bool expand(struct cc_args *a, const char *word, unsigned *files);

/* The words of a file's text: separated by spaces, with quotes and backslashes as GNU's tools have them.
 * The text is changed in place. */
static bool expand_text(struct cc_args *a, char *p, unsigned *files) {
  for (;;) {
    while (*p == ' ' || (*p >= '\t' && *p <= '\r')) p++;
    if (*p == 0) return true;
    char *word = p, *to = p, quote = 0;
    for (; *p != 0; p++) {
      if (quote == 0 && (*p == ' ' || (*p >= '\t' && *p <= '\r'))) break;
      if (*p == '\\' && p[1] != 0 && quote != '\'') *to++ = *++p;
      else if (quote == 0 && (*p == '"' || *p == '\'')) quote = *p;
      else if (quote != 0 && *p == quote) quote = 0;
      else *to++ = *p;
    }
    bool last = *p == 0;
    *to = 0;
    if (!expand(a, word, files)) return false;
    if (last) return true;
    p++;
  }
}

static bool expand(struct cc_args *a, const char *word, unsigned *files) {
  if (word[0] != '@') {
    cc_push(&a->words, word);
    return true;
  }
  FILE *f = fopen(word + 1, "rb");
  if (f == NULL) { /* as in clang, a missing file makes it an ordinary word */
    cc_push(&a->words, word);
    return true;
  }
  if (++*files > MAX_FILES) {
    tool_error("%s: too many @files", word);
    fclose(f);
    return false;
  }
  size_t n = 0, cap = 4096;
  char *text = cc_more(NULL, cap);
  for (size_t got; (got = fread(text + n, 1, cap - n - 1, f)) > 0;) {
    n += got;
    if (cap - n < 1024) text = cc_more(text, cap *= 2);
  }
  fclose(f);
  text[n] = 0;
  return expand_text(a, cc_keep(text), files);
}

/* ---- tables ---- */

enum {
  VALUE = 1,   /* the next word is its value, if nothing stands after the flag itself */
  LINKS = 2,   /* matters to the linker only */
  PREFIX = 4,  /* the flag is a prefix of the word */
  CLANG = 8,   /* clang executes the whole command */
  DROP = 16,   /* has no effect here */
  NAMES = 32,  /* clang makes a file that it names after its output */
  REFUSE = 64, /* Kiln cannot do what it says */
  ONCE = 128   /* not passed to the link */
};

/* The longest match counts; a flag that is not in this list is passed to compiling and linking. Clang's own list: its
 * include/clang/Options/Options.td, which has flang's flags too. */
static const struct {
  const char *word;
  unsigned char how;
} flags[] = {
  {"-###", CLANG},
  {"--analyze", CLANG},
  {"--coverage", NAMES},
  {"--help", CLANG | PREFIX},
  {"--imacros", VALUE},
  {"--include", VALUE},
  {"--param", VALUE},
  {"--precompile", CLANG},
  {"--print-", CLANG | PREFIX},
  {"--save-temps", NAMES | PREFIX},
  {"--serialize-diagnostics", VALUE | ONCE},
  {"--sysroot", VALUE},
  {"--version", CLANG},
  {"--vfsoverlay", VALUE},
  {"-A", VALUE},
  {"-B", VALUE | PREFIX},
  {"-D", VALUE | PREFIX},
  {"-E", CLANG},
  {"-F", VALUE | PREFIX},
  {"-G", VALUE | PREFIX},
  {"-I", VALUE | PREFIX},
  {"-J", VALUE | PREFIX},
  {"-L", VALUE | PREFIX | LINKS},
  {"-M", CLANG},
  {"-MF", VALUE | PREFIX},
  {"-MJ", VALUE | PREFIX | DROP},
  {"-MM", CLANG},
  {"-MQ", VALUE | PREFIX},
  {"-MT", VALUE | PREFIX},
  {"-T", VALUE | PREFIX | LINKS},
  {"-Tbss", VALUE | PREFIX | LINKS},
  {"-Tdata", VALUE | PREFIX | LINKS},
  {"-Ttext", VALUE | PREFIX | LINKS},
  {"-U", VALUE | PREFIX},
  {"-Wl,", PREFIX | LINKS},
  {"-Xanalyzer", VALUE},
  {"-Xarch_device", VALUE},
  {"-Xarch_host", VALUE},
  {"-Xassembler", VALUE},
  {"-Xclang", VALUE},
  {"-Xclangas", VALUE},
  {"-Xflang", VALUE},
  {"-Xlinker", VALUE | LINKS},
  {"-Xopenmp-target", VALUE},
  {"-Xpreprocessor", VALUE},
  {"-arch", VALUE},
  {"-b", VALUE | LINKS},
  {"-cc1", CLANG | PREFIX},
  {"-ccc-", CLANG | PREFIX},
  {"-coverage", NAMES},
  {"-cxx-isystem", VALUE | PREFIX},
  {"-dependency-dot", VALUE},
  {"-dependency-file", VALUE},
  {"-dump", CLANG | PREFIX},
  {"-dumpdir", VALUE},
  {"-e", VALUE | LINKS},
  {"-emit-ast", CLANG},
  {"-emit-llvm", CLANG},
  {"-fc1", CLANG},
  {"-fdebug-compilation-dir", VALUE},
  {"-fintrinsic-modules-path", VALUE},
  {"-fmodules-user-build-path", VALUE},
  {"-fmodule-output", NAMES | PREFIX | ONCE},
  {"-foptimization-record-", NAMES | PREFIX},
  {"-fproc-stat-report", REFUSE | PREFIX},
  {"-fprofile-arcs", NAMES},
  {"-fsave-optimization-record", NAMES | PREFIX},
  {"-fsplit-dwarf-inlining", DROP},
  {"-fstack-usage", REFUSE},
  {"-fsyntax-only", CLANG},
  {"-ftest-coverage", NAMES},
  {"-ftime-trace", NAMES | PREFIX},
  {"-ftrapv-handler", VALUE},
  {"-fuse-ld", PREFIX | LINKS},
  {"-gcc-toolchain", VALUE},
  {"-gen-cdb-fragment-path", VALUE | REFUSE},
  {"-idirafter", VALUE | PREFIX},
  {"-iframework", VALUE | PREFIX},
  {"-iframeworkwithsysroot", VALUE | PREFIX},
  {"-imacros", VALUE | PREFIX},
  {"-imultilib", VALUE},
  {"-include", VALUE | PREFIX},
  {"-include-pch", VALUE},
  {"-iprefix", VALUE | PREFIX},
  {"-iquote", VALUE | PREFIX},
  {"-isysroot", VALUE | PREFIX},
  {"-isystem", VALUE | PREFIX},
  {"-isystem-after", VALUE | PREFIX},
  {"-ivfsoverlay", VALUE},
  {"-iwithprefix", VALUE | PREFIX},
  {"-iwithprefixbefore", VALUE | PREFIX},
  {"-iwithsysroot", VALUE | PREFIX},
  {"-l", VALUE | PREFIX | LINKS},
  {"-meabi", VALUE},
  {"-mllvm", VALUE},
  {"-mmlir", VALUE},
  {"-module-dependency-dir", VALUE},
  {"-module-dir", VALUE | PREFIX},
  {"-mthread-model", VALUE},
  {"-no-pie", LINKS},
  {"-nodefaultlibs", LINKS},
  {"-nopie", LINKS},
  {"-nostartfiles", LINKS},
  {"-nostdlib", LINKS},
  {"-nostdlib++", LINKS},
  {"-pie", LINKS},
  {"-print-", CLANG | PREFIX},
  {"-r", LINKS},
  {"-rdynamic", LINKS},
  {"-resource-dir", VALUE},
  {"-rpath", VALUE | LINKS},
  {"-s", LINKS},
  {"-save-temps", NAMES | PREFIX},
  {"-serialize-diagnostics", VALUE | ONCE},
  {"-shared", LINKS},
  {"-shared-libasan", LINKS},
  {"-shared-libgcc", LINKS},
  {"-static", LINKS},
  {"-static-libasan", LINKS},
  {"-static-libgcc", LINKS},
  {"-static-libstdc++", LINKS},
  {"-static-pie", LINKS},
  {"-stdlib++-isystem", VALUE | PREFIX},
  {"-target", VALUE},
  {"-u", VALUE | PREFIX | LINKS},
  {"-vfsoverlay", VALUE},
  {"-working-directory", VALUE | PREFIX},
  {"-z", VALUE | LINKS},
};

/* Looks up the flags of a word; `*exact` becomes whether the word is no longer than the match. */
static unsigned lookup(const char *word, bool *exact) {
  unsigned how = 0;
  size_t best = 0;
  *exact = false;
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    size_t n = strlen(flags[i].word);
    if (n < best || strncmp(word, flags[i].word, n) != 0) continue;
    if (word[n] != 0 && !(flags[i].how & PREFIX)) continue;
    best = n;
    how = flags[i].how;
    *exact = word[n] == 0;
  }
  return how;
}

static bool is_one_of(const char *s, const char *const *list) {
  for (; *list != NULL; list++)
    if (strcmp(s, *list) == 0) return true;
  return false;
}

/* ---- languages ---- */

enum { CXX = 1, PREPROCESSED = 2, MODULE = 4, BITCODE = 8 };

/* What Kiln compiles, as -x names it, by which drivers. `as_cxx` is what clang++ takes a file for that has the suffix
 * of the language; NULL: the same. */
static const struct {
  const char *name, *as_cxx;
  unsigned char by, how;
} languages[] = {
  {"c", "c++", CC_BY_CLANG, 0},
  {"cpp-output", "c++-cpp-output", CC_BY_CLANG, PREPROCESSED},
  {"c++", NULL, CC_BY_CLANG, CXX},
  {"c++-cpp-output", NULL, CC_BY_CLANG, CXX | PREPROCESSED},
  {"c++-module", NULL, CC_BY_CLANG, CXX | MODULE},
  {"c++-module-cpp-output", NULL, CC_BY_CLANG, CXX | MODULE | PREPROCESSED},
  {"pcm", NULL, CC_BY_CLANG, CXX | PREPROCESSED},
  {"f95", NULL, CC_BY_FLANG, 0},
  {"f95-cpp-input", NULL, CC_BY_FLANG, PREPROCESSED},
  {"ir", NULL, CC_BY_CLANG | CC_BY_FLANG, PREPROCESSED | BITCODE},
};

/* Clang's own list: its include/clang/Driver/Types.def and lib/Driver/Types.cpp. */
static const struct {
  const char *suffix, *language;
} suffixes[] = {
  {".c", "c"},
  {".i", "cpp-output"},
  {".C", "c++"},
  {".CC", "c++"},
  {".CPP", "c++"},
  {".CXX", "c++"},
  {".c++", "c++"},
  {".cc", "c++"},
  {".cp", "c++"},
  {".cpp", "c++"},
  {".cxx", "c++"},
  {".ii", "c++-cpp-output"},
  {".c++m", "c++-module"},
  {".ccm", "c++-module"},
  {".cppm", "c++-module"},
  {".cxxm", "c++-module"},
  {".iim", "c++-module-cpp-output"},
  {".pcm", "pcm"},
  {".ll", "ir"},
  {".bc", "ir"},
  {".f", "f95"},
  {".F", "f95"},
  {".for", "f95"},
  {".FOR", "f95"},
  {".fpp", "f95"},
  {".FPP", "f95"},
  {".f90", "f95"},
  {".F90", "f95"},
  {".f95", "f95"},
  {".F95", "f95"},
  {".f03", "f95"},
  {".F03", "f95"},
  {".f08", "f95"},
  {".F08", "f95"},
};

/* Decides by what -x said (NULL: nothing), or else by the suffix, whether Kiln compiles an input. */
static void find_language(struct cc_args *a, struct cc_item *in, const char *said) {
  const char *name = said, *dot = strrchr(in->word, '.');
  for (size_t i = 0; name == NULL && dot != NULL && i < sizeof suffixes / sizeof *suffixes; i++)
    if (strcmp(dot, suffixes[i].suffix) == 0) name = suffixes[i].language;
  for (size_t i = 0; name != NULL && i < sizeof languages / sizeof *languages; i++) {
    if (strcmp(name, languages[i].name) != 0 || !(languages[i].by & a->driver->by)) continue;
    unsigned how = languages[i].how;
    if (said == NULL && a->driver->cxx && languages[i].as_cxx != NULL) how |= CXX;
    in->ours = true;
    in->preprocessed = how & PREPROCESSED;
    in->cxx = how & CXX;
    in->bitcode = how & BITCODE;
    if (how & MODULE) a->names = true; /* clang writes what importing it needs */
  }
}

/* ---- the whole ---- */

/* What follows -gz, or what it is for the assembler: the kind of compression. */
static void note_kind(struct cc_args *a, const char *kind, size_t n) {
  if (n == 0) a->compression = "zlib";
  if (n == 0 || kind[0] != '=') return;
  char *named = cc_keep(cc_more(NULL, n));
  memcpy(named, kind + 1, n - 1);
  named[n - 1] = 0;
  a->compression = strcmp(named, "none") != 0 ? named : NULL;
}

static void note_compression(struct cc_args *a, const char *word, const char *value) {
  static const char name[] = "-compress-debug-sections";
  if (strncmp(word, "-gz", 3) == 0) note_kind(a, word + 3, strlen(word + 3));
  const struct cc_item item = {.kind = CC_FLAG, .word = word, .value = value};
  for (const char *p = cc_assemblers_words(&item); p != NULL && *p != 0; p += *p == ',') {
    size_t n = strcspn(p, ","), dash = strncmp(p, "--", 2) == 0, end = dash + strlen(name);
    if (strncmp(p + dash, name, strlen(name)) == 0) note_kind(a, p + end, n - end);
    p += n;
  }
}

/* Records what a flag says about the whole command. True if the word needs no other treatment. */
static bool note(struct cc_args *a, const char *word, const char *value) {
  static const char *const vectors[] = {"-fvectorize", "-ftree-vectorize", "-fslp-vectorize",
                                        "-ftree-slp-vectorize", NULL},
                           *const inlining[] = {"-finline", "-finline-functions", NULL},
                           *const no_inlining[] = {"-fno-inline", "-fno-inline-functions", NULL};
  if (strncmp(word, "-o", 2) == 0) {
    a->out = value != NULL ? value : word + 2;
    return true;
  }
  if (strcmp(word, "-c") == 0) {
    if (a->mode == CC_LINK_ALL) a->mode = CC_OBJECT;
    return true;
  }
  if (strcmp(word, "-S") == 0) {
    if (a->mode != CC_CLANG) a->mode = CC_ASSEMBLY;
    return true;
  }
  if (strcmp(word, "-MD") == 0 || strcmp(word, "-MMD") == 0 || strncmp(word, "-Wp,-M", 6) == 0)
    a->depends = true;
  if (strncmp(word, "-MF", 3) == 0 || strncmp(word, "-Wp,-M", 6) == 0) a->depends_file = true;
  if (strncmp(word, "-MT", 3) == 0 || strncmp(word, "-MQ", 3) == 0) a->depends_name = true;
  if (strcmp(word, "-ffunction-sections") == 0) a->function_sections = true;
  if (strcmp(word, "-fno-function-sections") == 0) a->function_sections = false;
  if (strcmp(word, "-fdata-sections") == 0) a->data_sections = true;
  if (strcmp(word, "-fno-data-sections") == 0) a->data_sections = false;
  if (strcmp(word, "-mno-red-zone") == 0) a->no_red_zone = true;
  if (is_one_of(word, inlining)) a->no_inlining = false;
  if (is_one_of(word, no_inlining)) a->no_inlining = true;
  if (strncmp(word, "-O", 2) == 0) {
    a->optimizes = strcmp(word, "-O0") != 0;
    a->inlining = strcmp(word, "-Og") == 0;
  }
  if (strcmp(word, "-v") == 0) a->verbose = true;
  if (strncmp(word, "-MJ", 3) == 0) a->database = value != NULL ? value : word + 3;
  if (strcmp(word, "-gdwarf-aranges") == 0) a->aranges = true;
  if (strcmp(word, "-fforce-dwarf-frame") == 0) a->debug_frame = true;
  if (strcmp(word, "-fno-force-dwarf-frame") == 0) a->debug_frame = false;
  if (strcmp(word, "-gsplit-dwarf") == 0 || strcmp(word, "-gsplit-dwarf=split") == 0)
    a->split = CC_SPLIT_FILE;
  if (strcmp(word, "-gsplit-dwarf=single") == 0) a->split = CC_SPLIT_SINGLE;
  if (strcmp(word, "-gno-split-dwarf") == 0) a->split = CC_SPLIT_NONE;
  if (strcmp(word, "-dumpdir") == 0) a->dumpdir = value;
  if (is_one_of(word, vectors)) a->vectorize = true;
  note_compression(a, word, value);
  return false;
}

/* A flag of Kiln's own for clang's compiler, after those of the command line. */
static void say(struct cc_args *a, const char *word) {
  add(a, CC_FLAG, "-Xclang", word)->own = true;
  cc_push(&a->kept, "-Xclang");
  cc_push(&a->kept, word);
}

/* Nothing is optimized, and sources can see that: what relies on it, as _FORTIFY_SOURCE does on knowing the sizes of
 * objects, would do nothing in silence. */
static void say_unoptimized(struct cc_args *a) {
  if (!a->driver->predefines) return;
  a->unfortified = cc_fortifies(&a->words);
  say(a, CC_UNOPTIMIZED);
  if (a->unfortified) say(a, CC_UNFORTIFIED);
}

bool cc_parse(struct cc_args *a, const struct cc_driver *driver, int argc, char **argv) {
  unsigned files = 0;
  *a = (struct cc_args){.mode = CC_LINK_ALL, .driver = driver};
  for (int i = 1; i < argc; i++)
    if (!expand(a, argv[i], &files)) return false;
  const char *language = NULL;
  for (size_t i = 0; i < a->words.n; i++) {
    const char *word = a->words.at[i], *said = word;
    if (driver->og != NULL && strcmp(word, "-Og") == 0) word = a->words.at[i] = driver->og;
    if (word[0] != '-' || word[1] == 0) {
      struct cc_item *in = add(a, CC_INPUT, word, NULL);
      cc_push(&a->kept, word);
      in->language = language;
      find_language(a, in, language);
      continue;
    }
    bool exact;
    unsigned how = lookup(word, &exact);
    bool out = strcmp(word, "-o") == 0, x = strncmp(word, "-x", 2) == 0;
    const char *value = NULL;
    if (out || (x && word[2] == 0) || (exact && (how & VALUE))) {
      if (i + 1 == a->words.n) {
        tool_error("%s: the argument of '%s' is missing", cc_verb(), word);
        return false;
      }
      value = a->words.at[++i];
    }
    if (how & CLANG) a->mode = CC_CLANG;
    if (how & NAMES) a->names = true;
    if (how & REFUSE) a->refused = word;
    if (!(how & DROP)) cc_push(&a->kept, word);
    if (!(how & DROP) && value != NULL) cc_push(&a->kept, value);
    if (note(a, said, value) || (how & DROP)) continue;
    if (x) {
      language = value != NULL ? value : word + 2;
      if (strcmp(language, "none") == 0) language = NULL;
      continue;
    }
    enum cc_kind kind = how & LINKS ? CC_LINK : how & ONCE ? CC_COMPILE : CC_FLAG;
    add(a, kind, word, value)->names = how & NAMES;
  }
  if (a->refused == NULL) a->refused = cc_find_refused(a);
  a->tls_emulation = cc_tls_emulation(a);
  const bool alone =
    a->inlining && !cc_needs_passes(a); /* Kiln's inlining, without LLVM's passes */
  a->passes = !alone || a->names;
  a->unoptimized = alone;
  if (alone) say_unoptimized(a);
  if (cc_checks_functions(a)) {
    a->no_function_checks = true;
    add(a, CC_FLAG, "-fno-sanitize=function", NULL);
    cc_push(&a->kept, "-fno-sanitize=function");
  }
  return true;
}
