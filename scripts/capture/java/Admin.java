import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/**
 * Admin calls that mqadmin has no command for, or that would take one JVM each.
 * Arguments: NameServer address, broker name, topic.
 */
public class Admin {
    private static final long TIMEOUT_MS = 5_000;
    private static final String ORDER_TOPIC_CONFIG = "ORDER_TOPIC_CONFIG";
    /** One of each kind of character that a JSON writer may escape. */
    private static final String ESCAPES =
        "quote\" backslash\\ slash/ bs\b tab\t lf\n ff\f cr\r nul\u0000 soh\u0001 vt\u000b us\u001f del\u007f c1\u0085 nbsp\u00a0 e\u00e9 han\u4e2d ls\u2028 ps\u2029 emoji\ud83d\ude00 <>&'";

    public static void main(String[] args) throws Exception {
        String broker = args[1];
        String topic = args[2];
        DefaultMQAdminExt admin = new DefaultMQAdminExt(TIMEOUT_MS);
        admin.setNamesrvAddr(args[0]);
        admin.start();
        try {
            admin.createAndUpdateKvConfig("capture-ns", "empty", "");
            admin.createAndUpdateKvConfig("capture-ns", "escapes", ESCAPES);
            if (!ESCAPES.equals(admin.getKVConfig("capture-ns", "escapes"))) {
                throw new IllegalStateException("the value came back changed");
            }
            admin.getKVListByNamespace("capture-ns");
            expectFailure(() -> admin.getKVConfig("capture-ns", "absent"));
            expectFailure(() -> admin.getKVListByNamespace("absent-ns"));
            admin.createAndUpdateKvConfig(ORDER_TOPIC_CONFIG, topic, ESCAPES);
            admin.examineTopicRouteInfo(topic);
            admin.deleteKvConfig(ORDER_TOPIC_CONFIG, topic);

            String nameServer = admin.getNameServerAddressList().get(0);
            admin.wipeWritePermOfBroker(nameServer, broker);
            admin.addWritePermOfBroker(nameServer, broker);
        } finally {
            admin.shutdown();
        }
    }

    private interface Call {
        Object run() throws Exception;
    }

    private static void expectFailure(Call call) throws Exception {
        try {
            call.run();
        } catch (MQClientException expected) {
            return;
        }
        throw new IllegalStateException("an unknown key was answered with success");
    }
}
