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

/** The signature that `text` writes in the text form (docs/ir.md), interned as by kiln_sig_new: parameters in
 * parentheses with their flags, results after an arrow, then flags and a convention:
 *
 *   "(i32, i64 zext, ...) -> i32"     "(f64) -> i64, i64 nounwind"     "()"     "(i64 byval(24, 8)) preserve_most"
 *
 * `text` is NUL-terminated and read to its end; blanks and comments may stand anywhere. 0 after an error, which sticks
 * to the module: KILN_ERR_SYNTAX, or what kiln_sig_new says, with line and column in the diagnostic; KILN_ERR_ARGUMENT
 * if `text` is NULL. As kiln_sig_new, it may be called after kiln_module_freeze by several threads. */
KILN_API kiln_sig kiln_sig_parse(kiln_module *m, const char *text);

/** Appends the text of a finished function to `out`. */
KILN_API kiln_status kiln_func_print(kiln_func *f, kiln_buffer *out);

/** Appends the text of everything but the functions' bodies: target, symbols, data, constructors. */
KILN_API kiln_status kiln_module_print(kiln_module *m, kiln_buffer *out);

#ifdef __cplusplus
}
#endif
#endif
