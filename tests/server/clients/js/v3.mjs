// SPDX-License-Identifier: Apache-2.0
// AWS's SDK for JavaScript, version 3. The argument begins the names of the aliases.
import assert from "node:assert";
import {
  KMSClient, CreateKeyCommand, CreateAliasCommand, EncryptCommand, ReEncryptCommand,
  DecryptCommand, DisableKeyCommand, ListKeysCommand, KMSServiceException, paginateListKeys,
  paginateListAliases,
} from "@aws-sdk/client-kms";

const endpoint = process.env.AWS_ENDPOINT_URL_KMS;
const kms = new KMSClient({ endpoint });

async function newKey(alias) {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata.KeyId }));
  return KeyMetadata.KeyId;
}

async function code(command, client = kms) {
  try {
    await client.send(command);
  } catch (error) {
    assert(error instanceof KMSServiceException, error);
    assert(error.$metadata.requestId);
    return error.name;
  }
  return "no error";
}

const [oldAlias, newAlias] = ["old", "new"].map((age) => `alias/${process.argv[2]}-${age}`);
const [oldKey, newKeyId] = [await newKey(oldAlias), await newKey(newAlias)];
const { CiphertextBlob } = await kms.send(new EncryptCommand({
  KeyId: oldAlias,
  Plaintext: Buffer.from("the secret"),
  EncryptionContext: { tenant: "acme" },
}));
const moved = await kms.send(new ReEncryptCommand({
  CiphertextBlob,
  SourceEncryptionContext: { tenant: "acme" },
  DestinationKeyId: newAlias,
  DestinationEncryptionContext: { tenant: "globex" },
}));
assert(moved.SourceKeyId.endsWith(oldKey) && moved.KeyId.endsWith(newKeyId));
const blob = { CiphertextBlob: moved.CiphertextBlob };
const { Plaintext } = await kms.send(
  new DecryptCommand({ ...blob, EncryptionContext: { tenant: "globex" } }));
console.log(Buffer.from(Plaintext).toString());

console.log(await code(new EncryptCommand({ KeyId: "alias/nobody", Plaintext })));
console.log(await code(new DecryptCommand({ ...blob, EncryptionContext: { tenant: "acme" } })));
console.log(await code(new DecryptCommand(
  { ...blob, EncryptionContext: { tenant: "globex" }, KeyId: oldKey })));
await kms.send(new DisableKeyCommand({ KeyId: oldKey }));
console.log(await code(new EncryptCommand({ KeyId: oldKey, Plaintext })));
console.log(await code(
  new CreateAliasCommand({ AliasName: "no-prefix", TargetKeyId: newKeyId })));
const stranger = new KMSClient({
  endpoint,
  credentials: { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: "wrong" },
});
console.log(await code(new ListKeysCommand({}), stranger));

const keys = new Set();
for await (const page of paginateListKeys({ client: kms, pageSize: 2 }, {}))
  for (const key of page.Keys) keys.add(key.KeyId);
console.log(`${keys.size} keys`);
const aliases = new Set();
for await (const page of paginateListAliases({ client: kms, pageSize: 2 }, {}))
  for (const alias of page.Aliases) aliases.add(alias.AliasName);
console.log(`${aliases.size} aliases`);
