// SPDX-License-Identifier: Apache-2.0
/* trent.so as an OpenSSL provider and as a PKCS#11 module in one process, which also uses SoftHSM,
 * their backend, directly.
 *
 *   together trent.so libsofthsm2.so TOKEN-LABEL PIN END
 *
 * END says what is closed before the process exits: nothing, trent, softhsm (and Trent is used
 * again), all, or unload (all, and the libraries are closed as well). */
#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trent/pkcs11.h>

static void fail(const char* what) {
  fprintf(stderr, "failed: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static void check(const char* call, CK_RV rv) {
  if (rv == CKR_OK) return;
  fprintf(stderr, "0x%lx from ", rv);
  fail(call);
}

#define CHECK(call) check(#call, call)
#define REQUIRE(condition) \
  if (!(condition)) fail(#condition)

static CK_FUNCTION_LIST* load(const char* path, void** library) {
  CK_FUNCTION_LIST* list = NULL;
  REQUIRE((*library = dlopen(path, RTLD_NOW | RTLD_LOCAL)) != NULL);
  CK_C_GetFunctionList get = NULL;
  *(void**)&get = dlsym(*library, "C_GetFunctionList");
  REQUIRE(get != NULL);
  CHECK(get(&list));
  return list;
}

static CK_SLOT_ID slot_of(CK_FUNCTION_LIST* p11, const char* label) {
  CK_SLOT_ID slots[8];
  CK_ULONG count = 8;
  CHECK(p11->C_GetSlotList(CK_TRUE, slots, &count));
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_TOKEN_INFO info;
    CHECK(p11->C_GetTokenInfo(slots[i], &info));
    if (memcmp(info.label, label, strlen(label)) == 0) return slots[i];
  }
  fail("no such token");
  return 0;
}

/* What an application does with SoftHSM: a key of its own, kept over all that Trent does. */
struct application {
  CK_FUNCTION_LIST* p11;
  CK_SESSION_HANDLE session;
  CK_OBJECT_HANDLE key;
};

static void start(struct application* app, const char* label, char* pin) {
  CK_C_INITIALIZE_ARGS args = {NULL, NULL, NULL, NULL, CKF_OS_LOCKING_OK, NULL};
  CHECK(app->p11->C_Initialize(&args));
  CHECK(app->p11->C_OpenSession(slot_of(app->p11, label), CKF_SERIAL_SESSION, NULL, NULL,
                                &app->session));
  CHECK(app->p11->C_Login(app->session, CKU_USER, (CK_BYTE_PTR)pin, strlen(pin)));
  CK_ULONG length = 32;
  CK_BBOOL yes = CK_TRUE;
  CK_ATTRIBUTE attributes[] = {{CKA_VALUE_LEN, &length, sizeof length},
                               {CKA_ENCRYPT, &yes, sizeof yes},
                               {CKA_PRIVATE, &yes, sizeof yes}};
  CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
  CHECK(app->p11->C_GenerateKey(app->session, &generate, attributes, 3, &app->key));
}

static void use(struct application* app) {
  CK_BYTE block[16] = {0}, out[16];
  CK_ULONG length = sizeof out;
  CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0};
  CHECK(app->p11->C_EncryptInit(app->session, &ecb, app->key));
  CHECK(app->p11->C_Encrypt(app->session, block, sizeof block, out, &length));
}

static EVP_PKEY* load_key(const char* uri) {
  EVP_PKEY* key = NULL;
  OSSL_STORE_CTX* store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
  REQUIRE(store != NULL);
  while (key == NULL && !OSSL_STORE_eof(store)) {
    OSSL_STORE_INFO* info = OSSL_STORE_load(store);
    if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
      key = OSSL_STORE_INFO_get1_PKEY(info);
    OSSL_STORE_INFO_free(info);
  }
  OSSL_STORE_close(store);
  REQUIRE(key != NULL);
  return key;
}

/* Encrypts through the provider, moves the blob through the module, decrypts through the provider.
 */
static void use_trent(CK_FUNCTION_LIST* p11, EVP_PKEY* old_key, EVP_PKEY* new_key) {
  unsigned char secret[] = "a secret", blob[512], moved[512], back[512];
  size_t blob_len = sizeof blob, back_len = sizeof back;
  EVP_PKEY_CTX* ctx = EVP_PKEY_CTX_new_from_pkey(NULL, old_key, NULL);
  REQUIRE(ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1);
  REQUIRE(EVP_PKEY_encrypt(ctx, blob, &blob_len, secret, sizeof secret) == 1);
  EVP_PKEY_CTX_free(ctx);

  CK_SESSION_HANDLE session;
  CHECK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
  CK_ATTRIBUTE search = {CKA_LABEL, "new", 3};
  CK_OBJECT_HANDLE key;
  CK_ULONG count = 0, moved_len = sizeof moved;
  CHECK(p11->C_FindObjectsInit(session, &search, 1));
  CHECK(p11->C_FindObjects(session, &key, 1, &count));
  CHECK(p11->C_FindObjectsFinal(session));
  REQUIRE(count == 1);
  CK_MECHANISM reencrypt = {CKM_TRENT_REENCRYPT, NULL, 0};
  CHECK(p11->C_EncryptInit(session, &reencrypt, key));
  CHECK(p11->C_Encrypt(session, blob, blob_len, moved, &moved_len));
  CHECK(p11->C_CloseSession(session));

  ctx = EVP_PKEY_CTX_new_from_pkey(NULL, new_key, NULL);
  REQUIRE(ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1);
  REQUIRE(EVP_PKEY_decrypt(ctx, back, &back_len, moved, moved_len) == 1);
  EVP_PKEY_CTX_free(ctx);
  REQUIRE(back_len == sizeof secret && memcmp(back, secret, back_len) == 0);
  REQUIRE(ERR_peek_error() == 0);
}

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const char* end = argv[5];
  void *trent_so, *softhsm_so;
  CK_FUNCTION_LIST* trent = load(argv[1], &trent_so);
  struct application app = {load(argv[2], &softhsm_so), 0, 0};
  start(&app, argv[3], argv[4]);
  ERR_clear_error(); /* SoftHSM's own, from looking for an engine */
  OSSL_PROVIDER* standard = OSSL_PROVIDER_load(NULL, "default");
  OSSL_PROVIDER* provider = OSSL_PROVIDER_load(NULL, "trent");
  REQUIRE(standard != NULL && provider != NULL);
  CHECK(trent->C_Initialize(NULL));
  EVP_PKEY* old_key = load_key("kms:alias/old");
  EVP_PKEY* new_key = load_key("kms:alias/new");
  use_trent(trent, old_key, new_key);
  use(&app);

  int all = strcmp(end, "all") == 0 || strcmp(end, "unload") == 0;
  if (all || strcmp(end, "trent") == 0) {
    CHECK(trent->C_Finalize(NULL));
    use(&app);
  }
  if (all) {
    EVP_PKEY_free(old_key);
    EVP_PKEY_free(new_key);
    OSSL_PROVIDER_unload(provider);
    OSSL_PROVIDER_unload(standard);
    use(&app);
  }
  if (all || strcmp(end, "softhsm") == 0) CHECK(app.p11->C_Finalize(NULL));
  if (strcmp(end, "softhsm") == 0) use_trent(trent, old_key, new_key);
  if (strcmp(end, "unload") == 0) {
    dlclose(trent_so);
    dlclose(softhsm_so);
  }
  return 0;
}
