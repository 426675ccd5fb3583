// SPDX-License-Identifier: Apache-2.0

// What Go does with the key pairs of a PKCS#11 token, by crypto11: go MODULE TOKEN LABEL...
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/ThalesIgnite/crypto11"
)

func check(err error, what string) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

var digest = sha256.Sum256([]byte("a letter"))

// Signs in the token, verifies here.
func sign(key crypto11.Signer, label string) {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		check(err, label)
		check(rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature), label)
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		signature, err = key.Sign(rand.Reader, digest[:], options)
		check(err, label+" with PSS")
		check(rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, options), label+" with PSS")
	case *ecdsa.PublicKey:
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		check(err, label)
		if !ecdsa.VerifyASN1(public, digest[:], signature) {
			log.Fatalf("%s: the signature is wrong", label)
		}
	default:
		log.Fatalf("%s: a %T", label, public)
	}
	fmt.Println(label, "signs")
}

// Decrypts in the token what was encrypted here; false if the key does not do that.
func decrypt(key crypto11.SignerDecrypter, label string) {
	ciphertext, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key.Public().(*rsa.PublicKey),
		[]byte("a letter"), nil)
	check(err, label)
	plaintext, err := key.Decrypt(rand.Reader, ciphertext, &rsa.OAEPOptions{Hash: crypto.SHA256})
	check(err, label)
	if string(plaintext) != "a letter" {
		log.Fatalf("%s: decrypted %q", label, plaintext)
	}
	fmt.Println(label, "decrypts")
}

// A certificate that the key signs, a TLS server that has it, and a client.
func serve(key crypto.Signer, label string) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: label},
		NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(err, label+": certificate")
	certificate, err := x509.ParseCertificate(der)
	check(err, label+": certificate")
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate)

	server, client := net.Pipe()
	done := make(chan error)
	go func() {
		done <- tls.Server(server, &tls.Config{Certificates: []tls.Certificate{{
			Certificate: [][]byte{der}, PrivateKey: key}}}).Handshake()
	}()
	check(tls.Client(client, &tls.Config{RootCAs: trusted, ServerName: "localhost"}).Handshake(),
		label+": TLS")
	check(<-done, label+": TLS")
	fmt.Println(label, "serves")
}

func main() {
	token, err := crypto11.Configure(&crypto11.Config{
		Path: os.Args[1], TokenLabel: os.Args[2], Pin: os.Getenv("PIN")})
	check(err, "crypto11")
	defer token.Close()
	for _, label := range os.Args[3:] {
		key, err := token.FindKeyPair(nil, []byte(label))
		check(err, label)
		if key == nil {
			log.Fatalf("%s: not found", label)
		}
		if label == "opener" {
			decrypt(key.(crypto11.SignerDecrypter), label)
			continue
		}
		sign(key, label)
		serve(key, label)
	}
}
