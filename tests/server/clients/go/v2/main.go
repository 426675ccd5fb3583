// SPDX-License-Identifier: Apache-2.0

// AWS's SDK for Go, version 2. The argument begins the names of the aliases.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

var ctx = context.Background()

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newKey(client *kms.Client, alias string) *string {
	key, err := client.CreateKey(ctx, &kms.CreateKeyInput{})
	check(err)
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias,
		TargetKeyId: key.KeyMetadata.KeyId})
	check(err)
	return key.KeyMetadata.KeyId
}

func printCode(err error) {
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		log.Fatal("not an answer: ", err)
	}
	fmt.Println(failure.ErrorCode())
}

func main() {
	conf, err := config.LoadDefaultConfig(ctx)
	check(err)
	endpoint := kms.WithEndpointResolver(
		kms.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_KMS")))
	client := kms.NewFromConfig(conf, endpoint)
	acme := map[string]string{"tenant": "acme"}
	globex := map[string]string{"tenant": "globex"}
	plaintext := []byte("the secret")

	oldAlias, newAlias := "alias/"+os.Args[1]+"-old", "alias/"+os.Args[1]+"-new"
	oldKey, newKeyID := newKey(client, oldAlias), newKey(client, newAlias)
	sealed, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: &oldAlias, Plaintext: plaintext,
		EncryptionContext: acme})
	check(err)
	moved, err := client.ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: sealed.CiphertextBlob,
		SourceEncryptionContext: acme, DestinationKeyId: &newAlias,
		DestinationEncryptionContext: globex})
	check(err)
	opened, err := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: moved.CiphertextBlob,
		EncryptionContext: globex})
	check(err)
	fmt.Println(string(opened.Plaintext))

	_, err = client.Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String("alias/nobody"),
		Plaintext: plaintext})
	printCode(err)
	_, err = client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: moved.CiphertextBlob,
		EncryptionContext: acme})
	printCode(err)
	_, err = client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: moved.CiphertextBlob,
		EncryptionContext: globex, KeyId: oldKey})
	printCode(err)
	_, err = client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: oldKey})
	check(err)
	_, err = client.Encrypt(ctx, &kms.EncryptInput{KeyId: oldKey, Plaintext: plaintext})
	printCode(err)
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("no-prefix"),
		TargetKeyId: newKeyID})
	printCode(err)
	conf.Credentials = credentials.NewStaticCredentialsProvider(
		os.Getenv("AWS_ACCESS_KEY_ID"), "wrong", "")
	_, err = kms.NewFromConfig(conf, endpoint).ListKeys(ctx, &kms.ListKeysInput{})
	printCode(err)

	keys := map[string]bool{}
	for pages := kms.NewListKeysPaginator(client, &kms.ListKeysInput{Limit: aws.Int32(2)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		check(err)
		for _, key := range page.Keys {
			keys[*key.KeyId] = true
		}
	}
	fmt.Println(len(keys), "keys")
	aliases := map[string]bool{}
	for pages := kms.NewListAliasesPaginator(client, &kms.ListAliasesInput{Limit: aws.Int32(2)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		check(err)
		for _, alias := range page.Aliases {
			aliases[*alias.AliasName] = true
		}
	}
	fmt.Println(len(aliases), "aliases")
}
