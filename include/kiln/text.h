/* Parser and printer of the text form, `.kir`. The parser reads whatever the printer prints. */
#ifndef KILN_TEXT_H
#define KILN_TEXT_H

#include <kiln/build.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reads `.kir` text: makes its declarations in the session's module, builds each function, and passes it to `sink`
 * (NULL for kiln_func_compile). Errors carry line and column. */
KILN_API kiln_status kiln_text_read(kiln_session *s, const char *text, size_t text_length,
                                    kiln_func_sink_fn sink, void *user);

/** Parses a signature in the text form (docs/ir.md) and interns it, as kiln_sig_new does. It consists of parameters
 * with their flags in parentheses, results after an arrow, and then flags and a convention:
 *
 *     "(i32, i64 zext, ...) -> i32"    "(f64) -> i64, i64 nounwind"    "()"    "(i64 byval(24, 8)) preserve_most"
 *
 * `text` is NUL-terminated and read to its end; blanks and comments may stand anywhere. Returns id 0 after an error,
 * which sticks to the module: KILN_ERR_SYNTAX, or the errors of kiln_sig_new, with line and column in the diagnostic;
 * KILN_ERR_ARGUMENT if `text` is NULL. Like kiln_sig_new, it may be called by several threads after
 * kiln_module_freeze. */
KILN_API kiln_sig kiln_sig_parse(kiln_module *m, const char *text);

/** Appends the text of a finished function to `out`. */
KILN_API kiln_status kiln_func_print(kiln_func *f, kiln_buffer *out);

/** Appends the text of everything but the bodies of functions: target, symbols, data, constructors. */
KILN_API kiln_status kiln_module_print(kiln_module *m, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
