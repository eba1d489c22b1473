/* The frames of assembled code: what .eh_frame says of a section's code, as the rows of one
 * frame for all of it, which begin and end for each in the state that the target's frames begin
 * with. Called by as_object.c. DWARF 5, 6.4. Invariant: nothing is read beyond a record. */
#include "as_parts.h"
#include "base/leb128.h"

#include <stdlib.h>
#include <string.h>

const char kn_as_unusual[] = "not implemented: a frame of this kind (.cfi_ directives)";

/* What a CIE says after its version. GNU as has Kiln's, and moves rows that a frame begins with after it. */
struct cie {
  uint8_t n, bytes[16];
};
enum { CODE_ALIGN = 3, RETURN_ADDRESS = 5 };
static const struct cie cies[] = {
  /* augmentation, code and data alignment, return address, encoding of addresses, rules */
  [KILN_PROCESSOR_X86_64] = {13, {'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1}},
  [KILN_PROCESSOR_AARCH64] = {11, {'z', 'R', 0, 4, 0x78, 30, 1, 0x1b, 0x0c, 31, 0}},
};
_Static_assert(sizeof cies / sizeof *cies == KILN_PROCESSOR_COUNT, "every target has a row");

static uint32_t word(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}

/* Rows of a record: bytes up to `end`. */
struct span {
  const uint8_t *at, *end;
};

/* Is the record at `at` of the `size` bytes `all` a usual CIE? *more: the rows that it has besides. */
static bool is_usual(const struct cie *c, const uint8_t *all, uint64_t size, uint64_t at,
                     struct span *more) {
  if (at + 9 + c->n > size || word(all + at) > size - at - 4 || word(all + at) < 5u + c->n)
    return false;
  const uint8_t *p = all + at + 4;
  *more = (struct span){p + 5 + c->n, p + word(all + at)};
  return word(p) == 0 && p[4] == 1 && memcmp(p + 5, c->bytes, c->n) == 0;
}

/* Operands of instructions without any in their own byte: A byte, half or W(ord), U(LEB128, or SLEB128), B(lock). */
static const char *const operands[] = {
  [0x00] = "",   [0x02] = "A",  [0x03] = "H",  [0x04] = "W",  [0x05] = "UU",
  [0x06] = "U",  [0x07] = "U",  [0x08] = "U",  [0x09] = "UU", [0x0a] = "",
  [0x0b] = "",   [0x0c] = "UU", [0x0d] = "U",  [0x0e] = "U",  [0x0f] = "B",
  [0x10] = "UB", [0x11] = "UU", [0x12] = "UU", [0x13] = "U",  [0x14] = "UU",
  [0x15] = "UU", [0x16] = "UB", [0x2d] = "",   [0x2e] = "U",  [0x2f] = "UU",
};

/* What rows do. */
struct effect {
  uint64_t advance; /* in units of the code's alignment */
  bool restores;    /* to the CIE's rules */
};

/* False if the rows are not understood, or do not leave again all states that they remember. */
static bool read(struct span rows, struct effect *e) {
  const uint8_t *p = rows.at, *end = rows.end;
  uint32_t remembered = 0;
  *e = (struct effect){0};
  while (p < end) {
    unsigned op = *p++;
    uint64_t v = 0;
    if (op >> 6 == 1) e->advance += op & 0x3f;
    if (op >> 6 == 2) kn_uleb128(&p, end);
    if (p == NULL) return false;
    if (op >> 6 == 3 || op == 0x06) e->restores = true;
    if (op >> 6) continue;
    if (op >= sizeof operands / sizeof *operands || operands[op] == NULL) return false;
    remembered += op == 0x0a;
    if (op == 0x0b && remembered-- == 0) return false;
    for (const char *o = operands[op]; *o; o++) {
      if (*o == 'U' || *o == 'B') {
        v = kn_uleb128(&p, end);
        if (p == NULL || (*o == 'B' && v > (uint64_t)(end - p))) return false;
        p += *o == 'B' ? v : 0;
        continue;
      }
      unsigned n = *o == 'A' ? 1 : *o == 'H' ? 2 : 4;
      if (n > end - p) return false;
      v = 0;
      memcpy(&v, p, n);
      p += n;
      e->advance += v;
    }
  }
  return remembered == 0;
}

/* Rows being made; a unit of `at` is the code's alignment. */
struct rows {
  uint8_t *bytes;
  uint64_t room; /* bytes that fit */
  uint32_t n;
  uint64_t at;
  uint8_t return_address; /* the register, by DWARF's number */
  bool gaps;              /* some code has no frame */
};
static void advance(struct rows *r, uint64_t to) {
  uint32_t by = (uint32_t)(to - r->at);
  r->at = to;
  if (by == 0) return;
  r->bytes[r->n++] = 4;
  memcpy(r->bytes + r->n, &by, 4);
  r->n += 4;
}

static void put(struct rows *r, struct span rows) {
  memcpy(r->bytes + r->n, rows.at, (size_t)(rows.end - rows.at));
  r->n += (uint32_t)(rows.end - rows.at);
}

/* Says that the code from here on has no frame: walks of a stack end in it. */
static void put_undefined(struct rows *r) {
  r->bytes[r->n++] = 0x07; /* undefined */
  r->bytes[r->n++] = r->return_address;
  r->gaps = true;
}

/* The same of the code up to `to`. */
static void leave_out(struct rows *r, uint64_t to) {
  if (to == r->at) return;
  r->bytes[r->n++] = 0x0a; /* remember_state */
  put_undefined(r);
  advance(r, to);
  r->bytes[r->n++] = 0x0b; /* restore_state */
}

static bool is_padding(struct span rows) {
  while (rows.at < rows.end && *rows.at == 0) rows.at++;
  return rows.at == rows.end;
}

/* Appends the rows of a frame of `size` bytes from `start` on, in code of `all` bytes: `first`, those of its CIE, and
 * `then`. */
static bool append(struct rows *r, unsigned align, uint64_t start, uint64_t size, uint64_t all,
                   struct span first, struct span then) {
  struct effect e, f;
  const uint64_t steps = 20, bytes = (uint64_t)(first.end - first.at + then.end - then.at);
  if (bytes + steps > r->room - r->n || start % align || size % align || start / align < r->at ||
      !read(first, &e) || !read(then, &f) || e.advance != 0 || f.advance > size / align ||
      (f.restores && !is_padding(first)))
    return false;
  bool whole = start == 0 && size == all;
  leave_out(r, start / align);
  if (!whole) r->bytes[r->n++] = 0x0a; /* remember_state */
  put(r, first);
  put(r, then);
  r->at += f.advance;
  if (whole) return true;
  advance(r, (start + size) / align);
  r->bytes[r->n++] = 0x0b; /* restore_state */
  return true;
}

enum { HEAD = 13 }; /* of an FDE: CIE's distance, address, size, size of the augmentation */

static int by_section(const void *a, const void *b) {
  const struct kn_as_fde *x = a, *y = b;
  if (x->section != y->section) return x->section < y->section ? -1 : 1;
  return (x->at > y->at) - (x->at < y->at);
}

/* Lists the FDEs in .eh_frame, whose relocations these are; false: one of its records is not understood. */
static bool list_fdes(struct kn_as_object *o, const Elf64_Rela *relas, uint64_t n_relas) {
  const uint8_t *all = o->frames;
  uint64_t k = 0;
  for (uint64_t at = 0, next; at + 4 + HEAD <= o->frames_bytes; at = next) {
    uint32_t length = word(all + at), back = word(all + at + 4);
    next = at + 4 + length;
    if (length < HEAD || next > o->frames_bytes) return false;
    if (back == 0) continue;
    while (k < n_relas && relas[k].r_offset < at + 8) k++;
    if (k == n_relas || relas[k].r_offset != at + 8) return false;
    uint64_t y = ELF64_R_SYM(relas[k].r_info);
    if (y >= o->n_symbols) continue;
    o->fdes[o->n_fdes++] =
      (struct kn_as_fde){.section = o->symbols[y].st_shndx,
                         .at = at,
                         .start = o->symbols[y].st_value + (uint64_t)relas[k].r_addend};
  }
  return true;
}

bool kn_as_find_frames(kiln_as *a, struct kn_as_object *o) {
  const Elf64_Rela *relas = NULL;
  uint64_t n_relas = 0;
  for (unsigned i = 1; i < o->head->e_shnum && relas == NULL; i++) {
    const Elf64_Shdr *s = &o->sections[i];
    if (s->sh_type != SHT_RELA || s->sh_info >= o->head->e_shnum ||
        strcmp(kn_as_section(o, s->sh_info), AS_FRAMES) != 0)
      continue;
    relas = kn_as_content(o, s);
    n_relas = s->sh_size / sizeof *relas;
    o->frames = relas != NULL ? kn_as_content(o, &o->sections[s->sh_info]) : NULL;
    o->frames_bytes = o->sections[s->sh_info].sh_size;
  }
  if (o->frames == NULL) return true;
  o->fdes = kn_as_keep(a, o->frames_bytes / (4 + HEAD) * sizeof *o->fdes);
  if (o->fdes == NULL) return false;
  o->unusual_frames = !list_fdes(o, relas, n_relas);
  if (o->n_fdes > 1) qsort(o->fdes, o->n_fdes, sizeof *o->fdes, by_section);
  return true;
}

/* The first FDE of a section's code, if it has any, or of a later section's. */
static size_t first_fde(const struct kn_as_object *o, unsigned section) {
  size_t low = 0, high = o->n_fdes;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (o->fdes[middle].section < section) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Bytes that the rows of FDEs [first, end) may take: those of each, of its CIE, and what append adds. */
static uint64_t room_for(const struct kn_as_object *o, size_t first, size_t end) {
  const uint64_t most = 4 * o->frames_bytes; /* a CIE's rows, for each frame too, if it has few */
  uint64_t room = 0;
  for (size_t i = first; i < end && room < most; i++) {
    uint64_t at = o->fdes[i].at, back = word(o->frames + at + 4);
    room += 48 + word(o->frames + at);
    if (back <= at + 4) room += word(o->frames + at + 4 - back);
  }
  return room < most ? room : most;
}

const char *kn_as_frame(kiln_as *a, kiln_processor target, const struct kn_as_object *o,
                        unsigned section, struct kn_as_rows *out) {
  const struct cie *cie = &cies[target];
  const uint8_t *all = o->frames;
  size_t first = first_fde(o, section), end = first;
  if (all == NULL) return NULL;
  if (o->unusual_frames) return kn_as_unusual;
  while (end < o->n_fdes && o->fdes[end].section == section) end++;
  if (first == end) return NULL;
  const uint64_t all_bytes = o->sections[section].sh_size;
  uint64_t covered = 0; /* bytes up to the end of the last frame */
  struct rows r = {.room = room_for(o, first, end), .return_address = cie->bytes[RETURN_ADDRESS]};
  if ((r.bytes = kn_as_keep(a, r.room)) == NULL) return "out of memory";
  for (size_t i = first; i < end; i++) {
    const struct kn_as_fde *f = &o->fdes[i];
    uint32_t back = word(all + f->at + 4), size = word(all + f->at + 12);
    struct span more;
    if (back > f->at + 4 || !is_usual(cie, all, o->frames_bytes, f->at + 4 - back, &more) ||
        all[f->at + 3 + HEAD] != 0 ||
        !append(&r, cie->bytes[CODE_ALIGN], f->start, size, all_bytes, more,
                (struct span){all + f->at + 4 + HEAD, all + f->at + 4 + word(all + f->at)}))
      return kn_as_unusual;
    covered = f->start + size;
  }
  if (covered < all_bytes) put_undefined(&r);
  *out = (struct kn_as_rows){r.bytes, r.n, r.gaps};
  return NULL;
}
