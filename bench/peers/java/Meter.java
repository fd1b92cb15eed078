import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Says `first`, `half` and `end` with the number of events as the job gets there; whoever started it then looks at what the
 *  process has cost.  A counter has one writer; one thread looks at them every 10 ms. */
final class Meter {
  static final class Counter {
    private final AtomicLong seen = new AtomicLong();
    private long count;

    void tick() {
      seen.lazySet(++count);
    }
  }

  private static final int POLL_MS = 10;
  private static final List<Counter> read = new ArrayList<>(), done = new ArrayList<>();

  /** of events handed to user code */
  static Counter read() {
    return add(read);
  }

  /** of events that are through the last rule */
  static Counter done() {
    return add(done);
  }

  private static Counter add(List<Counter> counters) {
    synchronized (counters) {
      Counter counter = new Counter();
      counters.add(counter);
      return counter;
    }
  }

  private static long sum(List<Counter> counters) {
    synchronized (counters) {
      return counters.stream().mapToLong(c -> c.seen.get()).sum();
    }
  }

  private static void say(String word, long events) {
    System.out.println(word + " " + events);
    System.out.flush();
  }

  private static void wait(List<Counter> counters, long events) throws InterruptedException {
    while (sum(counters) < events) Thread.sleep(POLL_MS);
  }

  static void waitUntilDone(long events) throws InterruptedException {
    wait(done, events);
  }

  static void watch(long events) {
    Thread watcher = new Thread(() -> {
      try {
        wait(read, 1);
        say("first", 0);
        wait(read, events / 2);
        say("half", sum(read));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    });
    watcher.setDaemon(true);
    watcher.start();
  }

  /** everything is consumed and committed */
  static void end(long events) {
    say("end", events);
    System.err.println("too late for the ring: " + Rules.tooLate.sum());
  }
}
