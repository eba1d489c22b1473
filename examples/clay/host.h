/* What the program `clay-jit` asks of the system that it runs on: host_linux.c, host_windows.c. */
#ifndef CLAY_HOST_H
#define CLAY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The return addresses of the frames on the stack, the newest first: their number. */
unsigned host_backtrace(void **pcs, unsigned room);
/* Makes the functions of the maths library known to the JIT. */
void host_open_libraries(void);
/* A function of C's that no library of the process has by this name; NULL: there is none. */
void *host_function(const char *name);

/* ---- files of the cache ---- */

/* Whether a folder is there; *own: nobody but the user, and who can do all, can read or write what is in it. */
bool host_find_folder(const char *path, bool *own);
/* Opens a file that the user alone can read and write. -1: it is missing, a link, or another's. */
int host_open_own(const char *path, uint64_t *size);
/* Gives a file another name, in place of one that has it. */
bool host_rename(const char *from, const char *to);
/* What tells this program from others: its size and its time. */
bool host_describe_program(char *text, size_t room);

#endif
