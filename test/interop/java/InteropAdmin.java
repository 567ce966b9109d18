import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * Runs many mqadmin commands in one JVM, each through the tool's own entry point. A line on stdin is one command,
 * its arguments parted by tabs, an empty line the tool without arguments; the response is one line, "RESULT stdout stderr", both in base64.
 */
public class InteropAdmin {
    public static void main(String[] args) throws Exception {
        PrintStream realOut = System.out;
        PrintStream realErr = System.err;
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            System.setOut(new PrintStream(out, true, "UTF-8"));
            System.setErr(new PrintStream(err, true, "UTF-8"));
            try {
                MQAdminStartup.main0(line.isEmpty() ? new String[0] : line.split("\t", -1), null);
            } finally {
                System.setOut(realOut);
                System.setErr(realErr);
            }
            Base64.Encoder base64 = Base64.getEncoder();
            // A dash keeps the place of an empty text.
            realOut.println("RESULT -" + base64.encodeToString(out.toByteArray())
                + " -" + base64.encodeToString(err.toByteArray()));
            realOut.flush();
        }
    }
}
