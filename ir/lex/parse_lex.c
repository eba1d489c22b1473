/* Lexer and name tables of the text form. The parser calls it token by token; saving and restoring
 * struct kn_lexer goes back. Invariant: tokens point into the text, nothing is copied. */
#include "ir/lex/parse_read.h"

enum { C_SPACE = 1, C_START = 2, C_NAME = 4, C_DIGIT = 8, C_HEX = 16 };

static unsigned class_of(char ch) {
  unsigned char c = (unsigned char)ch;
  if (c >= '0' && c <= '9') return C_NAME | C_DIGIT | C_HEX;
  if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) return C_NAME | C_START | C_HEX;
  if ((c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') || c == '_') return C_NAME | C_START;
  if (c == '.' || c == '$') return C_NAME;
  if (c == ' ' || c == '\t' || c == '\r') return C_SPACE;
  return 0;
}

static unsigned hex_digit(char c) {
  return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 32u) - 'a' + 10u;
}

void kn_lex_start(struct kn_lexer *lx, const char *text, size_t size) {
  *lx = (struct kn_lexer){.at = text, .end = text + size, .line_start = text, .line = 1};
  kn_lex_next(lx);
}

static void bad(struct kn_token *t, const char *message) {
  t->kind = KN_TOK_BAD;
  t->text = message;
  t->length = (uint32_t)strlen(message);
}

/* A quoted string from its opening quote on. */
static const char *lex_string(struct kn_lexer *lx, const char *at, struct kn_token *t) {
  const char *start = ++at;
  while (at < lx->end && *at != '"') {
    if (*at == '\n') break;
    if ((unsigned char)*at < ' ' && *at != '\t') {
      bad(t, "a control character in a string: write \\ and two hex digits");
      return at;
    }
    if (*at++ != '\\') continue;
    t->escaped = true;
    if (at < lx->end && (*at == '\\' || *at == '"')) {
      at++;
    } else if (lx->end - at >= 2 && class_of(at[0]) & C_HEX && class_of(at[1]) & C_HEX) {
      at += 2;
    } else {
      bad(t, "an escape is \\\\, \\\" or \\ and two hex digits");
      return at;
    }
  }
  if (at == lx->end || *at != '"') {
    bad(t, "a string without its closing quote");
    return at;
  }
  t->text = start;
  t->length = (uint32_t)(at - start);
  return at + 1;
}

/* @name, %name, quoted or not, from after the sigil. */
static const char *lex_name(struct kn_lexer *lx, const char *at, struct kn_token *t,
                            unsigned kind) {
  t->kind = (uint8_t)kind;
  if (at < lx->end && *at == '"') return lex_string(lx, at, t);
  t->text = at;
  while (at < lx->end && class_of(*at) & C_NAME) at++;
  t->length = (uint32_t)(at - t->text);
  if (t->length == 0) bad(t, "a name is missing");
  return at;
}

/* t->high:low = t->high:low * radix + digit; false on overflow of 128 bits. */
static bool mul_add(struct kn_token *t, unsigned radix, unsigned digit) {
  unsigned __int128 v = (unsigned __int128)t->high << 64 | t->low;
  if (v > (~(unsigned __int128)0 - digit) / radix) return false;
  v = v * radix + digit;
  t->low = (uint64_t)v;
  t->high = (uint64_t)(v >> 64);
  return true;
}

static const char *lex_number(struct kn_lexer *lx, const char *at, struct kn_token *t) {
  const char *end = lx->end;
  bool fits = true;
  t->kind = KN_TOK_INT;
  t->text = at;
  if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && class_of(at[2]) & C_HEX) {
    for (at += 2; at < end && class_of(*at) & C_HEX; at++)
      fits = fits && mul_add(t, 16, hex_digit(*at));
  } else {
    for (; at < end && class_of(*at) & C_DIGIT; at++)
      fits = fits && mul_add(t, 10, (unsigned)(*at - '0'));
    if (end - at >= 2 && *at == '.' && class_of(at[1]) & C_DIGIT) {
      t->kind = KN_TOK_FLOAT;
      for (at++; at < end && class_of(*at) & C_DIGIT;) at++;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
      const char *e = at + 1;
      if (e < end && (*e == '+' || *e == '-')) e++;
      if (e < end && class_of(*e) & C_DIGIT) {
        t->kind = KN_TOK_FLOAT;
        while (e < end && class_of(*e) & C_DIGIT) e++;
        at = e;
      }
    }
  }
  t->length = (uint32_t)(at - t->text);
  if (at < end && class_of(*at) & C_START) {
    bad(t, "letters after a number");
  } else if (t->kind == KN_TOK_INT && !fits) {
    bad(t, "a number of more than 128 bits");
  }
  return at;
}

void kn_lex_next(struct kn_lexer *lx) {
  const char *at = lx->at, *before = at;
  for (;;) {
    if (at == lx->end) break;
    if (*at == ';') {
      while (at < lx->end && *at != '\n') at++;
    } else if (class_of(*at) & C_SPACE) {
      at++;
    } else {
      break;
    }
  }
  struct kn_token *t = &lx->tok;
  *t = (struct kn_token){.text = at,
                         .adjacent = at == before,
                         .line = lx->line,
                         .column = (uint32_t)(at - lx->line_start) + 1};
  if (at == lx->end) {
    t->kind = KN_TOK_EOF;
    lx->at = at;
    return;
  }
  char c = *at;
  unsigned k = class_of(c);
  if (k & C_START) {
    t->kind = KN_TOK_IDENT;
    while (at < lx->end && class_of(*at) & C_NAME) at++;
    t->length = (uint32_t)(at - t->text);
  } else if (k & C_DIGIT) {
    at = lex_number(lx, at, t);
  } else if (c == '\n') {
    t->kind = KN_TOK_NEWLINE;
    t->length = 1;
    at++;
    lx->line++;
    lx->line_start = at;
  } else if (c == '@') {
    at = lex_name(lx, at + 1, t, KN_TOK_SYMBOL);
  } else if (c == '%') {
    at = lex_name(lx, at + 1, t, KN_TOK_VALUE);
  } else if (c == '"') {
    t->kind = KN_TOK_STRING;
    at = lex_string(lx, at, t);
  } else if (c == '-' && lx->end - at >= 2 && at[1] == '>') {
    t->kind = KN_TOK_ARROW;
    t->length = 2;
    at += 2;
  } else if (c == '.' && lx->end - at >= 3 && at[1] == '.' && at[2] == '.') {
    t->kind = KN_TOK_DOTS;
    t->length = 3;
    at += 3;
  } else {
    t->kind = KN_TOK_CHAR;
    t->ch = c;
    t->length = 1;
    if ((unsigned char)c < ' ' || (unsigned char)c > '~') bad(t, "a character that has no meaning");
    at++;
  }
  lx->at = at;
}

size_t kn_lex_decode(const struct kn_token *t, char *out) {
  if (!t->escaped) {
    if (t->length > 0) memcpy(out, t->text, t->length);
    return t->length;
  }
  size_t n = 0;
  for (uint32_t i = 0; i < t->length; i++) {
    char c = t->text[i];
    if (c == '\\') {
      char next = t->text[i + 1];
      if (next == '\\' || next == '"') {
        c = next;
        i++;
      } else {
        c = (char)(hex_digit(next) << 4 | hex_digit(t->text[i + 2]));
        i += 2;
      }
    }
    out[n++] = c;
  }
  return n;
}

/* ---- names ---- */

struct kn_name *kn_names_find(kiln_module *m, struct kn_names *names, const char *key,
                              size_t length, bool add) {
  uint32_t hash = kn_hash_bytes(key, length), at, i;
  KN_HASH_EACH(
    &names->hash, hash, at, i,
    kn_bytes_after(key, length, names->list.at[i - 1].key, names->list.at[i - 1].length)) {
    struct kn_name *e = &names->list.at[i - 1];
    if (e->length == length && kn_same_bytes(e->key, key, length)) return e;
  }
  struct kn_name name = {.key = key, .length = (uint32_t)length};
  if (!add || !KN_HASH_ROOM(m, &names->hash) || !KN_PUSH(m, names->list, name)) return NULL;
  kn_hash_put(&names->hash, at, hash, names->list.n);
  return &names->list.at[names->list.n - 1];
}
