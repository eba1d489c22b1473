/* Parser and printer of the text form, `.kir`. The parser can read everything that the printer prints. */
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

/** Parses a signature in the text form (docs/ir.md). Interns the signature, as kiln_sig_new does. The text begins with
 * the parameters and their flags, in parentheses. An arrow and the results may follow. The signature's flags and
 * convention come last:
 *
 *     "(i32, i64 zext, ...) -> i32"    "(f64) -> i64, i64 nounwind"    "()"    "(i64 byval(24, 8)) preserve_most"
 *
 * `text` is NUL-terminated. The function reads `text` to its end. Blanks and comments may stand before, between and
 * after the tokens of `text`. Returns id 0 after an error. The error sticks to the module. The error is KILN_ERR_SYNTAX
 * or an error of kiln_sig_new. The diagnostic then has the line and column. If `text` is NULL, the error is
 * KILN_ERR_ARGUMENT. After kiln_module_freeze, several threads may call this function at once. */
KILN_API kiln_sig kiln_sig_parse(kiln_module *m, const char *text);

/** Appends the text of a finished function to `out`. */
KILN_API kiln_status kiln_func_print(kiln_func *f, kiln_buffer *out);

/** Appends the text of a module to `out`: the target, symbols, data and constructors. The text does not contain the
 * bodies of functions. */
KILN_API kiln_status kiln_module_print(kiln_module *m, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
