/* What the tool asks of the system that it runs on, where systems differ. system_posix.c implements it for Linux,
 * system_windows.c for Windows, where `kiln` has the verbs compile, print and verify. lib/frontend/host_files.h has
 * what the library asks, too. */
#ifndef KN_TOOLS_SYSTEM_H
#define KN_TOOLS_SYSTEM_H

#include "../lib/frontend/host_files.h"

#include "tool.h"

#include <pthread.h>
#include <stdlib.h>

/* Before anything else in main: bytes are read and written as they are, also those of standard streams. */
void tool_system_begin(void);

/* Maps the file of a descriptor as the input's bytes, if it is one that can be mapped and has any: sets `mapped`. */
void tool_system_map(struct tool_input *in, int fd);
void tool_system_unmap(const struct tool_input *in);
/* What is mapped is hardly looked at again. */
void tool_system_forget(const struct tool_input *in);
/* Do both names lead to one file, which is there? */
bool tool_system_same_file(const char *a, const char *b);
/* Gives the file `from` the name `to`, which a file may have. False with errno. */
bool tool_system_rename(const char *from, const char *to);

/* Number of processors that this process may use, at least 1. */
unsigned tool_system_processors(void);
/* Starts a thread in which no signal is handled. */
bool tool_system_start(pthread_t *thread, void *(*run)(void *), void *arg);

/* The name of a function as its source has it, by the program c++filt; false if it is not mangled, or there is none. */
bool tool_system_demangle(const char *name, char *out, size_t size);
/* Gives `records` to kiln-dis, whose standard output is `out`. False after a message. */
bool tool_system_dis(FILE *records, FILE *out);

#ifdef _WIN32

static inline bool tool_system_is_absolute(const char *path) {
  return path[0] == '/' || path[0] == '\\' || (path[0] != 0 && path[1] == ':');
}

#ifndef NAME_MAX
#define NAME_MAX 255
#endif

/* What its C library lacks. */
char *strndup(const char *text, size_t most);
static inline int setenv(const char *name, const char *value, int replace) {
  return (void)replace, _putenv_s(name, value);
}
static inline int unsetenv(const char *name) { return _putenv_s(name, ""); }

#else

static inline bool tool_system_is_absolute(const char *path) { return path[0] == '/'; }

#endif

#endif
