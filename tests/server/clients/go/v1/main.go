// SPDX-License-Identifier: Apache-2.0

// AWS's SDK for Go, version 1. The argument begins the names of the aliases.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kms"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newKey(client *kms.KMS, alias string) *string {
	key, err := client.CreateKey(&kms.CreateKeyInput{})
	check(err)
	_, err = client.CreateAlias(&kms.CreateAliasInput{AliasName: &alias,
		TargetKeyId: key.KeyMetadata.KeyId})
	check(err)
	return key.KeyMetadata.KeyId
}

func printCode(err error) {
	var failure awserr.RequestFailure
	if !errors.As(err, &failure) || failure.RequestID() == "" {
		log.Fatal("not an answer: ", err)
	}
	fmt.Println(failure.Code())
}

func main() {
	here := session.Must(session.NewSession(
		&aws.Config{Endpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_KMS"))}))
	client := kms.New(here)
	acme := map[string]*string{"tenant": aws.String("acme")}
	globex := map[string]*string{"tenant": aws.String("globex")}
	plaintext := []byte("the secret")

	oldAlias, newAlias := "alias/"+os.Args[1]+"-old", "alias/"+os.Args[1]+"-new"
	oldKey, newKeyID := newKey(client, oldAlias), newKey(client, newAlias)
	sealed, err := client.Encrypt(&kms.EncryptInput{KeyId: &oldAlias, Plaintext: plaintext,
		EncryptionContext: acme})
	check(err)
	moved, err := client.ReEncrypt(&kms.ReEncryptInput{CiphertextBlob: sealed.CiphertextBlob,
		SourceEncryptionContext: acme, DestinationKeyId: &newAlias,
		DestinationEncryptionContext: globex})
	check(err)
	opened, err := client.Decrypt(&kms.DecryptInput{CiphertextBlob: moved.CiphertextBlob,
		EncryptionContext: globex})
	check(err)
	fmt.Println(string(opened.Plaintext))

	_, err = client.Encrypt(&kms.EncryptInput{KeyId: aws.String("alias/nobody"),
		Plaintext: plaintext})
	printCode(err)
	_, err = client.Decrypt(&kms.DecryptInput{CiphertextBlob: moved.CiphertextBlob,
		EncryptionContext: acme})
	printCode(err)
	_, err = client.Decrypt(&kms.DecryptInput{CiphertextBlob: moved.CiphertextBlob,
		EncryptionContext: globex, KeyId: oldKey})
	printCode(err)
	_, err = client.DisableKey(&kms.DisableKeyInput{KeyId: oldKey})
	check(err)
	_, err = client.Encrypt(&kms.EncryptInput{KeyId: oldKey, Plaintext: plaintext})
	printCode(err)
	_, err = client.CreateAlias(&kms.CreateAliasInput{AliasName: aws.String("no-prefix"),
		TargetKeyId: newKeyID})
	printCode(err)
	stranger := kms.New(here, &aws.Config{Credentials: credentials.NewStaticCredentials(
		os.Getenv("AWS_ACCESS_KEY_ID"), "wrong", "")})
	_, err = stranger.ListKeys(&kms.ListKeysInput{})
	printCode(err)

	keys := map[string]bool{}
	check(client.ListKeysPages(&kms.ListKeysInput{Limit: aws.Int64(2)},
		func(page *kms.ListKeysOutput, last bool) bool {
			for _, key := range page.Keys {
				keys[*key.KeyId] = true
			}
			return true
		}))
	fmt.Println(len(keys), "keys")
	aliases := map[string]bool{}
	check(client.ListAliasesPages(&kms.ListAliasesInput{Limit: aws.Int64(2)},
		func(page *kms.ListAliasesOutput, last bool) bool {
			for _, alias := range page.Aliases {
				aliases[*alias.AliasName] = true
			}
			return true
		}))
	fmt.Println(len(aliases), "aliases")
}
