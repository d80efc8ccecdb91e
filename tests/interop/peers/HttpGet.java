import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Fetches a page with HttpURLConnection, which logs in by itself, and prints status and page.
 *
 * Arguments: URL, and a file with the certificate of the authority to trust.
 */
public final class HttpGet {
    public static void main(String[] arguments) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(Path.of(arguments[1]))) {
            trusted.setCertificateEntry("interop", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());

        HttpURLConnection connection = (HttpURLConnection) URI.create(arguments[0]).toURL().openConnection();
        connection.setRequestProperty("Accept", "text/plain");
        int status = connection.getResponseCode();
        System.out.println(status);
        InputStream page = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        if (page != null) {
            System.out.write(page.readAllBytes());
            System.out.flush();
        }
    }
}
