import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.serializer.SerializerFeature;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;

/** Prints what RocketMQ's own decoder makes of frames, one JSON object a line. Arguments: an output file, .hex files. */
public class DecodeFrames {
    public static void main(String[] args) throws Exception {
        StringBuilder out = new StringBuilder();
        for (int i = 1; i < args.length; i++) {
            String hex = Files.readString(Path.of(args[i])).replaceAll("\\s", "");
            ByteBuffer frame = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
            int length = frame.getInt();
            if (length != frame.remaining()) {
                throw new IllegalStateException(args[i] + ": wrong length word");
            }
            RemotingCommand command = RemotingCommand.decode(frame);
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("serializeType", command.getSerializeTypeCurrentRPC().getCode());
            line.put("code", command.getCode());
            line.put("language", command.getLanguage().name());
            line.put("version", command.getVersion());
            line.put("opaque", command.getOpaque());
            line.put("flag", command.getFlag());
            line.put("remark", command.getRemark());
            line.put("extFields", command.getExtFields());
            byte[] body = command.getBody();
            line.put("bodySha256", body == null ? null : sha256(body));
            out.append(JSON.toJSONString(line, SerializerFeature.WriteMapNullValue)).append('\n');
        }
        Files.write(Path.of(args[0]), out.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
