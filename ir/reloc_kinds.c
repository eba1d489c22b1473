/* The table of kinds of relocations, and the fields of code and data that they fill: see reloc_kinds.h. Called by the
 * writers of objects, the JIT and the text form. Sources: System V ABI, AMD64 supplement, 4.4; ELF for the Arm 64-bit
 * Architecture, 5.7. */
#include "ir/reloc_kinds.h"

#include "base/bytes.h"

static const struct kn_reloc_facts kinds[] = {
  [KILN_RELOC_NONE] = {NULL, KN_TO_UNKNOWN, KN_FIELD_OTHER, 0},
  [KILN_RELOC_ABS64] = {"abs64", KN_TO_ADDRESS, KN_FIELD_64, 0},
  [KILN_RELOC_ABS32] = {"abs32", KN_TO_ADDRESS, KN_FIELD_32, 0},
  [KILN_RELOC_ABS32S] = {"abs32s", KN_TO_ADDRESS, KN_FIELD_32S, 0},
  [KILN_RELOC_REL64] = {"rel64", KN_TO_ADDRESS, KN_FIELD_DIST64, 0},
  [KILN_RELOC_REL32] = {"rel32", KN_TO_ADDRESS, KN_FIELD_DIST32, 0},
  [KILN_RELOC_TLS64] = {"tls64", KN_TO_UNKNOWN, KN_FIELD_OTHER, 0},
  [KILN_RELOC_X64_CALL] = {"x64_call", KN_TO_CALL, KN_FIELD_DIST32, 0},
  [KILN_RELOC_X64_GOT] = {"x64_got", KN_TO_ENTRY, KN_FIELD_DIST32, 0},
  [KILN_RELOC_X64_GOT_OP] = {"x64_got_op", KN_TO_ENTRY, KN_FIELD_DIST32, 0},
  [KILN_RELOC_X64_GOT_REX] = {"x64_got_rex", KN_TO_ENTRY, KN_FIELD_DIST32, 0},
  [KILN_RELOC_X64_TLS_GD] = {"x64_tls_gd", KN_TO_TLS_PAIR, KN_FIELD_DIST32, 0},
  [KILN_RELOC_X64_TLS_IE] = {"x64_tls_ie", KN_TO_TLS_ENTRY, KN_FIELD_DIST32, 0},
  [KILN_RELOC_X64_TLS_LE] = {"x64_tls_le", KN_TO_TLS_OFFSET, KN_FIELD_32S, 0},
  [KILN_RELOC_A64_CALL] = {"a64_call", KN_TO_CALL, KN_FIELD_BRANCH26, 0},
  [KILN_RELOC_A64_JUMP] = {"a64_jump", KN_TO_CALL, KN_FIELD_BRANCH26, 0},
  [KILN_RELOC_A64_ADR] = {"a64_adr", KN_TO_ADDRESS, KN_FIELD_OTHER, 0},
  [KILN_RELOC_A64_LITERAL] = {"a64_literal", KN_TO_ADDRESS, KN_FIELD_OTHER, 0},
  [KILN_RELOC_A64_PAGE] = {"a64_page", KN_TO_ADDRESS, KN_FIELD_PAGE21, 0},
  [KILN_RELOC_A64_PAGE_NC] = {"a64_page_nc", KN_TO_ADDRESS, KN_FIELD_OTHER, 0},
  [KILN_RELOC_A64_LOW] = {"a64_low", KN_TO_ADDRESS, KN_FIELD_LOW12, 0},
  [KILN_RELOC_A64_LOW8] = {"a64_low8", KN_TO_ADDRESS, KN_FIELD_LOW12, 0},
  [KILN_RELOC_A64_LOW16] = {"a64_low16", KN_TO_ADDRESS, KN_FIELD_LOW12, 1},
  [KILN_RELOC_A64_LOW32] = {"a64_low32", KN_TO_ADDRESS, KN_FIELD_LOW12, 2},
  [KILN_RELOC_A64_LOW64] = {"a64_low64", KN_TO_ADDRESS, KN_FIELD_LOW12, 3},
  [KILN_RELOC_A64_LOW128] = {"a64_low128", KN_TO_ADDRESS, KN_FIELD_LOW12, 4},
  [KILN_RELOC_A64_GOT_PAGE] = {"a64_got_page", KN_TO_ENTRY, KN_FIELD_PAGE21, 0},
  [KILN_RELOC_A64_GOT_LOW] = {"a64_got_low", KN_TO_ENTRY, KN_FIELD_LOW12, 3},
  [KILN_RELOC_A64_TLSDESC_PAGE] = {"a64_tlsdesc_page", KN_TO_TLS_PAIR, KN_FIELD_PAGE21, 0},
  [KILN_RELOC_A64_TLSDESC_LOAD] = {"a64_tlsdesc_load", KN_TO_TLS_PAIR, KN_FIELD_LOW12, 3},
  [KILN_RELOC_A64_TLSDESC_ADD] = {"a64_tlsdesc_add", KN_TO_TLS_PAIR, KN_FIELD_LOW12, 0},
  [KILN_RELOC_A64_TLSDESC_CALL] = {"a64_tlsdesc_call", KN_TO_TLS_PAIR, KN_FIELD_NOTHING, 0},
  [KILN_RELOC_A64_TLS_IE_PAGE] = {"a64_tls_ie_page", KN_TO_TLS_ENTRY, KN_FIELD_PAGE21, 0},
  [KILN_RELOC_A64_TLS_IE_LOAD] = {"a64_tls_ie_load", KN_TO_TLS_ENTRY, KN_FIELD_LOW12, 3},
  [KILN_RELOC_A64_TLS_LE_HIGH] = {"a64_tls_le_high", KN_TO_TLS_OFFSET, KN_FIELD_HIGH12, 0},
  [KILN_RELOC_A64_TLS_LE_LOW] = {"a64_tls_le_low", KN_TO_TLS_OFFSET, KN_FIELD_LOW12, 0},
};
_Static_assert(sizeof kinds / sizeof *kinds == KILN_RELOC_KIND_COUNT, "every kind has a row");

const struct kn_reloc_facts *kn_reloc_facts(uint32_t kind) {
  return &kinds[kind < KILN_RELOC_KIND_COUNT ? kind : KILN_RELOC_NONE];
}

const char *kiln_reloc_name(kiln_reloc_kind kind) { return kn_reloc_facts((uint32_t)kind)->name; }

bool kiln_reloc_find(const char *name, kiln_reloc_kind *out) {
  if (name == NULL || out == NULL) return false;
  for (unsigned k = 1; k < KILN_RELOC_KIND_COUNT; k++) {
    if (strcmp(kinds[k].name, name) != 0) continue;
    *out = (kiln_reloc_kind)k;
    return true;
  }
  return false;
}

/* ---- fields ---- */

uint32_t kn_reloc_bytes(const struct kn_reloc_facts *f) {
  if (f->field == KN_FIELD_NOTHING) return 0;
  if (f->field == KN_FIELD_OTHER) return 1;
  return f->field == KN_FIELD_64 || f->field == KN_FIELD_DIST64 ? 8 : 4;
}

static int64_t page_distance(uint64_t to, uint64_t at) {
  return (int64_t)((to >> 12) - (at >> 12));
}

/* Which bits of a word the field is; of fields that linkers alone know, none. */
static const uint32_t masks[] = {
  [KN_FIELD_OTHER] = 0,           [KN_FIELD_NOTHING] = 0,           [KN_FIELD_64] = UINT32_MAX,
  [KN_FIELD_32] = UINT32_MAX,     [KN_FIELD_32S] = UINT32_MAX,      [KN_FIELD_DIST64] = UINT32_MAX,
  [KN_FIELD_DIST32] = UINT32_MAX, [KN_FIELD_BRANCH26] = 0x03ffffff, [KN_FIELD_PAGE21] = 0x60ffffe0,
  [KN_FIELD_LOW12] = 0xfff << 10, [KN_FIELD_HIGH12] = 0xfff << 10,
};

static bool put_word(const struct kn_reloc_facts *f, uint8_t *p, uint32_t bits) {
  uint32_t mask = masks[f->field];
  kn_put32(p, (kn_get32(p) & ~mask) | (bits & mask));
  return true;
}

void kn_reloc_clear(const struct kn_reloc_facts *f, uint8_t *p) {
  if (masks[f->field] != 0) put_word(f, p, 0);
  if (kn_reloc_bytes(f) == 8) kn_put32(p + 4, 0);
}

bool kn_reloc_put(const struct kn_reloc_facts *f, uint8_t *p, uint64_t value, uint64_t at) {
  int64_t distance = (int64_t)(value - at), pages = page_distance(value, at);
  switch ((enum kn_reloc_field)f->field) {
  case KN_FIELD_OTHER: return false;
  case KN_FIELD_NOTHING: return true;
  case KN_FIELD_64: kn_put64(p, value); return true;
  case KN_FIELD_DIST64: kn_put64(p, (uint64_t)distance); return true;
  case KN_FIELD_32: return value <= UINT32_MAX && put_word(f, p, (uint32_t)value);
  case KN_FIELD_32S: return (int64_t)value == (int32_t)value && put_word(f, p, (uint32_t)value);
  case KN_FIELD_DIST32: return distance == (int32_t)distance && put_word(f, p, (uint32_t)distance);
  case KN_FIELD_BRANCH26:
    if ((distance & 3) != 0 || distance < -(1 << 27) || distance >= 1 << 27) return false;
    return put_word(f, p, (uint32_t)(distance >> 2));
  case KN_FIELD_PAGE21:
    return pages >= -(1 << 20) && pages < 1 << 20 &&
           put_word(f, p, ((uint32_t)pages & 3) << 29 | ((uint32_t)pages >> 2 & 0x7ffff) << 5);
  case KN_FIELD_LOW12: return put_word(f, p, (uint32_t)((value & 0xfff) >> f->scale) << 10);
  case KN_FIELD_HIGH12:
    return value < UINT64_C(1) << 24 && put_word(f, p, (uint32_t)(value >> 12) << 10);
  }
  return false;
}

bool kn_reloc_reaches(const struct kn_reloc_facts *f, uint64_t value, uint64_t at) {
  int64_t distance = (int64_t)(value - at), pages;
  if (f->field == KN_FIELD_DIST32) return distance == (int32_t)distance;
  if (f->field == KN_FIELD_BRANCH26) return distance >= -(1 << 27) && distance < 1 << 27;
  if (f->field != KN_FIELD_PAGE21 && f->field != KN_FIELD_LOW12) return true;
  pages = page_distance(value, at & ~UINT64_C(0xffffff));
  return pages >= -(1 << 20) + 8192 && pages < (1 << 20) - 8192;
}
