import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.remoting.RPCHook;

/** The account of a client: the properties interop.accessKey and interop.secretKey. */
final class InteropCredentials {
    private InteropCredentials() {
    }

    /** Signs every request; null without an account. */
    static RPCHook hook() {
        String accessKey = System.getProperty("interop.accessKey");
        if (accessKey == null) {
            return null;
        }
        return new AclClientRPCHook(new SessionCredentials(accessKey, System.getProperty("interop.secretKey")));
    }
}
