/* .debug_frame: the unwind rows that debuggers read and programs do not load, of functions that have none in .eh_frame,
 * or of all functions (kiln_module_options.debug_frame). Called by kn_dwarf_build. The rows themselves come from the
 * walk. Source: DWARF 5, 6.4.1; its CIE has version 4 in both versions of DWARF that are written. */
#include "lib/dwarf/dwarf_writer.h"

#ifndef KN_WITHOUT_DEBUG_INFO

/* One CIE serves all functions: there is no personality here. */
static void put_cie(struct kn_dwarf *d) {
  const struct kn_code_facts *code = d->image->code;
  kn_dwarf_put_number(d, KN_DS_FRAME, UINT64_MAX << 32, 8); /* its length; it is a CIE */
  /* version, no augmentation, bytes of an address, of a segment; units of code and data, -8 */
  kn_dwarf_put_number(d, KN_DS_FRAME, 4 | 8 << 16, 4);
  const uint32_t units = code->cie_code_align | 0x78 << 8;
  kn_dwarf_put_number(d, KN_DS_FRAME, units | (uint32_t)code->cie_return << 16, 3);
  kn_dwarf_put(d, KN_DS_FRAME, code->cie_rules, KN_CIE_RULES);
}

/* Pads what begins at `start` to a multiple of 8 bytes, and writes its length. */
static void end(struct kn_dwarf *d, uint32_t start) {
  kn_dwarf_put(d, KN_DS_FRAME, NULL, -d->out[KN_DS_FRAME].bytes.n & 7);
  kn_dwarf_end_length(d, KN_DS_FRAME, start);
}

void kn_dwarf_frames(struct kn_dwarf *d) {
  const struct kn_image *image = d->image;
  if (d->m->target->unwind_codes) return; /* rows are not DWARF's */
  for (uint32_t i = 0; i < image->n_funcs; i++) {
    const struct kn_code_func *f = kn_image_func(image, i);
    if (!f->debug_rows || !(f->no_rows || d->m->options.debug_frame)) continue;
    if (d->out[KN_DS_FRAME].bytes.n == 0) {
      put_cie(d);
      end(d, 0);
    }
    const uint32_t start = d->out[KN_DS_FRAME].bytes.n;
    kn_dwarf_put(d, KN_DS_FRAME, NULL, 4);
    kn_dwarf_relocated(d, KN_DS_FRAME, KN_DR_DEBUG | KN_DS_FRAME, 0);
    kn_dwarf_put_extent(d, KN_DS_FRAME, i);
    kn_dwarf_put(d, KN_DS_FRAME,
                 kn_image_output(image, image->funcs[i].session)->cfi.at + f->cfi_first,
                 f->cfi_size);
    end(d, start);
  }
}
#endif
