/* A fuzzer without an engine: changes seeds at random and takes them through the reader, the builder
 * and the back end, in this process, which is built with sanitizers. Whatever the input, the result
 * must be an object or a diagnostic. Sometimes allocations fail too. The input that ends the process
 * is left in crash-input, and the seed that leads there is printed.
 *
 *   mutate SECONDS SEED FILE... */
#include <kiln/kiln.h>
#include <kiln/llvm.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FILES = 4096, MAX_INPUT = 1 << 20, STEP_SECONDS = 20 };

struct file {
  uint8_t *bytes;
  size_t size;
};

static struct file files[MAX_FILES];
static unsigned n_files;
static uint8_t input[MAX_INPUT];
static size_t input_size;
static uint64_t state;

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static uint32_t rnd(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return below == 0 ? 0 : (uint32_t)((state >> 16) % below);
}

static void leave_input(void) {
  FILE *f = fopen("crash-input", "wb");
  if (f == NULL) return;
  fwrite(input, 1, input_size, f);
  fclose(f);
}

static void on_alarm(int signal) {
  (void)signal;
  static const char text[] = "mutate: an input takes too long\n";
  if (write(STDERR_FILENO, text, sizeof text - 1) > 0) leave_input();
  _exit(1);
}

static void on_crash(int number) {
  leave_input();
  signal(number, SIG_DFL);
  raise(number);
}

/* ---- memory: bounded, and failing when asked to ---- */

struct memory {
  uint64_t held, left; /* `left`: allocations until one fails; 0: none does */
};

static void *limited_realloc(void *user, void *old, size_t size) {
  struct memory *m = user;
  size_t had = 0;
  if (old != NULL) memcpy(&had, (uint8_t *)old - 16, sizeof had);
  if (size == 0) {
    m->held -= had;
    if (old != NULL) free((uint8_t *)old - 16);
    return NULL;
  }
  if (m->left > 0 && --m->left == 0) return NULL;
  if (size > UINT64_C(1) << 30 || m->held - had + size > UINT64_C(1) << 30) return NULL;
  uint8_t *p = realloc(old != NULL ? (uint8_t *)old - 16 : NULL, size + 16);
  if (p == NULL) return NULL;
  m->held += size - had;
  memcpy(p, &size, sizeof size);
  return p + 16;
}

/* ---- one input ---- */

static void change(void) {
  const struct file *from = &files[rnd(n_files)];
  input_size = from->size < MAX_INPUT ? from->size : MAX_INPUT;
  memcpy(input, from->bytes, input_size);
  unsigned changes = rnd(16) == 0 ? 0 : 1 + rnd(rnd(4) == 0 ? 40 : 4);
  for (unsigned i = 0; i < changes && input_size > 8; i++) {
    uint32_t at = rnd((uint32_t)input_size - 8);
    switch (rnd(7)) {
    case 0: input[at] ^= (uint8_t)(1u << rnd(8)); break;
    case 1: input[at] = (uint8_t)rnd(256); break;
    case 2: memset(input + at, rnd(2) ? 0xff : 0, 1 + rnd(8)); break;
    case 3: input_size = at; break;
    case 4: { /* a piece from elsewhere in the same file */
      uint32_t n = 1 + rnd(64), source = rnd((uint32_t)input_size);
      for (uint32_t j = 0; j < n && at + j < input_size && source + j < from->size; j++) {
        input[at + j] = from->bytes[source + j];
      }
      break;
    }
    case 5: { /* a piece less */
      uint32_t n = 1 + rnd(8);
      memmove(input + at, input + at + n, input_size - at - n);
      input_size -= n;
      break;
    }
    default: { /* neighbours swapped */
      uint8_t b = input[at];
      input[at] = input[at + 1];
      input[at + 1] = b;
    }
    }
  }
}

/* Returns the status; the result must be consistent. */
static kiln_status run(void) {
  struct memory memory = {.left = rnd(4) == 0 ? 1 + rnd(400) : 0};
  kiln_module_options options = {
    .target = rnd(4) == 0 ? KILN_TARGET_AARCH64 : KILN_TARGET_X86_64,
    .pic = (kiln_pic)rnd(KILN_PIC_COUNT),
    .name = "input",
    .allocator = {limited_realloc, &memory},
    .function_sections = rnd(2),
    .verify = rnd(4) != 0,
    .stress_seed = rnd(4) == 0 ? 1 + rnd(1000) : 0,
  };
  kiln_buffer object = {.allocator = options.allocator};
  kiln_status s = KILN_ERR_MEMORY;
  kiln_module *m = kiln_module_new(&options);
  kiln_session *session = m != NULL ? kiln_session_new(m) : NULL;
  if (session != NULL) {
    s = kiln_llvm_is_bitcode(input, input_size)
          ? kiln_llvm_read(session, input, input_size, NULL, NULL, NULL)
          : kiln_text_parse(session, (const char *)input, input_size, NULL, NULL);
    if (s == KILN_OK) s = kiln_emit_elf(m, &session, 1, &object);
    kiln_session_free(session);
  }
  if (m != NULL) kiln_module_free(m);
  kiln_buffer_free(&object);
  if (memory.held != 0) {
    fprintf(stderr, "mutate: %llu bytes were not freed\n", (unsigned long long)memory.held);
    abort();
  }
  return s;
}

static void read_file(const char *path) {
  FILE *f = fopen(path, "rb");
  if (f == NULL || n_files == MAX_FILES) return;
  struct file *to = &files[n_files];
  to->bytes = malloc(MAX_INPUT);
  if (to->bytes != NULL) to->size = fread(to->bytes, 1, MAX_INPUT, f);
  n_files += to->size > 0;
  fclose(f);
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fputs("Usage: mutate SECONDS SEED FILE...\n", stderr);
    return 2;
  }
  time_t end = time(NULL) + strtol(argv[1], NULL, 10);
  uint64_t seed = strtoull(argv[2], NULL, 0);
  for (int i = 3; i < argc; i++) read_file(argv[i]);
  if (n_files == 0) return 2;
  if (__sanitizer_set_death_callback != NULL) __sanitizer_set_death_callback(leave_input);
  signal(SIGALRM, on_alarm);
  signal(SIGABRT, on_crash);
  uint64_t runs = 0, good = 0;
  for (; runs == 0 || time(NULL) < end; runs++, seed++) {
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    if (runs % 256 == 0) {
      printf("\rseed %llu, %llu runs, %llu gave an object ", (unsigned long long)seed,
             (unsigned long long)runs, (unsigned long long)good);
      fflush(stdout);
    }
    change();
    alarm(STEP_SECONDS);
    good += run() == KILN_OK;
  }
  printf("\r%llu runs, %llu gave an object; none ended badly. Next seed: %llu\n",
         (unsigned long long)runs, (unsigned long long)good, (unsigned long long)seed);
  return 0;
}
