/* Parts of .eh_frame, in objects and in memory: a CIE for functions of one kind, an FDE for each function. Rows come
 * from the walk. Sources: DWARF 5, 6.4; LSB 5.0, 10.6. */
#ifndef KN_LIB_IMAGE_FRAMES_H
#define KN_LIB_IMAGE_FRAMES_H

#include "base/bytes.h"
#include "lib/codegen/output.h"
#include "targets/target.h"

/* Bytes of the CIE of functions without a table of exceptions, of one with; of an FDE, before its rows. */
enum { KN_CIE_BYTES = 24, KN_CIE_EH_BYTES = 32, KN_FDE_HEAD = 17 };
/* Where the addresses of function and table are in an FDE. */
enum { KN_FDE_ADDRESS_AT = 8, KN_FDE_TABLE_AT = 17 };
/* Where the address of the personality is in a CIE. */
enum { KN_CIE_PERSONALITY_AT = 19 };

/* Writes the CIE of functions with tables of exceptions, whose personality's address is `personality`, as `encoding`
 * says (KN_EH_...); KN_EH_OMIT: of those without. Returns its end. */
uint8_t *kn_cie_put(uint8_t *p, const struct kn_code_facts *code, unsigned encoding,
                    uint32_t personality);

/* Bytes of a function's FDE: length, CIE pointer, address, size, augmentation, its rows; 0: it has none. */
static inline uint64_t kn_fde_bytes(const struct kn_code_func *f) {
  if (KN_UNLIKELY(f->no_rows)) return 0;
  return kn_align_up(KN_FDE_HEAD + 4 * (uint64_t)(f->table != 0) + (uint64_t)f->cfi_size, 8);
}

/* Writes a function's FDE, which is `cie` bytes after its CIE; returns its end. `address`, `table`: the distances from
 * the fields of the FDE to the function and its table of exceptions, if it has one; `cfi`: the rows of the function's
 * session. */
static inline uint8_t *kn_fde_put(uint8_t *p, uint32_t cie, uint32_t address, uint32_t table,
                                  const struct kn_code_func *f, const uint8_t *cfi) {
  uint64_t size = kn_fde_bytes(f);
  if (KN_UNLIKELY(size == 0)) return p;
  kn_put32(p, (uint32_t)(size - 4));
  kn_put32(p + 4, cie + 4);
  kn_put32(p + KN_FDE_ADDRESS_AT, address);
  kn_put32(p + 12, f->size);
  kn_put64(p + size - 8, 0); /* padding: DW_CFA_nop */
  uint8_t *rows = p + KN_FDE_HEAD;
  p[16] = 0;
  if (KN_UNLIKELY(f->table != 0)) {
    p[16] = 4;
    kn_put32(p + KN_FDE_TABLE_AT, table);
    rows += 4;
  }
  if (f->cfi_size > 0) kn_copy(rows, cfi + f->cfi_first, f->cfi_size);
  return p + size;
}

#endif
