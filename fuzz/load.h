/* A loader of x86-64 ELF objects into this process, for fuzz_func. */
#ifndef FUZZ_LOAD_H
#define FUZZ_LOAD_H

#include <kiln/kiln.h>

struct load_image {
  uint8_t *at; /* page-aligned memory, written when nothing is loaded */
  size_t size, used;
  void *(*find)(void *user, const char *name);
  const char *error; /* of the last load, or NULL */
  void *frames;      /* .eh_frame, which the unwinder knows of; or NULL */
};

/* Lays out the object's sections, resolves its symbols (undefined ones by `find`), applies its
 * relocations, makes the image executable and tells the unwinder of its frames. Returns the
 * address of the global symbol `entry`, or NULL with an error. */
void *load_object(struct load_image *image, const kiln_buffer *object, const char *entry);
/* Makes the image writable again, unknown to the unwinder. */
void load_end(struct load_image *image);

#endif
