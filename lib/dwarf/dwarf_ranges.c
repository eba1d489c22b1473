/* Addresses, lists of ranges and of locations: .debug_addr, .debug_rnglists, .debug_loclists (DWARF 5, 7.25 to 7.29),
 * .debug_ranges and .debug_loc of DWARF 4.
 * Called by dwarf_attr.c for lists, by dwarf_write.c and dwarf_index.c for tables. */
#include "base/leb128.h"
#include "lib/dwarf/dwarf_writer.h"

/* ---- addresses ---- */

uint32_t kn_dwarf_address(struct kn_dwarf *d, uint32_t target, int64_t addend) {
  const unsigned slot = (uint32_t)addend ^ target * 0x9e3779b1u;
  struct kn_dwarf_address *is = &d->known[slot % (sizeof d->known / sizeof *d->known)];
  if (is->number == 0 || is->target != target || is->addend != addend) {
    kn_dwarf_relocated(d, KN_DS_ADDR, target, addend);
    *is = (struct kn_dwarf_address){target, ++d->n_addrs, addend};
  }
  return is->number - 1;
}

uint32_t kn_dwarf_func_address(struct kn_dwarf *d, uint32_t func) {
  const struct kn_place *p = kn_dwarf_place(d, func);
  if (d->func_addr[func] == 0)
    d->func_addr[func] = kn_dwarf_address(d, p->section - 1, (int64_t)p->value) + 1;
  return d->func_addr[func] - 1;
}

/* ---- ranges ---- */

/* The list that begins here, of ranges or locations: its number in version 5, its offset in version 4. */
static uint32_t begin_list(struct kn_dwarf *d, unsigned section) {
  struct kn_dwarf_buffer *b = &d->out[section];
  if (d->version < 5) return b->bytes.n;
  (void)KN_PUSH(d->m, b->lists, b->bytes.n);
  return b->lists.n - 1;
}

/* What ranges of code in a function count from; to be added to them: in version 4, where they count from the unit's own
 * address if it has one. */
static uint64_t put_base(struct kn_dwarf *d, unsigned section, uint32_t func) {
  const struct kn_dwarf_unit *u = &d->units.at[d->current - 1];
  const struct kn_place *p = kn_dwarf_place(d, func);
  uint8_t index[12] = {KILN_DW_RLE_base_addressx};
  if (d->version >= 5) {
    const uint8_t *end = kn_put_uleb(index + 1, kn_dwarf_func_address(d, func));
    kn_dwarf_put(d, section, index, (size_t)(end - index));
    return 0;
  }
  if (u->one_stretch) return p->value - u->low;
  kn_dwarf_put_number(d, section, UINT64_MAX, 8); /* what follows is a base */
  kn_dwarf_relocated(d, section, p->section - 1, (int64_t)p->value);
  return 0;
}

/* A range of code that counts from put_base. */
static uint8_t *put_range(const struct kn_dwarf *d, uint8_t *p, uint64_t from, uint64_t to) {
  if (d->version >= 5) {
    *p = KILN_DW_RLE_offset_pair;
    return kn_put_uleb(kn_put_uleb(p + 1, from), to);
  }
  kn_put64(p, from);
  kn_put64(p + 8, to);
  return p + 16;
}

uint32_t kn_dwarf_scope_list(struct kn_dwarf *d, const struct kn_dwarf_scope *s) {
  const unsigned section = d->version < 5 ? KN_DS_RANGES : KN_DS_RNGLISTS;
  const uint32_t list = begin_list(d, section);
  const uint64_t base = put_base(d, section, s->func);
  for (uint32_t i = s->first; i; i = d->ranges.at[i - 1].next) {
    const struct kn_dwarf_range *r = &d->ranges.at[i - 1];
    uint8_t b[24];
    const uint8_t *end = put_range(d, b, base + r->from, base + r->to);
    kn_dwarf_put(d, section, b, (size_t)(end - b));
  }
  kn_dwarf_put(d, section, NULL, d->version < 5 ? 16 : 1); /* its end is 0 */
  return list;
}

/* The code of a unit that is in several sections, or has that of others in between. */
uint32_t kn_dwarf_unit_list(struct kn_dwarf *d, uint32_t unit) {
  const unsigned section = d->version < 5 ? KN_DS_RANGES : KN_DS_RNGLISTS;
  const uint32_t list = begin_list(d, section);
  KN_DWARF_EACH_FUNC(d, unit, i) {
    const struct kn_place *p = kn_dwarf_place(d, i);
    const uint32_t size = kn_image_func(d->image, i)->size;
    uint8_t b[24] = {KILN_DW_RLE_startx_length};
    if (d->version < 5) {
      kn_dwarf_relocated(d, section, p->section - 1, (int64_t)p->value);
      kn_dwarf_relocated(d, section, p->section - 1, (int64_t)p->value + size);
    } else {
      const uint8_t *end = kn_put_uleb(kn_put_uleb(b + 1, kn_dwarf_func_address(d, i)), size);
      kn_dwarf_put(d, section, b, (size_t)(end - b));
    }
  }
  kn_dwarf_put(d, section, NULL, d->version < 5 ? 16 : 1);
  return list;
}

/* ---- units by address ---- */

uint32_t kn_dwarf_begin_table(struct kn_dwarf *d, unsigned section, uint32_t unit) {
  const uint32_t start = d->out[section].bytes.n;
  kn_dwarf_put_number(d, section, UINT64_C(2) << 32, 6); /* the version, after the length */
  kn_dwarf_relocated(d, section, KN_DR_DEBUG | kn_dwarf_object_info(d),
                     d->units.at[unit].in_object);
  return start;
}

/* A header, then address and size of each function (DWARF 5, 6.1.2). */
void kn_dwarf_aranges(struct kn_dwarf *d) {
  for (uint32_t u = 0; u < d->units.n; u++) {
    const struct kn_dwarf_unit *unit = &d->units.at[u];
    if (unit->n_funcs == 0) continue;
    const uint32_t start = kn_dwarf_begin_table(d, KN_DS_ARANGES, u);
    kn_dwarf_put_number(d, KN_DS_ARANGES, 8, 6); /* bytes of an address; no segments */
    KN_DWARF_EACH_FUNC(d, u, i)
    kn_dwarf_put_extent(d, KN_DS_ARANGES, i);
    kn_dwarf_put(d, KN_DS_ARANGES, NULL, 16);
    kn_dwarf_end_length(d, KN_DS_ARANGES, start);
  }
}

/* ---- expressions ---- */

/* Is there what an expression begins with: a symbol, an entry that a pointer points to? All pointers of a variable that
 * are shown point to one. */
static bool is_there(const struct kn_dwarf *d, const struct kn_output *o, const uint8_t *expr) {
  const struct kn_dwarf_var *v = d->var;
  if (*expr == KILN_DW_OP_addr) return d->image->places[kn_get32(expr + 1)].section != 0;
  return !d->split && v->to != 0 && d->dies.at[v->to].unit != 0 &&
         memcmp(expr + 1, o->exprs.at + o->vars.at[v->pointer - 1].expr + 1, 8) == 0;
}

/* Most bytes of an expression of a wide number. */
enum { WIDEST_NUMBER = 3 + 128 };

/* A number, as `bits` bits, more than debuggers compute with: of expressions of `n` bytes, which end with
 * DW_OP_stack_value, others give no such value. */
static const uint8_t *wide_number(struct kn_dwarf *d, const uint8_t *expr, uint32_t n,
                                  uint64_t bits, uint32_t *size) {
  const uint8_t *p = expr + 1, *end = expr + n - 1;
  const bool literal = *expr >= KILN_DW_OP_lit0 && *expr <= KILN_DW_OP_lit31;
  const bool known = literal || *expr == KILN_DW_OP_consts;
  int64_t number = literal ? *expr - KILN_DW_OP_lit0 : 0;
  uint8_t *bytes = NULL, *to;
  if (*expr == KILN_DW_OP_consts) number = kn_sleb128(&p, end);
  if (known && p == end && bits <= 8 * (WIDEST_NUMBER - 3))
    bytes = kn_dwarf_alloc(d, WIDEST_NUMBER);
  *size = 0;
  if (bytes == NULL) return expr;
  *bytes = KILN_DW_OP_implicit_value;
  to = kn_put_uleb(bytes + 1, bits / 8);
  memset(to, number < 0 ? 0xff : 0, bits / 8);
  kn_put64(to, (uint64_t)number);
  *size = (uint32_t)(to + bits / 8 - bytes);
  return bytes;
}

const uint8_t *kn_dwarf_row_expr(struct kn_dwarf *d, const struct kn_output *o,
                                 const struct kn_code_var *row, uint64_t bits, uint32_t at,
                                 uint32_t *size) {
  const uint8_t *expr = o->exprs.at + row->expr;
  *size = row->n;
  if (bits > 64 && row->n > 1 && *expr != KILN_DW_OP_implicit_value &&
      !kn_dwarf_is_link(expr, row->n) && expr[row->n - 1] == KILN_DW_OP_stack_value)
    return wide_number(d, expr, row->n, bits, size);
  if (KN_LIKELY(!kn_dwarf_is_link(expr, row->n))) return expr;
  if (!is_there(d, o, expr)) *size = 0;
  else (void)KN_PUSH(d->m, d->links, at);
  return expr;
}

/* The address of a symbol, at `at` in a section: a number in .debug_addr where there are no relocations. */
static void complete_address(struct kn_dwarf *d, unsigned section, uint32_t at) {
  uint8_t *p = d->out[section].bytes.at + at;
  const uint32_t target = KN_DR_SYMBOL | kn_get32(p + 1);
  const int32_t addend = (int32_t)kn_get32(p + 5);
  if (!d->split) {
    const struct kn_dwarf_reloc reloc = {at + 1, target, addend};
    memset(p + 1, 0, 8);
    (void)KN_PUSH(d->m, d->out[section].relocs, reloc);
    return;
  }
  const uint32_t index = kn_dwarf_address(d, target, addend);
  p = d->out[section].bytes.at + at;
  *p = d->version >= 5 ? KILN_DW_OP_addrx : KILN_DW_OP_GNU_addr_index;
  uint8_t *end = kn_put_uleb(p + 1, index);
  memset(end, KILN_DW_OP_nop, (size_t)(p + 9 - end));
}

/* A pointer: the offset of an entry in .debug_info, and how far from its variable's beginning. */
static void complete_pointer(struct kn_dwarf *d, unsigned section, uint32_t at) {
  struct kn_dwarf_buffer *b = &d->out[section];
  uint8_t *p = b->bytes.at + at;
  const int64_t disp = (int32_t)kn_get32(p + 9);
  const struct kn_dwarf_reloc reloc = {at + 1, KN_DR_DEBUG | KN_DS_INFO, 0};
  const struct kn_dwarf_patch patch = {b->relocs.n | 1u << 31, d->var->to};
  if (d->version < 5) *p = KILN_DW_OP_GNU_implicit_pointer;
  memset(p + 1, 0, 4);
  for (unsigned k = 0; k < 8; k++) p[5 + k] = (uint8_t)((disp >> 7 * k & 0x7f) | (k < 7) << 7);
  (void)KN_PUSH(d->m, b->relocs, reloc);
  if (section == KN_DS_INFO) (void)KN_PUSH(d->m, d->patches, patch);
  else (void)KN_PUSH(d->m, d->pointers, patch);
}

void kn_dwarf_complete_expr(struct kn_dwarf *d, unsigned section, uint32_t size) {
  const uint32_t start = d->out[section].bytes.n - size;
  for (uint32_t k = 0; k < d->links.n && kn_dwarf_ok(d); k++) {
    const uint32_t at = start + d->links.at[k];
    if (d->out[section].bytes.at[at] == KILN_DW_OP_addr) complete_address(d, section, at);
    else complete_pointer(d, section, at);
  }
  d->links.n = 0;
}

/* ---- locations ---- */

static uint8_t *put_piece(uint8_t *p, uint64_t bits) {
  bool bytes = bits % 8 == 0;
  *p++ = bytes ? KILN_DW_OP_piece : KILN_DW_OP_bit_piece;
  p = kn_put_uleb(p, bytes ? bits / 8 : bits);
  if (!bytes) *p++ = 0;
  return p;
}

/* Is part `v` at a distance from the frame's base, and nothing else? *at: where the variable would begin. */
static bool in_frame(const uint8_t *exprs, const struct kn_code_var *v, int64_t *at) {
  const uint8_t *p = exprs + v->expr, *end = p + v->n;
  if (v->n < 2 || *p++ != KILN_DW_OP_fbreg || v->part_at % 8 != 0) return false;
  *at = kn_sleb128(&p, end) - v->part_at / 8;
  return p == end;
}

/* Are the parts, together `bits` bits, side by side in the frame, so that the variable is there
 * as a whole? *at: where. */
static bool whole_in_frame(const uint8_t *exprs, const struct kn_code_var *const *parts, uint32_t n,
                           uint64_t bits, int64_t *at) {
  uint64_t sum = 0;
  for (uint32_t k = 0; k < n; k++) {
    int64_t here;
    if (!in_frame(exprs, parts[k], &here) || (k != 0 && here != *at)) return false;
    *at = here;
    sum += parts[k]->part_bits;
    for (uint32_t j = 0; j < k; j++)
      if (parts[j]->part_at < parts[k]->part_at + (uint64_t)parts[k]->part_bits &&
          parts[k]->part_at < parts[j]->part_at + (uint64_t)parts[j]->part_bits)
        return false;
  }
  return bits != 0 && sum == bits;
}

/* Leaves out parts that are not of the variable, which has `bits` bits (0: not known): its slot may have more. */
static uint32_t parts_within(const struct kn_code_var **parts, uint32_t n, uint64_t bits) {
  uint32_t kept = 0;
  for (uint32_t k = 0; k < n; k++)
    if (bits == 0 || parts[k]->part_at < bits) parts[kept++] = parts[k];
  return kept;
}

const uint8_t *kn_dwarf_parts(struct kn_dwarf *d, const struct kn_output *o,
                              const struct kn_code_var **parts, uint32_t n, uint64_t bits,
                              uint32_t *size) {
  uint64_t room = 32, at = 0;
  n = parts_within(parts, n, bits);
  for (uint32_t k = 0; k < n; k++)
    room += parts[k]->n + 24 + (parts[k]->part_bits > 64 ? WIDEST_NUMBER : 0);
  uint8_t *bytes = kn_dwarf_alloc(d, room), *p = bytes;
  int64_t frame = 0;
  *size = 0;
  if (bytes == NULL) return NULL;
  if (whole_in_frame(o->exprs.at, parts, n, bits, &frame)) {
    *p++ = KILN_DW_OP_fbreg;
    *size = (uint32_t)(kn_put_sleb(p, frame) - bytes);
    return bytes;
  }
  for (;;) {
    const struct kn_code_var *best = NULL;
    for (uint32_t k = 0; k < n; k++)
      if (parts[k]->part_bits && parts[k]->part_at >= at &&
          (best == NULL || parts[k]->part_at < best->part_at))
        best = parts[k];
    if (best == NULL) break;
    if (best->part_at > at) p = put_piece(p, best->part_at - at);
    uint64_t of = best->part_bits; /* a part may have more than the rest of the variable */
    if (bits != 0 && of > bits - best->part_at) of = bits - best->part_at;
    const uint8_t *expr = kn_dwarf_row_expr(d, o, best, of, (uint32_t)(p - bytes), size);
    memcpy(p, expr, *size);
    p = put_piece(p + *size, of);
    at = best->part_at + of;
  }
  if (at < bits) p = put_piece(p, bits - at); /* debuggers take what is not said for zeros */
  *size = (uint32_t)(p - bytes);
  KN_DWARF_CHECK(parts, d, parts, n, bytes, *size);
  return bytes;
}

/* One entry of a list; the function's address is the base, but for version 4 in a .dwo file, where no address can be
 * one: GNU's DW_LLE_GNU_start_length_entry. */
static void put_location(struct kn_dwarf *d, uint64_t from, uint64_t to, const uint8_t *expr,
                         uint32_t n) {
  enum { START_LENGTH = 3 };
  const unsigned section = d->version < 5 ? KN_DS_LOC : KN_DS_LOCLISTS;
  uint8_t head[40], *p = head;
  if (n > UINT16_MAX && d->version < 5) {
    d->links.n = 0;
    return;
  }
  if (d->version >= 5) {
    p = kn_put_uleb(put_range(d, p, from, to), n);
  } else if (d->split) {
    const struct kn_place *at = kn_dwarf_place(d, d->var->func);
    *p++ = START_LENGTH;
    p = kn_put_uleb(p, kn_dwarf_address(d, at->section - 1, (int64_t)(at->value + from)));
    kn_put32(p, (uint32_t)(to - from));
    kn_put16(p + 4, (uint16_t)n);
    p += 6;
  } else {
    p = put_range(d, p, from, to);
    kn_put16(p, (uint16_t)n);
    p += 2;
  }
  KN_DWARF_CHECK(location, d, d->located, expr, n);
  kn_dwarf_put(d, section, head, (size_t)(p - head));
  kn_dwarf_put(d, section, expr, n);
  kn_dwarf_complete_expr(d, section, n);
}

/* The rows of a variable in parts: a location wherever some of them are known. They are in order of `from` for each
 * part; all parts that are known at one position are known together until one of them ends or begins. */
static void put_parts(struct kn_dwarf *d, const struct kn_output *o, const struct kn_code_var *c,
                      uint32_t n, uint32_t start, uint64_t base, uint64_t bits) {
  const struct kn_code_var *now[64], *whole;
  for (uint32_t at = 0, next; at != UINT32_MAX; at = next) {
    uint32_t count = 0, size;
    whole = NULL;
    next = UINT32_MAX;
    for (uint32_t k = 0; k < n; k++) {
      if (c[k].from > at && c[k].from < next) next = c[k].from;
      if (c[k].to > at && c[k].from <= at && c[k].to < next) next = c[k].to;
      if (c[k].from > at || at >= c[k].to) continue;
      if (c[k].part_bits == 0) whole = &c[k];
      else if (count < 64) now[count++] = &c[k];
    }
    if (whole == NULL && count == 0) continue;
    const uint8_t *expr = whole ? kn_dwarf_row_expr(d, o, whole, bits, 0, &size)
                                : kn_dwarf_parts(d, o, now, count, bits, &size);
    put_location(d, base + at - start, base + next - start, expr, size);
  }
}

/* Does scope number `scope` have code in [from, to) of its function? */
static bool meets(const struct kn_dwarf *d, uint32_t scope, uint32_t from, uint32_t to) {
  if (scope == 0) return true;
  for (uint32_t i = d->scopes.at[scope - 1].first; i; i = d->ranges.at[i - 1].next)
    if (d->ranges.at[i - 1].from < to && from < d->ranges.at[i - 1].to) return true;
  return false;
}

/* Do rows a and b say the same location? */
static bool same_location(const struct kn_output *o, const struct kn_code_var *a,
                          const struct kn_code_var *b) {
  return a->n == b->n && memcmp(o->exprs.at + a->expr, o->exprs.at + b->expr, a->n) == 0;
}

const struct kn_code_var *kn_dwarf_throughout(const struct kn_dwarf *d,
                                              const struct kn_dwarf_var *v, uint32_t scope) {
  const struct kn_output *o = kn_image_output(d->image, v->session);
  const struct kn_code_var *c = &o->vars.at[v->index], *is = NULL;
  const struct kn_code_func *f = kn_image_func(d->image, v->func);
  struct kn_dwarf_range whole = {.to = f->size};
  const struct kn_dwarf_range *r = &whole;
  if (scope) {
    if (d->scopes.at[scope - 1].first == 0) return NULL;
    r = &d->ranges.at[d->scopes.at[scope - 1].first - 1];
  }
  for (uint32_t k = 0;; r = &d->ranges.at[r->next - 1]) { /* ranges and rows ascend, mostly */
    for (uint32_t at = r->from; at < r->to; k++) {
      while (k < v->count && c[k].to - f->start <= at) k++;
      if (k == v->count || c[k].from - f->start > at || c[k].part_bits != 0) return NULL;
      if (is == NULL) is = &c[k];
      if (!same_location(o, is, &c[k])) return NULL;
      at = c[k].to - f->start;
      if (at >= r->to) break; /* this row may be for the next range too */
    }
    if (r->next == 0) return is;
  }
}

uint32_t kn_dwarf_loc_list(struct kn_dwarf *d, const struct kn_dwarf_var *v, uint32_t scope,
                           uint64_t bits) {
  const struct kn_output *o = kn_image_output(d->image, v->session);
  const struct kn_code_var *c = &o->vars.at[v->index];
  const unsigned section = d->version < 5 ? KN_DS_LOC : KN_DS_LOCLISTS;
  const uint32_t list = begin_list(d, section), start = kn_image_func(d->image, v->func)->start;
  const uint64_t base = d->version >= 5 || !d->split ? put_base(d, section, v->func) : 0;
  bool parts = false;
  for (uint32_t k = 0; k < v->count; k++) parts |= c[k].part_bits != 0;
  if (parts && v->count <= 256) put_parts(d, o, c, v->count, start, base, bits);
  for (uint32_t k = 0, next; k < v->count && !parts; k = next) {
    next = k + 1;
    if (!meets(d, scope, c[k].from - start, c[k].to - start)) continue;
    uint32_t to = c[k].to;
    /* what comes next may say the same, but for code that is not in the variable's scope */
    for (; next < v->count && c[next].from >= to && same_location(o, &c[k], &c[next]) &&
           (c[next].from == to || (scope && !meets(d, scope, to - start, c[next].from - start)));
         next++)
      if (meets(d, scope, c[next].from - start, c[next].to - start)) to = c[next].to;
    uint32_t size;
    const uint8_t *expr = kn_dwarf_row_expr(d, o, &c[k], bits, 0, &size);
    put_location(d, base + c[k].from - start, base + to - start, expr, size);
  }
  kn_dwarf_put(d, section, NULL, kn_dwarf_indexed(d) ? 1 : 16);
  return list;
}
