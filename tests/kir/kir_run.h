/* Shared by tests/kir/kir_run.c (files, modes, TAP) and tests/kir/kir_driver.c (run lines, C drivers). */
#ifndef KIR_RUN_H
#define KIR_RUN_H

#include <kiln/kiln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A `; run:` or `; check:` line. */
struct kir_run {
  unsigned line;
  bool check; /* a C expression */
  char *text;
  char *name;  /* run: of the function, without '@' */
  size_t func; /* run: index into funcs */
};

/* A function that run lines call, as its signature says. */
struct kir_func {
  char *name;
  uint8_t params[64], result; /* kiln_type */
  uint32_t flags[64];         /* KILN_PARAM_... */
  unsigned n_params, n_results;
  bool known; /* declared in the file */
};

/* A function that the target does not support yet. */
struct kir_missing {
  char name[128];
  char why[256];
};

struct kir_file {
  const char *name;
  char *text;
  size_t size;
  char *test; /* `; test:`, or NULL */
  bool right_target, runs_here, has_errors;
  uint64_t features; /* of the target, by `; features:` */
  struct kir_run *runs;
  size_t n_runs;
  struct kir_func *funcs;
  size_t n_funcs;
  char *c; /* `; c:` lines, with #line */
  size_t c_size;
  struct kir_missing *missing;
  size_t n_missing;
};

struct kir_options {
  kiln_target target;
  const char *cc, *cc_flags, *exec;
  char *dir;
  bool inlining;      /* functions are inlined wherever that is possible */
  const char *interp; /* what to link with to run on the interpreter; NULL: on the target */
  const char *load;   /* the program that loads the objects; NULL: they are linked */
};

void kir_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

void kir_add_run(struct kir_file *f, unsigned line, const char *text, size_t n, bool check);
void kir_add_c(struct kir_file *f, unsigned line, const char *text, size_t n);
void kir_add_missing(struct kir_file *f, const char *name, const char *why);
/* Looks up the signatures of the functions that run lines call. */
void kir_read_sigs(struct kir_file *f, const kiln_module *m);
/* Writes the C of file number `index`; false if it is there already with the same text. */
bool kir_write_driver(const struct kir_file *f, size_t index, const char *path);
/* For the interpreter, in the place of an object: copies the text to `text_path` and writes the C of
 * stand-ins for its symbols (tests/kir/kir_interp.c). */
bool kir_write_stubs(struct kir_file *f, size_t index, kiln_processor target, const char *text_path,
                     const char *path);
/* Writes the program's main, which runs the files that are ready. */
bool kir_write_main(const struct kir_file *files, const bool *ready, size_t n, const char *path);
void kir_free_file(struct kir_file *f);

#endif
