/* Writes objects: relocatable files, ELF or COFF. */
#ifndef KILN_EMIT_H
#define KILN_EMIT_H

#include <kiln/module.h>
#include <kiln/reloc.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Appends a relocatable object in the format of the module's target to `out`, ELF64 or COFF: the module's data and the
 * code of `sessions`. If the module is frozen, the functions are in the order of their symbols' ids; otherwise, in the
 * order of `sessions`. The same input results in the same bytes.
 * - Call kiln_emit_object only once for each module, after every function was compiled or discarded. You may also add
 *   the module to a JIT (kiln_jit_add), before or afterwards.
 * - Fails if the module has an error; errors of functions count as errors of the module. Fails with KILN_ERR_STRUCTURE
 *   if a function of the sessions is still open. The diagnostic then names the function. Fails with
 *   KILN_ERR_UNSUPPORTED if the format cannot express the module, such as an ifunc in COFF.
 * - Owns: the caller frees `out` (kiln_buffer_free). */
KILN_API kiln_status kiln_emit_object(kiln_module *m, kiln_session *const *sessions,
                                      uint32_t n_sessions, kiln_buffer *out);

/** Does what kiln_emit_object does, but fails with KILN_ERR_ARGUMENT if the format of the module's target is not ELF. A
 * program that only calls this function does not contain the writer of COFF. */
KILN_API kiln_status kiln_emit_elf(kiln_module *m, kiln_session *const *sessions,
                                   uint32_t n_sessions, kiln_buffer *out);

/** Does what kiln_emit_elf does, but splits the debug information if kiln_module_attrs.dwo_name is set. `out` gets an
 * object with a skeleton unit, the line table and the addresses, and `dwo` gets the rest: an ELF file without
 * relocations, which the linker does not read, and which debuggers find by `dwo_name`. If nothing is split, this file
 * has no debug sections.
 * - If `dwo` is NULL, the object also contains the sections of that file. Linkers leave them out; debuggers read them
 *   in the object, so `dwo_name` must be the name of the object.
 * - The parts have an identifier that follows from the content of the .dwo file. DWARF 4 uses GNU's extension.
 * - Fails with KILN_ERR_UNSUPPORTED if an entry of the .dwo file refers to an entry of another unit, or if the format
 *   of the module's target is not ELF.
 * - Owns: the caller frees `out` and `dwo` (kiln_buffer_free). If the call fails, neither changes. */
KILN_API kiln_status kiln_emit_elf_split(kiln_module *m, kiln_session *const *sessions,
                                         uint32_t n_sessions, kiln_buffer *out, kiln_buffer *dwo);

/** Writes the object that kiln_emit_object would append to the file `path`.
 * - Fails with KILN_ERR_IO if it cannot write the object. In this case, it has not changed or removed any file.
 * - The function writes a new file in the same folder, and renames it to `path` when it is complete. It therefore needs
 *   write access to the folder.
 * - An existing regular file is replaced. The new file gets the permissions of the old file. Other hard links to the
 *   old file keep the old content.
 * - If `path` is a symbolic link, the link stays, and the function replaces the file to which the link refers. If
 *   `path` is anything else that exists, such as a device, a pipe or /dev/stdout, the function writes to it. */
KILN_API kiln_status kiln_emit_object_file(kiln_module *m, kiln_session *const *sessions,
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
