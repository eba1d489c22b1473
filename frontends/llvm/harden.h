/* What attributes say of stack probes, stack guards, protected branches and calls without a PLT:
 * harden.c. */
#ifndef KN_BC_HARDEN_H
#define KN_BC_HARDEN_H

#include <kiln/attrs.h>
#include <kiln/build.h>

struct kn_bc;
struct kn_bc_attr;
struct kn_bc_type;

/* Length of a module flag that is text, its NUL included; a longer one counts as none. */
enum { KN_BC_FLAG_TEXT = 256 };

/* What attributes of a function ask for. Groups of attributes are put together by |. */
union kn_bc_hardening {
  uint64_t all; /* 0: nothing */
  struct {
    uint32_t guard : 2; /* kiln_guard */
    uint32_t probe : 1, no_probe : 1, no_plt : 1, no_cf_check : 1, naked : 1;
    uint32_t no_tables : 1, no_tail_calls : 1; /* tables of jumps */
    uint32_t enters : 2,
      leaves : 1; /* which function is called at the beginning; one at the end is */
    /* of x86-64: features that conventions depend on; vectors of 512 bits are not legal; only general registers may be
     * used; the x87 may not */
    uint32_t avx : 1, avx512 : 1, avx512bw : 1, narrow : 1, general : 1, no_x87 : 1;
    /* of AArch64: what branch-target-enforcement and sign-return-address say, and that they say it */
    uint32_t branch : 1, branch_said : 1, sign : 1, sign_all : 1, sign_said : 1;
    uint32_t probe_bytes; /* distance of probes; 0: the default */
  };
};
_Static_assert(sizeof(union kn_bc_hardening) == sizeof(uint64_t), "all of them are in `all`");

/* What the module's flags say. */
struct kn_bc_flags {
  uint8_t protect; /* KILN_PROTECT_...: of the object's note, and on x86-64 of all functions; */
  uint8_t protect_silent; /* elsewhere of functions without attributes about it */
  bool no_plt;            /* RtLibUseGOT */
  bool interposed;        /* SemanticInterposition: what is loaded may replace external functions */
  bool probes;            /* of functions that say nothing of probes */
  uint32_t probe_bytes;   /* 0: the default */
  uint8_t source;         /* kiln_guard_source */
  bool has_offset;
  int32_t offset_bytes;
  char reg[KN_BC_FLAG_TEXT], symbol[KN_BC_FLAG_TEXT];
};

/* Notes an enum attribute of a function, a string attribute, the end of a group. */
void kn_bc_harden_attr(struct kn_bc_attr *a, uint64_t key);
/* Notes what a string attribute says to harden.c; false if it is not implemented. */
bool kn_bc_string_attr(struct kn_bc_attr *a, const char *key, const char *value);
void kn_bc_harden_done(struct kn_bc_attr *a);
/* May the function use floats, but not the x87? */
bool kn_bc_harden_no_x87(const struct kn_bc_attr *a);
/* False (reported) if the module has such a function and x86_fp80: what is known of both so far. */
bool kn_bc_harden_x87(struct kn_bc *r);
bool kn_bc_harden_no_plt(const struct kn_bc_attr *a);
/* True if an indirect call with attributes `list` may go where no endbr64 is. */
bool kn_bc_harden_untracked(const struct kn_bc *r, uint32_t list);
/* True of a function for processors with AVX; `a` may be NULL. */
bool kn_bc_harden_avx(const struct kn_bc_attr *a);
/* The same of AVX-512F and AVX-512BW. */
bool kn_bc_harden_avx512(const struct kn_bc_attr *a);
bool kn_bc_harden_avx512bw(const struct kn_bc_attr *a);
/* True if min-legal-vector-width lets LLVM divide vectors of 512 bits, though the processor has registers for them. */
bool kn_bc_harden_narrow(const struct kn_bc_attr *a);
/* Notes a module flag: its value as a number, or as text of at most KN_BC_FLAG_TEXT bytes with its NUL; false if it
 * cannot be had. Then, when all flags were read, tells the module. */
bool kn_bc_harden_flag(struct kn_bc *r, const char *name, int64_t number, const char *text);
void kn_bc_harden_module(struct kn_bc *r);
/* Says what the function being begun has: probes, a guard, protected branches. Only to be called if it has FA_HARDENED,
 * or if the module asks for any of these. */
void kn_bc_harden_function(struct kn_bc *r);
/* True if the current function is naked. */
bool kn_bc_harden_naked(const struct kn_bc *r);
/* Builds the return of a naked function without a result. */
void kn_bc_harden_ret(struct kn_bc *r);
/* Build the calls of profilers: at the function's beginning, if it has one; before it returns, if it `leaves` so. */
void kn_bc_harden_enter(struct kn_bc *r);
void kn_bc_harden_leave(struct kn_bc *r);
/* Computes has_array and chars of an array or struct type. */
void kn_bc_harden_type(const struct kn_bc *r, struct kn_bc_type *t);
/* True if `count` of `type` count as an array for the current function's guard, which it has. */
bool kn_bc_harden_is_array(const struct kn_bc *r, uint32_t type, int64_t count);

#endif
