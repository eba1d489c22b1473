/* Attributes of functions: <kiln/attrs.h>. Called by front ends, before a function is finished. Invariant: f->attrs is
 * what code generation reads; what the module says is part of it. */
#include "ir/build/builder.h"

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

/* Bytes of the flags from frame_pointer to not_into. */
#define FLAGS 8
_Static_assert(offsetof(kiln_func_attrs, not_into) + 1 ==
                   offsetof(kiln_func_attrs, frame_pointer) + FLAGS &&
                 offsetof(struct kn_func_attrs, not_into) + 1 ==
                   offsetof(struct kn_func_attrs, frame_pointer) + FLAGS &&
                 offsetof(kiln_func_attrs, naked) - offsetof(kiln_func_attrs, frame_pointer) ==
                   offsetof(struct kn_func_attrs, naked) -
                     offsetof(struct kn_func_attrs, frame_pointer),
               "the flags are in one order");

void kiln_func_set_attrs(kiln_func *f, const kiln_func_attrs *attrs) {
  if (!kn_build_open(f)) return;
  const char *message = attrs == NULL           ? "the attributes are missing (NULL)"
                        : !KN_UNRESERVED(attrs) ? "the field 'reserved' of the attributes is not 0"
                                                : wrong(f, attrs);
  if (message != NULL) {
    kn_build_fail(f, KILN_ERR_ARGUMENT, message);
    return;
  }
  uint32_t personality = attrs->personality.id;
  if (KN_UNLIKELY(personality != 0) && !kn_build_may_use(f, personality)) return;
  const kiln_module *m = f->module;
  uint32_t probe = attrs->probe_bytes;
  if (probe > PROBE_MAX) probe = PROBE_MAX;
  if (probe != 0 && probe < PROBE_MIN) probe = PROBE_MIN;
  struct kn_func_attrs *a =
    &f->attrs; /* set in place: each function of a front end may come here */
  a->features = m->options.features | attrs->features;
  a->personality = personality;
  a->probe_bytes = probe;
  a->guard = (uint8_t)attrs->guard;
  a->protect = attrs->protection == 0 ? m->protect : (uint8_t)(attrs->protection & PROTECT_BITS);
  memcpy(&a->frame_pointer, &attrs->frame_pointer, FLAGS);
  a->no_rows = attrs->no_rows;
  a->keeps_pinned = attrs->keeps_pinned;
  a->no_jump_tables = attrs->no_jump_tables;
  a->foreign = attrs->foreign;
  a->inlining = (uint8_t)attrs->inlining;
  a->inline_same = attrs->inline_same;
  a->inline_needs = attrs->inline_needs;
}

kiln_func_attrs kiln_func_get_attrs(const kiln_func *f) {
  if (f == NULL) return (kiln_func_attrs){0};
  const struct kn_func_attrs *a = &f->attrs;
  uint32_t protection = a->protect != 0 ? a->protect : KILN_PROTECT_NONE;
  return (kiln_func_attrs){
    .personality = {a->personality},
    .features = a->features & ~f->module->options.features,
    .guard = (kiln_guard)a->guard,
    .protection = a->protect == f->module->protect ? 0 : protection,
    .probe_bytes = a->probe_bytes,
    .frame_pointer = a->frame_pointer,
    .blocks_as_made = a->blocks_as_made,
    .realign_stack = a->realign_stack,
    .general_only = a->general_only,
    .naked = a->naked,
    .used = a->used,
    .final = a->final,
    .not_into = a->not_into,
    .no_rows = a->no_rows,
    .keeps_pinned = a->keeps_pinned,
    .no_jump_tables = a->no_jump_tables,
    .foreign = a->foreign,
    .inlining = (kiln_inline)a->inlining,
    .inline_same = a->inline_same,
    .inline_needs = a->inline_needs,
  };
}
