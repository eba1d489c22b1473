/* The library libkiln-text: parser and printer of the text form, `.kir`. The parser can read everything that the
 * printer prints. libkiln-text needs the libkiln of the same version. */
#ifndef KILN_TEXT_H
#define KILN_TEXT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reads `.kir` text. Makes the declarations of the text in the module of the session `s`. Builds each function, and
 * passes the function to `sink` (NULL for kiln_func_compile). Diagnostics have the line and column of the error. */
KILN_API kiln_status kiln_text_read(kiln_session *s, const char *text, size_t text_length,
                                    kiln_func_sink_fn sink, void *user);

/** Appends the text of a finished function to `out`. */
KILN_API kiln_status kiln_func_print(kiln_func *f, kiln_buffer *out);

/** Appends the text of a module to `out`: the target, symbols, data and constructors. The text does not contain the
 * bodies of functions. */
KILN_API kiln_status kiln_module_print(kiln_module *m, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
