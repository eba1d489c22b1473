/* Writes objects: ELF relocatable files. */
#ifndef KILN_EMIT_H
#define KILN_EMIT_H

#include <kiln/module.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Appends an ELF64 relocatable object to `out`. The object contains the module's data and the code of `sessions`, in
 * the order given. The same input results in the same bytes. May be called only once for each module. Fails if the
 * module has an error; this includes errors of functions. Fails with KILN_ERR_STRUCTURE if a function of the sessions
 * is still open; the diagnostic says which one. Every function must have been compiled or discarded before. */
KILN_API kiln_status kiln_emit_elf(kiln_module *m, kiln_session *const *sessions,
                                   uint32_t n_sessions, kiln_buffer *out);

/** Writes the object that kiln_emit_elf would append to the file `path`. The file is created, or replaced if it exists.
 * If the file cannot be written, returns KILN_ERR_IO, and no file `path` exists afterwards. */
KILN_API kiln_status kiln_emit_elf_file(kiln_module *m, kiln_session *const *sessions,
                                        uint32_t n_sessions, const char *path);

/** Returns ELF's number for a kind of relocation (R_X86_64_... or R_AARCH64_...). Returns 0 if ELF objects for the
 * processor have no relocation of that kind. */
KILN_API uint32_t kiln_elf_reloc_number(kiln_processor p, kiln_reloc_kind kind);

/** Returns the kind of relocation that has the given number in ELF. This is for programs that read objects from other
 * assemblers. Returns KILN_RELOC_FORMAT + `number` if Kiln has no such kind, and KILN_RELOC_NONE if `number` is above
 * 65,535. */
KILN_API kiln_reloc_kind kiln_elf_reloc_kind(kiln_processor p, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
