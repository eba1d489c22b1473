/* Text parser: errors, and readers of words, numbers, types, names and signatures. Called by the
 * other files of the parser. Invariant: a reader that returns false has reported the error. */
#include "ir/lex/parse_read.h"
#include <stdarg.h>
#include <stdio.h>

bool kn_parse_fail(struct kn_parser *p, const struct kn_token *t, kiln_status status,
                   const char *message, ...) {
  if (p->status != KILN_OK) return false;
  if (!t) t = &p->lx.tok;
  kiln_diag d = {.status = status, .line = t->line, .column = t->column};
  va_list args;
  va_start(args, message);
  vsnprintf(d.message, sizeof d.message, message, args);
  va_end(args);
  p->status = status;
  if (p->func) {
    kiln_func_set_text_position(p->func, t->line, t->column);
    kiln_func_fail(p->func, status, d.message);
  } else {
    kiln_module_fail_diag(p->module, &d);
  }
  return false;
}

bool kn_parse_syntax(struct kn_parser *p, const struct kn_token *t, const char *message) {
  return kn_parse_fail(p, t, KILN_ERR_SYNTAX, "%s", message);
}

bool kn_parse_no_memory(struct kn_parser *p) {
  return kn_parse_fail(p, NULL, KILN_ERR_MEMORY, "out of memory");
}

/* A call of the module's API failed: the module has the diagnostic. */
bool kn_parse_api_ok(struct kn_parser *p) {
  if (p->status == KILN_OK) p->status = kiln_module_status(p->module);
  return p->status == KILN_OK;
}

bool kn_parse_expected(struct kn_parser *p, const char *what) {
  const struct kn_token *t = &p->lx.tok;
  switch (t->kind) {
  case KN_TOK_BAD: return kn_parse_fail(p, t, KILN_ERR_SYNTAX, "%s", t->text);
  case KN_TOK_EOF:
    return kn_parse_fail(p, t, KILN_ERR_SYNTAX, "expected %s, found the end of the text", what);
  case KN_TOK_NEWLINE:
    return kn_parse_fail(p, t, KILN_ERR_SYNTAX, "expected %s, found the end of the line", what);
  default: break;
  }
  const char *sigil = t->kind == KN_TOK_VALUE ? "%" : t->kind == KN_TOK_SYMBOL ? "@" : "";
  return kn_parse_fail(p, t, KILN_ERR_SYNTAX, "expected %s, found '%s%.*s'", what, sigil,
                       (int)(t->length < 64 ? t->length : 64), t->text);
}

bool kn_parse_take(struct kn_parser *p, char ch) {
  if (!kn_parse_is(p, ch)) return false;
  kn_parse_next(p);
  return true;
}

bool kn_parse_want(struct kn_parser *p, char ch) {
  if (kn_parse_take(p, ch)) return true;
  char what[] = {'\'', ch, '\'', 0};
  return kn_parse_expected(p, what);
}

bool kn_parse_is_word(const struct kn_parser *p, const char *word) {
  const struct kn_token *t = &p->lx.tok;
  return t->kind == KN_TOK_IDENT && t->length == strlen(word) &&
         memcmp(t->text, word, t->length) == 0;
}

bool kn_parse_word(struct kn_parser *p, const char *word) {
  if (!kn_parse_is_word(p, word)) return false;
  kn_parse_next(p);
  return true;
}

bool kn_parse_line_end(struct kn_parser *p) {
  if (p->lx.tok.kind == KN_TOK_EOF) return true;
  if (p->lx.tok.kind != KN_TOK_NEWLINE) return kn_parse_expected(p, "the end of the line");
  kn_parse_next(p);
  return true;
}

void kn_parse_skip_newlines(struct kn_parser *p) {
  while (p->lx.tok.kind == KN_TOK_NEWLINE) kn_parse_next(p);
}

bool kn_parse_number(struct kn_parser *p, uint64_t max, const char *what, uint64_t *out) {
  const struct kn_token *t = &p->lx.tok;
  if (t->kind != KN_TOK_INT) return kn_parse_expected(p, what);
  if (t->high || t->low > max)
    return kn_parse_fail(p, t, KILN_ERR_SYNTAX, "%s must be at most %llu", what,
                         (unsigned long long)max);
  *out = t->low;
  kn_parse_next(p);
  return true;
}

bool kn_parse_align(struct kn_parser *p, unsigned max_log2, uint8_t *out) {
  struct kn_token t = p->lx.tok;
  uint64_t bytes = 0;
  if (!kn_parse_number(p, UINT64_C(1) << max_log2, "an alignment in bytes", &bytes)) return false;
  if (bytes == 0 || (bytes & (bytes - 1)))
    return kn_parse_fail(p, &t, KILN_ERR_SYNTAX, "an alignment must be a power of two");
  *out = (uint8_t)__builtin_ctzll(bytes);
  return true;
}

kiln_type kn_parse_type_of(const char *text, size_t length) {
  for (unsigned t = KILN_TYPE_I8; t < KILN_TYPE_COUNT; t++) {
    const char *name = kiln_type_name((kiln_type)t);
    if (strlen(name) == length && memcmp(name, text, length) == 0) return (kiln_type)t;
  }
  return KILN_TYPE_VOID;
}

bool kn_parse_type(struct kn_parser *p, kiln_type *out) {
  const struct kn_token *t = &p->lx.tok;
  *out = t->kind == KN_TOK_IDENT ? kn_parse_type_of(t->text, t->length) : KILN_TYPE_VOID;
  if (*out == KILN_TYPE_VOID) return kn_parse_expected(p, "a type");
  kn_parse_next(p);
  return true;
}

const char *kn_parse_name(struct kn_parser *p, const struct kn_token *t, uint32_t *length) {
  *length = t->length;
  if (!t->escaped) return t->text;
  struct kn_text_chunk *c = kn_realloc(p->module, NULL, sizeof *c + t->length);
  if (!c) {
    kn_parse_no_memory(p);
    return NULL;
  }
  c->next = p->chunks;
  p->chunks = c;
  *length = (uint32_t)kn_lex_decode(t, c->bytes);
  return c->bytes;
}

bool kn_parse_string(struct kn_parser *p, const char *what, const char **out) {
  struct kn_token t = p->lx.tok;
  if (t.kind != KN_TOK_STRING) return kn_parse_expected(p, what);
  struct kn_text_chunk *c = kn_realloc(p->module, NULL, sizeof *c + t.length + 1);
  if (!c) return kn_parse_no_memory(p);
  c->next = p->chunks;
  p->chunks = c;
  const size_t n = kn_lex_decode(&t, c->bytes);
  if (memchr(c->bytes, 0, n) != NULL)
    return kn_parse_syntax(p, &t, "this string cannot contain a NUL");
  c->bytes[n] = 0;
  *out = c->bytes;
  kn_parse_next(p);
  return true;
}

bool kn_parse_flag(struct kn_parser *p, const struct kn_flag_word *words, uint32_t *flags) {
  const struct kn_flag_word *w = words;
  while (w->word && !kn_parse_word(p, w->word)) w++;
  *flags |= w->flag;
  return w->word != NULL;
}

/* ---- signatures ---- */

const struct kn_flag_word kn_param_words[] = {
  {"sext", KILN_PARAM_SEXT},     {"zext", KILN_PARAM_ZEXT},   {"sext64", KILN_PARAM_SEXT64},
  {"zext64", KILN_PARAM_ZEXT64}, {"sret", KILN_PARAM_SRET},   {"join", KILN_PARAM_JOIN},
  {"chain", KILN_PARAM_CHAIN},   {"upper", KILN_PARAM_UPPER}, {NULL, 0},
};
const struct kn_flag_word kn_sig_words[] = {
  {"noreturn", KILN_SIG_NORETURN},
  {"returns_twice", KILN_SIG_RETURNS_TWICE},
  {"nounwind", KILN_SIG_NOUNWIND},
  {"wide_results", KILN_SIG_WIDE_RESULTS},
  {"noinline", KILN_SIG_NOINLINE},
  {"entry", KILN_SIG_ENTRY},
  {"nocollect", KILN_SIG_NOCOLLECT},
  {"wider_results", KILN_SIG_WIDER_RESULTS},
  {NULL, 0},
};

static bool parse_param(struct kn_parser *p, kiln_param *out) {
  kiln_type type;
  if (!kn_parse_type(p, &type)) return false;
  *out = (kiln_param){.type = (uint8_t)type};
  for (;;) {
    if (kn_parse_flag(p, kn_param_words, &out->flags)) continue;
    if (kn_parse_word(p, "byval")) {
      uint64_t size = 0;
      out->flags |= KILN_PARAM_BYVAL;
      if (!kn_parse_want(p, '(') || !kn_parse_number(p, UINT32_MAX, "a size", &size) ||
          !kn_parse_want(p, ',') || !kn_parse_align(p, 15, &out->align_log2) ||
          !kn_parse_want(p, ')'))
        return false;
      out->size_bytes = (uint32_t)size;
    } else if (kn_parse_word(p, "alignstack")) {
      if (!kn_parse_want(p, '(') || !kn_parse_align(p, 15, &out->align_log2) ||
          !kn_parse_want(p, ')'))
        return false;
    } else {
      return true;
    }
  }
}

const char *const kn_callconv_names[KILN_CC_COUNT] = {
  [KILN_CC_C] = "",
  [KILN_CC_PRESERVE_MOST] = "preserve_most",
  [KILN_CC_PRESERVE_ALL] = "preserve_all",
  [KILN_CC_PRESERVE_NONE] = "preserve_none",
  [KILN_CC_WIN64] = "win64",
  [KILN_CC_VECTOR] = "vector_pcs",
  [KILN_CC_SYSV] = "sysv",
  [KILN_CC_TAIL] = "tail",
};

bool kn_parse_sig(struct kn_parser *p, kiln_sig *out) {
  KN_ARRAY(kiln_param) params = {0};
  uint32_t n_results = 0;
  uint32_t flags = 0;
  kiln_cc cc = KILN_CC_C;
  kiln_type results[KILN_MAX_RESULTS];
  bool ok = kn_parse_want(p, '(');
  for (bool first = true; ok && !kn_parse_take(p, ')'); first = false) {
    if (!first && !(ok = kn_parse_want(p, ','))) break;
    if (p->lx.tok.kind == KN_TOK_DOTS) {
      flags |= KILN_SIG_VARIADIC;
      kn_parse_next(p);
      ok = kn_parse_want(p, ')');
      break;
    }
    if (params.n == 65535) {
      ok = kn_parse_fail(p, NULL, KILN_ERR_LIMIT, "more than 65535 parameters");
    } else if (!KN_ROOM(p->module, params, 1)) {
      ok = kn_parse_no_memory(p);
    } else {
      ok = parse_param(p, &params.at[params.n++]);
    }
  }
  if (ok && p->lx.tok.kind == KN_TOK_ARROW) {
    do {
      kn_parse_next(p);
      if (n_results == KILN_MAX_RESULTS) {
        ok = kn_parse_fail(p, NULL, KILN_ERR_LIMIT, "more than %d results", KILN_MAX_RESULTS);
      } else {
        ok = kn_parse_type(p, &results[n_results++]);
      }
    } while (ok && kn_parse_is(p, ','));
  }
  while (ok) {
    if (kn_parse_flag(p, kn_sig_words, &flags)) continue;
    unsigned k = KILN_CC_C + 1;
    while (k < KILN_CC_COUNT && !kn_parse_word(p, kn_callconv_names[k])) k++;
    if (k == KILN_CC_COUNT) break;
    cc = (kiln_cc)k;
  }
  if (ok) {
    *out = kiln_sig_new(p->module, cc, flags, params.at, params.n, results, n_results);
    ok = kn_parse_api_ok(p);
  }
  kn_realloc(p->module, params.at, 0);
  return ok;
}
