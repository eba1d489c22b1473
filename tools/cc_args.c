/* The command line of `kiln cc`: which words are inputs, which take the next word as their value, which
 * matter to the linker only, and what is to be made. verb_cc.c asks it first.
 * Invariant: every word ends in exactly one item, or in a field of cc_args. */
#include "cc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

/* What lives as long as the command. */
static struct cc_list kept;

static void *more(void *old, size_t size) {
  void *at = realloc(old, size);
  if (at != NULL) return at;
  tool_error("out of memory");
  exit(TOOL_FAILED);
}

void cc_push(struct cc_list *l, const char *s) {
  if (l->n + 1 >= l->cap) {
    l->cap = l->cap ? l->cap * 2 : 64;
    l->at = more(l->at, l->cap * sizeof *l->at);
  }
  l->at[l->n++] = s;
  l->at[l->n] = NULL;
}

char *cc_keep(char *block) {
  cc_push(&kept, block);
  return block;
}

static struct cc_item *add(struct cc_args *a, enum cc_kind kind, const char *word,
                           const char *value) {
  if (a->n == a->cap) {
    a->cap = a->cap ? a->cap * 2 : 64;
    a->items = more(a->items, a->cap * sizeof *a->items);
  }
  a->items[a->n] = (struct cc_item){.kind = kind, .word = word, .value = value};
  return &a->items[a->n++];
}

/* ---- @files ---- */

enum { MAX_FILES = 64 }; /* nested or not: what includes itself ends */

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
  if (f == NULL) { /* as clang does: then it is a word like others */
    cc_push(&a->words, word);
    return true;
  }
  if (++*files > MAX_FILES) {
    tool_error("%s: too many @files", word);
    fclose(f);
    return false;
  }
  size_t n = 0, cap = 4096;
  char *text = more(NULL, cap);
  for (size_t got; (got = fread(text + n, 1, cap - n - 1, f)) > 0;) {
    n += got;
    if (cap - n < 1024) text = more(text, cap *= 2);
  }
  fclose(f);
  text[n] = 0;
  return expand_text(a, cc_keep(text), files);
}

/* ---- tables ---- */

enum {
  VALUE = 1,  /* the next word is its value, if nothing stands behind the flag itself */
  LINKS = 2,  /* only the linker cares */
  PREFIX = 4, /* the word may go on */
  CLANG = 8,  /* all of the command is clang's */
  DROP = 16   /* means nothing here */
};

/* The longest match counts; what is not here is a flag for everybody. Clang's own list: its
 * include/clang/Driver/Options.td. */
static const struct {
  const char *word;
  unsigned char how;
} flags[] = {
  {"-###", CLANG},
  {"--analyze", CLANG},
  {"--help", CLANG | PREFIX},
  {"--param", VALUE},
  {"--precompile", CLANG},
  {"--print-", CLANG | PREFIX},
  {"--sysroot", VALUE},
  {"--version", CLANG},
  {"-A", VALUE},
  {"-B", VALUE | PREFIX},
  {"-D", VALUE | PREFIX},
  {"-E", CLANG},
  {"-F", VALUE | PREFIX},
  {"-G", VALUE | PREFIX},
  {"-I", VALUE | PREFIX},
  {"-L", VALUE | PREFIX | LINKS},
  {"-M", CLANG},
  {"-MF", VALUE | PREFIX},
  {"-MJ", VALUE | PREFIX},
  {"-MM", CLANG},
  {"-MQ", VALUE | PREFIX},
  {"-MT", VALUE | PREFIX},
  {"-T", VALUE | PREFIX | LINKS},
  {"-U", VALUE | PREFIX},
  {"-Wl,", PREFIX | LINKS},
  {"-Xassembler", VALUE},
  {"-Xclang", VALUE},
  {"-Xlinker", VALUE | LINKS},
  {"-Xpreprocessor", VALUE},
  {"-arch", VALUE},
  {"-cc1", CLANG | PREFIX},
  {"-cxx-isystem", VALUE | PREFIX},
  {"-dump", CLANG | PREFIX},
  {"-e", VALUE | LINKS},
  {"-emit-ast", CLANG},
  {"-emit-llvm", CLANG},
  {"-flto", DROP | PREFIX},
  {"-fno-lto", DROP},
  {"-fsyntax-only", CLANG},
  {"-fuse-ld", PREFIX | LINKS},
  {"-gcc-toolchain", VALUE},
  {"-idirafter", VALUE | PREFIX},
  {"-imacros", VALUE | PREFIX},
  {"-include", VALUE | PREFIX},
  {"-iprefix", VALUE | PREFIX},
  {"-iquote", VALUE | PREFIX},
  {"-isysroot", VALUE | PREFIX},
  {"-isystem", VALUE | PREFIX},
  {"-isystem-after", VALUE | PREFIX},
  {"-iwithprefix", VALUE | PREFIX},
  {"-iwithprefixbefore", VALUE | PREFIX},
  {"-iwithsysroot", VALUE | PREFIX},
  {"-l", VALUE | PREFIX | LINKS},
  {"-mllvm", VALUE},
  {"-nodefaultlibs", LINKS},
  {"-nostartfiles", LINKS},
  {"-nostdlib", LINKS},
  {"-no-pie", LINKS},
  {"-nopie", LINKS},
  {"-pie", LINKS},
  {"-print-", CLANG | PREFIX},
  {"-r", LINKS},
  {"-rdynamic", LINKS},
  {"-rpath", VALUE | LINKS},
  {"-s", LINKS},
  {"-save-temps", DROP | PREFIX},
  {"--save-temps", DROP | PREFIX},
  {"-serialize-diagnostics", VALUE},
  {"--serialize-diagnostics", VALUE},
  {"-shared", LINKS},
  {"-shared-libgcc", LINKS},
  {"-shared-libasan", LINKS},
  {"-static", LINKS},
  {"-static-libgcc", LINKS},
  {"-static-libasan", LINKS},
  {"-static-pie", LINKS},
  {"-target", VALUE},
  {"-u", VALUE | PREFIX | LINKS},
  {"-working-directory", VALUE | PREFIX},
  {"-z", VALUE | LINKS},
};

/* How the word is taken; `*exact` says whether it is all of the flag. */
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

/* True if Kiln compiles the input: C, preprocessed or not. */
static bool is_c(const char *path, const char *language) {
  static const char *const languages[] = {"c", "cpp-output", NULL};
  static const char *const suffixes[] = {".c", ".i", NULL};
  if (language != NULL) return is_one_of(language, languages);
  const char *dot = strrchr(path, '.');
  return dot != NULL && strchr(dot, '/') == NULL && is_one_of(dot, suffixes);
}

/* ---- the whole ---- */

/* Facts about the command that single flags tell. True if the word is all used up by that. */
static bool note(struct cc_args *a, const char *word, const char *value) {
  static const char *const vectors[] = {"-fvectorize", "-ftree-vectorize", "-fslp-vectorize",
                                        "-ftree-slp-vectorize", NULL};
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
  if (strcmp(word, "-mno-red-zone") == 0) a->no_red_zone = true;
  if (strcmp(word, "-v") == 0) a->verbose = true;
  if (is_one_of(word, vectors)) a->vectorize = true;
  return false;
}

bool cc_parse(struct cc_args *a, int argc, char **argv) {
  unsigned files = 0;
  *a = (struct cc_args){.mode = CC_LINK_ALL};
  for (int i = 1; i < argc; i++)
    if (!expand(a, argv[i], &files)) return false;
  const char *language = NULL;
  for (size_t i = 0; i < a->words.n; i++) {
    const char *word = a->words.at[i];
    if (word[0] != '-' || word[1] == 0) {
      struct cc_item *in = add(a, CC_INPUT, word, NULL);
      in->language = language;
      in->c = is_c(word, language);
      continue;
    }
    bool exact;
    unsigned how = lookup(word, &exact);
    bool out = strcmp(word, "-o") == 0, x = strncmp(word, "-x", 2) == 0;
    const char *value = NULL;
    if (out || (x && word[2] == 0) || (exact && (how & VALUE))) {
      if (i + 1 == a->words.n) {
        tool_error("cc: a word is missing behind '%s'", word);
        return false;
      }
      value = a->words.at[++i];
    }
    if (how & CLANG) a->mode = CC_CLANG;
    if (note(a, word, value) || (how & DROP)) continue;
    if (x) {
      language = value != NULL ? value : word + 2;
      if (strcmp(language, "none") == 0) language = NULL;
      continue;
    }
    add(a, how & LINKS ? CC_LINK : CC_FLAG, word, value);
  }
  return true;
}
