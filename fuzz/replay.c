/* The main of fuzz targets in builds without libFuzzer, with the options of it that tests use:
 *
 *   fuzz_NAME [-runs=N] [-seed=S] [-artifact_prefix=P] FILE|FOLDER...
 *
 * Runs the files, then N inputs mutated from them, or random ones if the target says that random bytes are useful. An
 * input that crashes is left in a file. */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  MAX_FILES = 65536,
  INPUT_ROOM = 1 << 20,
  MAX_RANDOM = 4096,
  INPUT_SECONDS = 60,
  ENOUGH_RUNS = 1000
};

__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                                                     unsigned seed);
__attribute__((weak)) size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size,
                                                       const uint8_t *other, size_t other_size,
                                                       uint8_t *out, size_t max_out, unsigned seed);
__attribute__((weak)) extern const bool fz_any_bytes;
__attribute__((weak)) void fz_finish(void);

struct input {
  uint8_t *bytes;
  size_t size;
};

static struct input files[MAX_FILES];
static unsigned n_files;
static uint8_t buffer[INPUT_ROOM];
static uint64_t state;
static const uint8_t *running;
static size_t running_size;
static const char *prefix = "";

static uint32_t rnd(uint64_t below) {
  return below < 2 ? 0 : (uint32_t)((fz_random(&state) >> 16) % below);
}

/* ---- files ---- */

static void read_path(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) {
    fprintf(stderr, "fuzz: %s cannot be read\n", path);
    exit(2);
  }
  if (S_ISDIR(st.st_mode)) {
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
      char inner[4096];
      snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
      if (entries[i]->d_name[0] != '.') read_path(inner);
      free(entries[i]);
    }
    if (n >= 0) free(entries);
    return;
  }
  FILE *f = fopen(path, "rb");
  if (f == NULL || n_files == MAX_FILES) return;
  struct input *to = &files[n_files++];
  to->bytes = malloc((size_t)st.st_size + 1);
  if (to->bytes != NULL) to->size = fread(to->bytes, 1, (size_t)st.st_size, f);
  fclose(f);
}

/* ---- findings ---- */

static void on_crash(int number) {
  char path[4096];
  snprintf(path, sizeof path, "%scrash-%016llx", prefix,
           (unsigned long long)fz_hash(running, running_size));
  FILE *f = fopen(path, "wb");
  if (f != NULL) {
    fwrite(running, 1, running_size, f);
    fclose(f);
    fprintf(stderr, "fuzz: signal %d; the input is in %s\n", number, path);
  }
  signal(number, SIG_DFL);
  raise(number == SIGALRM ? SIGABRT : number);
}

/* In memory of exactly that size, so that reads after the end can be found. */
static void run(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size > 0 ? size : 1);
  if (copy == NULL) exit(2);
  memcpy(copy, data, size);
  running = copy;
  running_size = size;
  alarm(INPUT_SECONDS);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

/* ---- inputs ---- */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) {
  for (unsigned n = 1 + rnd(4); n > 0; n--) {
    size_t at = rnd(size), length = 1 + rnd(32);
    switch (size == 0 ? 0 : rnd(6)) {
    case 0: /* insert a byte */
      if (size == max_size) break;
      memmove(data + at + 1, data + at, size - at);
      data[at] = (uint8_t)rnd(256);
      size++;
      break;
    case 1: data[at] ^= (uint8_t)(1u << rnd(8)); break;
    case 2: data[at] = (uint8_t)rnd(256); break;
    case 3: /* remove a piece */
      if (length > size - at) length = size - at;
      memmove(data + at, data + at + length, size - at - length);
      size -= length;
      break;
    case 4: { /* copy a piece from another place */
      size_t from = rnd(size);
      if (length > size - at) length = size - at;
      if (length > size - from) length = size - from;
      memmove(data + at, data + from, length);
      break;
    }
    default:
      if (length > 8) length = 8;
      memset(data + at, rnd(2) ? 0xff : 0, length < size - at ? length : size - at);
    }
  }
  return size;
}

static size_t make_input(uint8_t *to) {
  size_t size = 0;
  if (n_files == 0 || (&fz_any_bytes != NULL && fz_any_bytes && rnd(4) != 0)) {
    size = 1 + rnd(rnd(2) ? MAX_RANDOM : 400);
    for (size_t i = 0; i < size; i++) to[i] = (uint8_t)rnd(256);
    return size;
  }
  const struct input *from = &files[rnd(n_files)], *other = &files[rnd(n_files)];
  size = from->size < INPUT_ROOM ? from->size : INPUT_ROOM;
  unsigned seed = rnd(UINT32_MAX);
  if (LLVMFuzzerCustomCrossOver != NULL && rnd(4) == 0) {
    size_t n =
      LLVMFuzzerCustomCrossOver(from->bytes, size, other->bytes, other->size, to, INPUT_ROOM, seed);
    if (n > 0) return n;
  }
  memcpy(to, from->bytes, size);
  if (LLVMFuzzerCustomMutator != NULL) return LLVMFuzzerCustomMutator(to, size, INPUT_ROOM, seed);
  return LLVMFuzzerMutate(to, size, INPUT_ROOM);
}

int main(int argc, char **argv) {
  unsigned long long runs = 0, seed = 1;
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], "-runs=", 6) == 0) runs = strtoull(argv[i] + 6, NULL, 10);
    else if (strncmp(argv[i], "-seed=", 6) == 0) seed = strtoull(argv[i] + 6, NULL, 10);
    else if (strncmp(argv[i], "-artifact_prefix=", 17) == 0) prefix = argv[i] + 17;
    else if (argv[i][0] != '-') read_path(argv[i]);
  }
  static const int bad[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) signal(bad[i], on_crash);
  printf("fuzz: %u files, %llu runs, seed %llu\n", n_files, runs, seed);
  fflush(stdout);
  for (unsigned i = 0; i < n_files; i++) run(files[i].bytes, files[i].size);
  for (unsigned long long k = 0; k < runs; k++) {
    state = seed;
    state = fz_random(&state) + k * UINT64_C(0x9e3779b97f4a7c15);
    run(buffer, make_input(buffer));
  }
  if (fz_finish != NULL && runs >= ENOUGH_RUNS) fz_finish();
  for (unsigned i = 0; i < n_files; i++) free(files[i].bytes);
  printf("fuzz: done\n");
  return 0;
}
