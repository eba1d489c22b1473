/* Directives in the text of inline assembly. A disassembly, which is what `kiln cc -S` writes, does not show them:
 * build systems have clang write constants as directives (asm-offsets), and look for them in the output of -S.
 * Called while a module is read, by any of the threads that assemble. */
#include "cc.h"

#include <string.h>

/* Directives that only say how the text is to be read. */
static bool selects_syntax(const char *s, size_t n) {
  static const char *const names[] = {".att_syntax", ".intel_syntax"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (n >= strlen(names[i]) && strncmp(s, names[i], strlen(names[i])) == 0) return true;
  return false;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '$';
}

/* True if the statement `s` is a directive, after labels if there are any. What is after a comment or a label in
 * quotes counts as one. */
static bool is_directive(const char *s, size_t n) {
  for (;;) {
    size_t word = 0;
    while (n > 0 && is_space(*s)) s++, n--;
    while (word < n && is_name(s[word])) word++;
    if (word == 0 || word == n || s[word] != ':') break;
    s += word + 1;
    n -= word + 1;
  }
  bool hidden = n > 0 && (*s == '"' || (n > 1 && s[0] == '/' && s[1] == '*'));
  return hidden || (n > 0 && *s == '.' && !selects_syntax(s, n));
}

void cc_watch_assembly(void *user, const kiln_assembly *texts, uint32_t n_texts) {
  atomic_bool *found = user;
  for (uint32_t i = 0; i < n_texts; i++) {
    const char *s = texts[i].text, *end = s + texts[i].text_bytes;
    while (s < end) {
      const char *stop = s;
      while (stop < end && *stop != '\n' && *stop != ';') stop++;
      if (is_directive(s, (size_t)(stop - s))) atomic_store(found, true);
      s = stop + 1;
    }
  }
}
