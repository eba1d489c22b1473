/* The demo: renders spheres over a chequered floor, packs the picture, unpacks it again and shows it
 * as text. Deterministic: the same picture and sizes from every correct compiler. */
#ifndef DEMO_H
#define DEMO_H

#include <stddef.h>
#include <stdint.h>

struct image {
  int width, height;
  uint8_t *rgb; /* three bytes per pixel, rows from the top */
};

/* Fills `out` with the scene at moment `time` (0 to 1); every pixel is the mean of samples^2 rays. */
void render(struct image *out, double time, int samples);

/* Packs `size` bytes into `out` (at least size + size / 8 + 16 bytes); returns the packed size. */
size_t pack(const uint8_t *in, size_t size, uint8_t *out);
/* Unpacks to at most `size` bytes; returns how many there were, 0 for malformed input. */
size_t unpack(const uint8_t *in, size_t packed, uint8_t *out, size_t size);

#endif
