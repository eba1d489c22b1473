/* Writes objects: ELF relocatable files. */
#ifndef KILN_EMIT_H
#define KILN_EMIT_H

#include <kiln/module.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Appends an ELF64 relocatable object to `out`, with the module's data and the code of `sessions`, in the order given.
 * The same input gives the same bytes. May be called once per module. Fails if the module has an error, including that
 * of a function, or if a function of the sessions is still open (KILN_ERR_STRUCTURE, with its place): each must have
 * been compiled or discarded. */
KILN_API kiln_status kiln_emit_elf(kiln_module *m, kiln_session *const *sessions,
                                   uint32_t n_sessions, kiln_buffer *out);

/** Writes the object of kiln_emit_elf to the file `path`, which is created or replaced. On KILN_ERR_IO the file could
 * not be written, and does not exist. */
KILN_API kiln_status kiln_emit_elf_file(kiln_module *m, kiln_session *const *sessions,
                                        uint32_t n_sessions, const char *path);

/** Returns ELF's number for a kind of relocation, R_X86_64_... or R_AARCH64_...; 0 if objects for the processor have
 * none. */
KILN_API uint32_t kiln_elf_reloc_number(kiln_processor p, kiln_reloc_kind kind);

/** Returns the kind of relocation for ELF's `number`; meant for readers of other assemblers' objects. The result is
 * KILN_RELOC_FORMAT + number if Kiln has no such kind, and KILN_RELOC_NONE for numbers above 65,535. */
KILN_API kiln_reloc_kind kiln_elf_reloc_kind(kiln_processor p, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
