/* Tables of roots in an image: each goes to one section, which programs find by the symbols that linkers make of its
 * name, or to the comdat of its function. It is kept even if the linker collects garbage: a table that is missing would
 * look like a function without roots. On request there are LLVM's stack maps, too, which are made of the same tables.
 * Called by image.c and image_relocs.c. Source of the format: LLVM's "Stack maps and patch points", version 3, and its
 * "Garbage Collection Safepoints". Invariant: tables are in the order of their functions. */
#include "lib/object/image.h"

#include "runtime/stack/root_format.h"

static bool fail_memory(struct kn_image *image) {
  return KN_MODULE_FAIL(false, image->m, KILN_ERR_MEMORY, "out of memory");
}

const uint8_t *kn_image_root_table(const struct kn_image *image, uint32_t i, uint32_t *size) {
  const uint32_t func = image->roots.funcs[i];
  const struct kn_output *o = kn_image_output(image, image->funcs[func].session);
  const struct kn_code_roots *t = o->root_tables.at + kn_image_func(image, func)->roots - 1;
  *size = t->size;
  return o->root_bytes.at + t->first;
}

static bool place_table(struct kn_image *image, uint32_t func) {
  uint32_t symbol = kn_image_func(image, func)->symbol;
  uint32_t comdat = kn_symbol(image->m, symbol)->comdat;
  uint32_t section = comdat != 0
                       ? kn_image_own(image, KN_SECTION_ROOTS, symbol, comdat, KILN_SECTION_RETAIN)
                       : kn_image_fixed(image, KN_SECTION_ROOTS);
  if (section == UINT32_MAX) return false;
  struct kn_image_section *s = image->sections.at + section;
  s->owner = 0; /* all have one name */
  s->flags |= KILN_SECTION_RETAIN;
  s->align = KN_ROOTS_ALIGN;
  s->n_relocs++;
  uint64_t offset = s->size;
  if (kn_image_add_piece(image, section, offset, KN_PIECE_ROOTS, image->roots.n) == NULL)
    return false;
  image->roots.funcs[image->roots.n] = func;
  uint32_t size;
  kn_image_root_table(image, image->roots.n++, &size);
  return kn_image_extend(image, section, offset, size);
}

/* ---- LLVM's stack maps ---- */

enum { MAP_HEAD = 16, MAP_FUNC = 24, MAP_LOCATION = 12, CONSTANT = 4, INDIRECT = 3 };

/* A record, but for its locations: id, where the call returns to, number of locations; number of live registers. */
static uint64_t record_bytes(uint32_t n_roots) {
  return kn_align_up(16 + MAP_LOCATION * (3 + 2 * (uint64_t)n_roots), 8) + 8;
}

static uint8_t *put_location(uint8_t *p, unsigned kind, unsigned size, unsigned reg,
                             int32_t offset) {
  p[0] = (uint8_t)kind;
  p[1] = 0;
  kn_put16(p + 2, (uint16_t)size);
  kn_put16(p + 4, (uint16_t)reg);
  kn_put16(p + 6, 0);
  kn_put32(p + 8, (uint32_t)offset);
  return p + MAP_LOCATION;
}

/* The record of call k of a table, as of a statepoint: convention, flags and number of deoptimization values, then base
 * and derived pointer of each root. Returns its end. */
static uint8_t *put_record(uint8_t *p, const uint8_t *table, uint32_t k) {
  const uint32_t n = kn_get32(table + KN_ROOTS_N_CALLS),
                 n_roots = kn_get32(table + KN_ROOTS_N_ROOTS);
  const bool ids = (table[KN_ROOTS_FLAGS] & KN_ROOTS_IDS) != 0;
  const uint8_t *at = table + KN_ROOTS_HEAD + 4 * (size_t)k;
  const uint8_t *root = table + KN_ROOTS_HEAD + 4 * (size_t)n * (1u + ids);
  uint8_t *start = p;
  kn_put64(p, ids ? kn_get32(at + 4 * (size_t)n) : 0);
  kn_put32(p + 8, kn_get32(at));
  kn_put16(p + 12, 0);
  kn_put16(p + 14, (uint16_t)(3 + 2 * n_roots));
  p += 16;
  for (unsigned i = 0; i < 3; i++) p = put_location(p, CONSTANT, 8, 0, 0);
  for (uint32_t i = 0; i < n_roots; i++) {
    uint32_t word = kn_get32(root + 4 * (size_t)i);
    int32_t offset = (int32_t)((word & ~1u) + kn_get32(table + KN_ROOTS_CFA));
    for (unsigned pair = 0; pair < 2; pair++)
      p = put_location(p, INDIRECT, word & 1 ? 4 : 8, table[KN_ROOTS_REG], offset);
  }
  memset(p, 0, (size_t)(start + record_bytes(n_roots) - p));
  return start + record_bytes(n_roots);
}

/* Bytes and records of the stack map; false if a function has more roots than a record can name. */
static bool measure_map(const struct kn_image *image, uint64_t *bytes, uint64_t *records) {
  *bytes = MAP_HEAD + MAP_FUNC * (uint64_t)image->roots.n;
  *records = 0;
  for (uint32_t i = 0; i < image->roots.n; i++) {
    uint32_t size;
    const uint8_t *table = kn_image_root_table(image, i, &size);
    uint32_t n = kn_get32(table + KN_ROOTS_N_CALLS), n_roots = kn_get32(table + KN_ROOTS_N_ROOTS);
    *records += n;
    *bytes += n * record_bytes(n_roots);
    if (n_roots > (UINT16_MAX - 3) / 2)
      return KN_MODULE_FAIL(
        false, image->m, KILN_ERR_LIMIT, "'%.100s' has more roots than a stack map can name",
        kn_name_of(image->m, kn_image_func(image, image->roots.funcs[i])->symbol));
  }
  return *records <= UINT32_MAX ||
         KN_MODULE_FAIL(false, image->m, KILN_ERR_LIMIT, "a stack map has more than 2^32 records");
}

static bool place_map(struct kn_image *image) {
  uint64_t bytes, records;
  if (!measure_map(image, &bytes, &records)) return false;
  uint8_t *p = bytes <= SIZE_MAX ? kn_arena_alloc(&image->arena, (size_t)bytes, 8) : NULL;
  if (p == NULL) return fail_memory(image);
  image->roots.map = p;
  image->roots.map_bytes = bytes;
  kn_put32(p, 3); /* version, and reserved bytes */
  kn_put32(p + 4, image->roots.n);
  kn_put32(p + 8, 0); /* constants */
  kn_put32(p + 12, (uint32_t)records);
  p += MAP_HEAD;
  for (uint32_t i = 0; i < image->roots.n; i++, p += MAP_FUNC) {
    uint32_t size;
    const uint8_t *table = kn_image_root_table(image, i, &size);
    bool by_stack = table[KN_ROOTS_REG] == image->code->frame_regs[0] &&
                    image->code->frame_regs[0] != image->code->frame_regs[1];
    kn_put64(p, 0); /* the function's address */
    /* from the stack pointer to the return address that it pushed; all bits: the frame pointer says */
    kn_put64(p + 8, by_stack ? kn_get32(table + KN_ROOTS_CFA) - 8 : UINT64_MAX);
    kn_put64(p + 16, kn_get32(table + KN_ROOTS_N_CALLS));
  }
  for (uint32_t i = 0; i < image->roots.n; i++) {
    uint32_t size;
    const uint8_t *table = kn_image_root_table(image, i, &size);
    for (uint32_t k = 0; k < kn_get32(table + KN_ROOTS_N_CALLS); k++) p = put_record(p, table, k);
  }
  uint32_t section = kn_image_fixed(image, KN_SECTION_STACKMAPS);
  if (section == UINT32_MAX || kn_image_add_piece(image, section, 0, KN_PIECE_STACKMAP, 0) == NULL)
    return false;
  image->sections.at[section].align = 8;
  image->sections.at[section].n_relocs = image->roots.n;
  return kn_image_extend(image, section, 0, bytes);
}

/* ---- the whole ---- */

bool kn_image_place_roots(struct kn_image *image) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < image->n_sessions; i++) n += kn_image_output(image, i)->root_tables.n;
  if (KN_LIKELY(n == 0) || image->format == NULL) return true;
  image->roots.funcs = kn_arena_alloc(&image->arena, (size_t)n * sizeof *image->roots.funcs, 4);
  if (image->roots.funcs == NULL) return fail_memory(image);
  for (uint32_t i = 0; i < image->n_funcs; i++)
    if (kn_image_func(image, i)->roots != 0 && !place_table(image, i)) return false;
  return !image->m->options.stack_maps || place_map(image);
}
