/* Makes an image: the order of functions, and for every function, data item, constructor, label and alias its section
 * and offset. Called by writers of formats. Tables of exceptions follow in image_eh.c. */
#include "lib/image/image.h"

#include <kiln/reachable.h>

/* ---- functions ---- */

/* Section of a function that does not simply go to the shared one. */
static uint32_t function_section(struct kn_image *image, uint32_t symbol, bool used) {
  const struct kn_symbol *s = kn_symbol(image->m, symbol);
  uint32_t flags = used ? KILN_SECTION_RETAIN : 0;
  if (s->section == NULL) return kn_image_own(image, KN_SECTION_TEXT, symbol, s->comdat, flags);
  flags |= KILN_SECTION_ALLOC | KILN_SECTION_EXEC;
  uint32_t i = kn_image_named(image, s->section, s->comdat, flags);
  const struct kn_section *said = kn_section_said(image->m, s->section);
  bool zeros = said != NULL && said->desc.kind == KILN_SECTION_ZERO;
  if (zeros || (said != NULL && (said->desc.flags & KILN_SECTION_MERGE)))
    return KN_MODULE_FAIL(UINT32_MAX, image->m, KILN_ERR_ARGUMENT,
                          "function '%.100s' is in section '%.100s', which %s", s->name, s->section,
                          zeros ? "has no content" : "may be merged");
  if (i != UINT32_MAX) {
    image->sections.at[i].nonzero = true;
    image->sections.at[i].code = true;
  }
  return i;
}

/* Puts all functions in order: session by session; those of a frozen module by symbol, so that it
 * makes no difference which session compiled them. */
static bool order_functions(struct kn_image *image) {
  kiln_module *m = image->m;
  uint64_t n = 0;
  for (uint32_t i = 0; i < image->n_sessions; i++) n += image->sessions[i]->out->funcs.n;
  if (n >= UINT32_MAX) return KN_MODULE_FAIL(false, m, KILN_ERR_LIMIT, "too many functions");
  image->n_funcs = (uint32_t)n;
  image->funcs = kn_arena_alloc(&image->arena, (size_t)n * sizeof *image->funcs + 1, 8);
  if (image->funcs == NULL) return kn_image_no_memory(image);
  struct kn_image_func *to = image->funcs;
  struct kn_image_func *by_symbol = NULL;
  if (m->frozen) {
    by_symbol = kn_arena_zero(&image->arena, m->flat_symbols * sizeof *by_symbol, 8);
    if (by_symbol == NULL) return kn_image_no_memory(image);
  }
  for (uint32_t i = 0; i < image->n_sessions; i++) {
    const struct kn_output *o = kn_image_output(image, i);
    for (uint32_t k = 0; k < o->funcs.n; k++) {
      const struct kn_code_func *f = o->funcs.at + k;
      *(m->frozen ? &by_symbol[f->symbol] : to++) = (struct kn_image_func){.code = f, .session = i};
    }
  }
  for (uint32_t id = 1; m->frozen && id < m->flat_symbols; id++)
    if (by_symbol[id].code != NULL) *to++ = by_symbol[id];
  if (to == image->funcs + n) return true;
  return KN_MODULE_FAIL(false, m, KILN_ERR_SYMBOL, "a function has two bodies");
}

/* Places the functions. Neighbours in a session's code that go to the same section keep their distance,
 * so that the whole run is one piece. */
static bool place_functions(struct kn_image *image) {
  kiln_module *m = image->m;
  uint32_t run_section = UINT32_MAX, run_session = UINT32_MAX, run_next = 0;
  uint64_t delta = 0; /* offset in the section - offset in the session's code */
  uint32_t piece = 0;
  uint32_t text = kn_image_fixed(image, KN_SECTION_TEXT);
  bool sections = m->options.function_sections;
  unsigned least_align = image->code->align_log2;
  for (uint32_t n = 0; n < image->n_funcs; n++) {
    const uint32_t session = image->funcs[n].session;
    const struct kn_output *o = kn_image_output(image, session);
    const struct kn_code_func *f = kn_image_func(image, n);
    const uint32_t i = (uint32_t)(f - o->funcs.at);
    const struct kn_symbol *s = kn_symbol(m, f->symbol);
    uint32_t section = text;
    if (s->section != NULL || s->comdat != 0 || sections || f->used) {
      section = function_section(image, f->symbol, f->used);
      if (section == UINT32_MAX) return false;
    }
    uint64_t align = UINT64_C(1) << (s->align_log2 > least_align ? s->align_log2 : least_align);
    bool follows = section == run_section && session == run_session && i == run_next;
    struct kn_image_section *sec = image->sections.at + section;
    uint64_t offset = kn_align_up(sec->size, align);
    /* a gap before the function is not kept: where gaps are depends on who compiled what before */
    if (!follows || f->start + delta != offset) {
      struct kn_image_piece *p = kn_image_add_piece(image, section, offset, KN_PIECE_FUNCS, i);
      if (p == NULL) return false;
      p->session = session;
      piece = image->pieces.n - 1;
      delta = offset - f->start;
      run_section = section;
      run_session = session;
    }
    run_next = i + 1;
    image->pieces.at[piece].end = i + 1;
    if (sec->align < align) sec->align = (uint32_t)align;
    uint32_t reloc_end = i + 1 < o->funcs.n ? f[1].reloc_first : o->relocs.n;
    sec->n_relocs += reloc_end - f->reloc_first;
    struct kn_place *def = image->places + f->symbol;
    if (def->section != 0)
      return KN_MODULE_FAIL(false, m, KILN_ERR_SYMBOL, "function '%.100s' has two bodies", s->name);
    def->value = f->start + delta;
    def->size = f->size;
    def->what = KN_IS_FUNC;
    def->section = section + 1;
    if (!kn_image_extend(image, section, def->value, f->size)) return false;
  }
  return true;
}

/* Places a session's block symbols, which come function by function. */
static bool place_labels(struct kn_image *image, uint32_t session) {
  const struct kn_output *o = image->sessions[session]->out;
  uint32_t label = 0;
  for (uint32_t i = 0; i < o->funcs.n && label < o->labels.n; i++) {
    const struct kn_code_func *f = o->funcs.at + i;
    for (; label < o->labels.n; label++) {
      const struct kn_code_label *l = o->labels.at + label;
      if (kn_symbol(image->m, l->symbol)->target != f->symbol) break;
      const struct kn_place *func = image->places + f->symbol;
      struct kn_place *def = image->places + l->symbol;
      def->value = func->value + (l->offset - f->start);
      def->section = func->section;
      def->what = KN_IS_LABEL;
    }
  }
  if (label == o->labels.n) return true;
  return KN_MODULE_FAIL(false, image->m, KILN_ERR_STRUCTURE,
                        "block symbols are not in the same order as their functions");
}

/* ---- data ---- */

/* True if the linker may merge the item with equal strings. */
static bool is_string(const struct kn_data *d) {
  return (d->flags & KILN_DATA_MERGE_STRINGS) != 0 && d->bytes != NULL && d->n_relocs == 0 &&
         d->align_log2 == 0 && d->size_bytes > 0 &&
         memchr(d->bytes, 0, (size_t)d->size_bytes) == d->bytes + d->size_bytes - 1;
}

/* True if the dynamic linker may have to write to the item. */
static bool has_absolute(const struct kn_data *d) {
  for (size_t i = 0; i < d->n_relocs; i++)
    if (d->relocs[i].relative_to.id == 0) return true;
  return false;
}

static enum kn_section_kind kind_of(const struct kn_symbol *s, const struct kn_data *d, bool zero) {
  if (s->tls != KILN_TLS_NONE) return zero ? KN_SECTION_TBSS : KN_SECTION_TDATA;
  if (kn_data_is_constant(d))
    return has_absolute(d) ? KN_SECTION_RELRO
           : is_string(d)  ? KN_SECTION_STRINGS
                           : KN_SECTION_RODATA;
  return zero ? KN_SECTION_BSS : KN_SECTION_DATA;
}

static uint32_t data_section(struct kn_image *image, const struct kn_data *d, bool zero) {
  const struct kn_symbol *s = kn_symbol(image->m, d->symbol);
  uint32_t flags = d->flags & KILN_DATA_USED ? KILN_SECTION_RETAIN : 0, i;
  enum kn_section_kind kind = kind_of(s, d, zero);
  bool own = image->m->options.data_sections && kind != KN_SECTION_STRINGS;
  if (s->section != NULL) {
    flags |= KILN_SECTION_ALLOC;
    if (!kn_data_is_constant(d) || has_absolute(d)) flags |= KILN_SECTION_WRITE;
    if (s->tls != KILN_TLS_NONE) flags |= KN_SECTION_THREAD | KILN_SECTION_WRITE;
    if (KN_LIKELY(d->with == 0)) return kn_image_named(image, s->section, s->comdat, flags);
    i = kn_image_add_named(image, s->section, s->comdat, flags);
  } else if (own || s->comdat != 0 || flags != 0 || d->with != 0) {
    i = kn_image_own(image, kind, d->symbol, s->comdat, flags);
  } else {
    return kn_image_fixed(image, kind);
  }
  if (i != UINT32_MAX) image->sections.at[i].with = d->with;
  return i;
}

/* NULL, or why an item cannot be at `offset` of a section of which something was said. */
static const char *misplaced(const struct kn_section *said, const struct kn_image_section *s,
                             const struct kn_data *d, uint64_t offset) {
  if (said->desc.kind == KILN_SECTION_ZERO && !kn_data_is_zero(d)) return "which has no content";
  if (!(said->desc.flags & KILN_SECTION_MERGE)) return NULL;
  uint32_t entry = said->desc.entry_bytes;
  if (d->n_relocs > 0) return "whose content may be merged, with relocations";
  if (d->size_bytes % entry != 0 || offset != s->size) return "which has entries of another size";
  uint64_t zeros = 0;
  if (d->bytes != NULL && d->size_bytes != 0)
    while (zeros < entry && d->bytes[d->size_bytes - 1 - zeros] == 0) zeros++;
  if ((said->desc.flags & KILN_SECTION_STRINGS) && d->bytes != NULL && zeros < entry)
    return "which has strings that end in zero";
  return NULL;
}

static bool place_data(struct kn_image *image, uint32_t index) {
  const struct kn_data *d = image->m->data.at + index;
  const struct kn_symbol *s = kn_symbol(image->m, d->symbol);
  struct kn_place *def = image->places + d->symbol;
  def->size = d->size_bytes & KN_SIZE_MASK;
  def->what = s->tls != KILN_TLS_NONE ? KN_IS_TLS : KN_IS_DATA;
  if (d->flags & KILN_DATA_ABSOLUTE) {
    *def = (struct kn_place){.value = d->size_bytes, .what = KN_IS_LABEL, .section = KN_IN_NONE};
    return true;
  }
  uint64_t align = UINT64_C(1) << d->align_log2;
  if (s->linkage == KILN_LINKAGE_COMMON && s->section == NULL && s->comdat == 0) {
    def->value = align;
    def->section = KN_IN_COMMON;
    return true;
  }
  /* Whether constant data is zero makes no difference, unless the name of its section decides the
   * type. */
  bool zero = (!kn_data_is_constant(d) || s->section != NULL) && kn_data_is_zero(d);
  uint32_t section = data_section(image, d, zero);
  if (section == UINT32_MAX) return false;
  struct kn_image_section *sec = image->sections.at + section;
  if (sec->align < align) sec->align = (uint32_t)align;
  if (!zero) sec->nonzero = true;
  def->value = kn_align_up(sec->size, align);
  def->section = section + 1;
  const struct kn_section *said = kn_section_said(image->m, s->section);
  const char *wrong = said != NULL ? misplaced(said, sec, d, def->value) : NULL;
  if (wrong != NULL)
    return KN_MODULE_FAIL(false, image->m, KILN_ERR_ARGUMENT,
                          "data '%.100s' is in section '%.100s', %s", s->name, s->section, wrong);
  sec->n_relocs += d->n_relocs;
  if (!kn_image_extend(image, section, def->value, d->size_bytes)) return false;
  return kn_image_add_piece(image, section, def->value, KN_PIECE_DATA, index) != NULL;
}

/* Private data of functions, in the order of the functions that are there: a counting sort. */
static bool order_func_data(struct kn_image *image) {
  kiln_module *m = image->m;
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->data.n; i++) n += kn_data_owned(m->data.at + i);
  if (n == 0) return true;
  uint32_t *at = kn_arena_zero(&image->arena, m->symbols.n * sizeof *at, sizeof *at);
  image->func_data =
    kn_arena_alloc(&image->arena, n * sizeof *image->func_data, sizeof *image->func_data);
  if (at == NULL || image->func_data == NULL) return kn_image_no_memory(image);
  for (uint32_t i = 0; i < m->data.n; i++)
    if (kn_data_owned(m->data.at + i)) at[m->data.at[i].owner]++;
  uint32_t next = 0; /* at[]: the number of items becomes the index of the first one */
  for (uint32_t k = 0; k < image->n_funcs; k++) {
    uint32_t owner = kn_image_func(image, k)->symbol, count = at[owner];
    at[owner] = next;
    next += count;
  }
  for (uint32_t i = 0; i < m->data.n; i++) {
    const struct kn_data *d = m->data.at + i;
    if (kn_data_owned(d) && image->places[d->owner].section != 0)
      image->func_data[at[d->owner] + d->ordinal] = i;
  }
  image->n_func_data = next;
  return true;
}

/* ---- what belongs to labels of machine code ---- */

/* True if an item belongs to code that is not there, or to a label that its group is not from; or if nothing refers to
 * one that goes then. */
static bool is_absent(struct kn_image *image, uint32_t index) {
  const kiln_module *m = image->m;
  const struct kn_data *d = m->data.at + index;
  if ((d->flags & KILN_DATA_IF_REACHABLE) && !kiln_symbol_is_reachable(m, (kiln_symbol){d->symbol}))
    return true;
  if (KN_LIKELY(d->label == 0)) return false;
  uint32_t comdat = kn_symbol(m, d->symbol)->comdat, func = kn_symbol(m, d->label)->target;
  if (image->places[d->label].section == 0) return true;
  if (comdat == 0 || comdat == kn_symbol(m, func)->comdat) return false;
  if (image->comdat_label == NULL) {
    image->comdat_label =
      kn_arena_zero(&image->arena, m->comdats.n * sizeof *image->comdat_label, 4);
    if (image->comdat_label == NULL) return !kn_image_no_memory(image);
  }
  uint32_t *first = image->comdat_label + comdat - 1;
  if (*first == 0) *first = d->label;
  return *first != d->label;
}

/* True if `id` is a late name whose code is not in the object. */
static bool is_without(const struct kn_image *image, uint32_t id) {
  const struct kn_symbol *s = kn_symbol(image->m, id);
  return s->late && image->places[s->target].section == 0;
}

static bool is_defined(const void *image, uint32_t symbol) {
  return ((const struct kn_image *)image)->places[symbol].section != 0;
}

/* ---- aliases ---- */

/* Places an alias, and the aliases between it and the symbol that it stands for. Each is placed
 * once, so that long chains cost nothing twice. */
static bool place_alias(struct kn_image *image, uint32_t id, uint32_t *chain) {
  const kiln_module *m = image->m;
  uint32_t n = 0;
  for (; kn_symbol(m, id)->kind == KILN_SYMBOL_ALIAS && image->places[id].section == 0;
       id = kn_symbol(m, id)->target)
    chain[n++] = id;
  if (n == 0) return true;
  if (!kn_place_is_in_section(image->places + id)) {
    uint32_t section = image->places[id].section;
    return KN_MODULE_FAIL(false, image->m, KILN_ERR_SYMBOL,
                          "alias '%.100s': its target '%.100s' is %s", kn_symbol(m, chain[0])->name,
                          kn_symbol(m, id)->name,
                          section == 0              ? "not defined"
                          : section == KN_IN_COMMON ? "common data"
                                                    : "a number");
  }
  for (; n-- > 0; id = chain[n]) {
    const struct kn_place *to = image->places + id;
    struct kn_place *def = image->places + chain[n];
    uint64_t offset = (uint64_t)kn_symbol(m, chain[n])->offset;
    def->value = to->value + offset;
    def->size = (offset <= to->size ? to->size - offset : 0) & KN_SIZE_MASK;
    def->what = kn_symbol(m, chain[n])->resolver ? KN_IS_RESOLVER : to->what;
    if (def->what == KN_IS_RESOLVER) image->resolvers = true;
    def->section = to->section;
  }
  return true;
}

static bool place_aliases(struct kn_image *image) {
  const kiln_module *m = image->m;
  if (m->n_aliases == 0) return true;
  uint32_t *chain = kn_arena_alloc(&image->arena, m->n_aliases * sizeof *chain, sizeof *chain);
  if (chain == NULL) return kn_image_no_memory(image);
  for (uint32_t id = 1; id < m->symbols.n; id++)
    if (kn_symbol(m, id)->kind == KILN_SYMBOL_ALIAS && !is_without(image, id) &&
        !place_alias(image, id, chain))
      return false;
  return true;
}

/* ---- constructors ---- */

/* The comdat, as kn_symbol.comdat has it, of the entry of a constructor that belongs to symbol `id`: that of what it
 * stands for, or one of its own name; 0: none. False without memory. */
static bool comdat_with(kiln_module *m, uint32_t id, uint32_t *comdat) {
  const struct kn_symbol *with = kn_symbol(m, id), *s = with;
  while (s->kind == KILN_SYMBOL_ALIAS) s = kn_symbol(m, s->target);
  *comdat = s->comdat;
  if (s->comdat != 0 || with->linkage == KILN_LINKAGE_INTERNAL ||
      with->linkage == KILN_LINKAGE_PRIVATE)
    return true;
  return (*comdat = kn_comdat_of_symbol(m, with, id)) != 0;
}

/* The section of the entry of a constructor; NULL without memory. Runtimes sort the sections by name. */
static const char *ctor_section(struct kn_image *image, const struct kn_ctor *c) {
  const char *name = image->format->ctors[c->at_exit];
  const bool backwards = image->format->ctors_backwards;
  if (c->priority == 65535) return name;
  return kn_arena_print(&image->arena, "%s.%05u", name,
                        backwards ? 65535 - c->priority : c->priority);
}

static bool place_ctor(struct kn_image *image, uint32_t index) {
  const struct kn_ctor *c = image->m->ctors.at + index;
  uint32_t comdat = 0;
  if (c->with != 0 && image->places[c->with].section == 0) return true; /* who defines it, calls */
  const char *name = ctor_section(image, c);
  if (name == NULL) return kn_image_no_memory(image);
  if (c->with != 0 && !comdat_with(image->m, c->with, &comdat)) return false;
  uint32_t section = kn_image_named(image, name, comdat, KILN_SECTION_ALLOC | KILN_SECTION_WRITE);
  if (section == UINT32_MAX) return false;
  image->sections.at[section].entry_bytes = 8;
  image->sections.at[section].nonzero = true;
  return kn_image_add_word(image, section, c->func);
}

bool kn_image_lay_out(struct kn_image *image) {
  kiln_module *m = image->m;
  uint32_t unused;
  image->code = &m->target->code;
  kn_arena_init(&image->arena, &m->options.allocator);
  for (uint32_t i = 0; i < m->ctors.n; i++) /* comdats that constructors alone are in */
    if (m->ctors.at[i].with != 0 && !comdat_with(m, m->ctors.at[i].with, &unused)) return false;
  image->places = kn_arena_zero(&image->arena, m->symbols.n * sizeof *image->places, 8);
  if (image->places == NULL) return kn_image_no_memory(image);
  if (kn_image_fixed(image, KN_SECTION_TEXT) == UINT32_MAX) return false;
  if (!order_functions(image) || !place_functions(image)) return false;
  for (uint32_t i = 0; i < image->n_sessions; i++)
    if (!place_labels(image, i)) return false;
  if (!order_func_data(image)) return false;
  for (uint32_t i = 0; i < m->data.n; i++)
    if (m->data.at[i].owner == 0 && !is_absent(image, i) && !place_data(image, i)) return false;
  for (uint32_t i = 0; i < image->n_func_data; i++)
    if (!is_absent(image, image->func_data[i]) && !place_data(image, image->func_data[i]))
      return false;
  if (!kn_late_names_define(m, is_defined, image) || !place_aliases(image)) return false;
  const bool backwards = image->format != NULL && image->format->ctors_backwards;
  for (uint32_t i = 0; i < m->ctors.n; i++)
    if (!place_ctor(image, backwards ? m->ctors.n - 1 - i : i)) return false;
  return kn_image_place_tables(image) && kn_image_place_roots(image);
}

void kn_image_free(struct kn_image *image) {
  kiln_module *m = image->m;
  KN_FREE(&m->options.allocator, image->sections.at, image->pieces.at);
  kn_hash_free(&m->options.allocator, &image->section_hash);
  kn_arena_free(&image->arena);
}
