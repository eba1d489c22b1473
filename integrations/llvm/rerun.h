/* rustc as a child that is run again if Kiln in it crashes: rerun.c. */
#ifndef KN_RERUN_H
#define KN_RERUN_H

/* A compilation. */
struct rustc_run {
  const char *program; /* the driver: rustc with Kiln inside */
  char **words;        /* its command line */
  char *incremental;   /* an option for a second run; NULL: none */
  char **kept;         /* the environment that the compiler sees: carried.h */
};

/* Runs the driver. If it dies of Kiln, it runs once more with LLVM as the code generator of all units, and with the
 * option `incremental` at the end of its command line. What both print appears once. Of this process's variables, the
 * driver gets those in `shown`. If it cannot be started, the compiler itself runs, words[0]. The exit status; a signal
 * that ends the driver ends this process, too. */
int rustc_run(const struct rustc_run *run, const char *const *shown);

#endif
