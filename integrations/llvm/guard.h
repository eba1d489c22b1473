/* Calls that may crash in Kiln's own code, inside of a process that belongs to somebody else. guard.c. */
#ifndef KN_SHIM_GUARD_H
#define KN_SHIM_GUARD_H

#include <stdint.h>

/* What ended a call. */
struct shim_crash {
  int signal;   /* 0: the call returned */
  uintptr_t at; /* the instruction, from the start of the object that has this code */
};

/* Calls f(user). If it does what the processor refuses (a bad address, a bad instruction, a division by zero), the call
 * ends there and its memory is lost; but only if the instruction belongs to this object, or is one of libc's that copy
 * and compare: nothing that holds a lock is left. All else happens as without the guard. Any thread may call it. */
struct shim_crash shim_guard(void (*f)(void *user), void *user);

#endif
