// SPDX-License-Identifier: Apache-2.0

// PKCS#11 in Go: lists the KMS keys of the token, and signs a file's SHA-256 with one of them.
//
//	go run main.go MODULE            the labels
//	go run main.go MODULE LABEL FILE > signature (r and s, as PKCS#11 has it)
//
// With github.com/miekg/pkcs11 (Debian: golang-github-miekg-pkcs11-dev). Nothing in it is Trent's.
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"os"

	"github.com/miekg/pkcs11"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func check(err error) { must(0, err) }

func find(p *pkcs11.Ctx, session pkcs11.SessionHandle, template []*pkcs11.Attribute) []pkcs11.ObjectHandle {
	check(p.FindObjectsInit(session, template))
	objects, _, err := p.FindObjects(session, 100)
	check(err)
	check(p.FindObjectsFinal(session))
	return objects
}

func main() {
	p := pkcs11.New(os.Args[1])
	if p == nil {
		log.Fatal("cannot load " + os.Args[1])
	}
	check(p.Initialize())
	defer p.Finalize()
	slots := must(p.GetSlotList(true))
	session := must(p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION))
	private := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY)}
	if len(os.Args) == 2 {
		for _, object := range find(p, session, private) {
			label := must(p.GetAttributeValue(session, object,
				[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, nil)}))
			fmt.Println(string(label[0].Value))
		}
		return
	}
	keys := find(p, session, append(private, pkcs11.NewAttribute(pkcs11.CKA_LABEL, os.Args[2])))
	if len(keys) != 1 {
		log.Fatal("no key " + os.Args[2])
	}
	digest := sha256.Sum256(must(os.ReadFile(os.Args[3])))
	check(p.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil)}, keys[0]))
	os.Stdout.Write(must(p.Sign(session, digest[:])))
}
