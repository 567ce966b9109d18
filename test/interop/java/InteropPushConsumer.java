import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Consumes a topic from its beginning and prints "RECEIVED body" for each message, until stdin is closed.
 * Arguments: NameServer list (empty = ask the address service), topic. The property interop.unit is its unit name.
 */
public class InteropPushConsumer {
    public static void main(String[] args) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(
            "interop-consumer-" + args[1], InteropCredentials.hook(), new AllocateMessageQueueAveragely());
        if (!args[0].isEmpty()) {
            consumer.setNamesrvAddr(args[0]);
        }
        consumer.setUnitName(System.getProperty("interop.unit"));
        consumer.setPollNameServerInterval(1000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(args[1], "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                System.out.println("RECEIVED " + new String(message.getBody(), StandardCharsets.UTF_8));
            }
            System.out.flush();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        System.out.println("STARTED");
        while (System.in.read() >= 0) {
            // Only the end of the stream matters.
        }
        consumer.shutdown();
    }
}
