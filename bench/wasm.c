/* What `./dev bench --wasm` measures of Kiln: kiln-wasm-bench compile FILE, or kiln-wasm-bench run FILE [ARGUMENT...].
 * The last line of standard error is processor time in seconds, user and system, of compiling into memory or of the
 * run alone, and how much the peak of memory rose in KiB. */
#include <kiln/wasi.h>
#include <kiln/wasm_runtime.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static double seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* KiB. Not getrusage's, which begins with that of the process before exec. */
static long peak(void) {
  char line[128];
  long kib = 0;
  FILE *f = fopen("/proc/self/status", "r");
  while (f != NULL && kib == 0 && fgets(line, sizeof line, f) != NULL)
    sscanf(line, "VmHWM: %ld", &kib);
  if (f != NULL) fclose(f);
  return kib;
}

static void *read_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) return NULL;
  fseek(f, 0, SEEK_END);
  *size = (size_t)ftell(f);
  rewind(f);
  void *bytes = malloc(*size + 1);
  if (bytes != NULL && fread(bytes, 1, *size, f) != *size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(f);
  return bytes;
}

static void die(const char *what) {
  fprintf(stderr, "kiln-wasm-bench: %s\n", what);
  exit(1);
}

/* Runs the export _start; the program's status. */
static int run(const kiln_wasm_image *image, char **argv, uint32_t n_args) {
  kiln_wasmrt_error error;
  const kiln_wasi_dir dir = {.host = ".", .guest = "."};
  const kiln_wasi_options options = {
    .args = (const char *const *)argv, .n_args = n_args, .dirs = &dir, .n_dirs = 1};
  uint32_t failed;
  kiln_wasmrt_store *store = kiln_wasmrt_store_new(NULL);
  kiln_wasi *wasi = kiln_wasi_new(&options, &failed);
  if (store == NULL || wasi == NULL || !kiln_wasi_define(wasi, store)) die("no memory");
  kiln_wasmrt_instance *instance = kiln_wasmrt_instantiate(store, image, &error);
  if (instance == NULL) die(error.message);
  const kiln_wasm_func *start = kiln_wasmrt_lookup_func(instance, "_start");
  if (start == NULL) die("no _start");
  kiln_wasmrt_call(store, start, NULL, &error);
  if (error.status != KILN_WASMRT_OK && error.status != KILN_WASMRT_EXIT) die(error.message);
  int status = error.status == KILN_WASMRT_EXIT ? (int)error.exit_status : 0;
  kiln_wasmrt_store_free(store);
  kiln_wasi_free(wasi);
  return status;
}

int main(int argc, char **argv) {
  char message[256];
  size_t size;
  if (argc < 3) die("usage: kiln-wasm-bench compile|run FILE [ARGUMENT...]");
  void *bytes = read_file(argv[2], &size);
  if (bytes == NULL) die("cannot read the file");
  double begin = seconds();
  long peak_begin = peak();
  int status = 0;
  kiln_wasmrt_code *code = kiln_wasmrt_compile(bytes, size, NULL, message, sizeof message);
  if (code == NULL) die(message);
  if (strcmp(argv[1], "run") == 0) {
    begin = seconds();
    status = run(kiln_wasmrt_code_image(code), argv + 2, (uint32_t)(argc - 2));
  }
  fflush(stdout);
  fprintf(stderr, "%.6f %ld\n", seconds() - begin, peak() - peak_begin);
  kiln_wasmrt_code_free(code);
  free(bytes);
  return status;
}
