/* What the verbs of `kiln` share: exit codes, inputs, outputs, modules made from inputs.
 * tool.c, output.c, message.c and system_posix.c implement it; each verb_*.c is one verb and calls the public API only.
 * Verbs that are also programs of their own (kiln-run, kiln-dis, kiln-interp) have their options in run.c, dis.c and
 * interp.c. */
#ifndef KN_TOOLS_TOOL_H
#define KN_TOOLS_TOOL_H

#include "beside.h"
#include "inlining.h"

#include <kiln/as.h>
#include <kiln/kiln.h>
#include <kiln/llvm.h>
#include <kiln/wasm.h>

#include <stdio.h>

/* Exit codes of every verb. */
enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

/* What an input is in: language.c finds it by the content, and C and C++ by the suffix. */
enum tool_language {
  TOOL_TEXT, /* Kiln's text; also what nothing is known of */
  TOOL_BITCODE,
  TOOL_QBE,
  TOOL_WASM,
  TOOL_OBJECT, /* from here on not what modules are read from */
  TOOL_C,
  TOOL_CXX,
  TOOL_OTHER,
  TOOL_LANGUAGES
};

/* One input, whole in memory: mapped, or read from standard input. */
struct tool_input {
  const char *path; /* "<stdin>" is standard input */
  const uint8_t *bytes;
  size_t size;
  bool mapped;
  enum tool_language language;
  const char *what, *advice; /* "an ELF object"; what takes it, or NULL */
};

/* Reads `path`, "-" is standard input, and finds its language; false after a message to stderr, which suggests what was
 * meant among the words `w`. NULL: it is no word of the command line. */
struct tool_words;
bool tool_input_open(struct tool_input *in, const char *path, const struct tool_words *w);
/* The content was read, and is hardly looked at again: its memory may be used for other things. It stays valid. */
void tool_input_done(const struct tool_input *in);
void tool_input_close(struct tool_input *in);

/* ---- language.c ---- */

/* Sets the language of an input, and what it is in words, by its content and path. */
void tool_language_find(struct tool_input *in);
/* The target that an input names: a triple in bitcode, a `target` line of text. False if it names none, or one that is
 * not known. */
bool tool_language_target(const struct tool_input *in, kiln_target *out);

/* ---- output.c ---- */

/* Writes `path` so that it exists only when it is complete: to a temporary file beside it, which takes its name
 * at the end. "-" is standard output; devices and pipes are written in place. False after a message. */
bool tool_output_write(const char *path, const void *bytes, size_t size);
/* The same; calls `written` (may be NULL) before the file that it replaces is removed, which takes as long as freeing
 * `bytes` does. */
bool tool_output_write_then(const char *path, const void *bytes, size_t size,
                            void (*written)(void *user), void *user);
/* An output that is written piece by piece: a file appears with its name when the stream is closed. `path` "-" is
 * standard output, "" standard error. NULL, and a message, after an error. */
struct tool_stream;
struct tool_stream *tool_stream_open(const char *path);
FILE *tool_stream_file(const struct tool_stream *s);
/* Closes it; without `keep`, what was written is dropped, and a file that was there stays. False after a message, or
 * without `keep`. */
bool tool_stream_close(struct tool_stream *s, bool keep);
/* Flushes and closes stdio's standard output: `status`, or a failure after a message if not all could be written. */
int tool_output_end(int status);

/* A file that is removed if a signal ends the process. */
struct tool_temporary {
  const char *path;
  struct tool_temporary *next;
};
/* Makes an empty file as mkstemps does; `t` and `path` stay until the process ends or the file is dropped. The
 * descriptor; -1 with errno. */
int tool_temporary_make(struct tool_temporary *t, char *path, size_t suffix);
/* Forgets a temporary file, which was renamed or removed. */
void tool_temporary_drop(struct tool_temporary *t);

/* ---- tool.c ---- */

/* How inputs become modules, as the options say. */
struct tool_reading {
  kiln_module_options
    module; /* but for its name, its diagnostics and, unless `target_given`, its target */
  bool target_given;
  kiln_wasm_options wasm;
  kiln_llvm_options llvm;
  /* Called with each text of inline assembly before it is assembled, by any thread; or NULL. */
  void (*on_assembly)(void *user, const kiln_assembly *texts, uint32_t n_texts);
  void *on_assembly_user;
};

/* An input's module, and a session in it. */
struct tool_module {
  kiln_module *module;
  kiln_session *session;
  unsigned errors; /* diagnostics so far */
  kiln_as *assembler;
  const struct tool_reading *how; /* if it has on_assembly, with the assembler's own function: */
  kiln_assemble_fn assemble;
  void *assemble_user;
  kiln_wasm_options wasm_options;
  kiln_llvm_options llvm_options;
  kiln_wasm *wasm; /* the reader, once it has read all but the bodies */
};
/* False after a message: also if no module is read from the input's language. */
bool tool_module_open(struct tool_module *t, const struct tool_input *in,
                      const struct tool_reading *how);
/* Reads all but the bodies of a WebAssembly module, with a warning if it ignores part of it. */
kiln_status tool_module_begin_wasm(struct tool_module *t, const struct tool_input *in);
/* What --inline says. */
int tool_parse_inline(const char *word, struct tool_inlining *out);
void tool_module_close(struct tool_module *t);

/* Where diagnostics of the current thread go instead of standard error: the first is kept. NULL: they
 * are printed. */
extern _Thread_local kiln_diag *tool_thread_diag;

/* Reads the input into the module and gives every function to `sink`. `instructions` is set to the
 * number of LLVM's or QBE's instructions, or left alone. */
kiln_status tool_module_read(struct tool_module *t, const struct tool_input *in,
                             kiln_func_sink_fn sink, void *user, uint64_t *instructions);

/* Says that `status` ended the work on `in`, unless a diagnostic has said so. */
void tool_module_report(struct tool_module *t, const struct tool_input *in, kiln_status status);

/* The file name of an input with its suffix replaced by .o, in the current folder; free it. NULL: no memory. */
char *tool_derived_name(const char *path);
/* The path of an object with its suffix replaced by .dwo; free it. NULL: no memory. */
char *tool_dwo_name(const char *path);

/* Replaces this process by the program `name` from the folder of `kiln`; only returns after a message, which says
 * where to get it. */
int tool_hand_over(const char *name, char **argv, const char *where);

/* "x86_64, aarch64 or x86_64-windows": all targets, with `between` between two and `last` before the last one, in
 * `out`; returns it. */
enum { TOOL_TARGETS_SIZE = 256 };
const char *tool_targets(char out[TOOL_TARGETS_SIZE], const char *between, const char *last);
/* Parses the value of --target; TOOL_OK, or TOOL_USAGE after a message. */
int tool_parse_target(const char *name, kiln_target *out);

/* ---- message.c ---- */

/* Prints `kiln: error: MESSAGE` to stderr; `kiln: warning: MESSAGE`. */
void tool_error(const char *message, ...) __attribute__((format(printf, 1, 2)));
void tool_warning(const char *message, ...) __attribute__((format(printf, 1, 2)));
/* As tool_error, and where to find help; returns TOOL_USAGE. */
int tool_usage(const char *message, ...) __attribute__((format(printf, 1, 2)));
/* Prints a diagnostic: its place in the source and the function as the source names it, if it knows them. */
void tool_diag_print(const kiln_diag *d);
/* "0.1.0" */
const char *tool_version(void);
/* True if what goes there may have colours. */
bool tool_coloured(FILE *to);

int verb_compile(int argc, char **argv);
int verb_cc(int argc, char **argv);
int verb_cxx(int argc, char **argv);
int verb_flang(int argc, char **argv);
int verb_cargo(int argc, char **argv);
int verb_with(int argc, char **argv);
int verb_print(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_dis(int argc, char **argv);
int verb_interp(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_stats(int argc, char **argv);

#endif
