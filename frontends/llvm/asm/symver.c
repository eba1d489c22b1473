/* Module-level assembly, as far as it is about versions of symbols: `.symver name, other@version`, which
 * libraries use for symbols that they define. Each becomes an alias of that name, as an assembler makes it for
 * linkers. Called by module.c for the record, and by data.c when all symbols are declared.
 * All other assembly is for asm_module.c, where the module has an assembler. */
#define _GNU_SOURCE /* memmem */
#include "bc.h"

/* What only an assembler understands; `.symver` beside it, and variants of it, are not implemented. */
static bool refused(struct kn_bc *r) {
  if (memmem(r->assembly.at, r->assembly.n, ".symver", 7) == NULL &&
      kiln_module_assemble(r->module, NULL, 0)) {
    r->assemble_module = true;
    r->symvers.n = 0;
    return true;
  }
  return kn_bc_unsupported(r, "module-level assembly");
}

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

/* Reads one statement, up to the end of the line or a semicolon. Moves *at past it. */
static bool statement(struct kn_bc *r, const char **at) {
  static const char word[] = ".symver";
  const char *s = skip_blanks(*at);
  if (*s == '\n' || *s == ';' || *s == 0) {
    *at = s;
    return true;
  }
  if (strncmp(s, word, sizeof word - 1) != 0 || !is_blank(s[sizeof word - 1])) return refused(r);
  struct kn_bc_symver v = {0};
  s = skip_blanks(s + sizeof word - 1);
  v.name = (uint32_t)(s - r->assembly.at);
  size_t name_length = take_name(&s);
  if (!name_length) return refused(r);
  s = skip_blanks(s);
  if (*s++ != ',') return refused(r);
  s = skip_blanks(s);
  const char *other = s;
  if (!take_name(&s) || *s++ != '@') return refused(r);
  if (*s == '@') s++;
  if (!take_name(&s)) return refused(r); /* @@@ too, which removes the original name */
  v.other = (uint32_t)(other - r->assembly.at);
  v.other_length = (uint32_t)(s - other);
  *at = s = skip_blanks(s);
  if (*s != '\n' && *s != ';' && *s != 0) return refused(r);
  r->assembly.at[v.name + name_length] = 0;
  return KN_BC_PUSH(r, r->symvers, v);
}

/* [character...] */
bool kn_bc_module_asm(struct kn_bc *r) {
  if (r->assembly.n) return kn_bc_malformed(r, "module-level assembly twice");
  if (!KN_BC_ROOM(r, r->assembly, (uint64_t)r->ops.n + 1)) return false;
  r->assembly.n = r->ops.n + 1;
  for (uint32_t i = 0; i < r->ops.n; i++) {
    r->assembly.at[i] = (char)r->ops.at[i];
    if (!r->assembly.at[i]) return kn_bc_malformed(r, "a zero in module-level assembly");
  }
  r->assembly.at[r->ops.n] = 0;
  for (const char *at = r->assembly.at;; at++) {
    if (!statement(r, &at)) return false;
    if (*at == 0 || r->assemble_module) return true;
  }
}

bool kn_bc_define_symvers(struct kn_bc *r) {
  for (uint32_t i = 0; i < r->symvers.n; i++) {
    const struct kn_bc_symver *v = &r->symvers.at[i];
    kiln_symbol target = kiln_symbol_find(r->module, r->assembly.at + v->name);
    int64_t offset = 0;
    kiln_symbol_info info = kiln_symbol_get(r->module, target);
    kiln_symbol_desc desc = info.desc;
    if (info.kind == KILN_SYMBOL_ALIAS) {
      target = info.target;
      offset = info.offset_bytes;
    } else if (!info.desc.body) { /* an assembler would rename the references to it */
      return kn_bc_unsupported(r, "versions of symbols that are defined elsewhere");
    }
    desc.name = r->assembly.at + v->other;
    desc.name_length = v->other_length;
    desc.section = desc.comdat = NULL;
    desc.body = false;
    if (!kiln_alias_define(r->module, &desc, target, offset).id)
      return kn_bc_malformed(r, "a symbol's version twice");
  }
  return true;
}
