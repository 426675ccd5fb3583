/* SPDX-License-Identifier: Apache-2.0
 * PKCS#11: the HMAC of standard input with a KMS key, by its label (an alias without "alias/").
 *
 *   mac MODULE LABEL < message
 *
 * Nothing in it is Trent's: it runs with any token that has such a key.
 */
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call) check(#call, call)

static void check(const char* call, CK_RV rv) {
  if (rv == CKR_OK) return;
  fprintf(stderr, "%s: %s\n", call, p11_kit_strerror(rv));
  exit(1);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  CK_FUNCTION_LIST* p11 = p11_kit_module_load(argv[1], 0);
  if (p11 == NULL) return 1;
  CHECK(p11_kit_module_initialize(p11));
  CK_SLOT_ID slot;
  CK_ULONG slots = 1;
  CHECK(p11->C_GetSlotList(CK_TRUE, &slot, &slots));
  CK_SESSION_HANDLE session;
  CHECK(p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
  /* Where the configuration has the PIN, Trent has logged in; else C_Login would be here. */

  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_ATTRIBUTE search[] = {{CKA_CLASS, &secret_key, sizeof secret_key},
                           {CKA_LABEL, argv[2], strlen(argv[2])}};
  CK_OBJECT_HANDLE key;
  CK_ULONG count = 0;
  CHECK(p11->C_FindObjectsInit(session, search, 2));
  CHECK(p11->C_FindObjects(session, &key, 1, &count));
  CHECK(p11->C_FindObjectsFinal(session));
  if (count == 0) {
    fprintf(stderr, "no key %s\n", argv[2]);
    return 1;
  }

  CK_BYTE message[4096], mac[32];
  CK_ULONG message_len = fread(message, 1, sizeof message, stdin), mac_len = sizeof mac;
  CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
  CHECK(p11->C_SignInit(session, &hmac, key));
  CHECK(p11->C_Sign(session, message, message_len, mac, &mac_len));
  fwrite(mac, 1, mac_len, stdout);

  CHECK(p11_kit_module_finalize(p11));
  p11_kit_module_release(p11);
  return 0;
}
