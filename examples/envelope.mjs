// SPDX-License-Identifier: Apache-2.0
// @aws-sdk/client-kms: a value for a database column, under a data key that the KMS key has encrypted.
//   node envelope.mjs alias/app "a value"
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";

const kms = new KMSClient({ endpoint: process.env.AWS_ENDPOINT_URL_KMS });

async function seal(KeyId, value, EncryptionContext) {
  const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext }));
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", dataKey.Plaintext, nonce);
  const body = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return { key: Buffer.from(dataKey.CiphertextBlob), nonce, body, tag: cipher.getAuthTag() };
}

async function open(sealed, EncryptionContext) {
  const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob: sealed.key, EncryptionContext }));
  const decipher = createDecipheriv("aes-256-gcm", Plaintext, sealed.nonce).setAuthTag(sealed.tag);
  return Buffer.concat([decipher.update(sealed.body), decipher.final()]).toString("utf8");
}

const row = { table: "customers", row: "17" };
const sealed = await seal(process.argv[2], process.argv[3], row);
console.log(await open(sealed, row));
// A ciphertext of one row is worthless in another.
await open(sealed, { ...row, row: "18" }).catch((error) => console.log(error.name));
