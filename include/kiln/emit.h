/* Writes objects: ELF relocatable files. */
#ifndef KILN_EMIT_H
#define KILN_EMIT_H

#include <kiln/module.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Appends an ELF64 relocatable object to `out`. The object contains the module's data and the code of `sessions`. If
 * the module is frozen, the functions are in the order of their symbols' ids. Otherwise, the functions are in the order
 * of `sessions`. The same input results in the same bytes. Call kiln_emit_elf only once for each module. kiln_emit_elf
 * fails if the module has an error. Errors of functions count as errors of the module. Every function must be compiled
 * or discarded before this call. If a function of the sessions is still open, kiln_emit_elf fails with
 * KILN_ERR_STRUCTURE. The diagnostic then names the open function. */
KILN_API kiln_status kiln_emit_elf(kiln_module *m, kiln_session *const *sessions,
                                   uint32_t n_sessions, kiln_buffer *out);

/** Writes an object to the file `path`. The object is the one that kiln_emit_elf would append. The function creates the
 * file, or replaces an existing file. If kiln_emit_elf_file cannot write the file, kiln_emit_elf_file returns
 * KILN_ERR_IO. In this case, no file `path` exists afterwards. */
KILN_API kiln_status kiln_emit_elf_file(kiln_module *m, kiln_session *const *sessions,
                                        uint32_t n_sessions, const char *path);

/** Returns ELF's number for a kind of relocation (R_X86_64_... or R_AARCH64_...) of the processor `p`. Returns 0 if ELF
 * has no relocation of that kind for `p`. */
KILN_API uint32_t kiln_elf_reloc_number(kiln_processor p, kiln_reloc_kind kind);

/** Returns the kind of relocation that has the number `number` in ELF for the processor `p`. Programs that read the
 * objects of an assembler need this function. If Kiln has no such kind, kiln_elf_reloc_kind returns KILN_RELOC_FORMAT +
 * `number`. If `number` is above 65,535, kiln_elf_reloc_kind returns KILN_RELOC_NONE. */
KILN_API kiln_reloc_kind kiln_elf_reloc_kind(kiln_processor p, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
