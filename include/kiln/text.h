/* The text form `.kir`: parser and printer. What the printer prints, the parser reads. */
#ifndef KILN_TEXT_H
#define KILN_TEXT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reads `.kir` text: declares into the session's module, builds each function and gives it to
 * `sink` (NULL: kiln_func_compile). Errors carry line and column. */
KILN_API kiln_status kiln_text_read(kiln_session *s, const char *text, size_t text_length,
                                    kiln_func_sink_fn sink, void *user);

/** Appends the text of a finished function to `out`. */
KILN_API kiln_status kiln_func_print(kiln_func *f, kiln_buffer *out);

/** Appends the text of everything but the functions' bodies: target, symbols, data, constructors. */
KILN_API kiln_status kiln_module_print(kiln_module *m, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
