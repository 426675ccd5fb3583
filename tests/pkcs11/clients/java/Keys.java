// SPDX-License-Identifier: Apache-2.0
// What Java does with the keys of a PKCS#11 token that stand in its KeyStore, each beside its
// certificate: java Keys.java CONFIGURATION ALIAS ALGORITHM ... or ... serves FILE CONNECTIONS
import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.*;
import java.util.*;
import javax.crypto.*;
import javax.net.ssl.*;

public class Keys {
  static final char[] ANY_PIN = "none".toCharArray();
  static Provider token;
  static KeyStore store;

  static PrivateKey key(String alias) throws Exception {
    return (PrivateKey) store.getKey(alias, null);
  }

  // In the token and by Java's own provider, of the certificate's key.
  static void signs(String alias, String algorithm) throws Exception {
    byte[] letter = new byte[100_000];
    Signature signer = Signature.getInstance(algorithm, token);
    Signature checker = Signature.getInstance(algorithm);
    Signature tokenChecker = Signature.getInstance(algorithm, token);
    if (algorithm.equals("RSASSA-PSS")) {
      var parameters = new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1);
      for (Signature each : List.of(signer, checker, tokenChecker)) each.setParameter(parameters);
    }
    signer.initSign(key(alias));
    for (int at = 0; at < letter.length; at += 30_000)
      signer.update(letter, at, Math.min(30_000, letter.length - at));
    byte[] signature = signer.sign();
    for (Signature each : List.of(checker, tokenChecker)) {
      each.initVerify(store.getCertificate(alias).getPublicKey());
      each.update(letter);
      if (!each.verify(signature)) throw new AssertionError(algorithm + " of " + alias);
      each.update(letter, 0, 99_999);
      try {
        if (each.verify(signature)) throw new AssertionError("of another letter: " + algorithm);
      } catch (SignatureException expected) {
      }
    }
    System.out.println(alias + " signs by " + algorithm);
  }

  // With a key of Java's own, which does the other half.
  static void agrees(String alias) throws Exception {
    PublicKey ours = store.getCertificate(alias).getPublicKey();
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "SunEC");
    generator.initialize(((java.security.interfaces.ECPublicKey) ours).getParams());
    KeyPair peer = generator.generateKeyPair();
    KeyAgreement here = KeyAgreement.getInstance("ECDH", token);
    here.init(key(alias));
    here.doPhase(peer.getPublic(), true);
    KeyAgreement there = KeyAgreement.getInstance("ECDH", "SunEC");
    there.init(peer.getPrivate());
    there.doPhase(ours, true);
    if (!Arrays.equals(here.generateSecret(), there.generateSecret()))
      throw new AssertionError("different secrets");
    System.out.println(alias + " agrees");
  }

  // Of "a letter", in hexadecimal digits.
  static void macs(String alias, String algorithm) throws Exception {
    Mac mac = Mac.getInstance(algorithm, token);
    mac.init(store.getKey(alias, null));
    System.out.println(HexFormat.of().formatHex(mac.doFinal("a letter".getBytes())));
  }

  // TLS, on a port of its choice, which it writes to the file.
  static void serves(String file, int connections) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, null);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    try (ServerSocket server = context.getServerSocketFactory().createServerSocket(
             0, 1, InetAddress.getLoopbackAddress())) {
      Path whole = Path.of(file + ".new");
      Files.writeString(whole, server.getLocalPort() + "\n");
      Files.move(whole, Path.of(file));
      for (int i = 0; i < connections; ++i)
        try (Socket client = server.accept()) {
          client.getOutputStream().write("hello from Java\n".getBytes());
        }
    }
  }

  public static void main(String[] arguments) throws Exception {
    token = Security.getProvider("SunPKCS11").configure(arguments[0]);
    Security.addProvider(token);
    store = KeyStore.getInstance("PKCS11", token);
    store.load(null, ANY_PIN);
    if (arguments[1].equals("serves")) {
      serves(arguments[2], Integer.parseInt(arguments[3]));
      return;
    }
    for (int i = 1; i < arguments.length; i += 2) {
      String alias = arguments[i], algorithm = arguments[i + 1];
      if (algorithm.equals("ECDH")) agrees(alias);
      else if (algorithm.startsWith("Hmac")) macs(alias, algorithm);
      else signs(alias, algorithm);
    }
  }
}
