/* SPDX-License-Identifier: Apache-2.0
 * OpenSSL's EVP: a file of any size is sealed under a KMS key, and opened again.
 *
 *   seal KEY FILE > FILE.sealed
 *   seal -d KEY FILE.sealed
 *
 * EVP_PKEY_encapsulate is GenerateDataKey: 32 bytes to encrypt with, and their ciphertext, which
 * goes first into the sealed file. The rest is AES-256-GCM: a file that was changed is not opened.
 * (Nonce 0: the data key encrypts this one file.)
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kKey = 32, kTag = 16, kBlob = 6144, kPiece = 65536 };

static void require(int ok, const char* what) {
  if (ok) return;
  fprintf(stderr, "%s failed\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static EVP_PKEY* load_key(const char* name) {
  char uri[2100];
  snprintf(uri, sizeof uri, "kms:%s", name);
  OSSL_STORE_CTX* store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
  require(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) == 1, uri);
  OSSL_STORE_INFO* info = OSSL_STORE_load(store);
  require(info != NULL, uri);
  EVP_PKEY* key = OSSL_STORE_INFO_get1_PKEY(info);
  OSSL_STORE_INFO_free(info);
  OSSL_STORE_close(store);
  return key;
}

static EVP_CIPHER_CTX* cipher(const unsigned char* key, int encrypt) {
  static const unsigned char nonce[12];
  EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
  require(EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) == 1, "AES-256-GCM");
  return ctx;
}

static void seal(const char* name, FILE* in) {
  unsigned char key[kKey], blob[kBlob], piece[kPiece], out[kPiece], tag[kTag];
  size_t key_size = sizeof key, blob_size = sizeof blob, size;
  int out_size;
  EVP_PKEY* kms_key = load_key(name);
  EVP_PKEY_CTX* kem = EVP_PKEY_CTX_new_from_pkey(NULL, kms_key, NULL);
  require(EVP_PKEY_encapsulate_init(kem, NULL) == 1 &&
              EVP_PKEY_encapsulate(kem, blob, &blob_size, key, &key_size) == 1 && key_size == kKey,
          "GenerateDataKey");
  EVP_CIPHER_CTX* ctx = cipher(key, 1);
  OPENSSL_cleanse(key, sizeof key);
  putchar((int)(blob_size >> 8));
  putchar((int)(blob_size & 255));
  fwrite(blob, 1, blob_size, stdout);
  while ((size = fread(piece, 1, sizeof piece, in)) > 0) {
    require(EVP_CipherUpdate(ctx, out, &out_size, piece, (int)size) == 1, "encryption");
    fwrite(out, 1, (size_t)out_size, stdout);
  }
  require(EVP_CipherFinal_ex(ctx, out, &out_size) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, kTag, tag) == 1,
          "encryption");
  fwrite(tag, 1, kTag, stdout);
  EVP_CIPHER_CTX_free(ctx);
  EVP_PKEY_CTX_free(kem);
  EVP_PKEY_free(kms_key);
}

/* Nothing is written before the whole file has proven to be what was sealed. */
static void open_sealed(const char* name, FILE* in) {
  unsigned char key[kKey], *sealed = NULL;
  size_t key_size = sizeof key, size = 0, more;
  int out_size;
  do {
    sealed = realloc(sealed, size + kPiece);
    require(sealed != NULL, "memory");
    size += more = fread(sealed + size, 1, kPiece, in);
  } while (more > 0);
  size_t blob_size = size < 2 ? 0 : (size_t)(sealed[0] << 8 | sealed[1]);
  require(blob_size > 0 && size >= 2 + blob_size + kTag, "reading the sealed file");
  EVP_PKEY* kms_key = load_key(name);
  EVP_PKEY_CTX* kem = EVP_PKEY_CTX_new_from_pkey(NULL, kms_key, NULL);
  require(EVP_PKEY_decapsulate_init(kem, NULL) == 1 &&
              EVP_PKEY_decapsulate(kem, key, &key_size, sealed + 2, blob_size) == 1,
          "Decrypt");
  EVP_CIPHER_CTX* ctx = cipher(key, 0);
  OPENSSL_cleanse(key, sizeof key);
  unsigned char* text = sealed + 2 + blob_size;
  size_t text_size = size - 2 - blob_size - kTag;
  require(text_size <= 0x7fffffff &&
              EVP_CipherUpdate(ctx, text, &out_size, text, (int)text_size) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, kTag, sealed + size - kTag) == 1 &&
              EVP_CipherFinal_ex(ctx, text + out_size, &out_size) == 1,
          "opening: the file was changed, or");
  fwrite(text, 1, text_size, stdout);
  OPENSSL_cleanse(sealed, size);
  free(sealed);
  EVP_CIPHER_CTX_free(ctx);
  EVP_PKEY_CTX_free(kem);
  EVP_PKEY_free(kms_key);
}

int main(int argc, char** argv) {
  const int decrypt = argc > 1 && strcmp(argv[1], "-d") == 0;
  if (argc != 3 + decrypt) {
    fprintf(stderr, "usage: %s [-d] KEY FILE\n", argv[0]);
    return 2;
  }
  const char* key = argv[argc - 2];
  FILE* in = fopen(argv[argc - 1], "rb");
  require(in != NULL, "opening the file");
  if (decrypt)
    open_sealed(key, in);
  else
    seal(key, in);
  fclose(in);
  require(fflush(stdout) == 0, "writing");
  return 0;
}
