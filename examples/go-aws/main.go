// SPDX-License-Identifier: Apache-2.0

// The AWS SDK for Go: signs a file with a KMS key, and checks the signature with the public key alone.
//
//	go run main.go alias/signer FILE
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	client := kms.NewFromConfig(must(config.LoadDefaultConfig(ctx)), kms.WithEndpointResolver(
		kms.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_KMS"))))
	key := aws.String(os.Args[1])
	digest := sha256.Sum256(must(os.ReadFile(os.Args[2])))
	signed := must(client.Sign(ctx, &kms.SignInput{KeyId: key, Message: digest[:],
		MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}))
	public := must(client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: key}))
	parsed := must(x509.ParsePKIXPublicKey(public.PublicKey)).(*ecdsa.PublicKey)
	if !ecdsa.VerifyASN1(parsed, digest[:], signed.Signature) {
		log.Fatal("the signature is wrong")
	}
	fmt.Println("signed and verified")
}
