/* malloc for a tool that is linked with musl, whose own is made to be small, not fast. Blocks come from the
 * end of a chunk and are used again by size; large ones are mappings of their own, which grow without being copied.
 * Only in that build (meson.build): musl takes it in place of its own.
 * Invariant: a block's word before it is its size, which includes that word. */
#define _GNU_SOURCE /* mremap */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ROUND: to what sizes of mappings are rounded up, the smallest page there is. Where pages are larger, the system
 * rounds up once more. */
enum { HEAD = 16, LARGE_LOG2 = 16, CHUNK = 1 << 20, ROUND = 4096 };
#define LARGE ((size_t)1 << LARGE_LOG2) /* blocks from here on are mapped */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *chunk, *chunk_end; /* space for new blocks */
/* [n]: blocks of at least 2^n bytes, linked by their first word */
static void *unused[LARGE_LOG2 + 1];

static size_t *size_of(void *block) { return (size_t *)block - 1; }
static char *start_of(void *block) { return (char *)block - HEAD; }

/* Bytes that a block for `n` bytes takes; 0: too many. */
static size_t whole(size_t n) {
  if (n == 0) n = 1;
  if (n > PTRDIFF_MAX - ROUND) return 0;
  n = (n + HEAD + 15) & ~(size_t)15;
  return n < LARGE ? n : (n + ROUND - 1) & ~(size_t)(ROUND - 1);
}

static unsigned log2_of(size_t n) { return 63 - (unsigned)__builtin_clzll(n); }

static void *block_at(char *start, size_t size) {
  void *block = start + HEAD;
  *size_of(block) = size;
  return block;
}

static char *map(size_t size) {
  char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p != MAP_FAILED ? p : NULL;
}

static void *take_small(size_t size) {
  unsigned class = log2_of(size - 1) + 1;
  void *block = unused[class];
  if (block != NULL) {
    unused[class] = *(void **)block;
    return block;
  }
  if ((size_t)(chunk_end - chunk) < size) {
    char *p = map(CHUNK); /* the rest of the old chunk, less than LARGE, is not used */
    if (p == NULL) return NULL;
    chunk = p;
    chunk_end = p + CHUNK;
  }
  block = block_at(chunk, size);
  chunk += size;
  return block;
}

static void give_small(void *block) {
  size_t size = *size_of(block);
  if (start_of(block) + size == chunk) {
    chunk = start_of(block);
    return;
  }
  unsigned class = log2_of(size);
  *(void **)block = unused[class];
  unused[class] = block;
}

static void *allocate(size_t n) {
  size_t size = whole(n);
  void *block = NULL;
  if (size >= LARGE) {
    char *p = map(size);
    if (p != NULL) block = block_at(p, size);
  } else if (size > 0) {
    pthread_mutex_lock(&lock);
    block = take_small(size);
    pthread_mutex_unlock(&lock);
  }
  if (block == NULL) errno = ENOMEM;
  return block;
}

void *malloc(size_t n) { return allocate(n); }

void free(void *block) {
  if (block == NULL) return;
  size_t size = *size_of(block);
  if (size >= LARGE) {
    munmap(start_of(block), size);
    return;
  }
  pthread_mutex_lock(&lock);
  give_small(block);
  pthread_mutex_unlock(&lock);
}

/* The last block of the chunk becomes longer or shorter in place. */
static bool resize_last(void *block, size_t old, size_t size) {
  pthread_mutex_lock(&lock);
  char *start = start_of(block);
  bool fits = start + old == chunk && size < LARGE && (size_t)(chunk_end - start) >= size;
  if (fits) {
    chunk = start + size;
    *size_of(block) = size;
  }
  pthread_mutex_unlock(&lock);
  return fits;
}

void *realloc(void *block, size_t n) {
  if (block == NULL) return allocate(n);
  size_t size = whole(n), old = *size_of(block);
  if (size == 0) {
    errno = ENOMEM;
    return NULL;
  }
  if (old >= LARGE && size >= LARGE) {
    char *p = mremap(start_of(block), old, size, MREMAP_MAYMOVE);
    return p != MAP_FAILED ? block_at(p, size) : NULL;
  }
  if (old < LARGE && (size <= old ? size >= old / 2 : resize_last(block, old, size))) return block;
  void *moved = allocate(n);
  if (moved == NULL) return NULL;
  memcpy(moved, block, (old < size ? old : size) - HEAD);
  free(block);
  return moved;
}

void *calloc(size_t n, size_t each) {
  size_t bytes;
  if (__builtin_mul_overflow(n, each, &bytes)) bytes = SIZE_MAX;
  void *block = allocate(bytes);
  return block != NULL ? memset(block, 0, bytes) : NULL;
}
