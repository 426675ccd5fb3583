// SPDX-License-Identifier: Apache-2.0
/* Trent's PKCS#11 numbers: include this after any PKCS#11 header (p11-kit's, OASIS's, NSS's ...).
 *
 * A KMS key is a secret key object (CKO_SECRET_KEY, CKK_AES) of Trent's token. Standard functions
 * do KMS operations on it:
 *
 *   C_Encrypt, C_Decrypt        Encrypt, Decrypt          CKM_TRENT_SYMMETRIC_DEFAULT
 *   C_Encrypt                   ReEncrypt                 CKM_TRENT_REENCRYPT
 *   C_WrapKey, C_UnwrapKey      Encrypt and Decrypt of a key that never leaves the token
 *                                                         CKM_TRENT_SYMMETRIC_DEFAULT
 *   C_GenerateKey, CKA_TOKEN    CreateKey, CreateAlias    CKM_AES_KEY_GEN
 *   C_GenerateKeyPair           likewise, with CKA_TRENT_KMS_KEY in the template
 *
 * A key pair of KMS is a CKO_PRIVATE_KEY and a CKO_PUBLIC_KEY, an HMAC key a CKO_SECRET_KEY
 * (CKK_GENERIC_SECRET). They take the mechanisms of the standard that KMS has an algorithm for:
 *
 *   C_Sign, C_Verify            Sign, Verify              CKM_RSA_PKCS, CKM_RSA_PKCS_PSS,
 *                                                         CKM_ECDSA, CKM_EDDSA, and those that
 *                                                         hash as well
 *
 *   C_Sign, C_Verify            GenerateMac, VerifyMac    CKM_SHA256_HMAC and the like
 *
 *   C_Encrypt, C_Decrypt        Encrypt, Decrypt          CKM_RSA_PKCS_OAEP
 *
 *   C_DeriveKey                 DeriveSharedSecret        CKM_ECDH1_DERIVE
 *
 * docs/pkcs11.md has whole programs. The numbers never change. */
#ifndef TRENT_PKCS11_H
#define TRENT_PKCS11_H

#ifdef __cplusplus
extern "C" {
#endif

/* KMS's SYMMETRIC_DEFAULT: what is encrypted is a ciphertext blob that names its key.
 *
 * Parameter: none, or CK_TRENT_SYMMETRIC_PARAMS with an encryption context. The same context must
 * be given to decrypt. Plaintext: 1 to 4096 bytes. C_Decrypt and C_UnwrapKey fail with
 * CKR_KEY_HANDLE_INVALID (CKR_UNWRAPPING_KEY_HANDLE_INVALID) if the ciphertext is another key's,
 * and with CKR_ENCRYPTED_DATA_INVALID (CKR_WRAPPED_KEY_INVALID) if it is damaged or the context is
 * another one.
 *
 *   static const char context[] = "{\"tenant\":\"acme\"}";
 *   CK_TRENT_SYMMETRIC_PARAMS params = {(CK_BYTE_PTR)context, sizeof context - 1};
 *   CK_MECHANISM mechanism = {CKM_TRENT_SYMMETRIC_DEFAULT, &params, sizeof params};
 *   CK_BYTE blob[6144];
 *   CK_ULONG blob_len = sizeof blob;
 *   rv = p11->C_EncryptInit(session, &mechanism, key);
 *   if (rv == CKR_OK) rv = p11->C_Encrypt(session, secret, secret_len, blob, &blob_len);
 *
 * A data key goes from blob to token and never into the program:
 *
 *   CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
 *   CK_KEY_TYPE aes = CKK_AES;
 *   CK_BBOOL yes = CK_TRUE;
 *   CK_ATTRIBUTE data_key_template[] = {{CKA_CLASS, &secret_key, sizeof secret_key},
 *                                       {CKA_KEY_TYPE, &aes, sizeof aes},
 *                                       {CKA_SENSITIVE, &yes, sizeof yes},
 *                                       {CKA_ENCRYPT, &yes, sizeof yes}};
 *   CK_OBJECT_HANDLE data_key;
 *   rv = p11->C_UnwrapKey(session, &mechanism, key, blob, blob_len,
 *                         data_key_template, 4, &data_key);
 */
#define CKM_TRENT_SYMMETRIC_DEFAULT 0xD4520001UL

typedef struct CK_TRENT_SYMMETRIC_PARAMS {
  CK_BYTE_PTR pEncryptionContext; /* JSON object of strings, UTF-8; NULL or {}: no context.
                                   * Empty text is CKR_MECHANISM_PARAM_INVALID */
  CK_ULONG ulEncryptionContextLen;
} CK_TRENT_SYMMETRIC_PARAMS;

typedef CK_TRENT_SYMMETRIC_PARAMS* CK_TRENT_SYMMETRIC_PARAMS_PTR;

/* KMS's ReEncrypt: C_EncryptInit on the destination key; C_Encrypt turns a ciphertext blob into one
 * of that key. The plaintext stays inside the token.
 *
 * Parameter: none (the blob names the source key, and there are no encryption contexts), or
 * CK_TRENT_REENCRYPT_PARAMS. A source key that is given must be the blob's own
 * (CKR_KEY_HANDLE_INVALID otherwise).
 *
 *   CK_TRENT_SYMMETRIC_PARAMS old_context = {(CK_BYTE_PTR)context, sizeof context - 1};
 *   CK_MECHANISM from = {CKM_TRENT_SYMMETRIC_DEFAULT, &old_context, sizeof old_context};
 *   CK_TRENT_REENCRYPT_PARAMS params = {CK_INVALID_HANDLE, &from, NULL};
 *   CK_MECHANISM mechanism = {CKM_TRENT_REENCRYPT, &params, sizeof params};
 *   CK_BYTE new_blob[6144];
 *   CK_ULONG new_blob_len = sizeof new_blob;
 *   rv = p11->C_EncryptInit(session, &mechanism, new_key);
 *   if (rv == CKR_OK) rv = p11->C_Encrypt(session, blob, blob_len, new_blob, &new_blob_len);
 */
#define CKM_TRENT_REENCRYPT 0xD4520002UL

typedef struct CK_TRENT_REENCRYPT_PARAMS {
  CK_OBJECT_HANDLE hSourceKey;            /* CK_INVALID_HANDLE: the key that the blob names */
  CK_MECHANISM_PTR pSourceMechanism;      /* NULL: CKM_TRENT_SYMMETRIC_DEFAULT, no context */
  CK_MECHANISM_PTR pDestinationMechanism; /* likewise; the context is not inherited */
} CK_TRENT_REENCRYPT_PARAMS;

typedef CK_TRENT_REENCRYPT_PARAMS* CK_TRENT_REENCRYPT_PARAMS_PTR;

/* Attributes of KMS keys. None can be changed, and all can be searched for.
 *
 *   CK_BYTE arn[256];
 *   CK_ATTRIBUTE wanted = {CKA_TRENT_KEY_ARN, arn, sizeof arn};
 *   rv = p11->C_GetAttributeValue(session, key, &wanted, 1);
 *   printf("%.*s\n", (int)wanted.ulValueLen, arn);
 */

/* "arn:aws:kms:REGION:ACCOUNT:key/KEY-ID", not terminated. CKA_UNIQUE_ID has the same value. */
#define CKA_TRENT_KEY_ARN 0xD4520001UL

/* "Enabled", "Disabled" or "PendingDeletion", not terminated. C_FindObjects shows keys that are
 * Enabled, unless the search names this attribute:
 *
 *   CK_ATTRIBUTE search = {CKA_TRENT_KEY_STATE, "Disabled", 8};
 *   rv = p11->C_FindObjectsInit(session, &search, 1);
 */
#define CKA_TRENT_KEY_STATE 0xD4520002UL

/* 32 bytes: which of the key's materials encrypts now. It changes when the key is rotated. */
#define CKA_TRENT_KEY_MATERIAL_ID 0xD4520003UL

/* CK_BBOOL: whether a key is a KMS key. In the template of C_GenerateKey it demands one or forbids
 * it; without it, a key with CKA_TOKEN becomes one if KMS has such keys (`keygen` of trent.toml has
 * the rule). C_GenerateKeyPair takes it as well; without it, only `keygen` = "kms" makes one there.
 *
 *   CK_BBOOL yes = CK_TRUE;
 *   CK_ATTRIBUTE kms_key[] = {{CKA_TOKEN, &yes, sizeof yes},
 *                             {CKA_TRENT_KMS_KEY, &yes, sizeof yes}};
 *   CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
 *   rv = p11->C_GenerateKey(session, &generate, kms_key, 2, &key);
 */
#define CKA_TRENT_KMS_KEY 0xD4520004UL

/* CK_BBOOL: whether the key is enforced in the token (`trent create-key --enforce-in-token`):
 * secrets under it can be made and moved (C_Encrypt), and never read. Its CKA_DECRYPT, CKA_WRAP and
 * CKA_UNWRAP are false, too.
 */
#define CKA_TRENT_ENFORCED 0xD4520005UL

#ifdef __cplusplus
}
#endif

#endif
