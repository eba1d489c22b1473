/* What the files of `kiln cc`, `kiln c++` and `kiln flang` share: the command line taken apart, and running
 * other programs. cc_driver.c has what the verbs differ in, cc_args.c takes the command line apart, cc_list.c has lists
 * of words, cc_run.c runs the driver, cc_names.c has it name files, cc_text.c looks at assembly, verb_cc.c compiles and
 * links. What is said of clang here is true of the verb's driver, unless flang is named. */
#ifndef KN_TOOLS_CC_H
#define KN_TOOLS_CC_H

#include "tool.h"

#include <kiln/asm.h>
#include <stdatomic.h>
#include <sys/types.h>

/* ---- cc_driver.c ---- */

/* The verbs that compile sources by a driver of LLVM's. */
enum cc_verb { CC_VERB_C, CC_VERB_CXX, CC_VERB_FLANG, CC_VERBS };

/* Which drivers compile a language, by which Kiln compiles it. */
enum { CC_BY_CLANG = 1, CC_BY_FLANG = 2 };

/* What the verbs differ in. Strings are static. */
struct cc_driver {
  const char *verb;        /* its name, which messages begin with */
  const char *program;     /* LLVM's driver, unless `variable` names another one; */
  const char *variable;    /* of the environment */
  const char *package;     /* of Debian, that has the program */
  unsigned by;             /* CC_BY_..., one of them */
  bool cxx;                /* sources in C are taken for C++ */
  const char *languages;   /* of which Kiln compiles sources, for messages */
  const char *og;          /* what stands for -Og, if the driver does not have it; or NULL */
  const char *compiler;    /* the driver's first word for its own compiler, in what -### prints */
  const char *to_compiler; /* the flag that takes a word to that compiler */
  const char
    *no_uselists; /* a word that leaves use-list orders out of bitcode, or NULL: there are none */
  const char *
    no_passes; /* a word for bitcode that LLVM's passes are done with, or NULL: they run once more */
  bool predefines;      /* __OPTIMIZE__ is defined where LLVM's passes run */
  const char *empty[4]; /* words that check an empty source and write nothing */
};

/* The row of a verb. */
const struct cc_driver *cc_driver_of(enum cc_verb verb);

/* Strings; `at[n]` is NULL. The strings belong to the command line or to cc_args. */
struct cc_list {
  const char **at;
  size_t n, cap;
};
/* ---- cc_list.c ---- */

/* realloc; ends the tool if there is no memory. */
void *cc_more(void *old, size_t size);
/* Appends a string; ends the tool if there is no memory. */
void cc_push(struct cc_list *l, const char *s);
/* Registers a block of memory to be freed when the program ends. Returns it. */
char *cc_keep(char *block);

enum cc_kind {
  CC_FLAG,    /* for compiling, and for linking */
  CC_LINK,    /* for linking only: clang -c would not use it */
  CC_COMPILE, /* for compiling only: at the link it would overwrite a file that compiling made */
  CC_INPUT
};

/* A flag with its value, or an input, in the order of the command line. */
struct cc_item {
  enum cc_kind kind;
  const char *word;     /* the flag, or the input's path */
  const char *value;    /* a flag's separate value, or NULL */
  const char *language; /* input: what -x said, or NULL */
  bool ours; /* input: Kiln compiles it: a language of the driver's, or what clang made of it */
  bool cxx;  /* input: C++ */
  bool preprocessed;  /* input: that, and preprocessed */
  bool bitcode;       /* input: LLVM's IR */
  bool names;         /* flag: clang makes one more file, which it names after its output */
  bool own;           /* flag: Kiln added it, for sources */
  const char *object; /* input: set by the compiling: the object to link, or NULL; */
  const char *dwo;    /* the .dwo file, or NULL */
};

enum cc_mode {
  CC_LINK_ALL, /* compile and link */
  CC_OBJECT,   /* -c */
  CC_ASSEMBLY, /* -S */
  CC_CLANG     /* the driver executes the whole command: -E, -M, --version, ... */
};

enum cc_split { CC_SPLIT_NONE, CC_SPLIT_FILE, CC_SPLIT_SINGLE };

/* A command line. */
struct cc_args {
  const struct cc_driver *driver;
  struct cc_item *items;
  size_t n, cap;
  enum cc_mode mode;
  const char *out;   /* -o, or NULL */
  bool depends;      /* -MD and its like: a file of dependences */
  bool depends_file; /* -MF says which */
  bool depends_name; /* -MT or -MQ names the target */
  bool vectorize;    /* -fvectorize and its like were said */
  bool function_sections, data_sections, no_red_zone;
  bool verbose;
  bool aranges;                          /* -gdwarf-aranges */
  bool debug_frame;                      /* -fforce-dwarf-frame */
  kiln_llvm_tls_emulation tls_emulation; /* -femulated-tls */
  enum cc_split split;                   /* -gsplit-dwarf */
  const char *dumpdir;                   /* -dumpdir, or NULL */
  const char *compression; /* -gz: zlib or zstd; NULL: debug sections are not compressed */
  bool names;              /* a flag names files */
  /* -fsanitize=undefined was said, which is taken without its part "function" */
  bool no_function_checks;
  bool optimizes;               /* the last option of its kind is not -O0 */
  bool inlining;                /* it is -Og: Kiln inlines functions, */
  struct tool_inlining inlined; /* these */
  bool inline_foreign;          /* at -O0, foreign functions in C++; */
  bool no_inlining;             /* none at -O0: -fno-inline is the last option of its kind */
  uint64_t stress;              /* kiln_module_options.stress_seed */
  bool unoptimized;             /* -Og without LLVM's passes: __OPTIMIZE__ is not defined */
  bool unfortified;             /* and _FORTIFY_SOURCE was said, which is off then */
  bool passes; /* LLVM's passes run; without them clang only says what it would say to them */
  bool again;  /* the input is compiled for the second time */
  const char *refused;  /* a flag that cannot have its effect, or NULL */
  const char *database; /* -MJ, or NULL */
  struct cc_list words; /* the command line with its @files expanded, from argv[1] on */
  struct cc_list kept;  /* the same without flags that have no effect here, and -MJ */
};

/* The flags for these two. Kiln adds them after -Xclang: they take effect after the user's, and the driver does not
 * warn that they are unused where an input is preprocessed already. */
#define CC_UNOPTIMIZED "-U__OPTIMIZE__"
#define CC_UNFORTIFIED "-U_FORTIFY_SOURCE"

/* Takes a command line of a driver's verb apart (argv[0] is skipped). False after a message. */
bool cc_parse(struct cc_args *a, const struct cc_driver *driver, int argc, char **argv);

/* ---- cc_flags.c ---- */

/* A flag that asks for code which Kiln does not make and which does not show in bitcode; NULL: none does. */
const char *cc_find_refused(const struct cc_args *a);
/* What -femulated-tls and -fno-emulated-tls say. */
kiln_llvm_tls_emulation cc_tls_emulation(const struct cc_args *a);
/* What a word of the command line says to the assembler, words with commas between them; NULL: nothing. */
const char *cc_assemblers_words(const struct cc_item *item);
/* Warns of flags that ask for debugging information which Kiln does not write. */
void cc_warn_left_out(const struct cc_args *a);
/* Makes a diagnostic of an input's bitcode name the flag or attribute that the user wrote, instead of LLVM's words and
 * bits; unless the input was bitcode. */
void cc_name_cause(const struct cc_args *a, const struct cc_item *in, kiln_diag *diag);
/* True if -fsanitize=undefined brings -fsanitize=function, which needs data in front of functions, with it. */
bool cc_checks_functions(const struct cc_args *a);

/* True if a flag has its effect by one of LLVM's passes, so that they must run with -Og, too. */
bool cc_needs_passes(const struct cc_args *a);

/* True if the input is of a language that the driver compiles and Kiln does not, such as Objective-C. */
bool cc_other_language(const struct cc_item *in);

/* True if clang compiles or preprocesses the input: it is no assembly as the assembler reads it. */
bool cc_reads_source(const struct cc_item *in);

/* True if the words define _FORTIFY_SOURCE, but not as 0. */
bool cc_fortifies(const struct cc_list *words);

/* Appends the flags of clang's passes that Kiln wants: without vectors, unless they were asked for, or none. */
void cc_push_passes(struct cc_list *l, const struct cc_args *a);

/* ---- cc_run.c ---- */

/* Appends flags for bitcode as -O1's is before LLVM's passes, but for those without which it means something else:
 * always_inline is obeyed by one of them. It says which functions are to be inlined; that of -O0 forbids it for all. */
void cc_push_required_passes(struct cc_list *l);
/* What cannot be had if clang does not know these flags, as that of older LLVM does not; NULL: it knows them. */
const char *cc_lacks_required_passes(void);
/* Says which verb runs, for what follows. */
void cc_begin(enum cc_verb verb);
/* The verb's row, and its name. */
const struct cc_driver *cc_driver(void);
const char *cc_verb(void);
/* The path of the driver's program. */
const char *cc_clang(void);
/* Replaces this process by clang with the arguments `l`; only returns, with an exit status, after a message. */
int cc_become(const struct cc_list *l);
/* Runs clang with the words `l`; its standard output is appended to `out` (NULL: it is this process's), its standard
 * input is `in` (NULL: this process's). Returns its exit status; -1 after a message. */
int cc_run(const struct cc_list *l, kiln_buffer *out, const kiln_buffer *in);
/* The same for a whole command, whose first word is the program. What is appended to `out` is what it writes
 * to the descriptor `from`: 1 or 2. */
int cc_run_command(const struct cc_list *command, int from, kiln_buffer *out,
                   const kiln_buffer *in);
/* Runs `program`, which stands beside this one, with `argument`; its standard output goes to the file
 * `path`. The same results. */
int cc_run_beside(const char *program, const char *argument, const char *path);
/* Compresses the debug sections of an object for the processor, as clang's -gz does, by objcopy (GNU's, or LLVM's), in
 * place. False after a message. */
bool cc_compress(const char *path, const char *how, kiln_processor processor);
/* Makes an empty temporary file whose name ends in `suffix`; NULL after a message. cc_clean removes
 * all of them. */
const char *cc_temporary(const char *suffix);
void cc_clean(void);

/* ---- cc_text.c ---- */

/* For tool_reading.on_assembly: sets `user`, an atomic_bool, if a text has directives, which a disassembly of the
 * object does not show. */
void cc_watch_assembly(void *user, const kiln_assembly *texts, uint32_t n_texts);

/* ---- cc_names.c ---- */

/* What clang's driver would run for a command. */
struct cc_plan {
  struct cc_list *jobs; /* commands */
  size_t n, cap;
  size_t next;             /* the first that belongs to no input yet */
  struct cc_list unwanted; /* files of compilations that failed */
  kiln_buffer said;        /* what the driver printed; holds the words of the jobs */
};
/* Asks clang for its plan; TOOL_OK, or the exit status after a message. */
int cc_plan_make(struct cc_plan *p, const struct cc_args *a);
/* Removes what compilations that failed have left, and frees the plan. */
void cc_plan_free(struct cc_plan *p);
/* Makes the bitcode of the next input that Kiln compiles as the plan says, and all files that
 * clang makes beside it. `object` and `assembly` are set to the plan's names for these if they
 * are to be kept under other names than the output's; else NULL. Returns the exit status. */
int cc_plan_bitcode(struct cc_plan *p, const struct cc_item *in, kiln_buffer *bitcode,
                    const char **object, const char **assembly);
/* Appends to the compilation database (-MJ) what clang would. False after a message. */
bool cc_database(const struct cc_args *a);

#endif
