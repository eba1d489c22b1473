/* The demo's main: a short film is rendered, packed, unpacked and compared; its last picture is
 * shown. `demo FILE.ppm` writes that picture too. */
#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char shades[] = " .,:;-=+*oxOX#%@";

static void show(const struct image *m, int columns, int rows) {
  for (int r = 0; r < rows; r++) {
    for (int c = 0; c < columns; c++) {
      long sum = 0, n = 0;
      for (int y = r * m->height / rows; y < (r + 1) * m->height / rows; y++) {
        for (int x = c * m->width / columns; x < (c + 1) * m->width / columns; x++) {
          const uint8_t *p = m->rgb + 3 * ((size_t)y * (size_t)m->width + (size_t)x);
          sum += 3 * p[0] + 6 * p[1] + p[2];
          n += 10;
        }
      }
      putchar(shades[15 * sum / (255 * n)]);
    }
    putchar('\n');
  }
}

static int save(const char *path, const struct image *m) {
  FILE *f = fopen(path, "wb");
  if (f == NULL) return 0;
  fprintf(f, "P6\n%d %d\n255\n", m->width, m->height);
  size_t size = 3 * (size_t)m->width * (size_t)m->height;
  int ok = fwrite(m->rgb, 1, size, f) == size;
  return (fclose(f) == 0) & ok;
}

static uint32_t checksum(const uint8_t *p, size_t size) {
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < size; i++) {
    a = (a + p[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

int main(int argc, char **argv) {
  enum { FRAMES = 6 };
  struct image m = {320, 200, NULL};
  size_t size = 3 * (size_t)m.width * (size_t)m.height;
  m.rgb = malloc(size);
  uint8_t *packed = malloc(size + size / 8 + 16), *copy = malloc(size);
  if (m.rgb == NULL || packed == NULL || copy == NULL) return 1;
  size_t total = 0;
  for (int frame = 0; frame < FRAMES; frame++) {
    render(&m, frame / (double)FRAMES, 2);
    size_t n = pack(m.rgb, size, packed);
    if (unpack(packed, n, copy, size) != size || memcmp(m.rgb, copy, size) != 0) {
      printf("frame %d did not survive packing\n", frame);
      return 1;
    }
    total += n;
    printf("frame %d: checksum %08x, %zu bytes packed to %zu\n", frame,
           (unsigned)checksum(copy, size), size, n);
  }
  printf("%d frames, packed to %.1f %%\n", FRAMES, 100. * (double)total / (double)(size * FRAMES));
  show(&m, 78, 24);
  int ok = argc < 2 || save(argv[1], &m);
  free(m.rgb);
  free(packed);
  free(copy);
  return ok ? 0 : 1;
}
