/* What the files of `kiln cc` share: the command line taken apart, and running other programs.
 * cc_args.c takes it apart, cc_run.c runs clang, verb_cc.c compiles and links. */
#ifndef KN_TOOLS_CC_H
#define KN_TOOLS_CC_H

#include "tool.h"

#include <sys/types.h>

/* Strings; `at[n]` is NULL. The strings belong to the command line or to cc_args. */
struct cc_list {
  const char **at;
  size_t n, cap;
};
/* Appends a string; the tool ends without memory. */
void cc_push(struct cc_list *l, const char *s);
/* Keeps a block of memory until the program ends, which is when it is free again. Returns it. */
char *cc_keep(char *block);

enum cc_kind {
  CC_FLAG, /* for compiling, and for linking */
  CC_LINK, /* for linking only: what clang -c would not use */
  CC_INPUT
};

/* A flag with its value, or an input, in the order of the command line. */
struct cc_item {
  enum cc_kind kind;
  const char *word;     /* the flag, or the input's path */
  const char *value;    /* a flag's separate value, or NULL */
  const char *language; /* input: what -x said, or NULL */
  bool c;               /* input: C, which Kiln compiles */
  const char *object;   /* input: set by the compiling: the object to link, or NULL */
};

enum cc_mode {
  CC_LINK_ALL, /* compile and link */
  CC_OBJECT,   /* -c */
  CC_ASSEMBLY, /* -S */
  CC_CLANG     /* all of it is clang's: -E, -M, --version, ... */
};

/* A command line. */
struct cc_args {
  struct cc_item *items;
  size_t n, cap;
  enum cc_mode mode;
  const char *out;   /* -o, or NULL */
  bool depends;      /* -MD and its like: a file of dependences */
  bool depends_file; /* -MF says which */
  bool depends_name; /* -MT or -MQ names the target */
  bool vectorize;    /* -fvectorize and its like were said */
  bool function_sections, no_red_zone;
  bool verbose;
  struct cc_list words; /* the command line with its @files expanded, from argv[1] on */
};

/* Takes a command line apart (argv[0] is skipped). False after a message. */
bool cc_parse(struct cc_args *a, int argc, char **argv);

/* The path of clang: $KILN_CLANG or clang-22. */
const char *cc_clang(void);
/* Becomes clang with the words `l` behind its name; only returns, with an exit status, after a
 * message. */
int cc_become(const struct cc_list *l);
/* Runs clang with the words `l`; its standard output is appended to `out` (NULL: it stays), its standard
 * input is `in` (NULL: it stays). Returns its exit status; -1 after a message. */
int cc_run(const struct cc_list *l, kiln_buffer *out, const kiln_buffer *in);
/* Runs `program`, which stands beside this one, with `argument`; its standard output goes to the file
 * `path`. The same results. */
int cc_run_beside(const char *program, const char *argument, const char *path);
/* Makes an empty temporary file whose name ends in `suffix`; NULL after a message. cc_clean removes
 * all of them. */
const char *cc_temporary(const char *suffix);
void cc_clean(void);

#endif
