/* Which flags of a `kiln cc` command request code that Kiln does not make, beyond what shows in bitcode: cc_flags.def.
 * verb_cc.c asks once, when the command line is taken apart.
 * Invariant: a flag that is refused was given and not taken back after it. */
#include "cc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
  const char *flag, *unless;
};

static const struct row compiler[] = {
#define REFUSED(flag, unless) {flag, unless},
#include "cc_flags.def"
};
static const struct {
  kiln_system system;
  struct row row;
} of_system[] = {
#define SYSTEM(system, flag, unless) {KILN_SYSTEM_##system, {flag, unless}},
#include "cc_flags.def"
};
/* Of one flag: its value, and the value that brings it along. */
static const struct {
  const char *name, *group;
} sanitizers[] = {
#define SANITIZER(name, group) {name, group},
#include "cc_flags.def"
};
static const struct row assembler[] = {
#define ASSEMBLER(flag, unless) {flag, unless},
#include "cc_flags.def"
};
static const char *const idle[] = {
#define IDLE(word) word,
#include "cc_flags.def"
};
static const struct {
  struct row row;
  const char *what;
} left_out[] = {
#define LEFT_OUT(flag, back, what) {{flag, back}, what},
#include "cc_flags.def"
};
static const struct {
  const char *words, *flag, *attribute;
} written[] = {
#define WRITTEN(words, flag, attribute) {words, flag, attribute},
#include "cc_flags.def"
};
static const char *const passes[] = {
#define LLVM(prefix) prefix,
#include "cc_flags.def"
};

static const struct row effects[] = {
#define PASS(flag, unless) {flag, unless},
#include "cc_flags.def"
};

/* Is `value` in a list with commas? */
static bool listed(const char *value, const char *list) {
  size_t n = strlen(value);
  for (const char *p = list; *p != 0; p += *p == ',') {
    size_t length = strcspn(p, ",");
    if (length == n && n > 0 && memcmp(p, value, n) == 0) return true;
    p += length;
  }
  return false;
}

/* What the word says about the flag of the row: 1, it asks for it; -1, it takes it back; 0, nothing. */
static int says(const struct row *row, const char *word) {
  size_t n = strlen(row->flag);
  bool has_value = row->flag[n - 1] == '=';
  if (strncmp(word, row->flag, n) == 0 && (has_value || word[n] == 0))
    return has_value && listed(word + n, row->unless) ? -1 : 1;
  /* -fx and -fno-x are each other's opposite */
  bool no = strncmp(row->flag + 2, "no-", 3) == 0;
  if (strncmp(word, row->flag, 2) != 0 || (!no && strncmp(word + 2, "no-", 3) != 0)) return 0;
  return strcmp(word + (no ? 2 : 5), row->flag + (no ? 5 : 2)) == 0 ? -1 : 0;
}

/* Both words as one string, which lives as long as the command. */
static const char *joined(const char *a, const char *b) {
  size_t size = strlen(a) + strlen(b) + 2;
  char *s = malloc(size);
  if (s == NULL) {
    tool_error("out of memory");
    exit(TOOL_FAILED);
  }
  snprintf(s, size, "%s %s", a, b);
  return cc_keep(s);
}

/* Clang's languages that Kiln leaves to LLVM: their files' suffixes, and how their names for -x begin. */
static const char *const other_suffixes[] = {".m",   ".mi",    ".mm",   ".mii", ".M",
                                             ".cl",  ".clcpp", ".clii", ".cu",  ".cui",
                                             ".hip", ".hipi",  NULL},
                         *const other_names[] = {"objective-c", "cl", "cuda", "hip", NULL};

bool cc_other_language(const struct cc_item *in) {
  const char *dot = strrchr(in->word, '.');
  if (in->ours) return false;
  for (size_t i = 0; in->language != NULL && other_names[i] != NULL; i++)
    if (strncmp(in->language, other_names[i], strlen(other_names[i])) == 0) return true;
  for (size_t i = 0; in->language == NULL && dot != NULL && other_suffixes[i] != NULL; i++)
    if (strcmp(dot, other_suffixes[i]) == 0) return true;
  return false;
}

bool cc_reads_source(const struct cc_item *in) {
  const char *dot = strrchr(in->word, '.');
  if (in->language != NULL) return strcmp(in->language, "assembler") != 0;
  return dot == NULL || strcmp(dot, ".s") != 0;
}

/* Does the driver take the flag's value to its compiler? */
static bool is_taken(const struct cc_item *item) {
  return strcmp(item->word, "-Xclang") == 0 || strcmp(item->word, "-Xflang") == 0;
}

/* What the item says to the compiler: after these flags stands a word of its own. */
static const char *compilers_word(const struct cc_item *item) {
  return is_taken(item) ? item->value : item->word;
}

/* The last word that asks for the flag of the row, if it is not taken back. */
static const char *asked_of_compiler(const struct cc_args *a, const struct row *row) {
  const char *asked = NULL;
  for (size_t i = 0; i < a->n; i++) {
    if (a->items[i].kind == CC_INPUT) continue;
    int how = says(row, compilers_word(&a->items[i]));
    if (how != 0) asked = how > 0 ? compilers_word(&a->items[i]) : NULL;
  }
  return asked;
}

kiln_llvm_tls_emulation cc_tls_emulation(const struct cc_args *a) {
  static const struct row flag = {"-femulated-tls", ""};
  int on = 0;
  /* what the driver passes on comes before -Xclang's words */
  for (unsigned direct = 0; direct < 2; direct++)
    for (size_t i = 0; i < a->n; i++) {
      const struct cc_item *item = &a->items[i];
      if (item->kind == CC_INPUT || is_taken(item) != (direct == 1)) continue;
      int how = says(&flag, compilers_word(item));
      if (how != 0) on = how;
    }
  return on > 0   ? KILN_LLVM_TLS_EMULATION_ON
         : on < 0 ? KILN_LLVM_TLS_EMULATION_OFF
                  : KILN_LLVM_TLS_EMULATION_BY_TRIPLE;
}

/* The last word that asks for the part `name` of -fsanitize=, if it is not taken back. */
static const char *asked_of_sanitizer(const struct cc_args *a, const char *name,
                                      const char *group) {
  static const char on[] = "-fsanitize=", off[] = "-fno-sanitize=";
  const char *asked = NULL;
  for (size_t i = 0; i < a->n; i++) {
    const char *word = compilers_word(&a->items[i]);
    if (a->items[i].kind == CC_INPUT) continue;
    if (strncmp(word, on, strlen(on)) == 0 && listed(name, word + strlen(on))) asked = word;
    if (strncmp(word, off, strlen(off)) != 0) continue;
    const char *list = word + strlen(off);
    if (listed(name, list) || listed(group, list) || listed("all", list)) asked = NULL;
  }
  return asked;
}

const char *cc_assemblers_words(const struct cc_item *item) {
  if (item->kind == CC_INPUT) return NULL;
  if (strcmp(item->word, "-Xassembler") == 0) return item->value;
  return strncmp(item->word, "-Wa,", 4) == 0 ? item->word + 4 : NULL;
}

/* An option of the assembler as the command line has it. */
static const char *one_kept(const char *word, const char *option) {
  return strncmp(word, "-Wa,", 4) == 0 ? word : joined(word, option);
}

/* Does the assembler's word `one` change no object? `*folder`: and the next word is a folder. */
static bool is_idle(const char *one, bool *folder) {
  *folder = strcmp(one, "-I") == 0 || strcmp(one, "-fdebug-compilation-dir") == 0;
  if (strncmp(one, "-I", 2) == 0) return true;
  for (size_t k = 0; k < sizeof idle / sizeof *idle; k++) {
    size_t n = strlen(idle[k]);
    bool prefix = strchr("=-", idle[k][n - 1]) != NULL;
    if (strncmp(one, idle[k], n) == 0 && (prefix || one[n] == 0)) return true;
  }
  return false;
}

/* The last of the assembler's words that asks for what Kiln does not make, if it is not taken back; or the first that
 * is not known. */
static const char *refused_of_assembler(const struct cc_args *a) {
  const char *asked[sizeof assembler / sizeof *assembler] = {NULL};
  bool folder = false;
  for (size_t i = 0; i < a->n; i++) {
    const char *word = a->items[i].word, *p = cc_assemblers_words(&a->items[i]);
    while (p != NULL && *p != 0) {
      char one[256];
      size_t n = strcspn(p, ",");
      bool known = folder;
      snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), p);
      p += n + (p[n] == ',');
      if (folder) folder = false;
      else known = is_idle(one, &folder);
      for (size_t k = 0; !known && k < sizeof assembler / sizeof *assembler; k++) {
        int how = says(&assembler[k], one);
        known = how != 0;
        if (known) asked[k] = how > 0 ? one_kept(word, one) : NULL;
      }
      if (!known) return one_kept(word, one);
    }
  }
  for (size_t k = 0; k < sizeof assembler / sizeof *assembler; k++)
    if (asked[k] != NULL) return asked[k];
  return NULL;
}

/* The first option for LLVM that is not one of the passes that clang runs. */
static const char *refused_of_llvm(const struct cc_args *a) {
  for (size_t i = 0; i < a->n; i++) {
    const struct cc_item *item = &a->items[i];
    const char *value = NULL;
    if (item->kind == CC_INPUT) continue;
    if (strcmp(item->word, "-mllvm") == 0) value = item->value;
    else if (strncmp(item->word, "-mllvm=", 7) == 0) value = item->word + 7;
    else if (strcmp(compilers_word(item), "-mllvm") == 0 && i + 1 < a->n)
      value = compilers_word(&a->items[i + 1]);
    if (value == NULL) continue;
    bool known = false;
    for (size_t k = 0; k < sizeof passes / sizeof *passes; k++) {
      size_t dashes = strncmp(value, "--", 2) == 0;
      known |= strncmp(value + dashes, passes[k], strlen(passes[k])) == 0;
    }
    if (!known) return joined("-mllvm", value);
  }
  return NULL;
}

void cc_warn_left_out(const struct cc_args *a) {
  for (size_t k = 0; k < sizeof left_out / sizeof *left_out; k++) {
    const struct row *row = &left_out[k].row;
    bool on = false;
    for (size_t i = 0; i < a->words.n; i++) { /* those that clang does not get, too */
      const char *word = a->words.at[i];
      bool back = listed(word, row->unless);
      int how = back ? -1 : says(row, word);
      if (how != 0) on = how > 0;
    }
    if (on) tool_warning("%s: %s: %s", cc_verb(), row->flag, left_out[k].what);
  }
}

/* The system that the command line names; KILN_SYSTEM_HOST: none that Kiln knows. */
static kiln_system named_system(const struct cc_args *a) {
  static const char flag[] = "--target=";
  kiln_target target = {0};
  for (size_t i = 0; i < a->n; i++) {
    const char *word = a->items[i].word;
    if (a->items[i].kind == CC_INPUT) continue;
    const char *name = strncmp(word, flag, strlen(flag)) == 0 ? word + strlen(flag)
                       : strcmp(word, "-target") == 0         ? a->items[i].value
                                                              : NULL;
    if (name != NULL && !kiln_target_find(name, &target)) target = (kiln_target){0};
  }
  return target.system;
}

const char *cc_find_refused(const struct cc_args *a) {
  const char *found;
  const kiln_system system = named_system(a);
  for (size_t i = 0; i < sizeof of_system / sizeof *of_system; i++)
    if (system == of_system[i].system && (found = asked_of_compiler(a, &of_system[i].row)) != NULL)
      return found;
  for (size_t i = 0; i < sizeof compiler / sizeof *compiler; i++)
    if ((found = asked_of_compiler(a, &compiler[i])) != NULL) return found;
  for (size_t i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++)
    if ((found = asked_of_sanitizer(a, sanitizers[i].name, sanitizers[i].group)) != NULL)
      return found;
  if ((found = refused_of_assembler(a)) != NULL) return found;
  return refused_of_llvm(a);
}

/* Does the word begin with `flag`, which is all of a name, or of a part of it? */
static bool begins(const char *word, const char *flag) {
  size_t n = strlen(flag);
  return strncmp(word, flag, n) == 0 &&
         (strchr("=-", flag[n - 1]) != NULL || strchr("=-", word[n]) != NULL);
}

/* The last word of the command line that is `flag`, or, unless `whole`, begins with it or has its value among others;
 * NULL: there is none. */
static const char *last_with(const struct cc_args *a, const char *flag, bool whole) {
  const char *sign = strchr(flag, '=');
  size_t name = sign != NULL ? (size_t)(sign + 1 - flag) : 0;
  for (size_t i = a->n; i-- > 0 && flag[0] != 0;) {
    const char *word = compilers_word(&a->items[i]);
    if (a->items[i].kind == CC_INPUT) continue;
    if (strcmp(word, flag) == 0) return word;
    if (whole) continue;
    if (begins(word, flag)) return word;
    if (name != 0 && strncmp(word, flag, name) == 0 && listed(flag + name, word + name))
      return word;
  }
  return NULL;
}

/* The word of the command line to which row `k` of `written` belongs, whose words `at` begins with; NULL: none. Words
 * that end in '-' leave the rest of the name to the message, and to the flag. */
static const char *word_of(const struct cc_args *a, size_t k, const char *at) {
  char flag[64];
  size_t n = strlen(written[k].words);
  if (written[k].words[n - 1] != '-') return last_with(a, written[k].flag, false);
  snprintf(flag, sizeof flag, "%s%.*s", written[k].flag, (int)strcspn(at + n, "\""), at + n);
  return last_with(a, flag, true);
}

void cc_name_cause(const struct cc_args *a, const struct cc_item *in, kiln_diag *diag) {
  const char *flag = NULL, *attribute = "";
  if (in->bitcode) return;
  diag->has &= ~(uint32_t)KILN_DIAG_BIT_OFFSET;
  for (size_t i = 0; flag == NULL && i < sizeof written / sizeof *written; i++) {
    const char *at = strstr(diag->message, written[i].words);
    if (at == NULL) continue;
    flag = word_of(a, i, at);
    if (attribute[0] == 0) attribute = written[i].attribute;
  }
  if (flag == NULL && attribute[0] == 0) return;
  diag->has = 0; /* it is about the whole function */
  if (flag != NULL) snprintf(diag->message, sizeof diag->message, "not implemented: %s", flag);
  else
    snprintf(diag->message, sizeof diag->message,
             attribute[0] == '_' || attribute[0] == '#' ? "not implemented: %s"
                                                        : "not implemented: __attribute__((%s))",
             attribute);
}

bool cc_checks_functions(const struct cc_args *a) {
  bool on = false;
  for (size_t i = 0; i < a->n; i++) {
    const char *word = a->items[i].word;
    if (a->items[i].kind == CC_INPUT) continue;
    if (strncmp(word, "-fsanitize=", 11) == 0 && listed("undefined", word + 11)) on = true;
    if (strncmp(word, "-fsanitize=", 11) == 0 && listed("function", word + 11)) return false;
    if (strncmp(word, "-fno-sanitize=", 14) == 0 &&
        (listed("undefined", word + 14) || listed("function", word + 14) ||
         listed("all", word + 14)))
      on = false;
  }
  return on;
}

/* What a definition or its end, "NAME=VALUE", says: 1, the macro is defined as another number than 0; -1, not; 0,
 * nothing. */
static int defines(const char *said, const char *name, bool undefines) {
  size_t n = strlen(name);
  if (strncmp(said, name, n) != 0 || (said[n] != 0 && said[n] != '=' && said[n] != ',')) return 0;
  return undefines || strncmp(said + n, "=0", 2) == 0 ? -1 : 1;
}

bool cc_fortifies(const struct cc_list *words) {
  bool on = false;
  for (size_t i = 0; i < words->n; i++) {
    const char *word = words->at[i];
    if (strncmp(word, "-Wp,", 4) == 0) word += 4;
    if (word[0] != '-' || (word[1] != 'D' && word[1] != 'U')) continue;
    const char *said = word[2] == 0 && i + 1 < words->n ? words->at[i + 1] : word + 2;
    int how = defines(said, "_FORTIFY_SOURCE", word[1] == 'U');
    if (how != 0) on = how > 0;
  }
  return on;
}

bool cc_needs_passes(const struct cc_args *a) {
  if (a->vectorize) return true;
  for (size_t i = 0; i < a->n; i++)
    if (a->items[i].kind != CC_INPUT && strncmp(compilers_word(&a->items[i]), "-mllvm", 6) == 0)
      return true;
  for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
    if (asked_of_compiler(a, &effects[i]) != NULL) return true;
  return false;
}

void cc_push_passes(struct cc_list *l, const struct cc_args *a) {
  if (!a->passes) cc_push_required_passes(l);
  if (a->vectorize) return;
  cc_push(l, "-fno-vectorize");
  cc_push(l, "-fno-slp-vectorize");
}
