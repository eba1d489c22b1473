/* Module-level assembly, as far as it is about symbols that the rest of the module has: `.symver
 * name, other@version`, which libraries use for symbols that they define, and programs for those
 * of older libraries; `.set name, other`. Called by module.c for the records, and by data.c when
 * all symbols are declared. The statements are taken out of the text: what is left is for
 * asm_module.c, where the module has an assembler. */
#include "asm/asm.h"
#include "bc.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '$';
}

static const char *skip_blanks(const char *s) {
  while (is_blank(*s)) s++;
  return s;
}

/* Reads a name at *s and moves *s past it; returns its length, 0 if there is none. */
static size_t take_name(const char **s) {
  const char *from = *s;
  while (is_name(**s)) ++*s;
  return (size_t)(*s - from);
}

/* Moves past a statement: to the end of the line or a semicolon. */
static const char *skip_statement(const char *s) {
  for (; *s && *s != '\n' && *s != ';'; s++) {
    if (*s == '#' || (s[0] == '/' && s[1] == '/')) return s + strcspn(s, "\n");
    if (*s != '"') continue;
    for (s++; *s && *s != '"' && *s != '\n'; s++) s += *s == '\\' && s[1];
    if (*s != '"') return s;
  }
  return s;
}

/* True if the text defines the label `name` itself. */
static bool has_label(const struct kn_bc *r, const char *name, size_t n) {
  const char *s = r->m->assembly.at;
  for (; (s = strstr(s, ":")) != NULL; s++) {
    size_t k = (size_t)(s - r->m->assembly.at);
    if (k < n || memcmp(s - n, name, n) != 0) continue;
    if (k == n || !is_name(s[-(ptrdiff_t)n - 1])) return true;
  }
  return false;
}

/* True if a directive `word` of the text has `name` among its operands. */
static bool is_told(const struct kn_bc *r, const char *word, const char *name, size_t n) {
  for (const char *s = r->m->assembly.at; (s = strstr(s, word)) != NULL;) {
    s += strlen(word);
    if (!is_blank(*s)) continue;
    do {
      s = skip_blanks(s + (*s == ','));
      const char *at = s;
      if (take_name(&s) == n && memcmp(at, name, n) == 0) return true;
      s = skip_blanks(s);
    } while (*s == ',');
  }
  return false;
}

/* Who sees the name that `.set` gives. */
static void describe(const struct kn_bc *r, struct kn_bc_symver *v) {
  const char *name = r->m->assembly.at + v->name;
  size_t n = v->name_length;
  bool global = is_told(r, ".globl", name, n) || is_told(r, ".global", name, n);
  v->linkage = is_told(r, ".weak", name, n) ? KILN_LINKAGE_WEAK
               : global                     ? KILN_LINKAGE_EXTERNAL
                                            : KILN_LINKAGE_INTERNAL;
  v->visibility = is_told(r, ".protected", name, n) ? KILN_VISIBILITY_PROTECTED
                  : is_told(r, ".hidden", name, n) || is_told(r, ".internal", name, n)
                    ? KILN_VISIBILITY_HIDDEN
                    : KILN_VISIBILITY_DEFAULT;
}

/* Reads `name, other@version` or `name, other` at `s`. False if that is something else. */
static bool statement(struct kn_bc *r, const char *s, const char *end, bool version) {
  struct kn_bc_symver v = {.version = version};
  s = skip_blanks(s);
  v.name = (uint32_t)(s - r->m->assembly.at);
  if ((v.name_length = (uint32_t)take_name(&s)) == 0) return false;
  s = skip_blanks(s);
  if (*s++ != ',') return false;
  s = skip_blanks(s);
  const char *other = s;
  if (!take_name(&s)) return false;
  if (version) {
    if (*s++ != '@') return false;
    v.is_default = *s == '@';
    if (*s == '@') s++;
    if (!take_name(&s)) return false; /* @@@ too, which removes the original name */
  }
  v.other = (uint32_t)(other - r->m->assembly.at);
  v.other_length = (uint32_t)(s - other);
  if (skip_blanks(s) != end) return false;
  if (!version) {
    if ((*other >= '0' && *other <= '9') || *other == '.' || has_label(r, other, v.other_length))
      return false; /* the assembler's own */
    describe(r, &v);
  }
  return KN_BC_PUSH(r, r->open->symvers, v);
}

/* The length of the word `word` if the statement at `s` begins with it, else 0. */
static size_t begins(const char *s, const char *word) {
  size_t n = strlen(word);
  return strncmp(s, word, n) == 0 && is_blank(s[n]) ? n : 0;
}

/* True if the statement says something of one name alone, which a `.set` that was taken out gives. */
static bool is_about_set(const struct kn_bc *r, const char *s, const char *end) {
  static const char *const words[] = {".globl",  ".global",    ".weak",
                                      ".hidden", ".protected", ".internal"};
  size_t n = 0;
  for (size_t k = 0; k < sizeof words / sizeof *words && n == 0; k++) n = begins(s, words[k]);
  if (n == 0) return false;
  const char *name = s = skip_blanks(s + n);
  n = take_name(&s);
  if (skip_blanks(s) != end) return false;
  for (uint32_t i = 0; i < r->m->symvers.n; i++) {
    const struct kn_bc_symver *v = &r->m->symvers.at[i];
    if (!v->version && v->name_length == n && memcmp(r->m->assembly.at + v->name, name, n) == 0)
      return true;
  }
  return false;
}

/* Has the text such a word? There may be a NUL in it. */
static bool contains(const char *text, size_t size, const char *word) {
  const size_t n = strlen(word);
  for (const char *end = text + size; size >= n; size = (size_t)(end - ++text)) {
    text = memchr(text, word[0], size - n + 1);
    if (text == NULL) return false;
    if (memcmp(text, word, n) == 0) return true;
  }
  return false;
}

/* Doubles the text that is there, and takes the statements that are understood here out of the second half. */
static bool take_out(struct kn_bc *r) {
  const uint32_t size = r->m->assembly.n;
  if (!KN_BC_ROOM(r, r->open->assembly, 2 * (uint64_t)size)) return false;
  r->open->assembly.n = 2 * size;
  char *rest = memcpy(r->m->assembly.at + size, r->m->assembly.at, size);
  for (unsigned pass = 0; pass < 2; pass++)
    for (const char *at = r->m->assembly.at;; at++) {
      const char *s = skip_blanks(at), *end = skip_statement(s);
      size_t symver = begins(s, ".symver"), set = begins(s, ".set");
      bool known = pass == 0 ? (symver || set) && statement(r, s + symver + set, end, symver != 0)
                             : is_about_set(r, s, end);
      size_t k = (size_t)(s - r->m->assembly.at);
      if (known) memset(rest + k, ' ', (size_t)(end - s));
      else if (pass == 1 && skip_blanks(rest + k) < rest + (end - r->m->assembly.at) &&
               !begins(s, ".att_syntax")) /* without other statements it says nothing */
        r->open->assemble = true;
      if (r->status != KILN_OK) return false;
      at = end;
      if (*at == 0) break;
    }
  if (!r->m->assemble) return true;
  return (!contains(rest, size, ".symver") &&
          kiln_module_assemble(r->module, NULL, 0) == KILN_OK) ||
         kn_bc_unsupported(r, "module-level assembly");
}

/* Room for `n` more characters of the module's assembly, with a NUL after them. NULL: reported. */
static char *room(struct kn_bc *r, size_t n) {
  const uint32_t old = r->m->assembly.n != 0 ? r->m->assembly.n - 1 : 0;
  if (n >= UINT32_MAX / 4 - old) kn_bc_fail(r, KILN_ERR_LIMIT, "a text of this length");
  else if (KN_BC_ROOM(r, r->open->assembly, old + n + 1)) {
    r->open->assembly.n = old + (uint32_t)n + 1;
    r->open->assembly.at[old + n] = 0;
    return r->open->assembly.at + old;
  }
  return NULL;
}

/* Module-level assembly after the bodies would come too late. False: reported. */
static bool in_time(struct kn_bc *r) {
  return !r->m->data_defined ||
         kn_bc_malformed(r, "module-level assembly after the functions' bodies");
}

/* [character...]. Before LLVM 23, a module has one fragment. */
bool kn_bc_module_asm(struct kn_bc *r) {
  static const char att[] =
    "\n.att_syntax prefix\n"; /* the syntax at the beginning of each fragment */
  if (!in_time(r)) return false;
  const bool x86 = kn_asm_syntax[r->target] == KN_ASM_X86;
  const size_t between = r->m->assembly.n == 0 ? 0 : x86 ? sizeof att - 1 : 1, n = r->in.ops.n;
  char *to = room(r, between + n);
  if (to == NULL) return false;
  memcpy(to, att, between);
  for (size_t i = 0; i < n; i++) {
    to[between + i] = (char)r->in.ops.at[i];
    if (to[between + i] == 0) return kn_bc_unsupported(r, "a NUL in module-level assembly");
  }
  return true;
}

/* [character...]: a name, 0, and a value. The two known properties say which instructions are allowed. Kiln ignores
 * them: its assembler accepts the instructions that as.c enables, and refuses others. */
bool kn_bc_asm_property(struct kn_bc *r) {
  static const char *const known[] = {"target_cpu", "target_features"};
  char name[32] = "";
  if (!in_time(r)) return false;
  for (size_t i = 0; i < r->in.ops.n && r->in.ops.at[i] != 0 && i < sizeof name - 1; i++)
    name[i] = (char)r->in.ops.at[i];
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    if (strcmp(name, known[k]) == 0) return true;
  return kn_bc_fail(r, KILN_ERR_UNSUPPORTED,
                    "not implemented: the property '%s' of module-level assembly", name);
}

bool kn_bc_add_assembly(struct kn_bc *r, const char *text) {
  const size_t n = strlen(text);
  r->open->symvers.n = r->open->assembly.n = 0;
  char *to = room(r, n);
  if (to == NULL) return false;
  memcpy(to, text, n);
  return kn_bc_finish_assembly(r);
}

/* Defines `v` for `symbol`, which the module has: as an alias of what `info` says. */
static bool define(struct kn_bc *r, const struct kn_bc_symver *v, kiln_symbol symbol,
                   kiln_symbol_info info) {
  kiln_symbol_desc desc = info.desc;
  uint32_t name = v->version ? v->other : v->name;
  desc.name = r->m->assembly.at + name;
  desc.name_length = v->version ? v->other_length : v->name_length;
  if (!v->version) {
    desc.linkage = v->linkage;
    desc.visibility = v->visibility;
    desc.dso_local = false;
  }
  desc.section = desc.comdat = NULL;
  desc.body = false;
  int64_t offset = info.kind == KILN_SYMBOL_ALIAS ? info.offset_bytes : 0;
  if (info.kind == KILN_SYMBOL_ALIAS) symbol = info.target;
  return kiln_alias_define(r->module, &desc, symbol, offset).id ||
         kn_bc_malformed(r, "a symbol's version twice");
}

static bool define_symvers(struct kn_bc *r) {
  for (uint32_t i = 0; i < r->m->symvers.n; i++) {
    const struct kn_bc_symver *v = &r->m->symvers.at[i];
    char *name = r->m->assembly.at + (v->version ? v->name : v->other);
    char *end = name + (v->version ? v->name_length : v->other_length), behind = *end;
    *end = 0;
    kiln_symbol symbol = kiln_symbol_refer(r->module, name);
    *end = behind;
    kiln_symbol_info info = kiln_symbol_get(r->module, symbol);
    if (info.kind == KILN_SYMBOL_ALIAS || info.desc.body || info.defined) {
      if (!define(r, v, symbol, info)) return false;
      continue;
    }
    if (!v->version || v->is_default)
      return kn_bc_unsupported(r, "module-level assembly that names symbols defined elsewhere");
    char *other = r->m->assembly.at + v->other, last = other[v->other_length];
    other[v->other_length] = 0; /* an assembler renames the references, too */
    kiln_status status = kiln_symbol_set_object_name(r->module, symbol, other);
    other[v->other_length] = last;
    if (status != KILN_OK) return kn_bc_malformed(r, "a symbol's version twice");
  }
  return true;
}

bool kn_bc_finish_assembly(struct kn_bc *r) {
  r->open->assemble = false;
  return take_out(r) && (!r->m->assemble || kn_bc_define_assembly(r)) && define_symvers(r);
}
