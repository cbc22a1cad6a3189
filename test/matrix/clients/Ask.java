// SPDX-License-Identifier: Apache-2.0
// java Ask.java HOST PATH: asks https://HOST/PATH and prints the answer; trusts whoever answers.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

class Ask {
  public static void main(String[] args) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Everybody()}, null);
    HttpClient client = HttpClient.newBuilder().sslContext(context).build();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("https://" + args[0] + args[1]))
            .POST(HttpRequest.BodyPublishers.ofString("body of " + args[1]))
            .build();
    System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    System.exit(0);
  }

  static class Everybody extends X509ExtendedTrustManager {
    public void checkClientTrusted(X509Certificate[] chain, String type) {}
    public void checkServerTrusted(X509Certificate[] chain, String type) {}
    public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket s) {}
    public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket s) {}
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine e) {}
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine e) {}
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
