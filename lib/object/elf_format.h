/* ELF's structs and numbers by the names that its specifications give them: those that Kiln writes or reads. Not the
 * system's <elf.h>, which Windows does not have and musl's lacks some of; no file includes both. Sources: System V ABI,
 * chapters 4 and 5; its AMD64 supplement, 4.4; ELF for the Arm 64-bit Architecture, 5.5 and 5.7.
 * tests/source/check.sh compares the numbers with the system's. */
#ifndef KN_LIB_OBJECT_ELF_FORMAT_H
#define KN_LIB_OBJECT_ELF_FORMAT_H

#include <stdint.h>

#define ELFMAG "\177ELF"
enum { SELFMAG = 4 }; /* bytes of it */
enum {
  ELFMAG0 = 0x7f,
  ELFMAG1 = 'E',
  ELFMAG2 = 'L',
  ELFMAG3 = 'F',
};

/* Indices in e_ident. */
enum {
  EI_CLASS = 4,
  EI_DATA = 5,
  EI_VERSION = 6,
  EI_OSABI = 7,
  EI_NIDENT = 16,
};
/* Values there. */
enum {
  ELFCLASS64 = 2,
  ELFDATA2LSB = 1,
  ELFDATA2MSB = 2,
  EV_CURRENT = 1,
  ELFOSABI_NONE = 0,
  ELFOSABI_GNU = 3,
};

typedef struct {
  uint8_t e_ident[EI_NIDENT];
  uint16_t e_type, e_machine;
  uint32_t e_version;
  uint64_t e_entry, e_phoff, e_shoff;
  uint32_t e_flags;
  uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
} Elf64_Ehdr;
_Static_assert(sizeof(Elf64_Ehdr) == 64, "as in files");

/* e_type */
enum {
  ET_REL = 1,
  ET_EXEC = 2,
  ET_DYN = 3,
};
/* e_machine */
enum {
  EM_X86_64 = 62,
  EM_AARCH64 = 183,
};

typedef struct {
  uint32_t sh_name, sh_type;
  uint64_t sh_flags, sh_addr, sh_offset, sh_size;
  uint32_t sh_link, sh_info;
  uint64_t sh_addralign, sh_entsize;
} Elf64_Shdr;
_Static_assert(sizeof(Elf64_Shdr) == 64, "as in files");

/* sh_type */
enum {
  SHT_NULL = 0,
  SHT_PROGBITS = 1,
  SHT_SYMTAB = 2,
  SHT_STRTAB = 3,
  SHT_RELA = 4,
  SHT_NOTE = 7,
  SHT_NOBITS = 8,
  SHT_INIT_ARRAY = 14,
  SHT_FINI_ARRAY = 15,
  SHT_PREINIT_ARRAY = 16,
  SHT_GROUP = 17,
  SHT_SYMTAB_SHNDX = 18,
  SHT_LOOS = 0x60000000,
};
/* sh_flags */
enum {
  SHF_WRITE = 1 << 0,
  SHF_ALLOC = 1 << 1,
  SHF_EXECINSTR = 1 << 2,
  SHF_MERGE = 1 << 4,
  SHF_STRINGS = 1 << 5,
  SHF_INFO_LINK = 1 << 6,
  SHF_LINK_ORDER = 1 << 7,
  SHF_GROUP = 1 << 9,
  SHF_TLS = 1 << 10,
  SHF_GNU_RETAIN = 1 << 21,
};
#define SHF_EXCLUDE (1u << 31)
/* The first word of a group. */
enum {
  GRP_COMDAT = 1,
};

typedef struct {
  uint32_t st_name;
  uint8_t st_info, st_other;
  uint16_t st_shndx;
  uint64_t st_value, st_size;
} Elf64_Sym;
_Static_assert(sizeof(Elf64_Sym) == 24, "as in files");

#define ELF64_ST_INFO(bind, type) ((bind) << 4 | ((type) & 15))
#define ELF64_ST_TYPE(info) ((info) & 15)
/* The binding in st_info. */
enum {
  STB_LOCAL = 0,
  STB_GLOBAL = 1,
  STB_WEAK = 2,
  STB_GNU_UNIQUE = 10, /* one definition in the process */
};
/* The type there. */
enum {
  STT_NOTYPE = 0,
  STT_OBJECT = 1,
  STT_FUNC = 2,
  STT_SECTION = 3,
  STT_FILE = 4,
  STT_TLS = 6,
  STT_GNU_IFUNC = 10,
};
/* st_other */
enum {
  STV_DEFAULT = 0,
  STV_HIDDEN = 2,
  STV_PROTECTED = 3,
  STO_AARCH64_VARIANT_PCS = 0x80,
};
/* st_shndx */
enum {
  SHN_UNDEF = 0,
  SHN_LORESERVE = 0xff00,
  SHN_ABS = 0xfff1,
  SHN_COMMON = 0xfff2,
  SHN_XINDEX = 0xffff,
};

typedef struct {
  uint64_t r_offset, r_info;
  int64_t r_addend;
} Elf64_Rela;
_Static_assert(sizeof(Elf64_Rela) == 24, "as in files");

#endif
