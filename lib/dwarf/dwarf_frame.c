/* .debug_frame: the unwind rows that debuggers read and programs do not load, of functions that have none in .eh_frame,
 * or of all functions (kiln_module_options.debug_frame). Called by kn_dwarf_build. The rows themselves come from the
 * walk. Source: DWARF 5, 6.4.1; its CIE has version 4 in both versions of DWARF that are written. */
#include "lib/dwarf/dwarf_writer.h"

#ifndef KN_WITHOUT_DEBUG_INFO

/* One CIE serves all functions: there is no personality here. */
static void put_cie(struct kn_dwarf *d) {
  const struct kn_code_facts *code = d->image->code;
  const uint8_t head[] = {0xff,
                          0xff,
                          0xff,
                          0xff,
                          4,
                          0, /* no augmentation */
                          8,
                          0, /* bytes of an address, of a segment */
                          code->cie_code_align,
                          0x78 /* data: -8 */,
                          code->cie_return};
  kn_dwarf_put(d, KN_DS_FRAME, NULL, 4);
  kn_dwarf_put(d, KN_DS_FRAME, head, sizeof head);
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
    const struct kn_place *p = kn_dwarf_place(d, i);
    if (!f->debug_rows || !(f->no_rows || d->m->options.debug_frame)) continue;
    if (d->out[KN_DS_FRAME].bytes.n == 0) {
      put_cie(d);
      end(d, 0);
    }
    const uint32_t start = d->out[KN_DS_FRAME].bytes.n;
    uint8_t size[8];
    kn_put64(size, f->size);
    kn_dwarf_put(d, KN_DS_FRAME, NULL, 4);
    kn_dwarf_relocated(d, KN_DS_FRAME, KN_DR_DEBUG | KN_DS_FRAME, 0);
    kn_dwarf_relocated(d, KN_DS_FRAME, p->section - 1, (int64_t)p->value);
    kn_dwarf_put(d, KN_DS_FRAME, size, sizeof size);
    kn_dwarf_put(d, KN_DS_FRAME,
                 kn_image_output(image, image->funcs[i].session)->cfi.at + f->cfi_first,
                 f->cfi_size);
    end(d, start);
  }
}
#endif
