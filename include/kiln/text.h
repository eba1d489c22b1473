/* Parser and printer of the text form, `.kir`. The parser reads whatever the printer prints. */
#ifndef KILN_TEXT_H
#define KILN_TEXT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reads `.kir` text. Makes the text's declarations in the session's module, builds each function, and passes the
 * function to `sink` (NULL for kiln_func_compile). Diagnostics have the line and column of the error. */
KILN_API kiln_status kiln_text_read(kiln_session *s, const char *text, size_t text_length,
                                    kiln_func_sink_fn sink, void *user);

/** Parses a signature in the text form (docs/ir.md) and interns it, as kiln_sig_new does. The text consists of the
 * parameters and their flags, in parentheses; the results, after an arrow; and the signature's flags and convention:
 *
 *     "(i32, i64 zext, ...) -> i32"    "(f64) -> i64, i64 nounwind"    "()"    "(i64 byval(24, 8)) preserve_most"
 *
 * `text` is NUL-terminated and is read to its end. Blanks and comments may stand before, between and after its tokens.
 * Returns id 0 after an error, which sticks to the module. The error is KILN_ERR_SYNTAX or an error of kiln_sig_new,
 * with line and column in the diagnostic, or KILN_ERR_ARGUMENT if `text` is NULL. Like kiln_sig_new, this function may
 * be called by several threads after kiln_module_freeze. */
KILN_API kiln_sig kiln_sig_parse(kiln_module *m, const char *text);

/** Appends the text of a finished function to `out`. */
KILN_API kiln_status kiln_func_print(kiln_func *f, kiln_buffer *out);

/** Appends the text of a module except for the bodies of functions: the target, symbols, data and constructors. */
KILN_API kiln_status kiln_module_print(kiln_module *m, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
