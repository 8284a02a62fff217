// JeroMQ's end of a conversation with cozmq: obeys the lines of remote_end.hpp.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Map;
import org.zeromq.ZMQ;

public class Peer {
  private static final Map<String, Integer> TYPES = Map.ofEntries(
      Map.entry("PAIR", ZMQ.PAIR), Map.entry("PUB", ZMQ.PUB), Map.entry("SUB", ZMQ.SUB),
      Map.entry("REQ", ZMQ.REQ), Map.entry("REP", ZMQ.REP), Map.entry("DEALER", ZMQ.DEALER),
      Map.entry("ROUTER", ZMQ.ROUTER), Map.entry("PULL", ZMQ.PULL), Map.entry("PUSH", ZMQ.PUSH),
      Map.entry("XPUB", ZMQ.XPUB), Map.entry("XSUB", ZMQ.XSUB));

  private ZMQ.Context context;
  private ZMQ.Socket socket;

  private String obey(String[] words) throws Exception {
    switch (words[0]) {
      case "version":
        return " " + ZMQ.getVersionString();
      case "open":
        open(words[1], words[2], words.length > 3);
        return "";
      case "bind":
        return " tcp://127.0.0.1:" + socket.bindToRandomPort("tcp://127.0.0.1");
      case "connect":
        socket.connect(words[1]);
        return "";
      case "subscribe":
        socket.subscribe(bytes(words[1]));
        return "";
      case "unsubscribe":
        socket.unsubscribe(bytes(words[1]));
        return "";
      case "send":
        for (int i = 1; i < words.length; ++i)
          if (!socket.send(bytes(words[i]), i + 1 < words.length ? ZMQ.SNDMORE : 0))
            throw new IllegalStateException("send timed out");
        return "";
      case "receive":
        return receive();
      case "attend":
        socket.getEvents();
        return "";
      case "close":
        socket.close();
        context.term();
        return "";
      default:
        throw new IllegalArgumentException(words[0]);
    }
  }

  private void open(String type, String id, boolean heartbeats) throws Exception {
    context = ZMQ.context(1);
    socket = context.socket(TYPES.get(type));
    socket.setIdentity(id.getBytes());
    socket.setReceiveTimeOut(10000);
    socket.setSendTimeOut(10000);
    socket.setLinger(0);
    socket.setReconnectIVL(10);
    if (heartbeats) { // by name: releases of old do not have them
      ZMQ.Socket.class.getMethod("setHeartbeatIvl", int.class).invoke(socket, 5);
      ZMQ.Socket.class.getMethod("setHeartbeatTimeout", int.class).invoke(socket, 10000);
      ZMQ.Socket.class.getMethod("setHeartbeatTtl", int.class).invoke(socket, 10000);
    }
  }

  private String receive() {
    StringBuilder frames = new StringBuilder();
    do {
      byte[] frame = socket.recv(0);
      if (frame == null)
        throw new IllegalStateException("receive timed out");
      frames.append(" x");
      for (byte b : frame) {
        frames.append(Character.forDigit(b >> 4 & 15, 16));
        frames.append(Character.forDigit(b & 15, 16));
      }
    } while (socket.hasReceiveMore());
    return frames.toString();
  }

  private static byte[] bytes(String hex) {
    byte[] result = new byte[hex.length() / 2];
    for (int i = 0; i < result.length; ++i)
      result[i] = (byte) Integer.parseInt(hex, 2 * i + 1, 2 * i + 3, 16);
    return result;
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, true);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    Peer peer = new Peer();
    for (String line = lines.readLine(); line != null; line = lines.readLine())
      try {
        answers.println("ok" + peer.obey(line.split(" ")));
      } catch (Exception failure) {
        answers.println("failed: " + failure);
      }
    System.exit(0); // whatever its threads still do
  }
}
