/* What a command line of rustc says of the code that is generated, beyond what the bitcode does: for kiln-rustc, which
 * may add options, and the shim inside of rustc. rustc_options.c. */
#ifndef KN_SHIM_RUSTC_OPTIONS_H
#define KN_SHIM_RUSTC_OPTIONS_H

#include "rustc_words.h"

struct rustc_options {
  struct rustc_words words;  /* read them by rustc_word(&o->words, WORD) */
  int level;                 /* 0 to 3: that of LLVM's code generator */
  const char *incremental;   /* -C incremental=FOLDER; NULL: none */
  const char *linker;        /* -C linker=PROGRAM; NULL: none */
  const char *crate;         /* --crate-name; NULL: none */
  bool units;                /* -C codegen-units */
  bool metadata;             /* -C metadata */
  bool backend;              /* -Z codegen-backend */
  bool no_function_sections; /* -Z function-sections=no */
  bool no_aranges;           /* -Z no-generate-arange-section */
  bool emit;                 /* --emit */
  bool assembly, objects;    /* what it asks for */
  bool one_unit;             /* it has a kind for which rustc makes one unit by default */
  bool ir;                   /* it asks for LLVM's text or bitcode */
  bool lto, linker_lto;      /* -C lto, -C linker-plugin-lto: the last ones of each hold */
  const char *assembly_path; /* --emit=asm=PATH; NULL: none */
  const char *target;        /* --target; NULL: none */
  bool version, verbose;     /* -V, -v */
  char llvm[128]; /* the first option for which LLVM compiles, whatever the level is; "": none */
};

void rustc_options_begin(struct rustc_options *o);

#endif
