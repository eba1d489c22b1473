/* Code on disk: objects of programs that `clay --jit` compiled before. CLAY_CACHE names the folder, which must be its
 * user's alone; without it nothing is kept. */
#ifndef CLAY_CACHE_H
#define CLAY_CACHE_H

#include <kiln/kiln.h>

/* What an object was made of. Two programs with the same content of this are the same program. */
struct cache_key {
  const char *file, *source;
  size_t source_size;
  const kiln_module_options *options;
};

/* Reads the object of a program to `object`, which the caller frees. False if there is none that fits: it is missing,
 * another program's, of another Kiln, damaged, or somebody else could have written it. */
bool cache_find(const struct cache_key *key, kiln_buffer *object);
/* Keeps an object. If that fails, nothing is kept. */
void cache_put(const struct cache_key *key, const kiln_buffer *object);

#endif
