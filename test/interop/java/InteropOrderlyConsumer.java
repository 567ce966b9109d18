import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Consumes a topic in order from its beginning and prints "RECEIVED body" for each message, until stdin is closed.
 * Arguments: NameServer list, topic.
 */
public class InteropOrderlyConsumer {
    public static void main(String[] args) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("interop-orderly-consumer-" + args[1]);
        consumer.setNamesrvAddr(args[0]);
        consumer.setPollNameServerInterval(1000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(args[1], "*");
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            for (MessageExt message : messages) {
                System.out.println("RECEIVED " + new String(message.getBody(), StandardCharsets.UTF_8));
            }
            System.out.flush();
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        System.out.println("STARTED");
        while (System.in.read() >= 0) {
            // Only the end of the stream matters.
        }
        consumer.shutdown();
    }
}
