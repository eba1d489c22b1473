/* Attributes of modules: <kiln/attrs.h>. Called by front ends. Invariant: a call that fails changes nothing. */
#include "base/arena.h"
#include "ir/module/module_state.h"

#include <stdio.h>
#include <string.h>

enum { PROTECT_BITS = (KILN_PROTECT_NONE - 1) & ~KILN_PROTECT_DIRECT };

/* ---- where the guard value is ---- */

/* The target's register of that name; NULL: it cannot name it. */
static const struct kn_guard_reg *find_reg(const kiln_module *m, const kiln_guard_location *g) {
  const struct kn_guard_reg *r = m->ir.guard_regs;
  for (; r != NULL && r->source != KILN_GUARD_SOURCE_DEFAULT; r++)
    if (r->source == g->source && (g->reg == NULL ? r->usual : strcmp(r->name, g->reg) == 0))
      return r;
  return NULL;
}

/* The location of the guard value as code generation wants it, and its register's number; KILN_ERR_UNSUPPORTED,
 * reported, if the target does not have it. */
static kiln_status resolve_guard(kiln_module *m, const kiln_guard_location *said,
                                 kiln_guard_location *out, uint16_t *code) {
  if ((unsigned)said->source >= KILN_GUARD_SOURCE_COUNT)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "stack guard: 'source' is out of range");
  kiln_guard_location g = {.source = said->source};
  *code = 0;
  if (g.source == KILN_GUARD_SOURCE_TLS || g.source == KILN_GUARD_SOURCE_SYSREG) {
    g.reg = said->reg;
    g.offset_bytes = said->offset_bytes;
    if (g.source == KILN_GUARD_SOURCE_TLS && said->symbol && said->symbol[0]) {
      g.symbol = said->symbol;
      g.offset_bytes = 0;
    }
    const struct kn_guard_reg *r = find_reg(m, &g);
    if (r == NULL)
      return kn_module_fail(m, KILN_ERR_UNSUPPORTED,
                            "stack guard: %s register '%.40s' is not supported on %s",
                            g.source == KILN_GUARD_SOURCE_TLS ? "segment" : "system",
                            g.reg ? g.reg : "", kiln_processor_name(m->options.target.processor));
    int32_t o = g.offset_bytes;
    if (g.source == KILN_GUARD_SOURCE_SYSREG && (o < -256 || o >= 32768 || (o > 255 && o % 8 != 0)))
      return kn_module_fail(m, KILN_ERR_UNSUPPORTED,
                            "stack guard: offset %d is neither from -256 to 255 nor a positive "
                            "multiple of 8 below 32768",
                            (int)o);
    *code = r->code;
  }
  *out = g;
  return KILN_OK;
}

/* ---- the pinned register ---- */

static bool has_functions(const kiln_module *m) {
  for (uint32_t i = 1; i < m->symbols.n; i++)
    if (kn_symbol(m, i)->kind == KILN_SYMBOL_FUNC && kn_symbol(m, i)->defined) return true;
  return false;
}

/* The register of that name, as a set, or 0 for NULL; the name becomes the library's own. KILN_ERR_UNSUPPORTED,
 * reported, if the target cannot pin it. */
static kiln_status resolve_pinned(kiln_module *m, const char **name, uint64_t *out) {
  kiln_processor processor = m->options.target.processor;
  char can[64] = "";
  size_t n = 0;
  unsigned reg;
  *out = 0;
  if (*name != NULL) {
    if (kiln_register_find(processor, *name, &reg)) *out = (UINT64_C(1) << reg) & m->pinnable;
    for (uint64_t set = m->pinnable; *out == 0 && set != 0; set &= set - 1) {
      const char *other = kiln_register_name(processor, (unsigned)__builtin_ctzll(set));
      n += (size_t)snprintf(can + n, sizeof can - n, n == 0 ? "%s" : " %s", other);
    }
    if (*out == 0)
      return kn_module_fail(m, KILN_ERR_UNSUPPORTED,
                            "the register '%.16s' cannot be pinned on %s, but these can: %s", *name,
                            kiln_processor_name(processor), can);
    *name = kiln_register_name(processor, reg);
  }
  if (*out != m->pinned && has_functions(m))
    return kn_module_fail(m, KILN_ERR_STRUCTURE,
                          "attributes: a function was begun before 'pinned' was set");
  return KILN_OK;
}

/* ---- all attributes ---- */

static bool copy_string(kiln_module *m, const char **s) {
  const kiln_module_attrs *now = &m->attrs;
  if (*s == NULL || *s == now->guard_location.reg || *s == now->guard_location.symbol ||
      *s == now->dwo_name)
    return true;
  *s = kn_arena_string(m->arena, *s, strlen(*s));
  if (*s == NULL) kn_module_fail(m, KILN_ERR_MEMORY, "out of memory");
  return *s != NULL;
}

kiln_status kiln_module_set_attrs(kiln_module *m, const kiln_module_attrs *attrs) {
  if (m == NULL) return KILN_ERR_ARGUMENT;
  if (kn_module_own(m) != KILN_OK) return kn_module_own(m);
  if (m->frozen) return kn_module_fail(m, KILN_ERR_STRUCTURE, "attributes: the module is frozen");
  if (attrs == NULL || !KN_UNRESERVED(attrs) || !KN_UNRESERVED(&attrs->guard_location))
    return kn_module_fail(m, KILN_ERR_ARGUMENT,
                          "the attributes are missing (NULL), or their field 'reserved' is not 0");
  if (attrs->protection & KILN_PROTECT_KEY_B)
    return kn_module_fail(m, KILN_ERR_UNSUPPORTED, KN_NO_KEY_B);
  if (attrs->protection & ~(uint32_t)PROTECT_BITS)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "attributes: unknown flag in 'protection'");
  if (attrs->dwarf_version != 0 && attrs->dwarf_version != 4 && attrs->dwarf_version != 5)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "the version of DWARF must be 4 or 5");
  if ((unsigned)attrs->inlining >= KILN_INLINING_COUNT)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "attributes: 'inlining' is out of range");
  if ((unsigned)attrs->variables >= KILN_VARIABLES_COUNT)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "attributes: 'variables' is out of range");
  kiln_module_attrs a = *attrs;
  uint16_t code;
  kiln_status status = resolve_guard(m, &attrs->guard_location, &a.guard_location, &code);
  uint64_t pinned;
  if (status == KILN_OK) status = resolve_pinned(m, &a.pinned, &pinned);
  if (status != KILN_OK) return status;
  if (a.dwo_name != NULL && a.dwo_name[0] == 0)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "the name of the .dwo file is empty");
  if (!copy_string(m, &a.guard_location.reg) || !copy_string(m, &a.guard_location.symbol) ||
      !copy_string(m, &a.dwo_name))
    return kn_module_own(m);
  m->attrs = a;
  m->guard_reg = code;
  m->pinned = pinned;
  m->some_no_plt |= a.no_plt;
  return KILN_OK;
}

kiln_module_attrs kiln_module_get_attrs(const kiln_module *m) {
  return m != NULL ? m->attrs : (kiln_module_attrs){0};
}
