// SPDX-License-Identifier: Apache-2.0
// JCA: the HMAC of a file with a KMS key, by its alias without "alias/".
//   java Mac.java MODULE LABEL FILE > mac
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;

public class Mac {
  public static void main(String[] arguments) throws Exception {
    Provider trent = Security.getProvider("SunPKCS11").configure("--name=Trent\nlibrary=" + arguments[0]);
    KeyStore keys = KeyStore.getInstance("PKCS11", trent);
    keys.load(null, "any".toCharArray()); // the configuration has the PIN
    javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256", trent);
    mac.init(keys.getKey(arguments[1], null));
    System.out.write(mac.doFinal(Files.readAllBytes(Path.of(arguments[2]))));
    System.out.flush();
  }
}
