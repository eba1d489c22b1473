/* Tables of unwinding of the COFF writer: see coff.h. `.xdata` has for each function what its prologue did, as the
 * walk wrote it, then, where exceptions are caught, the personality's address and its table; `.pdata` says which
 * code that is for. Functions without rows have no frame, which the system knows by that. Invariant: entries are in
 * the order of the functions, and so of the code. */
#include "lib/object/coff.h"

enum { ENTRY = 12 };
enum { HANDLERS = 3 << 3 }; /* UNW_FLAG_EHANDLER, UNW_FLAG_UHANDLER */

/* The section `name` for the code in section `text`; `shared`: of code in no comdat. A comdat's is a comdat of its own:
 * GNU's linker does not keep together what belongs together, but finds these by their names. */
static uint32_t table_for(struct kn_coff *c, uint32_t text, const char *name, uint32_t *shared) {
  const struct kn_coff_section *of = c->sections.at + text;
  const uint32_t leader = of->with != 0 ? c->sections.at[of->with - 1].leader : of->leader;
  const bool comdat = (of->flags & KN_COFF_COMDAT) != 0;
  if (!comdat && *shared != 0) return *shared - 1;
  if (comdat) name = kn_arena_print(&c->arena, "%s$%s", name, kn_image_name(c->image, leader));
  uint32_t i =
    kn_coff_add(c, name, KN_COFF_DATA | KN_COFF_READ | (comdat ? KN_COFF_COMDAT : 0u), 4);
  if (i != UINT32_MAX && comdat) c->sections.at[i].select = KN_COFF_ANY;
  if (i != UINT32_MAX && !comdat) *shared = i + 1;
  return i;
}

static bool has_rows(const struct kn_coff *c, const struct kn_code_func *f) {
  return f->cfi_size != 0 && !f->no_rows && c->image->places[f->symbol].section != 0;
}

static bool plan_func(struct kn_coff *c, uint32_t i) {
  const struct kn_image *image = c->image;
  const struct kn_code_func *f = kn_image_func(image, i);
  if (!has_rows(c, f)) return true;
  uint32_t text = c->section_of[image->places[f->symbol].section - 1] - 1;
  if (c->sections.at[text].xdata == 0) {
    uint32_t x = table_for(c, text, ".xdata", &c->xdata),
             p = table_for(c, text, ".pdata", &c->pdata);
    if (x == UINT32_MAX || p == UINT32_MAX) return false;
    c->sections.at[text].xdata = x + 1;
    c->sections.at[text].pdata = p + 1;
  }
  const struct kn_output *o = kn_image_output(image, image->funcs[i].session);
  const uint32_t x = c->sections.at[text].xdata - 1, p = c->sections.at[text].pdata - 1;
  const uint32_t padding = -c->sections.at[x].bytes.n & 3;
  uint8_t *to = kn_coff_append(c, x, padding + f->cfi_size);
  if (to == NULL) return false;
  memcpy(to += padding, o->cfi.at + f->cfi_first, f->cfi_size);
  if (f->table != 0) {
    const struct kn_code_table *t = kn_image_table(image, image->funcs[i].table - 1);
    to[0] |= HANDLERS;
    if ((to = kn_coff_append(c, x, 4 + t->size)) == NULL) return false;
    memcpy(to + 4, o->table_bytes.at + t->first, t->size);
  }
  return kn_coff_append(c, p, ENTRY) != NULL;
}

bool kn_coff_plan_unwind(struct kn_coff *c) {
  for (uint32_t i = 0; i < c->image->n_funcs; i++)
    if (!plan_func(c, i)) return false;
  return true;
}

/* The handler of a function and the types that its table names, at `at` in section `x`. */
static bool table_relocs(struct kn_coff *c, uint32_t table, uint32_t x, uint32_t at) {
  const uint32_t handler = kn_coff_number(c, kn_image_table(c->image, table)->personality);
  if (handler == UINT32_MAX || !kn_coff_put(c, x, at, handler, KN_COFF_ADDR32NB)) return false;
  c->current = x;
  return kn_image_table_relocs(c->image, table, at + 4, kn_coff_put_reloc, c);
}

bool kn_coff_unwind_relocs(struct kn_coff *c, uint8_t *object) {
  const struct kn_image *image = c->image;
  uint32_t *at =
    kn_arena_zero(&c->arena, c->sections.n * sizeof *at, 4); /* by section: bytes done */
  if (at == NULL) return false;
  for (uint32_t i = 0; i < image->n_funcs; i++) {
    const struct kn_code_func *f = kn_image_func(image, i);
    const struct kn_place *place = image->places + f->symbol;
    const uint32_t table = image->funcs[i].table - 1;
    if (!has_rows(c, f)) continue;
    const uint32_t text = c->section_of[place->section - 1] - 1;
    const uint32_t x = c->sections.at[text].xdata - 1, p = c->sections.at[text].pdata - 1;
    uint32_t x_at = (at[x] + 3) & ~3u;
    uint8_t *entry = object + c->sections.at[p].offset + at[p];
    kn_put32(entry, (uint32_t)place->value);
    kn_put32(entry + 4, (uint32_t)(place->value + f->size));
    kn_put32(entry + 8, x_at);
    const uint32_t symbols[3] = {c->sections.at[text].symbol, c->sections.at[text].symbol,
                                 c->sections.at[x].symbol};
    for (uint32_t k = 0; k < 3; k++)
      if (!kn_coff_put(c, p, at[p] + 4 * k, symbols[k], KN_COFF_ADDR32NB)) return false;
    at[p] += ENTRY;
    at[x] = x_at + f->cfi_size;
    if (f->table == 0) continue;
    c->base = object + c->sections.at[x].offset;
    if (!table_relocs(c, table, x, at[x])) return false;
    at[x] += 4 + kn_image_table(image, table)->size;
  }
  return true;
}
