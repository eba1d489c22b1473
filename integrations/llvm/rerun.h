/* rustc as a child that is run again if Kiln in it crashes: rerun.c. */
#ifndef KN_RERUN_H
#define KN_RERUN_H

/* Runs words[0], a rustc that loads Kiln's library. If it dies of Kiln, it runs once more with LLVM as the code
 * generator of all units, and with the option `incremental`, if that is not NULL, at the end of its command line. What
 * both print appears once. The exit status; a signal that ends rustc ends this process, too. */
int rustc_run(char **words, char *incremental);

#endif
