import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/**
 * Sends numbered messages and says on stdout what became of each: "SENT body" once the broker has stored it,
 * "FAILED body reason" otherwise, "DONE" at the end.
 * Arguments: NameServer list (empty = ask the address service), topic, number of messages (0 = go on until stdin is closed), pause between two in ms.
 */
public class InteropProducer {
    public static void main(String[] args) throws Exception {
        String topic = args[1];
        int count = Integer.parseInt(args[2]);
        long pauseMillis = Long.parseLong(args[3]);
        DefaultMQProducer producer = new DefaultMQProducer("interop-producer-" + topic, InteropCredentials.hook());
        if (!args[0].isEmpty()) {
            producer.setNamesrvAddr(args[0]);
        }
        // Routes are requested every second, so that a dead NameServer is noticed within a test.
        producer.setPollNameServerInterval(1000);
        // On a busy machine the first connection alone may take longer than the default of 3 s.
        producer.setSendMsgTimeout(10_000);
        producer.start();
        Thread stdin = new Thread(InteropProducer::drainStdin);
        stdin.setDaemon(true);
        stdin.start();
        for (int i = 0; count == 0 ? stdin.isAlive() : i < count; i++) {
            String body = topic + "-" + i;
            try {
                SendResult result = producer.send(new Message(topic, body.getBytes(StandardCharsets.UTF_8)));
                String word = result.getSendStatus() == SendStatus.SEND_OK ? "SENT " : "FAILED ";
                System.out.println(word + body + (word.equals("SENT ") ? "" : " " + result.getSendStatus()));
            } catch (Exception e) {
                System.out.println("FAILED " + body + " " + e.toString().replace('\n', ' '));
            }
            System.out.flush();
            if (pauseMillis > 0) {
                Thread.sleep(pauseMillis);
            }
        }
        System.out.println("DONE");
        producer.shutdown();
    }

    private static void drainStdin() {
        try {
            while (System.in.read() >= 0) {
                // Only the end of the stream matters.
            }
        } catch (java.io.IOException e) {
            System.out.println("STDIN " + e);
        }
    }
}
