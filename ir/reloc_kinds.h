/* Facts about the kinds of relocations (<kiln/reloc.h>): which address of a symbol the field is made of, and how it is
 * encoded. Writers of objects and the JIT read them, so that neither lists kinds. */
#ifndef KN_IR_RELOC_KINDS_H
#define KN_IR_RELOC_KINDS_H

#include <kiln/reloc.h>

#include <stdbool.h>

/* Which address it is made of. */
enum kn_reloc_to {
  KN_TO_UNKNOWN,
  KN_TO_ADDRESS,   /* the symbol's */
  KN_TO_CALL,      /* the same, of a function that is called or jumped to */
  KN_TO_ENTRY,     /* of an entry that has the symbol's address */
  KN_TO_TLS_PAIR,  /* of what a function that finds thread-local variables is given */
  KN_TO_TLS_ENTRY, /* of an entry that has the offset from the thread pointer */
  KN_TO_TLS_OFFSET /* the offset from the thread pointer */
};

/* How the field is encoded. V is that address + the addend. */
enum kn_reloc_field {
  KN_FIELD_OTHER, /* in a way that linkers alone know */
  KN_FIELD_NOTHING,
  KN_FIELD_64,       /* V */
  KN_FIELD_32,       /* V, zero-extended */
  KN_FIELD_32S,      /* V, sign-extended */
  KN_FIELD_DIST64,   /* V - P */
  KN_FIELD_DIST32,   /* V - P */
  KN_FIELD_BRANCH26, /* bits 0 to 25 of a word: V - P in words */
  KN_FIELD_PAGE21,   /* adrp: the distance of pages of 4 KiB */
  KN_FIELD_LOW12,    /* bits 10 to 21 of a word: bits 0 to 11 of V, in units of 1 << scale bytes */
  KN_FIELD_HIGH12    /* bits 10 to 21 of a word: bits 12 to 23 of V, which has no more */
};

struct kn_reloc_facts {
  const char *name; /* in the text form */
  uint8_t to;       /* enum kn_reloc_to */
  uint8_t field;    /* enum kn_reloc_field */
  uint8_t scale;    /* of KN_FIELD_LOW12 */
};

/* Those of a kind; of one that Kiln does not know, those of KILN_RELOC_NONE. */
const struct kn_reloc_facts *kn_reloc_facts(uint32_t kind);
/* Bytes of the field; of one that only linkers know, 1 at least. */
uint32_t kn_reloc_bytes(const struct kn_reloc_facts *f);
/* The kind of a relocation of data: `bytes` is 4 or 8. */
static inline kiln_reloc_kind kn_reloc_of_data(unsigned bytes, bool distance) {
  if (distance) return bytes == 8 ? KILN_RELOC_REL64 : KILN_RELOC_REL32;
  return bytes == 8 ? KILN_RELOC_ABS64 : KILN_RELOC_ABS32;
}
/* The field may hold a distance that is known before addresses are. */
static inline bool kn_reloc_is_distance(const struct kn_reloc_facts *f) {
  return (f->to == KN_TO_ADDRESS || f->to == KN_TO_CALL) &&
         (f->field == KN_FIELD_DIST32 || f->field == KN_FIELD_BRANCH26);
}
/* Writes the field at `p`, which will be at address `at`; false, and nothing is written, if the value does not fit. */
bool kn_reloc_put(const struct kn_reloc_facts *f, uint8_t *p, uint64_t value, uint64_t at);
/* Makes the bits of the field at `p` 0: the addend of a relocation is not in the field. */
void kn_reloc_clear(const struct kn_reloc_facts *f, uint8_t *p);
/* Whether the value fits. The fields of an instruction for the page of an address and of one for the rest of it are
 * close together and decide alike: for both this is whether it fits all code in the same 16 MiB, with a margin. */
bool kn_reloc_reaches(const struct kn_reloc_facts *f, uint64_t value, uint64_t at);

#endif
