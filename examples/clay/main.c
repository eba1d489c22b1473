/* The program `clay`: options, files, the calls of the stages, and linking. The compiler itself is in the other
 * files, so that another driver (a prompt that runs each line at once) can call it too. */
#include "gen.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Exit codes. A program that `--run` runs has its own. */
enum { OK, WRONG_PROGRAM, USAGE, FAILED };

extern char **environ;

static const char help[] =
  "Usage: clay [OPTION...] FILE.clay\n"
  "       clay [OPTION...] --run FILE.clay [ARGUMENT...]\n"
  "       clay --jit FILE.clay [ARGUMENT...]\n"
  "       clay -i [ARGUMENT...]\n"
  "\n"
  "Compiles a program in Clay to an executable, or runs it at once. FILE - is standard input.\n"
  "\n"
  "  -o FILE            write to FILE; FILE.o: an object file (default: as the source, without "
  ".clay)\n"
  "  -r, --run          compile to a temporary file, run it, give its exit code\n"
  "  -j, --jit          compile into memory and run; each function when it is first called\n"
  "  -i, --interactive  compile and run each line of standard input, in this process\n"
  "  -e, --emit=WHAT    exe, obj (as `-o FILE.o`), or kir: Kiln's IR as text, to FILE or standard "
  "output\n"
  "  -g                 with debug information: for gdb\n"
  "  -t, --target=NAME  x86_64, aarch64 or x86_64-windows (default: this machine)\n"
  "      --cc=COMMAND   C compiler to link with (default: cc, or the target's cross gcc)\n"
  "      --runtime=FILE Clay's runtime, as object (default: beside this program)\n"
  "      --time         say how long each stage took\n"
  "  -h, --help         this text\n"
  "\n"
  "Exit codes: 0 done, 1 errors in the program, 2 wrong usage, 3 a file or the link failed.\n"
  "A running program that fails exits with 101.\n";

enum emit { EMIT_EXE, EMIT_OBJ, EMIT_KIR };

struct options {
  const char *input, *output, *cc, *runtime;
  kiln_target target, host;
  enum emit emit;
  bool run, time, debug;
  char **args; /* of the program to run, NULL at their end */
};

__attribute__((format(printf, 2, 3))) static int complain(int status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("clay: ", stderr);
  vfprintf(stderr, format, args);
  fputs(status == USAGE ? "\nTry `clay --help`.\n" : "\n", stderr);
  va_end(args);
  return status;
}

/* ---- time ---- */

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Prints the time since the previous call. */
static void say_time(const struct options *o, const char *stage, double *since) {
  double t = now_us();
  if (o->time) fprintf(stderr, "%-8s %9.0f us\n", stage, t - *since);
  *since = t;
}

/* ---- files and processes ---- */

static int write_file(const char *path, const kiln_buffer *b) {
  FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
  bool ok = out != NULL && fwrite(b->data, 1, b->size, out) == b->size;
  if (out != NULL) ok &= (out == stdout ? fflush(out) : fclose(out)) == 0;
  return ok ? OK : complain(FAILED, "%s: %s", path, strerror(errno));
}

/* Exit code of a command; 128 and more: killed by a signal; -1: could not be run. */
static int spawn(char *const argv[]) {
  pid_t pid;
  int status;
  errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
  if (errno != 0) {
    complain(FAILED, "%s: %s", argv[0], strerror(errno));
    return -1;
  }
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- linking and running ---- */

static bool is_windows(const struct options *o) { return o->target.system == KILN_SYSTEM_WINDOWS; }

static void find_runtime(const struct options *o, char path[PATH_MAX]) {
  if (o->runtime != NULL) {
    snprintf(path, PATH_MAX, "%s", o->runtime);
    return;
  }
  ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 64);
  path[n > 0 ? n : 0] = 0;
  char *base = strrchr(path, '/');
  base = base != NULL ? base + 1 : path;
  sprintf(base, "clay-runtime-%s%s.o", kiln_processor_name(o->target.processor),
          is_windows(o) ? "-windows" : "");
}

/* Targets other than this machine: the compiler that links, and what runs the program. */
struct cross {
  const char *cc, *emulator;
};
static const struct cross cross_targets[] = {
  [KILN_PROCESSOR_X86_64] = {"x86_64-linux-gnu-gcc", "qemu-x86_64"},
  [KILN_PROCESSOR_AARCH64] = {"aarch64-linux-gnu-gcc", "qemu-aarch64"},
};
_Static_assert(sizeof cross_targets / sizeof *cross_targets == KILN_PROCESSOR_COUNT,
               "every target has a compiler");

/* That of the options; NULL: programs are for this machine. */
static const struct cross *cross_of(const struct options *o) {
  static const struct cross windows = {"x86_64-w64-mingw32-gcc", "wine64"};
  if (is_windows(o)) return &windows;
  return o->target.processor != o->host.processor ? cross_targets + o->target.processor : NULL;
}

static int link_program(const struct options *o, const char *object, const char *exe) {
  char runtime[PATH_MAX];
  const struct cross *cross = cross_of(o);
  const char *cc = o->cc != NULL ? o->cc : cross != NULL ? cross->cc : "cc";
  find_runtime(o, runtime);
  if (access(runtime, R_OK) != 0)
    return complain(FAILED, "%s: %s (see --runtime)", runtime, strerror(errno));
  /* Cross-built programs are static, so that an emulator needs no libraries of the target. */
  const char *argv[] = {cc,  object, runtime, "-o", exe, "-lm", cross != NULL ? "-static" : NULL,
                        NULL};
  return spawn((char *const *)(uintptr_t)argv) == 0 ? OK
                                                    : complain(FAILED, "linking by %s failed", cc);
}

static int run_program(const struct options *o, const char *exe) {
  const struct cross *cross = cross_of(o);
  size_t n = 0;
  for (char **a = o->args; *a != NULL; a++) n++;
  char **argv = calloc(n + 3, sizeof *argv);
  if (argv == NULL) abort();
  size_t k = 0;
  if (cross != NULL) argv[k++] = (char *)(uintptr_t)cross->emulator;
  argv[k++] = (char *)(uintptr_t)exe;
  memcpy(argv + k, o->args, n * sizeof *argv);
  int status = spawn(argv);
  free(argv);
  return status < 0 ? FAILED : status;
}

/* Links, and runs if that is wanted, in a folder of its own. */
static int deliver(const struct options *o, const kiln_buffer *object, const char *output,
                   double *since) {
  char folder[PATH_MAX], object_path[PATH_MAX + 8], exe_path[PATH_MAX + 8];
  const char *tmp = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/clay-XXXXXX", tmp != NULL ? tmp : "/tmp");
  if (mkdtemp(folder) == NULL) return complain(FAILED, "%s: %s", folder, strerror(errno));
  snprintf(object_path, sizeof object_path, "%s/a.o", folder);
  snprintf(exe_path, sizeof exe_path, "%s/a.%s", folder, is_windows(o) ? "exe" : "out");
  int status = write_file(object_path, object);
  if (status == OK) status = link_program(o, object_path, o->run ? exe_path : output);
  say_time(o, "link", since);
  if (status == OK && o->run) status = run_program(o, exe_path);
  unlink(object_path);
  unlink(exe_path);
  rmdir(folder);
  return status;
}

/* ---- compiling ---- */

static kiln_status print_function(void *user, kiln_func *f) {
  if (kiln_func_status(f) != KILN_OK) return kiln_func_compile(f); /* the module gets the error */
  kiln_status status = kiln_func_print(f, user);
  kiln_func_discard(f);
  return status;
}

/* The program's object, or its text in Kiln's form. */
static int generate(const struct options *o, struct clay *c, const struct program *p,
                    kiln_buffer *out) {
  kiln_buffer bodies = {0};
  kiln_module_options options = {.target = o->target, .pic = KILN_PIC_PIE, .name = c->file};
  options.verify =
    true; /* costs little, and reports mistakes of the generator where they are made */
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  int result = s != NULL ? OK : complain(FAILED, "out of memory");
  if (result == OK) {
    bool text = o->emit == EMIT_KIR;
    kiln_status status =
      gen_program(c, p, s, "clay_program", text ? print_function : NULL, &bodies);
    if (status == KILN_OK)
      status = text ? kiln_module_print(m, out) : kiln_emit_object(m, &s, 1, out);
    if (text && status == KILN_OK && kiln_buffer_append(out, bodies.data, bodies.size) != KILN_OK)
      status = KILN_ERR_MEMORY;
    if (status != KILN_OK) { /* a mistake in this compiler, not in its input */
      char line[600];
      kiln_diag_format(kiln_module_diag(m), line, sizeof line);
      result = complain(FAILED, "%s", line);
    }
  }
  kiln_buffer_free(&bodies);
  kiln_session_free(s);
  kiln_module_free(m);
  return result;
}

static int compile(const struct options *o, const char *source, size_t size, const char *output) {
  struct clay c;
  struct program program = {0};
  kiln_buffer out = {0};
  double since = now_us();
  clay_init(&c);
  c.debug = o->debug ? DEBUG_ALL : DEBUG_NONE;
  clay_input(&c, o->input, source, size);
  parse_program(&c, &program);
  say_time(o, "parse", &since);
  if (c.errors == 0) check_program(&c, &program);
  say_time(o, "check", &since);
  int status = c.errors == 0 ? OK : WRONG_PROGRAM;
  if (status == OK) status = generate(o, &c, &program, &out);
  say_time(o, "generate", &since);
  clay_free(&c);
  if (status == OK && o->emit == EMIT_EXE) status = deliver(o, &out, output, &since);
  else if (status == OK) status = write_file(output, &out);
  kiln_buffer_free(&out);
  return status;
}

/* ---- options ---- */

static bool ends_in(const char *s, const char *end) {
  return strlen(s) > strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

/* foo.clay: foo, foo.o; kir goes to standard output. */
static void default_output(const struct options *o, char path[PATH_MAX]) {
  if (o->emit == EMIT_KIR) {
    strcpy(path, "-");
    return;
  }
  bool named = ends_in(o->input, ".clay");
  int n = (int)strlen(o->input) - (named ? 5 : 0);
  if (strcmp(o->input, "-") == 0 || !named)
    snprintf(path, PATH_MAX, "a.%s", o->emit == EMIT_OBJ ? "o" : "out");
  else snprintf(path, PATH_MAX, "%.*s%s", n, o->input, o->emit == EMIT_OBJ ? ".o" : "");
}

/* Becomes `clay-jit`, which stands beside this program; only returns if it is not there. The first argument is the
 * file, or "" for the prompt. */
static int run_jit(const char *file, int argc, char **argv) {
  char path[PATH_MAX];
  ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 64);
  const char **args = calloc((size_t)argc + 3, sizeof *args);
  if (args == NULL) abort();
  path[n > 0 ? n : 0] = 0;
  strcat(path, "-jit");
  args[0] = path;
  args[1] = file;
  memcpy(args + 2, argv, (size_t)argc * sizeof *args);
  execv(path, (char **)(uintptr_t)args);
  free(args);
  return complain(FAILED, "%s: %s", path, strerror(errno));
}

/* OK, or the exit code plus 1, negative. */
static int parse_options(int argc, char **argv, struct options *o) {
  static const char *const emits[] = {"exe", "obj", "kir"};
  enum { CC = 256, RUNTIME, TIME };
  static const struct option long_options[] = {
    {"run", no_argument, NULL, 'r'},
    {"interactive", no_argument, NULL, 'i'},
    {"jit", no_argument, NULL, 'j'},
    {"emit", required_argument, NULL, 'e'},
    {"target", required_argument, NULL, 't'},
    {"cc", required_argument, NULL, CC},
    {"runtime", required_argument, NULL, RUNTIME},
    {"time", no_argument, NULL, TIME},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {0},
  };
  if (kiln_target_find_host(&o->host)) o->target = o->host;
  else o->target.processor = KILN_PROCESSOR_X86_64;
  bool emit_given = false;
  opterr = 0;
  for (int ch; (ch = getopt_long(argc, argv, "+o:rije:t:gh", long_options, NULL)) != -1;) {
    switch (ch) {
    case 'o': o->output = optarg; break;
    case 'r': o->run = true; break;
    case 'g': o->debug = true; break;
    case 'i': return run_jit("", argc - optind, argv + optind);
    case 'j':
      if (optind >= argc) return complain(USAGE, "no file given");
      return run_jit(argv[optind], argc - optind - 1, argv + optind + 1);
    case 'e':
      emit_given = true;
      for (o->emit = EMIT_EXE; o->emit <= EMIT_KIR && strcmp(emits[o->emit], optarg) != 0;)
        o->emit++;
      if (o->emit > EMIT_KIR) return complain(USAGE, "unknown form '%s': exe, obj or kir", optarg);
      break;
    case 't':
      if (!kiln_target_find(optarg, &o->target))
        return complain(USAGE, "unknown target '%s'", optarg);
      break;
    case CC: o->cc = optarg; break;
    case RUNTIME: o->runtime = optarg; break;
    case TIME: o->time = true; break;
    case 'h': fputs(help, stdout); exit(OK);
    default: return complain(USAGE, "unknown option or missing value: %s", argv[optind - 1]);
    }
  }
  if (optind >= argc) return complain(USAGE, "no file given");
  o->input = argv[optind];
  o->args = argv + optind + 1;
  if (!o->run && o->args[0] != NULL)
    return complain(USAGE, "one file only; options come before it: %s", o->args[0]);
  if (!emit_given && o->output != NULL && ends_in(o->output, ".o")) o->emit = EMIT_OBJ;
  if (o->run && o->emit != EMIT_EXE) return complain(USAGE, "--run makes an executable only");
  return OK;
}

int main(int argc, char **argv) {
  struct options o = {0};
  char output[PATH_MAX];
  int status = parse_options(argc, argv, &o);
  if (status != OK) return status;
  default_output(&o, output);
  size_t size;
  char *source = clay_read_file(o.input, &size);
  if (source == NULL) return complain(FAILED, "%s: %s", o.input, strerror(errno));
  status = compile(&o, source, size, o.output != NULL ? o.output : output);
  free(source);
  return status;
}
