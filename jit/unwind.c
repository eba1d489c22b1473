/* Frames of units for the unwinder of libgcc, which exceptions, backtrace() and pthread_cancel use. The
 * library depends on libc alone: libgcc's functions are found at run time, the program's own first, and those of
 * the libgcc_s.so.1 that libc itself loads for backtrace() and pthread_cancel. Where both are there and differ,
 * both are told. */
#define _GNU_SOURCE
#include "jit/jit.h"

#include <dlfcn.h>

extern void __register_frame(void *) __attribute__((weak));
extern void __deregister_frame(void *) __attribute__((weak));

void kn_jit_unwind_open(kiln_jit *jit) {
  typedef void frame_fn(void *);
  frame_fn *add[2] = {__register_frame, NULL}, *remove[2] = {__deregister_frame, NULL};
  void *library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library != NULL) {
    void *a = dlsym(library, "__register_frame"), *r = dlsym(library, "__deregister_frame");
    memcpy(&add[1], &a, sizeof a); /* ISO C knows no cast from object to function pointer */
    memcpy(&remove[1], &r, sizeof r);
  }
  for (unsigned i = 0, n = 0; i < 2; i++) {
    if (add[i] == NULL || remove[i] == NULL || (i == 1 && add[1] == add[0])) continue;
    jit->frames[n].add = add[i];
    jit->frames[n++].remove = remove[i];
  }
}

void kn_jit_unwind_add(const kiln_jit *jit, struct kn_jit_item *u) {
  if (u->eh_frame == NULL) return;
  for (unsigned i = 0; i < 2; i++)
    if (jit->frames[i].add != NULL) jit->frames[i].add(u->eh_frame);
}

void kn_jit_unwind_remove(const kiln_jit *jit, struct kn_jit_item *u) {
  if (u->eh_frame == NULL) return;
  for (unsigned i = 0; i < 2; i++)
    if (jit->frames[i].remove != NULL) jit->frames[i].remove(u->eh_frame);
}
