// SPDX-License-Identifier: Apache-2.0
// AWS's SDK for JavaScript, version 2. The argument begins the names of the aliases.
import assert from "node:assert";
import KMS from "aws-sdk/clients/kms.js";

const endpoint = process.env.AWS_ENDPOINT_URL_KMS;
const region = process.env.AWS_REGION;
const kms = new KMS({ endpoint, region });

async function newKey(alias) {
  const { KeyMetadata } = await kms.createKey().promise();
  await kms.createAlias({ AliasName: alias, TargetKeyId: KeyMetadata.KeyId }).promise();
  return KeyMetadata.KeyId;
}

async function code(request) {
  try {
    await request.promise();
  } catch (error) {
    assert(error.requestId, error);
    return error.code;
  }
  return "no error";
}

const [oldAlias, newAlias] = ["old", "new"].map((age) => `alias/${process.argv[2]}-${age}`);
const [oldKey, newKeyId] = [await newKey(oldAlias), await newKey(newAlias)];
const Plaintext = "the secret";
const { CiphertextBlob } = await kms.encrypt(
  { KeyId: oldAlias, Plaintext, EncryptionContext: { tenant: "acme" } }).promise();
const moved = await kms.reEncrypt({
  CiphertextBlob,
  SourceEncryptionContext: { tenant: "acme" },
  DestinationKeyId: newAlias,
  DestinationEncryptionContext: { tenant: "globex" },
}).promise();
const blob = { CiphertextBlob: moved.CiphertextBlob };
const answer = await kms.decrypt(
  { ...blob, EncryptionContext: { tenant: "globex" } }).promise();
console.log(answer.Plaintext.toString());

console.log(await code(kms.encrypt({ KeyId: "alias/nobody", Plaintext })));
console.log(await code(kms.decrypt({ ...blob, EncryptionContext: { tenant: "acme" } })));
console.log(await code(kms.decrypt(
  { ...blob, EncryptionContext: { tenant: "globex" }, KeyId: oldKey })));
await kms.disableKey({ KeyId: oldKey }).promise();
console.log(await code(kms.encrypt({ KeyId: oldKey, Plaintext })));
console.log(await code(kms.createAlias({ AliasName: "no-prefix", TargetKeyId: newKeyId })));
const stranger = new KMS({ endpoint, region, secretAccessKey: "wrong",
                           accessKeyId: process.env.AWS_ACCESS_KEY_ID });
console.log(await code(stranger.listKeys()));

async function all(operation, member, name) {
  const found = new Set();
  let Marker;
  do {
    const page = await kms[operation]({ Limit: 2, Marker }).promise();
    for (const each of page[member]) found.add(each[name]);
    Marker = page.NextMarker;
  } while (Marker);
  return found;
}
console.log(`${(await all("listKeys", "Keys", "KeyId")).size} keys`);
console.log(`${(await all("listAliases", "Aliases", "AliasName")).size} aliases`);
