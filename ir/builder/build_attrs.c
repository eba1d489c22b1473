/* Attributes of functions: <kiln/attrs.h>. Called by front ends, before a function is finished. Invariant: f->attrs is
 * what code generation reads; what the module says is part of it. */
#include "ir/builder/builder.h"

enum { PROBE_MIN = 16, PROBE_MAX = 1 << 23, PROTECT_BITS = KILN_PROTECT_NONE - 1 };

/* Why these attributes cannot be those of the function; NULL: they can. */
static const char *wrong(const kiln_func *f, const kiln_func_attrs *a) {
  const kiln_module *m = f->module;
  uint32_t personality = a->personality.id;
  if (personality != 0 &&
      (!kn_symbol_valid(m, personality) || kn_symbol(m, personality)->tls != KILN_TLS_NONE))
    return "the personality is not the symbol of a function";
  if ((unsigned)a->guard >= KILN_GUARD_COUNT) return "attributes: 'guard' is out of range";
  if (a->protection > PROTECT_BITS && a->protection != KILN_PROTECT_NONE)
    return "attributes: unknown flag in 'protection'";
  if ((unsigned)a->inlining >= KILN_INLINE_COUNT) return "attributes: 'inlining' is out of range";
  if (a->realign_stack && !f->attrs.realign_stack && f->slots.n != 0)
    return "the function has a slot already";
  if (a->keeps_pinned && (m->pinned == 0 || a->naked))
    return m->pinned == 0 ? "attributes: 'keeps_pinned', but the module pins no register"
                          : "attributes: 'keeps_pinned' of a naked function";
  if (a->no_rows && personality != 0)
    return "attributes: 'no_rows' of a function with a personality";
  return NULL;
}

void kiln_func_set_attrs(kiln_func *f, const kiln_func_attrs *attrs) {
  if (!kn_build_open(f)) return;
  const char *message = attrs == NULL           ? "the attributes are missing (NULL)"
                        : !KN_UNRESERVED(attrs) ? "the field 'reserved' of the attributes is not 0"
                                                : wrong(f, attrs);
  if (message != NULL) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, message);
    return;
  }
  if (attrs->protection & KILN_PROTECT_KEY_B) {
    kn_build_fail(f, KILN_ERR_UNSUPPORTED, KN_NO_KEY_B);
    return;
  }
  uint32_t personality = attrs->personality.id;
  if (KN_UNLIKELY(personality != 0) && !kn_build_may_use(f, personality)) return;
  const kiln_module *m = f->module;
  kiln_func_attrs *a = &f->attrs;
  memcpy(a, attrs, KN_ATTRS_BYTES);
  a->features |= m->options.features;
  if (a->protection == 0) a->protection = m->attrs.protection;
  a->protection &= PROTECT_BITS;
  if (a->probe_bytes > PROBE_MAX) a->probe_bytes = PROBE_MAX;
  if (a->probe_bytes != 0 && a->probe_bytes < PROBE_MIN) a->probe_bytes = PROBE_MIN;
}

kiln_func_attrs kiln_func_get_attrs(const kiln_func *f) {
  if (f == NULL) return (kiln_func_attrs){0};
  const kiln_module *m = f->module;
  kiln_func_attrs a = f->attrs;
  a.features &= ~m->options.features;
  if (a.protection == m->attrs.protection) a.protection = 0;
  else if (a.protection == 0) a.protection = KILN_PROTECT_NONE;
  return a;
}
