/* First step of the linker: gives functions, block symbols, data and aliases of the inputs an offset in the
 * unit's code, read-only data, data or thread-local data. Sections only matter here if code can refer to their start
 * and end (__start_NAME), and for constructors. Invariant: what one session compiled stays together, so that its code
 * is copied at once. */
#include "lib/jit/link/link.h"
#include "lib/jit/load/load.h"
#include "lib/jit/memory/memory.h"

#include "targets/target.h"

bool kn_jit_want(struct kn_jit_link *l, struct kn_jit_wants *w, uint32_t in, uint32_t id) {
  return KN_JIT_PUSH(l->jit, l->error, *w, (struct kn_jit_want){in, id});
}

bool kn_jit_touch(struct kn_jit_link *l, struct kn_jit_input *in, uint32_t id) {
  if (in->binds.at[id].touched) return true;
  if (!KN_JIT_PUSH(l->jit, l->error, in->touched, id)) return false;
  return in->binds.at[id].touched = true;
}

static bool put(struct kn_jit_link *l, struct kn_jit_input *in, uint32_t id,
                enum kn_jit_where where, uint64_t value) {
  struct kn_jit_bind *b = in->binds.at + id;
  if (kn_jit_defined(b))
    return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL, "'%.100s' has two bodies",
                       kn_symbol(in->m, id)->name);
  b->where = (uint8_t)where;
  b->value = value;
  return kn_jit_touch(l, in, id);
}

/* ---- code ---- */

static bool lay_out_part(struct kn_jit_link *l, struct kn_jit_part *part) {
  const struct kn_output *o = part->out;
  struct kn_jit_input *in = l->in + part->in;
  unsigned align_log2 = l->jit->machine->align_log2;
  for (uint32_t i = 0; i < o->funcs.n; i++) {
    const struct kn_symbol *s = kn_symbol(in->m, o->funcs.at[i].symbol);
    if (s->align_log2 > align_log2) align_log2 = s->align_log2;
    l->names_size += s->name_length + 1;
  }
  kn_jit_frames_measure(l, o);
  l->root_bytes += o->root_bytes.n;
  uint64_t align = UINT64_C(1) << align_log2;
  if (l->align[KN_JIT_CODE] < align) l->align[KN_JIT_CODE] = align;
  if (l->size[KN_JIT_CODE] == 0) l->size[KN_JIT_CODE] = KN_JIT_CODE_PAD;
  uint64_t at = part->code = kn_align_up(l->size[KN_JIT_CODE], align);
  l->size[KN_JIT_CODE] = at + o->code.n;
  l->n_funcs += o->funcs.n;
  for (uint32_t i = 0; i < o->funcs.n; i++)
    if (!put(l, in, o->funcs.at[i].symbol, KN_JIT_IN_CODE, at + o->funcs.at[i].start)) return false;
  for (uint32_t i = 0; i < o->labels.n; i++)
    if (!put(l, in, o->labels.at[i].symbol, KN_JIT_IN_CODE, at + o->labels.at[i].offset))
      return false;
  return true;
}

/* ---- data ---- */

static uint64_t reserve(uint64_t *size, uint64_t *align, const struct kn_data *d) {
  uint64_t a = UINT64_C(1) << d->align_log2;
  if (*align < a) *align = a;
  uint64_t at = kn_align_up(*size, a);
  *size = at + d->size_bytes;
  return at;
}

/* The kind of memory for an item, by its flags and those its section was declared with. */
static enum kn_jit_kind kind_of(const struct kn_jit_input *in, const struct kn_data *d) {
  const struct kn_section *said = kn_section_said(in->m, kn_symbol(in->m, d->symbol)->section);
  const bool writable = said != NULL && (said->desc.flags & KILN_SECTION_WRITE) != 0;
  return kn_data_is_constant(d) && !writable ? KN_JIT_RO : KN_JIT_RW;
}

/* Reports data that the JIT does not place: more than fits, so that sums do not overflow, or in an executable
 * section. */
static bool refused(struct kn_jit_link *l, const struct kn_jit_input *in, const struct kn_data *d) {
  const struct kn_symbol *s = kn_symbol(in->m, d->symbol);
  const struct kn_section *said = kn_section_said(in->m, s->section);
  const uint64_t most = UINT64_C(1) << 32;
  if (d->size_bytes > most || l->size[KN_JIT_RW] > most || l->size[KN_JIT_RO] > most ||
      l->tls_size > most)
    return KN_JIT_FAIL(true, l->error, KILN_ERR_LIMIT, "data '%.100s' is too large", s->name);
  if (said == NULL || !(said->desc.flags & KILN_SECTION_EXEC)) return false;
  return KN_JIT_FAIL(true, l->error, KILN_ERR_UNSUPPORTED,
                     "data '%.100s' is in section '%.100s', which is executable", s->name,
                     s->section);
}

/* Places an item in memory of a kind. */
static bool place(struct kn_jit_link *l, struct kn_jit_input *in, const struct kn_data *d,
                  enum kn_jit_kind kind) {
  l->names_size += kn_symbol(in->m, d->symbol)->name_length + 1;
  l->n_symbols++;
  return put(l, in, d->symbol, kind == KN_JIT_RO ? KN_JIT_IN_RO : KN_JIT_IN_RW,
             reserve(l->size + kind, l->align + kind, d));
}

static bool lay_out_item(struct kn_jit_link *l, struct kn_jit_input *in, uint32_t index) {
  const struct kn_data *d = in->m->data.at + index;
  const struct kn_symbol *s = kn_symbol(in->m, d->symbol);
  if (d->flags & KILN_DATA_ABSOLUTE)
    return KN_JIT_FAIL(false, l->error, KILN_ERR_UNSUPPORTED,
                       "symbol '%.100s', a number, in memory", s->name);
  if (refused(l, in, d)) return false;
  if (s->linkage == KILN_LINKAGE_COMMON && s->section == NULL && s->comdat == 0)
    return put(l, in, d->symbol, KN_JIT_IN_COMMON, 0);
  if (s->tls == KILN_TLS_NONE) return place(l, in, d, kind_of(in, d));
  l->has_tls = true; /* even if it has no bytes */
  uint64_t at = reserve(&l->tls_size, &l->tls_align, d);
  if (!kn_data_is_zero(d)) l->tls_file = l->tls_size;
  return put(l, in, d->symbol, KN_JIT_IN_TLS, at);
}

static bool is_identifier(const char *s) {
  if (!(*s == '_' || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'))) return false;
  for (; *s != 0; s++)
    if (!(*s == '_' || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
          (*s >= '0' && *s <= '9')))
      return false;
  return true;
}

/* The name of the item's section if code can refer to its start and end: such data must not be
 * mixed with other data. */
static const char *range_name(const struct kn_jit_input *in, uint32_t index) {
  const struct kn_symbol *s = kn_symbol(in->m, in->m->data.at[index].symbol);
  return s->section != NULL && s->tls == KILN_TLS_NONE && is_identifier(s->section) ? s->section
                                                                                    : NULL;
}

/* Notes that an item is in such a section. All of it is writable if any of it is. */
static bool add_range(struct kn_jit_link *l, const char *name, enum kn_jit_kind kind) {
  uint32_t i = 0;
  while (i < l->ranges.n && strcmp(l->ranges.at[i].name, name) != 0) i++;
  if (i == l->ranges.n && !KN_JIT_PUSH(l->jit, l->error, l->ranges,
                                       (struct kn_jit_range){.name = name, .where = KN_JIT_IN_RO}))
    return false;
  if (kind == KN_JIT_RW) l->ranges.at[i].where = KN_JIT_IN_RW;
  return true;
}

/* Places the data of one such section of all inputs. */
static bool lay_out_range(struct kn_jit_link *l, struct kn_jit_range *r) {
  const enum kn_jit_kind kind = r->where == KN_JIT_IN_RO ? KN_JIT_RO : KN_JIT_RW;
  l->size[kind] = kn_align_up(l->size[kind], 16);
  if (l->align[kind] < 16) l->align[kind] = 16;
  r->start = UINT64_MAX;
  for (uint32_t i = 0; i < l->n_in; i++) {
    struct kn_jit_input *in = l->in + i;
    for (uint32_t k = 0; k < in->data.n; k++) {
      const char *name = range_name(in, in->data.at[k]);
      if (name == NULL || strcmp(name, r->name) != 0) continue;
      const struct kn_data *d = in->m->data.at + in->data.at[k];
      if (refused(l, in, d) || !place(l, in, d, kind)) return false;
      if (r->start == UINT64_MAX) r->start = in->binds.at[d->symbol].value;
    }
  }
  r->end = l->size[kind];
  return true;
}

static bool is_defined(const void *in, uint32_t symbol) {
  return kn_jit_defined(((const struct kn_jit_input *)in)->binds.at + symbol);
}

/* Leaves out what belongs to machine code that is not there. */
static void leave_out(struct kn_jit_input *in) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < in->data.n; i++) {
    uint32_t label = in->m->data.at[in->data.at[i]].label;
    if (label == 0 || is_defined(in, label)) in->data.at[n++] = in->data.at[i];
  }
  in->data.n = n;
}

static bool lay_out_data(struct kn_jit_link *l, struct kn_jit_input *in) {
  for (uint32_t i = 0; i < in->data.n; i++) {
    const char *name = range_name(in, in->data.at[i]);
    if (name != NULL ? !add_range(l, name, kind_of(in, in->m->data.at + in->data.at[i]))
                     : !lay_out_item(l, in, in->data.at[i]))
      return false;
  }
  return true;
}

/* ---- aliases ---- */

/* Aliases are placed once what they stand for is. */
static bool lay_out_alias(struct kn_jit_link *l, struct kn_jit_input *in, uint32_t id) {
  uint32_t to = id;
  uint64_t offset = 0;
  if (kn_symbol(in->m, id)->indirect)
    return KN_JIT_FAIL(false, l->error, KILN_ERR_UNSUPPORTED, "ifunc '%.100s' in memory",
                       kn_symbol(in->m, id)->name);
  for (; kn_symbol(in->m, to)->kind == KILN_SYMBOL_ALIAS; to = kn_symbol(in->m, to)->target)
    offset += (uint64_t)kn_symbol(in->m, to)->offset;
  const struct kn_jit_bind *b = in->binds.at + to;
  if (!kn_jit_defined(b) || b->where == KN_JIT_IN_COMMON)
    return KN_JIT_FAIL(false, l->error, KILN_ERR_SYMBOL,
                       "the target of alias '%.100s' is '%.100s', which is %s",
                       kn_symbol(in->m, id)->name, kn_symbol(in->m, to)->name,
                       kn_jit_defined(b) ? "common data" : "not defined");
  return put(l, in, id, b->where, b->value + offset);
}

/* Names of labels of machine code become aliases. */
static bool late_names(struct kn_jit_link *l, struct kn_jit_input *in) {
  if (KN_LIKELY(in->m->late_names.n == 0)) return true;
  if (l->stream)
    return KN_JIT_FAIL(false, l->error, KILN_ERR_UNSUPPORTED,
                       "machine code in a stream cannot define names, such as '%.100s'",
                       kn_symbol(in->m, in->m->late_names.at[0].symbol)->name);
  if (kn_late_names_define(in->m, is_defined, in)) return true;
  l->error->diag = in->m->diag;
  return false;
}

bool kn_jit_layout(struct kn_jit_link *l) {
  uint32_t n = 0;
  for (uint32_t k = 0; l->loaded != NULL && k < l->loaded->n_data; k++, l->n_symbols++)
    l->names_size += kn_symbol(l->loaded->m, l->loaded->data[k].symbol)->name_length + 1;
  for (uint32_t i = 0; i < l->n_in; i++) n += l->in[i].n_sessions;
  l->parts = kn_arena_alloc(&l->arena, n * sizeof *l->parts + 1, 8);
  if (l->parts == NULL) return kn_jit_no_memory(l->error);
  for (uint32_t i = 0; i < l->n_in; i++) {
    struct kn_jit_input *in = l->in + i;
    in->first = l->n_parts;
    for (uint32_t k = 0; k < in->n_sessions; k++) {
      struct kn_jit_part *part = l->parts + l->n_parts++;
      *part = (struct kn_jit_part){in->sessions[k], in->sessions[k]->out, i, 0};
      if (!lay_out_part(l, part)) return false;
    }
    leave_out(in);
    if (!lay_out_data(l, in)) return false;
  }
  for (uint32_t i = 0; i < l->ranges.n; i++)
    if (!lay_out_range(l, l->ranges.at + i)) return false;
  for (uint32_t i = 0; i < l->n_in; i++) {
    struct kn_jit_input *in = l->in + i;
    if (!late_names(l, in)) return false;
    if (in->m->n_aliases == 0) continue;
    for (uint32_t id = 1; id < in->binds.n; id++)
      if (kn_symbol(in->m, id)->kind == KILN_SYMBOL_ALIAS && in->binds.at[id].entry == NULL &&
          !lay_out_alias(l, in, id))
        return false;
  }
  return true;
}
