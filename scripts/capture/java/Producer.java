import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/** Sends one message to each topic. Arguments: NameServer address, topics. */
public class Producer {
    public static void main(String[] args) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("capture-producer");
        producer.setNamesrvAddr(args[0]);
        producer.setSendMsgTimeout(15_000);
        producer.start();
        for (int i = 1; i < args.length; i++) {
            producer.send(new Message(args[i], "captured".getBytes(StandardCharsets.UTF_8)));
        }
        producer.shutdown();
    }
}
