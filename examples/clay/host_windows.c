/* clay-jit on Windows: host.h. Whose a file is says its list of who may access it. Source: Microsoft, "Access Control
 * Lists". */
#include "host.h"

#include <windows.h>

#include <aclapi.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

unsigned host_backtrace(void **pcs, unsigned room) {
  return RtlCaptureStackBackTrace(0, room, pcs, NULL);
}

void host_open_libraries(void) {} /* they are a part of C's */

void *host_function(const char *name) {
  return strcmp(name, "snprintf") == 0 ? (void *)(uintptr_t)snprintf : NULL;
}

/* ---- files of the cache ---- */

/* Whether it is the user, the system or its administrators, who can access everything, or who makes a file. */
static bool is_trusted(PSID who, PSID user) {
  return EqualSid(who, user) || IsWellKnownSid(who, WinLocalSystemSid) ||
         IsWellKnownSid(who, WinBuiltinAdministratorsSid) ||
         IsWellKnownSid(who, WinCreatorOwnerSid);
}

/* Whether all who may access something are trusted. */
static bool is_list_own(const ACL *list, PSID user) {
  for (DWORD i = 0; list != NULL && i < list->AceCount; i++) {
    void *entry;
    if (!GetAce((ACL *)(uintptr_t)list, i, &entry)) return false;
    const ACE_HEADER *head = entry;
    if (head->AceType == ACCESS_DENIED_ACE_TYPE) continue;
    if (head->AceType != ACCESS_ALLOWED_ACE_TYPE) return false;
    ACCESS_ALLOWED_ACE *allowed = entry;
    if (allowed->Mask != 0 && !is_trusted(&allowed->SidStart, user)) return false;
  }
  return list != NULL; /* without a list, all may */
}

static bool is_own(HANDLE file) {
  HANDLE token;
  union {
    TOKEN_USER user;
    char bytes[256];
  } me;
  DWORD size;
  PSID owner;
  PACL list;
  PSECURITY_DESCRIPTOR descriptor;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return false;
  bool own = GetTokenInformation(token, TokenUser, &me, sizeof me, &size);
  CloseHandle(token);
  if (!own ||
      GetSecurityInfo(file, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                      &owner, NULL, &list, NULL, &descriptor) != ERROR_SUCCESS)
    return false;
  own = is_trusted(owner, me.user.User.Sid) && is_list_own(list, me.user.User.Sid);
  LocalFree(descriptor);
  return own;
}

static HANDLE open_as_it_is(const char *path, DWORD access) {
  return CreateFileA(path, access | READ_CONTROL, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                     FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

bool host_find_folder(const char *path, bool *own) {
  const DWORD attributes = GetFileAttributesA(path);
  if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
    return false;
  HANDLE folder = open_as_it_is(path, 0);
  *own = folder != INVALID_HANDLE_VALUE && is_own(folder);
  if (folder != INVALID_HANDLE_VALUE) CloseHandle(folder);
  return true;
}

int host_open_own(const char *path, uint64_t *size) {
  HANDLE file = open_as_it_is(path, GENERIC_READ);
  BY_HANDLE_FILE_INFORMATION info;
  int fd = -1;
  if (file == INVALID_HANDLE_VALUE) return -1;
  if (GetFileInformationByHandle(file, &info) &&
      (info.dwFileAttributes & (FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DIRECTORY)) == 0 &&
      is_own(file)) {
    *size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    fd = _open_osfhandle((intptr_t)file, _O_RDONLY | _O_BINARY);
  }
  if (fd < 0) CloseHandle(file);
  return fd;
}

bool host_rename(const char *from, const char *to) {
  return MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING);
}

bool host_describe_program(char *text, size_t room) {
  char path[MAX_PATH];
  WIN32_FILE_ATTRIBUTE_DATA info;
  const DWORD n = GetModuleFileNameA(NULL, path, sizeof path);
  if (n == 0 || n == sizeof path || !GetFileAttributesExA(path, GetFileExInfoStandard, &info))
    return false;
  snprintf(text, room, "%lu %08lx%08lx", info.nFileSizeLow, info.ftLastWriteTime.dwHighDateTime,
           info.ftLastWriteTime.dwLowDateTime);
  return true;
}
