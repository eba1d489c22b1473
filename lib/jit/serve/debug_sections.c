/* Debug sections of a unit in memory, for gdb: those that objects have (lib/dwarf/dwarf.c) of each module, one after
 * the other, with the addresses of the unit filled in. Called by gdb.c. Invariant: in the image that they are made of,
 * each function is in a section of its own, so that nothing is assumed of where functions are. */
#include "lib/jit/link/link.h"
#include "lib/jit/load/load.h"
#include "lib/jit/memory/memory.h"
#include "lib/jit/serve/serve.h"

#include "lib/dwarf/dwarf_sections.h"
#include "lib/image/image.h"

/* Where symbols are whose address gdb can use, but functions: in a section of their own. */
#define ELSEWHERE (UINT32_MAX - 1)

/* Describes which functions there are, and which symbols have an address. */
static bool describe(const struct kn_jit_link *l, uint32_t i, struct kn_image *image) {
  const struct kn_jit_input *in = &l->in[i];
  for (uint32_t s = 0; s < in->n_sessions; s++) image->n_funcs += in->sessions[s]->out->funcs.n;
  image->funcs =
    kn_arena_alloc(&image->arena, (image->n_funcs + (size_t)1) * sizeof *image->funcs, 8);
  image->places = kn_arena_zero(&image->arena, in->m->symbols.n * sizeof *image->places, 8);
  if (image->funcs == NULL || image->places == NULL) return false;
  for (uint32_t k = 1; k < in->binds.n; k++) {
    /* gdb does not find thread-local data of a JIT */
    unsigned where = in->binds.at[k].where;
    if (where != KN_JIT_NOWHERE && where != KN_JIT_IN_TLS && where != KN_JIT_IN_COMMON &&
        kn_symbol(in->m, k)->tls == KILN_TLS_NONE)
      image->places[k].section = ELSEWHERE;
  }
  uint32_t n = 0;
  for (uint32_t s = 0; s < in->n_sessions; s++) {
    const struct kn_output *o = in->sessions[s]->out;
    for (uint32_t k = 0; k < o->funcs.n; k++) {
      image->funcs[n++] = (struct kn_image_func){.code = o->funcs.at + k, .session = s};
      image->places[o->funcs.at[k].symbol].section = n;
    }
  }
  return true;
}

/* The address that a relocation is relative to. `base`: where each section of the module begins in the unit's. */
static uint64_t target_of(const struct kn_jit_link *l, uint32_t i, const struct kn_image *image,
                          const struct kn_dwarf_reloc *r, const uint64_t *base) {
  if (r->target & KN_DR_DEBUG) return base[r->target & ~KN_DR_DEBUG];
  if (r->target & KN_DR_SYMBOL) return kn_jit_definition(l, i, r->target & ~KN_DR_SYMBOL);
  const struct kn_image_func *f = &image->funcs[r->target];
  return kn_jit_at(l->unit->blocks, KN_JIT_CODE) + l->parts[l->in[i].first + f->session].code +
         kn_image_func(image, r->target)->start;
}

/* Appends section `k` of a module. */
static bool add_section(const struct kn_jit_link *l, uint32_t i, const struct kn_image *image,
                        const struct kn_dwarf *d, unsigned k, const uint64_t *base,
                        kiln_buffer *section) {
  const struct kn_dwarf_buffer *b = kn_dwarf_section(d, k);
  uint8_t *to = b->bytes.n != 0 ? kiln_buffer_reserve(section, b->bytes.n) : NULL;
  if (to == NULL) return b->bytes.n == 0;
  kn_dwarf_content(d, k, to);
  section->size += b->bytes.n;
  for (uint32_t j = 0; j < b->relocs.n; j++) {
    const struct kn_dwarf_reloc *r = &b->relocs.at[j];
    uint64_t v = target_of(l, i, image, r, base) + (uint64_t)r->addend;
    if (r->target & KN_DR_DEBUG) kn_put32(to + r->offset, (uint32_t)v);
    else kn_put64(to + r->offset, v);
  }
  return true;
}

static bool add_module(const struct kn_jit_link *l, uint32_t i, kiln_buffer *sections) {
  const struct kn_jit_input *in = &l->in[i];
  struct kn_image image = {
    .m = in->m, .sessions = in->sessions, .n_sessions = in->n_sessions, .code = l->jit->machine};
  struct kn_dwarf *d = NULL;
  uint64_t base[KN_DS_COUNT];
  kn_arena_init(&image.arena, &in->m->options.allocator);
  bool ok = describe(l, i, &image) && kn_dwarf_build(&image, &image.arena, &d);
  for (unsigned k = 0; k < KN_DS_COUNT; k++) base[k] = sections[k].size;
  for (unsigned k = 0; ok && d != NULL && k < KN_DS_COUNT; k++)
    ok = add_section(l, i, &image, d, k, base, &sections[k]);
  kn_dwarf_free(d);
  kn_arena_free(&image.arena);
  return ok;
}

bool kn_jit_debug_sections(const struct kn_jit_link *l, kiln_buffer *sections) {
  bool ok = true;
  if (l->loaded != NULL) return kn_jit_loaded_debug(l, sections);
  for (uint32_t i = 0; ok && i < l->n_in; i++) ok = add_module(l, i, sections);
  return ok;
}
