/* Relocations. A relocation is a field of code or data that is filled in when addresses are known. Kiln defines the
 * kinds of relocations. Each object format has its own number for each kind. */
#ifndef KILN_RELOC_H
#define KILN_RELOC_H

#include <kiln/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The value that a field receives. In these descriptions, S is the address of the symbol, A is the addend, and P is
 * the address of the field. */
typedef enum kiln_reloc_kind {
  KILN_RELOC_NONE,   /**< no relocation */
  KILN_RELOC_ABS64,  /**< S + A, in 8 bytes */
  KILN_RELOC_ABS32,  /**< S + A, in 4 bytes, which are zero-extended */
  KILN_RELOC_ABS32S, /**< S + A, in 4 bytes, which are sign-extended */
  KILN_RELOC_REL64,  /**< S + A - P, in 8 bytes */
  KILN_RELOC_REL32,  /**< S + A - P, in 4 bytes */
  /** In a field of 8 bytes: the offset of S + A in thread-local data. The data belongs to the module that defines S. */
  KILN_RELOC_TLS64,
  KILN_RELOC_X64_CALL, /**< S + A - P, in 4 bytes. The code calls S or jumps to S. */
  /** In a field of 4 bytes: the offset from P to a GOT entry. The entry contains the address of S. */
  KILN_RELOC_X64_GOT,
  /** Like GOT. The linker may change the instruction to an instruction that needs no GOT entry. */
  KILN_RELOC_X64_GOT_OP,
  KILN_RELOC_X64_GOT_REX, /**< like GOT_OP, for an instruction that has a REX prefix */
  /** In a field of 4 bytes: the offset from P to a pair in the GOT. Code passes the address of this pair to
   * __tls_get_addr. */
  KILN_RELOC_X64_TLS_GD,
  /** In a field of 4 bytes: the offset from P to a GOT entry. The entry contains the offset of S from the thread
   * pointer. */
  KILN_RELOC_X64_TLS_IE,
  KILN_RELOC_X64_TLS_LE,  /**< offset from the thread pointer, in 4 bytes */
  KILN_RELOC_A64_CALL,    /**< S + A - P in bl */
  KILN_RELOC_A64_JUMP,    /**< S + A - P in b */
  KILN_RELOC_A64_ADR,     /**< S + A - P in adr */
  KILN_RELOC_A64_LITERAL, /**< S + A - P in ldr of a literal */
  KILN_RELOC_A64_PAGE, /**< offset from the page of P to the page of S + A, in an adrp instruction */
  KILN_RELOC_A64_PAGE_NC, /**< like PAGE, unchecked */
  KILN_RELOC_A64_LOW,     /**< bits 0 to 11 of S + A, in add */
  KILN_RELOC_A64_LOW8,    /**< like LOW, in a load or store of 1 byte */
  KILN_RELOC_A64_LOW16,   /**< like LOW, in a load or store of 2 bytes */
  KILN_RELOC_A64_LOW32,   /**< like LOW, in a load or store of 4 bytes */
  KILN_RELOC_A64_LOW64,   /**< like LOW, in a load or store of 8 bytes */
  KILN_RELOC_A64_LOW128,  /**< like LOW, in a load or store of 16 bytes */
  /** In an adrp instruction: the offset from the page of P to the page of a GOT entry. The entry contains the address
   * of S. */
  KILN_RELOC_A64_GOT_PAGE,
  /** In a load instruction of 8 bytes: bits 3 to 11 of the address of a GOT entry. The GOT entry contains the address
   * of S. */
  KILN_RELOC_A64_GOT_LOW,
  /** In an adrp instruction: the offset from the page of P to the page of S's TLS descriptor. */
  KILN_RELOC_A64_TLSDESC_PAGE,
  /** In a load instruction of 8 bytes: bits 3 to 11 of the address of S's TLS descriptor. */
  KILN_RELOC_A64_TLSDESC_LOAD,
  KILN_RELOC_A64_TLSDESC_ADD,  /**< bits 0 to 11 of the descriptor's address, in add */
  KILN_RELOC_A64_TLSDESC_CALL, /**< marks the call to the descriptor's function; changes no bits */
  /** In an adrp instruction: the offset from the page of P to the page of a GOT entry. The entry contains the offset of
   * S from the thread pointer. */
  KILN_RELOC_A64_TLS_IE_PAGE,
  /** In a load instruction of 8 bytes: bits 3 to 11 of the address of a GOT entry. The entry contains the offset of S
   * from the thread pointer. */
  KILN_RELOC_A64_TLS_IE_LOAD,
  KILN_RELOC_A64_TLS_LE_HIGH, /**< Bits 12 to 23 of the offset of S from the thread pointer, in an add instruction. */
  /** In an add instruction: bits 0 to 11 of the offset of S from the thread pointer, unchecked. */
  KILN_RELOC_A64_TLS_LE_LOW,
  /** Base of the kinds that Kiln does not know: KILN_RELOC_FORMAT + n stands for the relocation with the number n,
   * below 2^16, in the object format. Assembled code may use these kinds (<kiln/asm.h>), and Kiln writes their numbers
   * to objects unchanged. Code in memory must not use them. */
  KILN_RELOC_FORMAT = 0x10000,
  KILN_RELOC_KIND_COUNT = KILN_RELOC_A64_TLS_LE_LOW + 1 /**< number of kinds */
} kiln_reloc_kind;

/** Returns the name of a kind in the text form, such as "rel32". Returns NULL for KILN_RELOC_NONE and for kinds that
 * are not listed. */
KILN_API const char *kiln_reloc_name(kiln_reloc_kind kind);

/** Finds a kind by its name in the text form. Returns false if there is no kind of that name. */
KILN_API bool kiln_reloc_find(const char *name, kiln_reloc_kind *out);

#ifdef __cplusplus
}
#endif
#endif
