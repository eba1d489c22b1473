/* What the assembler is given of each text: its names and sections made its own, so that one run
 * takes many texts. Called by as.c; as_object.c takes the names back. Invariant: the
 * number of lines stays. */
#include "as_parts.h"

#include <string.h>

static bool is_name(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '$';
}

static bool is_blank(int c) { return c == ' ' || c == '\t' || c == '\r'; }

/* A word of a text. */
struct word {
  const char *at;
  size_t n;
};

static bool same(struct word a, struct word b) {
  return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}
static bool is(struct word w, const char *name) {
  return w.n == strlen(name) && memcmp(w.at, name, w.n) == 0;
}

enum { MAX_LABELS = 64 };

/* What begins a comment up to the end of the line for GNU as; NULL: texts for the target are not known. LLVM's
 * assembler takes `//` everywhere. */
static const char *const comments[] = {[KILN_PROCESSOR_X86_64] = "#",
                                       [KILN_PROCESSOR_AARCH64] = "//"};
#define LLVM_COMMENT "//"
_Static_assert(sizeof comments / sizeof *comments == KILN_PROCESSOR_COUNT,
               "every target has a row");

bool kn_as_knows(kiln_processor target) { return comments[target] != NULL; }

struct reader {
  const char *s, *end;
  const char *comment; /* what begins one up to the end of the line */
  bool coff;           /* sections are given COFF's flags */
  FILE *f;             /* NULL: labels are looked for */
  uint32_t number;     /* of the text */
  uint32_t n_labels;
  struct word labels[MAX_LABELS];
};

static void put(struct reader *r, const char *s, size_t n) {
  if (r->f != NULL) fwrite(s, 1, n, r->f);
}

static void copy(struct reader *r, size_t n) {
  put(r, r->s, n);
  r->s += n;
}

static struct word word_at(const struct reader *r, const char *s) {
  struct word w = {s, 0};
  while (s + w.n < r->end && is_name(s[w.n])) w.n++;
  return w;
}

static bool is_label(const struct reader *r, struct word w) {
  for (uint32_t i = 0; i < r->n_labels; i++)
    if (same(r->labels[i], w)) return true;
  return false;
}

/* Copies a word: local labels, and those that the text defines, get names of their own. */
static void copy_word(struct reader *r) {
  struct word w = word_at(r, r->s);
  if (w.n > 2 && memcmp(w.at, ".L", 2) == 0 && r->f != NULL) {
    fprintf(r->f, ".LL%u.", r->number);
    fwrite(w.at + 2, 1, w.n - 2, r->f);
  } else {
    put(r, w.at, w.n);
    if (r->f != NULL && r->n_labels != 0 && is_label(r, w))
      fprintf(r->f, AS_SECTION "%u", r->number);
  }
  r->s += w.n;
}

static void copy_string(struct reader *r) {
  size_t n = 1;
  while (r->s + n < r->end && r->s[n] != '"' && r->s[n] != '\n')
    n += r->s[n] == '\\' && r->s + n + 1 < r->end ? 2 : 1;
  copy(r, r->s + n < r->end && r->s[n] == '"' ? n + 1 : n);
}

static bool ends(const struct reader *r) { return r->s >= r->end || *r->s == '\n' || *r->s == ';'; }

static bool comes(const struct reader *r, const char *comment) {
  size_t n = strlen(comment);
  return n <= (size_t)(r->end - r->s) && memcmp(r->s, comment, n) == 0;
}
static bool is_comment(const struct reader *r) {
  return comes(r, r->comment) || comes(r, LLVM_COMMENT);
}

/* Copies a comment up to the end of the line, as GNU as has it. */
static void copy_comment(struct reader *r) {
  if (!comes(r, r->comment)) put(r, r->comment, strlen(r->comment));
  while (r->s < r->end && *r->s != '\n') copy(r, 1);
}

/* Skips or copies a comment that may have several lines, if one comes. */
static bool copy_long_comment(struct reader *r) {
  if (!comes(r, "/*")) return false;
  copy(r, 2);
  while (r->s < r->end && !comes(r, "*/")) copy(r, 1);
  copy(r, r->end - r->s < 2 ? (size_t)(r->end - r->s) : 2);
  return true;
}

/* Copies the rest of a statement. */
static void copy_rest(struct reader *r) {
  while (!ends(r)) {
    if (is_comment(r)) {
      copy_comment(r);
    } else if (copy_long_comment(r)) {
      continue;
    } else if (*r->s == '"') {
      copy_string(r);
    } else if (*r->s == '\'' && r->s + 1 < r->end && r->s[1] != '\n') {
      copy(r, 2);
    } else if (is_name(*r->s)) {
      copy_word(r);
    } else {
      copy(r, 1);
    }
  }
}

static void put_own_section(FILE *f, const char *directive, uint32_t number) {
  fprintf(f, "%s " AS_SECTION "%u", directive, number);
}

/* What follows the name of a text's section, of which COFF's assemblers want the flags each time. */
static const char coff_code[] = ",\"xr\"";

void kn_as_put_section(FILE *f, bool coff, const kiln_assembly *t, uint32_t number) {
  put_own_section(f, ".section", number);
  if (coff) {
    fprintf(f, "%s\n", coff_code);
    return;
  }
  /* what asks to be in the section group of its code, `"?"`, gets to know that there is one */
  if (kn_as_has(t, "?")) fprintf(f, ",\"axG\",@progbits," AS_GROUP "%u,comdat\n", number);
  else fprintf(f, ",\"ax\",@progbits\n");
}

/* A directive that opens a section, if it is one; the word is at r->s. */
static bool section(struct reader *r, struct word w) {
  bool push = is(w, ".pushsection");
  if (is(w, ".data") || is(w, ".bss") || is(w, ".text")) {
    r->s += w.n;
    while (!ends(r) && is_blank(*r->s)) r->s++;
    if (!ends(r) && !is_comment(r)) { /* `.text 1` */
      r->s = w.at;
      return false;
    }
    if (r->f == NULL) return true;
    const char *code = r->coff ? coff_code : "", *data = r->coff ? "dw" : "aw",
               *zero = r->coff ? "\"bw\"" : "\"aw\",@nobits";
    if (is(w, ".text")) put_own_section(r->f, ".section", r->number), fputs(code, r->f);
    else if (is(w, ".data"))
      fprintf(r->f, ".section .data" AS_SECTION "%u,\"%s\"", r->number, data);
    else fprintf(r->f, ".section .bss" AS_SECTION "%u,%s", r->number, zero);
    return true;
  }
  if (!push && !is(w, ".section")) return false;
  copy(r, w.n);
  while (!ends(r) && is_blank(*r->s)) copy(r, 1);
  bool quoted = !ends(r) && *r->s == '"';
  struct word name = {r->s + quoted, 0};
  while (name.at + name.n < r->end &&
         (quoted ? name.at[name.n] != '"' : !strchr(" \t\r\n;,", name.at[name.n])))
    name.n++;
  if (is(name, ".text")) {
    if (r->f != NULL) fprintf(r->f, AS_SECTION "%u%s", r->number, r->coff ? coff_code : "");
    while (!ends(r)) r->s++;
    return true;
  }
  put(r, name.at - quoted, name.n + quoted);
  if (r->f != NULL) fprintf(r->f, AS_SECTION "%u", r->number);
  r->s = name.at + name.n;
  return true;
}

/* Reads or copies a text. */
static void text(struct reader *r) {
  while (r->s < r->end) {
    if (*r->s == '\n' || *r->s == ';' || is_blank(*r->s)) {
      copy(r, 1);
      continue;
    }
    struct word w = word_at(r, r->s);
    const char *behind = w.at + w.n;
    while (behind < r->end && is_blank(*behind)) behind++;
    if (w.n != 0 && behind < r->end && *behind == ':') { /* more of the statement may follow */
      bool own = !(w.at[0] >= '0' && w.at[0] <= '9') && !(w.n > 1 && memcmp(w.at, ".L", 2) == 0);
      if (r->f == NULL && own && !is_label(r, w) && r->n_labels < MAX_LABELS)
        r->labels[r->n_labels++] = w;
      copy_word(r);
      copy(r, (size_t)(behind + 1 - r->s));
      continue;
    }
    section(r, w);
    copy_rest(r);
  }
}

/* Copies the directive for Intel's syntax, if it comes. Without a word after it, registers have no prefix for LLVM;
 * for GNU as they do. */
static bool copy_syntax(struct reader *r) {
  static const char directive[] = ".intel_syntax";
  struct word w = word_at(r, r->s);
  if (!is(w, directive)) return false;
  copy(r, w.n);
  while (!ends(r) && is_blank(*r->s)) r->s++;
  if (ends(r) || is_comment(r)) fprintf(r->f, " noprefix");
  put(r, " ", 1);
  return true;
}

/* Copies a text that is assembled alone: all but comments and the directive for a syntax stays as it is. */
static void whole(struct reader *r) {
  while (r->s < r->end) {
    if (is_comment(r)) copy_comment(r);
    else if (copy_long_comment(r) || copy_syntax(r)) continue;
    else if (*r->s == '"') copy_string(r);
    else copy(r, *r->s == '\'' && r->s + 1 < r->end && r->s[1] != '\n' ? 2 : 1);
  }
}

/* Does the statement at q->s, after `.type`, give a name that is not the text's own a type that matters? What a
 * function or an object is the module says itself. */
static bool types_other(struct reader *q, bool (*is_own)(const void *, const char *, size_t),
                        const void *user) {
  static const char *const plain[] = {"function", "object",     "notype",
                                      "STT_FUNC", "STT_OBJECT", "STT_NOTYPE"};
  struct word words[2] = {{0}};
  for (unsigned n = 0; !ends(q) && n < 2; q->s++) {
    struct word w = word_at(q, q->s);
    if (w.n == 0) continue;
    words[n++] = w;
    q->s += w.n - 1;
  }
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (is(words[1], plain[i])) return false;
  return words[1].n != 0 && !is_own(user, words[0].at, words[0].n);
}

bool kn_as_says_of_others(const kiln_assembly *t,
                          bool (*is_own)(const void *, const char *, size_t), const void *user) {
  static const char *const words[] = {".weak", ".hidden", ".protected", ".internal",
                                      ".variant_pcs"};
  struct reader q = {.s = t->text, .end = t->text + t->text_bytes};
  for (; q.s < q.end; q.s++) {
    struct word w = word_at(&q, q.s);
    bool told = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) told |= is(w, words[i]);
    if (w.n != 0) q.s += w.n - 1;
    if (is(w, ".type")) {
      q.s++;
      if (types_other(&q, is_own, user)) return true;
      q.s--;
      continue;
    }
    if (!told) continue;
    for (q.s++; !ends(&q); q.s++) {
      struct word name = word_at(&q, q.s);
      if (name.n == 0) continue;
      if (!is_own(user, name.at, name.n)) return true;
      q.s += name.n - 1;
    }
  }
  return false;
}

static bool is_own_label(const void *r, const char *name, size_t n) {
  return is_label(r, (struct word){name, n});
}

bool kn_as_has_directives(const kiln_assembly *t) {
  static const char *const words[] = {".section", ".pushsection", ".data", ".bss",      ".comm",
                                      ".lcomm",   ".def",         ".seh_", ".cfi_",     ".secrel",
                                      ".secidx",  ".rva",         ".weak", ".linkonce", ".symidx",
                                      ".type",    ".hidden"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (kn_as_has(t, words[i])) return true;
  return false;
}

/* Refuses what the text says for COFF and cannot be taken over. */
static void check_coff(kiln_assembly *t) {
  if (kn_as_has(t, ".symidx") || kn_as_has(t, ".safeseh"))
    t->error = "not implemented: numbers of symbols (.symidx, .safeseh)";
  if (t->whole) return;
  if (kn_as_has(t, ".seh_"))
    t->error =
      "not implemented: .seh_ directives within a function; module-level assembly may have them";
  if (kn_as_has(t, ".cfi_"))
    t->error = "not implemented: .cfi_ directives within a function for Windows; module-level "
               "assembly may have .seh_ directives";
}

uint32_t kn_as_put_text(FILE *f, kiln_processor target, bool coff, kiln_assembly *t,
                        uint32_t number) {
  uint32_t lines = 0;
  struct reader r = {.s = t->text,
                     .end = t->text + t->text_bytes,
                     .comment = comments[target],
                     .coff = coff,
                     .number = number};
  if (coff) check_coff(t);
  for (const char *s = r.s; s < r.end; s++) lines += *s == '\n';
  if (t->whole) {
    r.f = f;
    whole(&r);
    return lines;
  }
  text(&r);
  r.s = t->text;
  if (kn_as_has(t, ".symver") || kn_as_says_of_others(t, is_own_label, &r))
    t->error = "not implemented: a symbol's version, or its binding, type or visibility elsewhere";
  if (kn_as_has(t, ".subsection")) t->error = "not implemented: subsections";
  r.f = f;
  text(&r);
  return lines;
}
