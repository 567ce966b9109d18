import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Sends the messages of several keys in turn, all of one key to one queue. Each line on stdin is a number of messages a
 * key; the response is one line a message, "SENT key/number broker" or "FAILED key/number broker", then "QUEUES
 * broker:queue,broker:queue,...", the queues among which the last message had the choice, and "DONE line" at the end.
 * Arguments: NameServer list, topic, number of keys.
 */
public class InteropOrderedProducer {
    private static List<MessageQueue> lastQueues = List.of();

    public static void main(String[] args) throws Exception {
        String topic = args[1];
        int keys = Integer.parseInt(args[2]);
        DefaultMQProducer producer = new DefaultMQProducer("interop-ordered-producer-" + topic);
        producer.setNamesrvAddr(args[0]);
        producer.setPollNameServerInterval(1000);
        // On a busy machine the first connection alone may take longer than the default of 3 s.
        producer.setSendMsgTimeout(10_000);
        producer.start();
        java.io.BufferedReader in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));
        int number = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            for (int end = number + Integer.parseInt(line.trim()); number < end; number++) {
                for (int key = 0; key < keys; key++) {
                    send(producer, topic, key, number);
                }
            }
            StringBuilder queues = new StringBuilder();
            for (MessageQueue queue : lastQueues) {
                queues.append(queues.length() == 0 ? "" : ",").append(queue.getBrokerName() + ":" + queue.getQueueId());
            }
            System.out.println("QUEUES " + queues);
            System.out.println("DONE " + line);
            System.out.flush();
        }
        producer.shutdown();
    }

    private static void send(DefaultMQProducer producer, String topic, int key, int number) {
        String body = key + "/" + number;
        MessageQueue[] chosen = new MessageQueue[1];
        String word = "FAILED ";
        try {
            Message message = new Message(topic, body.getBytes(StandardCharsets.UTF_8));
            SendResult result = producer.send(message, (List<MessageQueue> all, Message each, Object arg) -> {
                lastQueues = all;
                chosen[0] = all.get((Integer) arg % all.size());
                return chosen[0];
            }, key);
            if (result.getSendStatus() == SendStatus.SEND_OK) {
                word = "SENT ";
            }
        } catch (Exception e) {
            System.out.println("EXCEPTION " + e.toString().replace('\n', ' '));
        }
        System.out.println(word + body + " " + (chosen[0] == null ? "none" : chosen[0].getBrokerName()));
    }
}
