// SPDX-License-Identifier: Apache-2.0
// AWS's Encryption SDK: encrypts the file "secret" into "secret.encrypted" and decrypts that, with
// data keys of the KMS key $KEY_ARN.
import assert from "node:assert";
import { createReadStream, createWriteStream, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { buildClient, CommitmentPolicy, KmsKeyringNode, getClient, KMS } from
  "@aws-crypto/client-node";

const { encryptStream, decryptStream } = buildClient(
  CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const clientProvider = getClient(KMS, { endpoint: process.env.AWS_ENDPOINT_URL_KMS });
const keyring = new KmsKeyringNode({ generatorKeyId: process.env.KEY_ARN, clientProvider });

await pipeline(
  createReadStream("secret"),
  encryptStream(keyring, { encryptionContext: { tenant: "acme" } }),
  createWriteStream("secret.encrypted"));
assert(!readFileSync("secret.encrypted").includes("the secret"));

let context;
await pipeline(
  createReadStream("secret.encrypted"),
  decryptStream(new KmsKeyringNode({ keyIds: [process.env.KEY_ARN], clientProvider }))
    .once("MessageHeader", (header) => { context = header.encryptionContext; }),
  createWriteStream("secret.decrypted"));
assert.equal(context.tenant, "acme");
