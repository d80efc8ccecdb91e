import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.security.auth.callback.PasswordCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.kerberos.KerberosTicket;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import java.security.PrivilegedExceptionAction;
import java.util.HashMap;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.Oid;

/**
 * Logs in with Krb5LoginModule, makes a GSS context for a service, and prints a line for every ticket that took:
 * client, service, enctype of the session key, and whether it is forwardable.
 *
 * Arguments: principal, service (both with realm), and a keytab, or no third one and the password on standard input.
 */
public final class Krb5Login {
    public static void main(String[] arguments) throws Exception {
        String service = arguments[1];
        Map<String, String> options = new HashMap<>(Map.of("principal", arguments[0], "refreshKrb5Config", "true"));
        if (arguments.length > 2) {
            options.putAll(Map.of("useKeyTab", "true", "keyTab", arguments[2], "doNotPrompt", "true"));
        }
        LoginContext login = new LoginContext("", new Subject(), new PasswordFromInput(), new OneModule(options));
        login.login();
        Subject.doAs(login.getSubject(), (PrivilegedExceptionAction<Void>) () -> {
            GSSManager manager = GSSManager.getInstance();
            GSSName name = manager.createName(service, new Oid("1.2.840.113554.1.2.2.1"));
            GSSContext context =
                manager.createContext(name, new Oid("1.2.840.113554.1.2.2"), null, GSSContext.DEFAULT_LIFETIME);
            context.initSecContext(new byte[0], 0, 0);
            return null;
        });
        for (KerberosTicket ticket : login.getSubject().getPrivateCredentials(KerberosTicket.class)) {
            System.out.printf("%s %s %d %b%n", ticket.getClient(), ticket.getServer(), ticket.getSessionKeyType(),
                ticket.isForwardable());
        }
    }

    private static final class OneModule extends Configuration {
        private final AppConfigurationEntry entry;

        OneModule(Map<String, String> options) {
            entry = new AppConfigurationEntry("com.sun.security.auth.module.Krb5LoginModule",
                LoginModuleControlFlag.REQUIRED, options);
        }

        @Override
        public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
            return new AppConfigurationEntry[] {entry};
        }
    }

    private static final class PasswordFromInput implements CallbackHandler {
        @Override
        public void handle(Callback[] callbacks) throws java.io.IOException, UnsupportedCallbackException {
            for (Callback callback : callbacks) {
                if (callback instanceof PasswordCallback password) {
                    password.setPassword(new String(System.in.readAllBytes(), "UTF-8").toCharArray());
                } else {
                    throw new UnsupportedCallbackException(callback);
                }
            }
        }
    }
}
