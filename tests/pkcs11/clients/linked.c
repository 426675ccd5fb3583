// SPDX-License-Identifier: Apache-2.0
/* A C program that is linked against trent.so, as against any library: then the dynamic linker
 * looks into trent.so for names that the backend module uses, too.
 *
 *   linked OLD-LABEL NEW-LABEL [finalize]
 *
 * Encrypts under one key, re-encrypts to the other and decrypts; ends with or without C_Finalize.
 */
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <trent/pkcs11.h>
#include <unistd.h>

static void check(const char* call, CK_RV rv) {
  if (rv == CKR_OK) return;
  fprintf(stderr, "%s: 0x%lx\n", call, rv);
  exit(1);
}

#define CHECK(call) check(#call, call)

static CK_OBJECT_HANDLE find(CK_FUNCTION_LIST* p11, CK_SESSION_HANDLE session, char* label) {
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_ATTRIBUTE search[] = {{CKA_CLASS, &secret_key, sizeof secret_key},
                           {CKA_LABEL, label, strlen(label)}};
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  CK_ULONG count = 0;
  CHECK(p11->C_FindObjectsInit(session, search, 2));
  CHECK(p11->C_FindObjects(session, &key, 1, &count));
  CHECK(p11->C_FindObjectsFinal(session));
  if (count != 1) {
    fprintf(stderr, "no key %s\n", label);
    exit(1);
  }
  return key;
}

static void move_a_secret(CK_FUNCTION_LIST* p11, char* old_label, char* new_label) {
  CK_BYTE secret[] = "a secret", blob[512], moved[512], back[512];
  CK_ULONG blob_len = sizeof blob, moved_len = sizeof moved, back_len = sizeof back;
  CK_MECHANISM symmetric = {CKM_TRENT_SYMMETRIC_DEFAULT, NULL, 0};
  CK_MECHANISM reencrypt = {CKM_TRENT_REENCRYPT, NULL, 0};
  CK_SLOT_ID slot;
  CK_ULONG slots = 1;
  CK_SESSION_HANDLE session;
  CHECK(p11->C_GetSlotList(CK_TRUE, &slot, &slots));
  CHECK(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
  CK_OBJECT_HANDLE old_key = find(p11, session, old_label);
  CK_OBJECT_HANDLE new_key = find(p11, session, new_label);
  CHECK(p11->C_EncryptInit(session, &symmetric, old_key));
  CHECK(p11->C_Encrypt(session, secret, sizeof secret, blob, &blob_len));
  CHECK(p11->C_EncryptInit(session, &reencrypt, new_key));
  CHECK(p11->C_Encrypt(session, blob, blob_len, moved, &moved_len));
  CHECK(p11->C_DecryptInit(session, &symmetric, new_key));
  CHECK(p11->C_Decrypt(session, moved, moved_len, back, &back_len));
  if (back_len != sizeof secret || memcmp(back, secret, back_len) != 0) {
    fprintf(stderr, "another secret came back\n");
    exit(1);
  }
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  CK_FUNCTION_LIST* p11 = NULL;
  CK_C_INITIALIZE_ARGS args = {NULL, NULL, NULL, NULL, CKF_OS_LOCKING_OK, NULL};
  CHECK(C_GetFunctionList(&p11));
  CHECK(p11->C_Initialize(&args));
  move_a_secret(p11, argv[1], argv[2]);

  pid_t child = fork();
  if (child == 0) {
    if (p11->C_GetSlotList(CK_TRUE, NULL, &(CK_ULONG){0}) != CKR_CRYPTOKI_NOT_INITIALIZED) return 1;
    CHECK(p11->C_Initialize(&args));
    move_a_secret(p11, argv[1], argv[2]);
    return 0;
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) {
    fprintf(stderr, "the child ended with 0x%x\n", (unsigned)status);
    return 1;
  }

  move_a_secret(p11, argv[1], argv[2]);
  if (argc > 3) CHECK(p11->C_Finalize(NULL));
  return 0;
}
