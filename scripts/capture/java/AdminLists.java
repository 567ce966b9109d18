import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Topic lists that mqadmin has no command for; the way to the client API is new in 5.x. Arguments: NameServer address, cluster. */
public class AdminLists {
    private static final long TIMEOUT_MS = 5_000;

    public static void main(String[] args) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt(TIMEOUT_MS);
        admin.setNamesrvAddr(args[0]);
        admin.start();
        try {
            MQClientAPIImpl api = admin.getDefaultMQAdminExtImpl().getMqClientInstance().getMQClientAPIImpl();
            api.getTopicsByCluster(args[1], TIMEOUT_MS);
            api.getSystemTopicList(TIMEOUT_MS);
            api.getUnitTopicList(true, TIMEOUT_MS);
        } finally {
            admin.shutdown();
        }
    }
}
