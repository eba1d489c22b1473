/* Addresses and lists of ranges: .debug_addr, .debug_rnglists (DWARF 5, 7.25 and 7.28), .debug_ranges of DWARF 4.
 * Called by lib/dwarf_write.c. */
#include "lib/dwarf.h"

enum {
  RLE_END_OF_LIST = 0,
  RLE_BASE_ADDRESSX = 1,
  RLE_STARTX_LENGTH = 3,
  RLE_OFFSET_PAIR = 4,
};

/* ---- addresses ---- */

uint32_t kn_dwarf_address(struct kn_dwarf *d, uint32_t target, int64_t addend) {
  return kn_dwarf_relocated(d, KN_DS_ADDR, target, addend, true, false) ? d->n_addrs++ : UINT32_MAX;
}

void kn_dwarf_func_place(const struct kn_dwarf *d, uint32_t func, uint32_t *target,
                         int64_t *addend) {
  const struct kn_elf_place *p = d->e->places + kn_elf_func(d->e, func)->symbol;
  *target = p->section - 1;
  *addend = (int64_t)p->value;
}

uint32_t kn_dwarf_func_address(struct kn_dwarf *d, uint32_t func) {
  if (d->func_addr[func] == 0) {
    uint32_t target;
    int64_t addend;
    kn_dwarf_func_place(d, func, &target, &addend);
    d->func_addr[func] = kn_dwarf_address(d, target, addend) + 1;
  }
  return d->func_addr[func] - 1;
}

/* ---- ranges ---- */

/* The list that begins here: its number in version 5, its offset in version 4. */
static uint32_t list_begin(struct kn_dwarf *d, bool *ok) {
  if (d->version < 5) return d->out[KN_DS_RANGES].bytes.n;
  *ok &= KN_DW_PUSH(d, d->list_at, d->out[KN_DS_RNGLISTS].bytes.n);
  return d->list_at.n - 1;
}

uint32_t kn_dwarf_scope_list(struct kn_dwarf *d, const struct kn_dwarf_scope *s, bool *ok) {
  uint32_t list = list_begin(d, ok), target;
  int64_t addend;
  uint8_t *p;
  kn_dwarf_func_place(d, s->func, &target, &addend);
  if (d->version < 5) {
    if ((p = kn_dwarf_space(d, KN_DS_RANGES, 8)) == NULL) return *ok = false;
    memset(p, 0xff, 8); /* a base address follows */
    d->out[KN_DS_RANGES].bytes.n += 8;
    *ok &= kn_dwarf_relocated(d, KN_DS_RANGES, target, addend, true, false);
  } else {
    uint32_t a = kn_dwarf_func_address(d, s->func);
    if ((p = kn_dwarf_space(d, KN_DS_RNGLISTS, 16)) == NULL) return *ok = false;
    *p++ = RLE_BASE_ADDRESSX;
    kn_dwarf_done(d, KN_DS_RNGLISTS, kn_put_uleb(p, a));
  }
  unsigned section = d->version < 5 ? KN_DS_RANGES : KN_DS_RNGLISTS;
  for (uint32_t i = s->first; i; i = d->ranges.at[i - 1].next) {
    const struct kn_dwarf_range *r = &d->ranges.at[i - 1];
    if ((p = kn_dwarf_space(d, section, 24)) == NULL) return *ok = false;
    if (d->version < 5) {
      kn_put64(p, r->from);
      kn_put64(p + 8, r->to);
      p += 16;
    } else {
      *p++ = RLE_OFFSET_PAIR;
      p = kn_put_uleb(p, r->from);
      p = kn_put_uleb(p, r->to);
    }
    kn_dwarf_done(d, section, p);
  }
  if ((p = kn_dwarf_space(d, section, 16)) == NULL) return *ok = false;
  memset(p, RLE_END_OF_LIST, 16);
  kn_dwarf_done(d, section, p + (d->version < 5 ? 16 : 1));
  return list;
}

/* The code of a unit that is in several sections, or has that of others in between. */
uint32_t kn_dwarf_unit_list(struct kn_dwarf *d, uint32_t unit, bool *ok) {
  uint32_t list = list_begin(d, ok), die = d->units.at[unit].die;
  unsigned section = d->version < 5 ? KN_DS_RANGES : KN_DS_RNGLISTS;
  uint8_t *p;
  for (uint32_t i = 0; i < d->e->n_funcs; i++) {
    const struct kn_code_func *f = kn_elf_func(d->e, i);
    if (f->subprogram == 0 || kn_dwarf_index(d, 0, f->unit) != die) continue;
    if (d->version < 5) {
      uint32_t target;
      int64_t addend;
      kn_dwarf_func_place(d, i, &target, &addend);
      *ok &= kn_dwarf_relocated(d, section, target, addend, true, false) &&
             kn_dwarf_relocated(d, section, target, addend + f->size, true, false);
      continue;
    }
    uint32_t a = kn_dwarf_func_address(d, i);
    if ((p = kn_dwarf_space(d, section, 24)) == NULL) return *ok = false;
    *p++ = RLE_STARTX_LENGTH;
    p = kn_put_uleb(p, a);
    kn_dwarf_done(d, section, kn_put_uleb(p, f->size));
  }
  if ((p = kn_dwarf_space(d, section, 16)) == NULL) return *ok = false;
  memset(p, RLE_END_OF_LIST, 16);
  kn_dwarf_done(d, section, p + (d->version < 5 ? 16 : 1));
  return list;
}
