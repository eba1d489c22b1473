/* Writes the attributes that the source gives an entry: most of .debug_info. Called by
 * lib/dwarf/dwarf_attr.c, which has what is rare. Invariant: the abbreviation of an entry is that of
 * the names and forms of its attributes in order, however it was found. */
#include "lib/dwarf/dwarf_writer.h"

/* ---- abbreviations ---- */

/* Writes the abbreviation of a sequence that is complete, a new one; its number, 0 without memory. */
static uint32_t new_abbreviation(struct kn_dwarf *d, uint32_t end) {
  struct kn_trie_node *at = d->abbrevs.nodes.at;
  uint32_t n = 0, what = at[end].key & ~KN_ABBREV_END;
  for (uint32_t k = at[end].up; k; k = at[k].up) n++;
  uint32_t *keys = kn_dwarf_zeros(d, n);
  uint8_t *p = kn_dwarf_space(d, KN_DS_ABBREV, 32 + (size_t)n * 10);
  if (keys == NULL || p == NULL) {
    kn_realloc(d->m, keys, 0);
    return 0;
  }
  for (uint32_t k = at[end].up, i = n; k; k = at[k].up) keys[--i] = at[k].key;
  p = kn_put_uleb(p, at[end].is = ++d->n_abbrevs);
  p = kn_put_uleb(p, what >> 1);
  *p++ = what & 1;
  for (uint32_t k = 0; k < n; k++) {
    unsigned form = keys[k] & 0xffff;
    p = kn_put_uleb(p, keys[k] >> 16);
    p = kn_put_uleb(p, form);
    if (form == KILN_DW_FORM_implicit_const) *p++ = KILN_DW_INL_inlined; /* the only one */
  }
  *p++ = 0;
  *p++ = 0;
  kn_dwarf_done(d, KN_DS_ABBREV, p);
  kn_realloc(d->m, keys, 0);
  return d->n_abbrevs;
}

bool kn_dwarf_insert(struct kn_dwarf *d, unsigned section, uint32_t at, uint32_t n,
                     uint32_t reloc) {
  struct kn_dwarf_buffer *b = &d->out[section];
  if (kn_dwarf_space(d, section, n) == NULL) return false;
  memmove(b->bytes.at + at + n, b->bytes.at + at, b->bytes.n - at);
  b->bytes.n += n;
  for (uint32_t i = reloc; i < b->relocs.n; i++) b->relocs.at[i].offset += n;
  return true;
}

/* Makes space for a number of `n` bytes where there is one of one byte. */
static bool widen(struct kn_dwarf_fields *f, uint32_t n) {
  struct kn_dwarf *d = f->d;
  const uint32_t more = n - 1;
  if (!kn_dwarf_insert(d, KN_DS_INFO, f->start + 1, more, f->reloc_first)) return false;
  for (uint32_t i = f->patch_first; i < d->patches.n; i++)
    if (!(d->patches.at[i].at >> 31)) d->patches.at[i].at += more;
  return true;
}

/* The entry that was begun has abbreviation `number`, which is returned; 0: there is no memory. */
static inline uint32_t complete(struct kn_dwarf_fields *f, uint32_t number) {
  if (KN_UNLIKELY(number == 0)) return 0;
  if (number > 0x7f && !widen(f, 2 + (number > 0x3fff) + (number > 0x1fffff))) return 0;
  kn_put_uleb(f->d->out[KN_DS_INFO].bytes.at + f->start, number);
  return number;
}

uint32_t kn_dwarf_put_entry(struct kn_dwarf_fields *f, unsigned tag, bool children) {
  struct kn_dwarf *d = f->d;
  if (!kn_dwarf_ok(d)) return 0; /* the entry may not have been begun */
  uint32_t end = kn_trie_step(d->m, &d->abbrevs, f->abbrev, KN_ABBREV_END | tag << 1 | children);
  uint32_t number = d->abbrevs.nodes.at[end].is;
  return complete(f, KN_LIKELY(number != 0) || end == 0 ? number : new_abbreviation(d, end));
}

/* ---- attributes ---- */

/* How an attribute was written: three bits of a run's code, which together say all forms. */
enum {
  SHORT = 8, /* bytes of a short string, its NUL among them */
  LONG = 40, /* bytes of a long string; other units may use the same, and linkers keep one */
  CODE_BITS = 3,
  CODES =
    20, /* most attributes of a run: below them is a one, so that runs of different lengths differ */
  CODE_LEFT_OUT = 7 /* not at all */
};

static unsigned text_form(const struct kn_dwarf *d, unsigned code) {
  if (d->version >= 5) return KILN_DW_FORM_strx1 + code;
  if (code != 0) return KILN_DW_FORM_string;
  return d->dwo ? KILN_DW_FORM_GNU_str_index : KILN_DW_FORM_strp;
}

static unsigned form_of(const struct kn_dwarf *d, const struct kn_dwarf_item *a, unsigned code) {
  static const uint8_t numbers[] = {KILN_DW_FORM_data1, KILN_DW_FORM_data2, KILN_DW_FORM_data4};
  switch ((enum kn_dwarf_put)a->put) {
  case KN_PUT_NUMBER:
  case KN_PUT_FILE: return numbers[code];
  case KN_PUT_TEXT: return text_form(d, code);
  case KN_PUT_REF:
  case KN_PUT_TYPE: return KILN_DW_FORM_ref4;
  case KN_PUT_FLAG:
  case KN_PUT_OTHER: break;
  }
  return KILN_DW_FORM_flag_present;
}

/* Finds the abbreviation of a run of attributes up to `end`, whose codes are known; 0 without memory. */
static uint32_t run(struct kn_dwarf *d, const struct kn_dwarf_item *a,
                    const struct kn_dwarf_item *end, uint64_t codes, uint32_t node) {
  unsigned shift = CODE_BITS * (unsigned)(end - a);
  for (; a < end; a++) {
    unsigned code = codes >> (shift -= CODE_BITS) & 7;
    if (code == CODE_LEFT_OUT) continue;
    unsigned name = a->put == KN_PUT_TYPE ? KILN_DW_AT_type : a->name;
    node = kn_trie_step(d->m, &d->abbrevs, node, name << 16 | form_of(d, a, code));
    if (node == 0) break;
  }
  return node;
}

/* Where what is known of a run is, or belongs. `from`: the abbreviation that it continues. */
static inline struct kn_dwarf_run *known(struct kn_dwarf *d, const struct kn_dwarf_item *first,
                                         uint64_t codes, uint32_t from) {
  uint64_t h = kn_mix64(0, codes ^ (uint64_t)(uintptr_t)first << 20 ^ (uint64_t)from << 40);
  return &d->runs[h >> 40 & (KN_DWARF_RUNS - 1)];
}
static inline bool same_run(const struct kn_dwarf_run *r, const struct kn_dwarf_item *first,
                            uint64_t codes, uint32_t from) {
  return KN_LIKELY(r->codes == codes && r->first == first && r->from == from);
}

/* Writes a number in as few bytes as possible; *code: how. */
static inline uint8_t *put_number(uint8_t *p, uint32_t v, unsigned *code) {
  kn_put32(p, v);
  *code = (v > 0xff) + (v > 0xffff);
  return p + (1u << *code);
}

/* The number of a text in .debug_str; of one that there is not, of any. UINT32_MAX without memory. */
static inline uint32_t number_of(struct kn_dwarf *d, uint32_t set, uint32_t id) {
  const struct kn_dwarf_set *in = &d->texts[id & KN_DIE_SESSION ? set : 0];
  id &= KN_DIE_INDEX;
  if (KN_UNLIKELY(id >= in->n)) id = 0;
  uint32_t number = d->str_of[in->base + id] - 1;
  return KN_LIKELY(number < KN_DWARF_TEXT_ONCE - 1)
           ? number
           : kn_dwarf_new_text(d, (uint32_t)(in - d->texts), id);
}

/* In version 4, writes a string into the entry that is being written, at `p`; its end, with space for further
 * attributes. It is a short one or, outside of .dwo files, one that is not long and that no entry has so far. NULL:
 * this one is in .debug_str, where its offset takes 4 bytes, and the relocation 24, which linkers read. Of the
 * strings in a unit of Rust, nine in ten are used once. Long ones are names of functions, which units repeat that
 * inline the same ones: written in each entry, they made a program's debug information 15 % larger, and its link no
 * faster. */
static uint8_t *put_whole(struct kn_dwarf *d, uint8_t *p, uint32_t set, uint32_t id) {
  const struct kn_dwarf_set *in = &d->texts[id & KN_DIE_SESSION ? set : 0];
  uint32_t n;
  const uint8_t *text = kn_debug_characters(d->sets[0], d->sets[set], id, &n);
  if (memchr(text, 0, n) != NULL) return NULL;
  if (n >= SHORT) {
    uint32_t *known = &d->str_of[in->base + (id & KN_DIE_INDEX)];
    if (d->dwo || *known != 0 || n >= LONG) return NULL;
    *known = KN_DWARF_TEXT_ONCE;
    kn_dwarf_done(d, KN_DS_INFO, p);
    if ((p = kn_dwarf_space(d, KN_DS_INFO, n + 8 * (size_t)CODES)) == NULL) return NULL;
  }
  memcpy(p, text, n);
  p[n] = 0;
  return p + n + 1;
}

/* A string's number; in version 4 the string itself, or its offset, which is relocated. NULL without memory. */
static inline uint8_t *put_text(struct kn_dwarf *d, uint8_t *p, uint32_t set, uint32_t id,
                                unsigned *code) {
  if (d->version < 5) {
    uint8_t *end = put_whole(d, p, set, id);
    *code = 1;
    if (end != NULL || !kn_dwarf_ok(d)) return end;
  }
  uint32_t i = number_of(d, set, id);
  *code = 0;
  if (KN_UNLIKELY(i == UINT32_MAX)) return NULL;
  if (KN_LIKELY(d->version >= 5)) {
    kn_put32(p, i);
    *code = (i > 0xff) + (i > 0xffff) + (i > 0xffffff);
    return p + 1 + *code;
  }
  if (d->dwo) return kn_put_uleb(p, i);
  struct kn_dwarf_buffer *b = &d->out[KN_DS_INFO];
  struct kn_dwarf_reloc r = {(uint32_t)(p - b->bytes.at), KN_DR_DEBUG | KN_DS_STR,
                             d->strs.at[i].at};
  kn_put32(p, 0);
  return KN_PUSH(d->m, b->relocs, r) ? p + 4 : NULL;
}

void kn_dwarf_add_text(struct kn_dwarf_fields *f, unsigned name, uint32_t set, uint32_t id) {
  unsigned code;
  uint8_t *p = kn_dwarf_space(f->d, KN_DS_INFO, 8 * CODES);
  if (p == NULL || (p = put_text(f->d, p, set, id, &code)) == NULL) return;
  kn_dwarf_step(f, name, text_form(f->d, code));
  kn_dwarf_done(f->d, KN_DS_INFO, p);
}

/* Writes an expression, after its size. */
static void put_bytes(struct kn_dwarf *d, const uint8_t *bytes, uint32_t n) {
  uint8_t *p = kn_dwarf_space(d, KN_DS_INFO, 16 + (size_t)n);
  if (p == NULL) return;
  p = kn_put_uleb(p, n);
  for (uint32_t k = 0; k < n; k++) *p++ = bytes[k]; /* most have a few bytes */
  kn_dwarf_done(d, KN_DS_INFO, p);
}

/* Writes attributes from `a` on, up to the first that has to be written in another way, which is returned; NULL without
 * memory. */
static inline __attribute__((always_inline)) const struct kn_dwarf_item *put_run(
  struct kn_dwarf_fields *f, uint32_t i, const struct kn_dwarf_view *v,
  const struct kn_dwarf_item *a, const struct kn_dwarf_item *end, uint32_t spec, uint64_t *all) {
  struct kn_dwarf *d = f->d;
  const unsigned asked = spec ? KN_ASK | KN_ASK_C | KN_ASK_DECLARED : KN_ASK | KN_ASK_C;
  const uint32_t unit = f->unit;
  uint64_t codes = 1;
  if (end - a > CODES) end = a + CODES;
  uint8_t *p = kn_dwarf_space(d, KN_DS_INFO, 8 * CODES);
  if (p == NULL || !KN_ROOM(d->m, d->patches, CODES)) return NULL;
  for (; a < end; a++) {
    unsigned code = 0;
    uint32_t to;
    if (KN_UNLIKELY(a->asks & asked)) {
      struct kn_die_attr value = kn_dwarf_value(v, a);
      if ((a->asks == KN_ASK_C && !f->c) || kn_dwarf_left_out(f, i, &value, spec)) {
        codes = codes << CODE_BITS | CODE_LEFT_OUT;
        continue;
      }
    }
    switch ((enum kn_dwarf_put)a->put) {
    case KN_PUT_NUMBER: p = put_number(p, v->words[a->at], &code); break;
    case KN_PUT_FLAG: break;
    case KN_PUT_TEXT:
      p = put_text(d, p, v->set, v->words[a->at], &code);
      if (KN_UNLIKELY(p == NULL)) return NULL;
      break;
    case KN_PUT_FILE:
      to = kn_dwarf_to(d, v, a);
      if (KN_LIKELY(d->file_of[to] != 0)) {
        p = put_number(p, d->file_of[to] - 1, &code);
      } else if (to == 0) {
        code = CODE_LEFT_OUT;
      } else { /* it gets its number */
        end = a;
        continue;
      }
      break;
    case KN_PUT_TYPE:
    case KN_PUT_REF:
      to = a->put == KN_PUT_REF ? kn_dwarf_to(d, v, a) : kn_dwarf_type_of(d, i);
      if (KN_LIKELY(to != 0 && d->dies.at[to].unit == unit)) {
        d->patches.at[d->patches.n++] =
          (struct kn_dwarf_patch){(uint32_t)(p - d->out[KN_DS_INFO].bytes.at), to};
        p += 4;
      } else if (to == 0) {
        code = CODE_LEFT_OUT;
      } else {
        end = a;
        continue;
      }
      break;
    case KN_PUT_OTHER: end = a; continue;
    }
    codes = codes << CODE_BITS | code;
  }
  kn_dwarf_done(d, KN_DS_INFO, p);
  *all = codes;
  return end;
}

void kn_dwarf_put_attrs(struct kn_dwarf_fields *f, uint32_t i, const struct kn_dwarf_view *v,
                        const struct kn_dwarf_item *a, uint32_t spec, uint32_t in) {
  const struct kn_dwarf_item *end = v->shape->puts + v->shape->n_puts, *at;
  uint64_t codes;
  while (a < end && (at = put_run(f, i, v, a, end, spec, &codes)) != NULL) {
    if (at == a) {
      struct kn_die_attr value = kn_dwarf_value(v, a);
      kn_dwarf_any_attr(f, i, &value, in);
      a++;
      continue;
    }
    struct kn_dwarf_run *r = known(f->d, a, codes, f->abbrev);
    if (!same_run(r, a, codes, f->abbrev)) {
      uint32_t node = run(f->d, a, at, codes, f->abbrev);
      *r = (struct kn_dwarf_run){a, codes, f->abbrev, node};
    }
    f->abbrev = r->node;
    a = at;
  }
}

void kn_dwarf_put_plain(struct kn_dwarf_fields *f, uint32_t i, bool children, uint32_t in,
                        const uint8_t *expr, uint32_t n) {
  struct kn_dwarf *d = f->d;
  const struct kn_dwarf_view v = kn_dwarf_view(d, i);
  const struct kn_dwarf_item *a = v.shape->puts, *end = a + v.shape->n_puts;
  uint64_t codes;
  kn_dwarf_begin(f);
  const struct kn_dwarf_item *at = put_run(f, i, &v, a, end, 0, &codes);
  if (KN_UNLIKELY(at == NULL)) return;
  /* nothing, but all of the entry: what is known is the number of the whole abbreviation */
  uint32_t from = UINT32_MAX - children - 2 * (expr != NULL);
  struct kn_dwarf_run *r = known(d, a, codes, from);
  if (KN_LIKELY(same_run(r, a, codes, from) && at == end)) {
    if (expr != NULL) put_bytes(d, expr, n);
    complete(f, r->node);
    return;
  }
  f->abbrev = run(d, a, at, codes, 0);
  kn_dwarf_put_attrs(f, i, &v, at, 0, in);
  if (expr != NULL) {
    kn_dwarf_step(f, KILN_DW_AT_location, KILN_DW_FORM_exprloc);
    put_bytes(d, expr, n);
  }
  uint32_t number = kn_dwarf_put_entry(f, v.e->tag, children);
  if (at == end) *r = (struct kn_dwarf_run){a, codes, from, number};
}
