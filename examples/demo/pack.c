/* A packer in the manner of Lempel and Ziv: literals and back references with hash chains, in groups
 * of eight after a byte of flags. Lengths are 3 to 18, distances up to 4096. */
#include "demo.h"

#include <string.h>

enum { WINDOW = 4096, MIN_MATCH = 3, MAX_MATCH = MIN_MATCH + 15, HASH_BITS = 13, MAX_CHAIN = 64 };

struct matcher {
  const uint8_t *in;
  size_t size;
  int32_t head[1 << HASH_BITS]; /* last place of a hash, or -1 */
  int32_t previous[WINDOW];     /* place before it with the same hash */
};

static unsigned hash_at(const uint8_t *p) {
  uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
  return (v * 2654435761u) >> (32 - HASH_BITS);
}

static void insert(struct matcher *m, size_t at) {
  if (at + MIN_MATCH > m->size) return;
  unsigned h = hash_at(m->in + at);
  m->previous[at % WINDOW] = m->head[h];
  m->head[h] = (int32_t)at;
}

/* The longest earlier match of what stands at `at`: its length, or 0; sets its distance. */
static unsigned find(const struct matcher *m, size_t at, unsigned *distance) {
  unsigned best = 0;
  if (at + MIN_MATCH > m->size) return 0;
  size_t limit = m->size - at < MAX_MATCH ? m->size - at : MAX_MATCH;
  int32_t from = m->head[hash_at(m->in + at)];
  for (int chain = 0; from >= 0 && chain < MAX_CHAIN; chain++) {
    if (at - (size_t)from > WINDOW) break;
    unsigned n = 0;
    while (n < limit && m->in[(size_t)from + n] == m->in[at + n]) n++;
    if (n > best) {
      best = n;
      *distance = (unsigned)(at - (size_t)from);
      if (n == limit) break;
    }
    int32_t next = m->previous[from % WINDOW];
    if (next >= from) break; /* overwritten by a later place */
    from = next;
  }
  return best >= MIN_MATCH ? best : 0;
}

size_t pack(const uint8_t *in, size_t size, uint8_t *out) {
  static struct matcher m;
  m.in = in;
  m.size = size;
  memset(m.head, 0xff, sizeof m.head);
  size_t at = 0, n = 0, flags_at = 0;
  unsigned bit = 8;
  while (at < size) {
    if (bit == 8) {
      flags_at = n++;
      out[flags_at] = 0;
      bit = 0;
    }
    unsigned distance = 0, length = find(&m, at, &distance), later = 0;
    insert(&m, at);
    if (length != 0 && length < MAX_MATCH && find(&m, at + 1, &later) > length) length = 0;
    if (length != 0) {
      out[flags_at] |= (uint8_t)(1u << bit);
      unsigned code = (distance - 1) << 4 | (length - MIN_MATCH);
      out[n++] = (uint8_t)(code >> 8);
      out[n++] = (uint8_t)code;
      for (size_t i = 1; i < length; i++) insert(&m, at + i);
      at += length;
    } else {
      out[n++] = in[at++];
    }
    bit++;
  }
  return n;
}

size_t unpack(const uint8_t *in, size_t packed, uint8_t *out, size_t size) {
  size_t n = 0, at = 0;
  while (at < packed) {
    unsigned flags = in[at++];
    for (int i = 0; i < 8 && at < packed; i++, flags >>= 1) {
      if (!(flags & 1)) {
        if (n == size) return 0;
        out[n++] = in[at++];
        continue;
      }
      if (at + 2 > packed) return 0;
      unsigned code = (unsigned)in[at] << 8 | in[at + 1];
      size_t distance = (code >> 4) + 1, length = (code & 15) + MIN_MATCH;
      at += 2;
      if (distance > n || n + length > size) return 0;
      for (; length > 0; length--, n++) out[n] = out[n - distance];
    }
  }
  return n;
}
