/* The reader of QBE's intermediate language (https://c9x.me/compile/doc/il.html), as of QBE 1.2, with the operands
 * `extern` of QBE 1.3. It is a front end on the public API and its helpers alone, and an example to learn from. The
 * tool `kiln` calls it. */
#ifndef KN_QBE_QBE_H
#define KN_QBE_QBE_H

#include <kiln/kiln.h>

/* Reads the text of a file: declares what it defines, defines its data, builds each function and gives it
 * to `sink` (NULL: it is compiled). Errors are reported through the module, with line and column.
 * `instructions` (may be NULL) is set to the number of instructions, phis and jumps. */
kiln_status kiln_qbe_read(kiln_session *s, const char *text, size_t size, kiln_func_sink_fn sink,
                          void *user, uint64_t *instructions);

#endif
