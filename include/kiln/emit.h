/* Output: ELF relocatable objects. */
#ifndef KILN_EMIT_H
#define KILN_EMIT_H

#include <kiln/module.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Appends an ELF64 relocatable object with the module's data and the code of `sessions`, in the
 * order given, to `out`. Same input, same bytes. May be called once per module. Fails if the module has an
 * error, that of a function included, or if a function of the sessions is open (KILN_ERR_STRUCTURE, with its
 * place): each must have been compiled or discarded. */
KILN_API kiln_status kiln_emit_elf(kiln_module *m, kiln_session *const *sessions,
                                   uint32_t n_sessions, kiln_buffer *out);

/** As kiln_emit_elf, into the file `path`, which is created or replaced. KILN_ERR_IO: it could not be written, and
 * there is no such file. */
KILN_API kiln_status kiln_emit_elf_file(kiln_module *m, kiln_session *const *sessions,
                                        uint32_t n_sessions, const char *path);

/** ELF's number of a kind of relocation, R_X86_64_... or R_AARCH64_...; 0: the processor's objects have none. */
KILN_API uint32_t kiln_elf_reloc_number(kiln_processor p, kiln_reloc_kind kind);

/** The kind of the relocation that ELF gives `number`, for readers of other assemblers' objects:
 * KILN_RELOC_FORMAT + number for those that Kiln has no kind of, KILN_RELOC_NONE for numbers beyond 65,535. */
KILN_API kiln_reloc_kind kiln_elf_reloc_kind(kiln_processor p, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
