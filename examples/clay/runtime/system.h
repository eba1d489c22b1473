/* What Clay's runtime asks of the system that it runs on: system_linux.c, system_windows.c. */
#ifndef CLAY_SYSTEM_H
#define CLAY_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Of symbols that need not be there, and of functions that another one may replace. Windows has neither: there is
 * always a table of roots, and `clay --jit` has a runtime without walk.c. */
#ifdef _WIN32
#define CLAY_OPTIONAL
#define CLAY_DEFAULT
#else
#define CLAY_OPTIONAL __attribute__((weak, visibility("hidden")))
#define CLAY_DEFAULT __attribute__((weak))
#endif

/* Memory of zeros, which takes room once it is used; NULL: there is none. */
void *clay_map(size_t size);
void clay_unmap(void *start, size_t size);
/* Each access to it faults until it is unmapped. */
void clay_close(void *start, size_t size);

/* A frame of the stack: `reg` gives a register by DWARF's number, as the frame's function has it. */
struct clay_frame {
  uintptr_t pc; /* its return address, but for the newest frame */
  uintptr_t sp; /* after the call */
  uintptr_t (*reg)(const void *context, unsigned number);
  const void *context;
};
/* Calls `visit` for each frame, from that of the caller on, until it returns false. */
void clay_each_frame(bool (*visit)(const struct clay_frame *frame, void *user), void *user);

/* Reports a stack overflow, and ends the process then. `bottom`: of the stack. */
void clay_watch_stack(uintptr_t bottom);
/* Makes standard output write the same bytes on all systems. */
void clay_open_output(void);
/* As POSIX's getline, of standard input. */
ptrdiff_t clay_get_line(char **line, size_t *room);

#endif
