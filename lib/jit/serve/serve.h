/* What running code, debuggers and profilers ask about units. */
#ifndef KN_JIT_SERVE_H
#define KN_JIT_SERVE_H

#include "lib/jit/unit.h"

struct kn_jit_link;

/* unwind.c */
/* The JIT has its first memory. */
void kn_jit_unwind_open(kiln_jit *jit);
void kn_jit_unwind_close(kiln_jit *jit);
bool kn_jit_unwind_add(kiln_jit *jit, struct kn_jit_unit *u, kiln_jit_error *e);
void kn_jit_unwind_remove(kiln_jit *jit, struct kn_jit_unit *u);

/* gdb.c */
/* Tells gdb of the unit that was linked. */
void kn_jit_gdb_add(const struct kn_jit_link *l);
void kn_jit_gdb_remove(const kiln_jit *jit, struct kn_jit_unit *u);

/* debug_sections.c */
/* Appends the debug sections of the unit's modules, by enum kn_dwarf_section, with addresses filled in. False without
 * memory: a module may have failed then. */
bool kn_jit_debug_sections(const struct kn_jit_link *l, kiln_buffer *sections);

/* loaded_debug.c */
/* The same of the object that was loaded. */
bool kn_jit_loaded_debug(const struct kn_jit_link *l, kiln_buffer *sections);

/* find.c */
/* Notes where the unit's code comes from. */
bool kn_jit_find_describe(struct kn_jit_link *l);
/* Makes kiln_jit_find_pc find the unit, or not any more. */
void kn_jit_find_add(struct kn_jit_unit *u);
void kn_jit_find_remove(struct kn_jit_unit *u);
/* The function of kiln_jit.finder. */
bool kn_jit_find_code(struct kn_stack_finder *finder, uint64_t pc, struct kn_stack_code *code);

/* perf_linux.c */
bool kn_jit_perf_open(kiln_jit *jit, kiln_jit_error *e);
void kn_jit_perf_add(const struct kn_jit_link *l);
void kn_jit_perf_close(kiln_jit *jit);

#endif
