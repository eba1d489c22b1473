/* The `kiln` tool: finds the verb and calls it. Each verb parses its own flags and calls the public API; exit codes
 * are 0 done, 1 failed with a diagnostic, 2 wrong usage. */
#include "tool.h"

#include <stdio.h>
#include <string.h>

/* @TARGETS and @FEATURES are written out. */
static const char help[] =
  "Usage: kiln VERB [OPTION...] INPUT...\n"
  "\n"
  "  kiln compile [OPTION...] [-o OUT] INPUT...   generate ELF objects\n"
  "      --target=TARGET      @TARGETS; default: what the input says\n"
  "      --features=LIST      what the processor can do beyond the baseline:\n"
  "                           @FEATURES\n"
  "      --pic=MODEL          full (default), pie or static\n"
  "      --function-sections  each function in a section of its own\n"
  "      --data-sections      each data item likewise\n"
  "      --aranges            debugging information says which unit has which code, too\n"
  "      --verify             verify each function before it is compiled (text: always)\n"
  "      --threads=N          compile functions of bitcode with N threads, same object (default "
  "1;\n"
  "                           0: one per processor; text is compiled with one)\n"
  "      --time               print the time of each stage\n"
  "      --stats              print what was compiled\n"
  "      --only=FUNCTION      compile only this function (again: and that one)\n"
  "      --dump[=FILE]        print each function before it is compiled (to standard error)\n"
  "      --dump=WHAT,...      print the parts ir, plan (order, loops), homes (with intervals and\n"
  "                           weights) and code of each function to standard error\n"
  "      --listing[=FILE]     print the IR beside the machine code (to standard output)\n"
  "      --stress=SEED        choose few registers at random (a test aid)\n"
  "      -o OUT               output of the only input; default: its name with .o, here\n"
  "  kiln qbe [OPTION...] [-o OUT] [INPUT...]     the same from QBE's intermediate language;\n"
  "                                               without INPUT from standard input\n"
  "  kiln cc ARGUMENT...                          compile and link C as clang would\n"
  "  kiln c++ ARGUMENT...                         compile and link C++ as clang++ would\n"
  "                                               also as programs: kiln-cc, kiln-c++\n"
  "  kiln cargo ARGUMENT...                       cargo, with Kiln as rustc's code generator\n"
  "  kiln print [--target=TARGET] [-o OUT] INPUT  print as text\n"
  "  kiln verify [--target=TARGET] INPUT...       check against the rules of the IR\n"
  "  kiln dis FILE.o                              disassemble an object\n"
  "  kiln run [OPTION...] INPUT... [-- ARGUMENT...]  compile in memory and run\n"
  "      -l NAME, -L FOLDER   load the shared library libNAME.so; look for libraries in FOLDER "
  "too\n"
  "      --threads=N          as of compile\n"
  "      --gdb, --perf        tell gdb, or perf, the names of functions\n"
  "  kiln interp [-l LIBRARY]... INPUT [-- ARGUMENT...]  run it without generating code\n"
  "  kiln --help | --version\n"
  "\n"
  "An INPUT is LLVM bitcode or .kir text, told apart by content. '-' is standard input or output.\n"
  "Exit status: 0 done, 1 an error in an input, 2 wrong usage.\n";

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} verbs[] = {
  {"compile", verb_compile}, {"qbe", verb_qbe},     {"cc", verb_cc},         {"c++", verb_cxx},
  {"cargo", verb_cargo},     {"print", verb_print}, {"verify", verb_verify}, {"dis", verb_dis},
  {"interp", verb_interp},   {"run", verb_run},
};

static int print_version(void) {
  uint32_t v = kiln_version();
  printf("kiln %u.%u.%u\n", v / 1000000, v / 1000 % 1000, v % 1000);
  return tool_output_end(TOOL_OK);
}

/* "cx16 (x86_64), lse (aarch64)" */
static void put_features(FILE *out) {
  const char *target, *feature, *before = "";
  for (unsigned t = 0; (target = kiln_target_name((kiln_target)t)) != NULL; t++) {
    for (unsigned i = 0; (feature = kiln_feature_name((kiln_target)t, i)) != NULL; i++) {
      fprintf(out, "%s%s (%s)", before, feature, target);
      before = ", ";
    }
  }
}

static void put_help(FILE *out) {
  char targets[TOOL_TARGETS_SIZE];
  for (const char *at = help; *at;) {
    size_t n = strcspn(at, "@");
    fwrite(at, 1, n, out);
    at += n;
    n = strcspn(at, ";\n");
    if (strncmp(at, "@TARGETS", n) == 0) fputs(tool_targets(targets), out);
    if (strncmp(at, "@FEATURES", n) == 0) put_features(out);
    at += n;
  }
}

static int print_help(void) {
  put_help(stdout);
  return tool_output_end(TOOL_OK);
}

/* The verb that the name of the program says, as build systems and compiler caches want a compiler to be one word:
 * kiln-cc, kiln-c++. NULL: none. */
static const char *named_verb(const char *program) {
  static const char before[] = "kiln-";
  const char *slash = strrchr(program, '/'), *name = slash != NULL ? slash + 1 : program;
  if (strncmp(name, before, sizeof before - 1) != 0) return NULL;
  name += sizeof before - 1;
  return strcmp(name, "cc") == 0 || strcmp(name, "c++") == 0 ? name : NULL;
}

int main(int argc, char **argv) {
  const char *named = argc > 0 ? named_verb(argv[0]) : NULL;
  if (named != NULL)
    return tool_output_end(strcmp(named, "cc") == 0 ? verb_cc(argc, argv) : verb_cxx(argc, argv));
  if (argc < 2) {
    put_help(stderr);
    return TOOL_USAGE;
  }
  const char *word = argv[1];
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return print_help();
  if (strcmp(word, "--version") == 0) return print_version();
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if (strcmp(word, verbs[i].name) != 0) continue;
    /* whose --help is clang's or cargo's */
    bool own = verbs[i].run != verb_cc && verbs[i].run != verb_cxx && verbs[i].run != verb_cargo;
    if (own && argc > 2 && strcmp(argv[2], "--help") == 0) return print_help();
    return tool_output_end(verbs[i].run(argc - 1, argv + 1));
  }
  return tool_usage("unknown verb '%s'", word);
}
