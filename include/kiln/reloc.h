/* Relocations: fields of code and data that get their value when addresses are known. Their kinds are Kiln's own; a
 * format of objects has a number for each that its linkers know. */
#ifndef KILN_RELOC_H
#define KILN_RELOC_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a field becomes. S is the address of the symbol, A the addend, P the address of the field. */
typedef enum kiln_reloc_kind {
  KILN_RELOC_NONE,        /**< no relocation */
  KILN_RELOC_ABS64,       /**< S + A, in 8 bytes */
  KILN_RELOC_ABS32,       /**< S + A, in 4 bytes that are zero-extended */
  KILN_RELOC_ABS32S,      /**< S + A, in 4 bytes that are sign-extended */
  KILN_RELOC_REL64,       /**< S + A - P, in 8 bytes */
  KILN_RELOC_REL32,       /**< S + A - P, in 4 bytes */
  KILN_RELOC_TLS64,       /**< offset of S + A in its module's thread-local data, in 8 bytes */
  KILN_RELOC_X64_CALL,    /**< S + A - P, in 4 bytes; S is called or jumped to */
  KILN_RELOC_X64_GOT,     /**< distance to an entry with the address of S, in 4 bytes */
  KILN_RELOC_X64_GOT_OP,  /**< the same; the instruction may become one that needs no entry */
  KILN_RELOC_X64_GOT_REX, /**< the same; the instruction has a REX prefix */
  KILN_RELOC_X64_TLS_GD,  /**< distance to the pair that __tls_get_addr is given, in 4 bytes */
  KILN_RELOC_X64_TLS_IE, /**< distance to an entry with the offset from the thread pointer, in 4 bytes */
  KILN_RELOC_X64_TLS_LE,   /**< the offset from the thread pointer, in 4 bytes */
  KILN_RELOC_A64_CALL,     /**< S + A - P in bl */
  KILN_RELOC_A64_JUMP,     /**< S + A - P in b */
  KILN_RELOC_A64_ADR,      /**< S + A - P in adr */
  KILN_RELOC_A64_LITERAL,  /**< S + A - P in ldr of a literal */
  KILN_RELOC_A64_PAGE,     /**< distance of the page of S + A from that of P, in adrp */
  KILN_RELOC_A64_PAGE_NC,  /**< the same, unchecked */
  KILN_RELOC_A64_LOW,      /**< bits 0 to 11 of S + A, in add */
  KILN_RELOC_A64_LOW8,     /**< the same, in a load or store of 1 byte */
  KILN_RELOC_A64_LOW16,    /**< of 2 bytes */
  KILN_RELOC_A64_LOW32,    /**< of 4 bytes */
  KILN_RELOC_A64_LOW64,    /**< of 8 bytes */
  KILN_RELOC_A64_LOW128,   /**< of 16 bytes */
  KILN_RELOC_A64_GOT_PAGE, /**< distance of the page of an entry with the address of S, in adrp */
  KILN_RELOC_A64_GOT_LOW,  /**< bits 3 to 11 of the address of that entry, in a load of 8 bytes */
  KILN_RELOC_A64_TLSDESC_PAGE, /**< distance of the page of S's descriptor, in adrp */
  KILN_RELOC_A64_TLSDESC_LOAD, /**< bits 3 to 11 of its address, in a load of 8 bytes */
  KILN_RELOC_A64_TLSDESC_ADD,  /**< bits 0 to 11 of its address, in add */
  KILN_RELOC_A64_TLSDESC_CALL, /**< marks the call of its function; changes nothing */
  KILN_RELOC_A64_TLS_IE_PAGE, /**< distance of the page of an entry with the offset from the thread pointer, in adrp */
  KILN_RELOC_A64_TLS_IE_LOAD, /**< bits 3 to 11 of the address of that entry, in a load of 8 bytes */
  KILN_RELOC_A64_TLS_LE_HIGH, /**< bits 12 to 23 of the offset from the thread pointer, in add */
  KILN_RELOC_A64_TLS_LE_LOW,  /**< bits 0 to 11 of it, unchecked, in add */
  /** + n, below 2^16: what the module's format of objects numbers n, a kind that Kiln does not know. Assembled code
   * may use it (<kiln/asm.h>). Objects get the number unchanged; code in memory must not use it. */
  KILN_RELOC_FORMAT = 0x10000,
  KILN_RELOC_KIND_COUNT = KILN_RELOC_A64_TLS_LE_LOW + 1 /**< number of kinds */
} kiln_reloc_kind;

/** The name of a kind in the text form, "rel32". NULL for KILN_RELOC_NONE, and for what is not listed. */
KILN_API const char *kiln_reloc_name(kiln_reloc_kind kind);

/** Finds a kind by that name; false if there is none. */
KILN_API bool kiln_reloc_find(const char *name, kiln_reloc_kind *out);

#ifdef __cplusplus
}
#endif
#endif
