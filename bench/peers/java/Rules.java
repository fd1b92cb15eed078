import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.LongAdder;

/** The two rules over compact byte arrays, changed in place where they can be; both engines share them.  A late event is
 *  judged at every minute that it changes and the key has seen. */
final class Rules {
  private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int CALLERS = 5, DAY = 1440, TICKETS = 50, HOUR = 60, RING = 64;
  private static final int MINUTE_BITS = 25, MINUTE_MASK = (1 << MINUTE_BITS) - 1;
  static final LongAdder tooLate = new LongAdder();

  /** results of the last call */
  boolean alert;
  int value, minute;

  /** Distinct callers.  State: a byte, 1 while above; then a long for each caller, hash and newest minute. */
  byte[] callers(byte[] state, long actor, int m) {
    if (state == null) state = new byte[1];
    int n = state.length >> 3, gone = 0, newest = m;
    boolean known = false;
    for (int i = 0; i < n; i++) {
      long entry = (long) LONG.get(state, 1 + 8 * i);
      int at = (int) (entry & MINUTE_MASK);
      newest = Math.max(newest, at);
      if (entry >>> MINUTE_BITS == actor) {
        known = true;
        if (m > at) LONG.set(state, 1 + 8 * i, actor << MINUTE_BITS | m);
      } else if (at < m - DAY - 1) {
        gone++;
      }
    }
    if (!known || gone > 0) state = rebuilt(state, n, gone, known ? -1 : actor, m);
    judge(state, distinct(state, m), m, m == newest);
    if (!alert && m < newest && state[0] == 0) judge(state, distinct(state, newest), newest, true);
    return state;
  }

  private static byte[] rebuilt(byte[] state, int n, int gone, long added, int m) {
    byte[] next = new byte[1 + 8 * (n - gone + (added < 0 ? 0 : 1))];
    next[0] = state[0];
    int at = 1;
    for (int i = 0; i < n; i++) {
      long entry = (long) LONG.get(state, 1 + 8 * i);
      if ((int) (entry & MINUTE_MASK) >= m - DAY - 1) {
        LONG.set(next, at, entry);
        at += 8;
      }
    }
    if (added >= 0) LONG.set(next, at, added << MINUTE_BITS | m);
    return next;
  }

  private static int distinct(byte[] state, int m) {
    int found = 0;
    for (int i = 1; i < state.length; i += 8) {
      int at = (int) ((long) LONG.get(state, i) & MINUTE_MASK);
      if (at <= m && at > m - DAY) found++;
    }
    return found;
  }

  /** Tickets.  State: newest minute; the minute of the alert while above, else 0; a ring of 64 minutes, four of them for late
   *  ones.  It goes down only at minutes that are over, or it would flap while a minute fills. */
  byte[] tickets(byte[] state, int m) {
    alert = false;
    if (state == null) {
      state = new byte[8 + 2 * RING];
      INT.set(state, 0, m);
    }
    int newest = (int) INT.get(state, 0);
    if (m > newest) {
      if ((int) INT.get(state, 4) != 0) end(state, newest, m);
      for (int k = Math.max(newest + 1, m - RING + 1); k <= m; k++) SHORT.set(state, slot(k), (short) 0);
      INT.set(state, 0, newest = m);
    } else if (m <= newest - RING) {
      tooLate.increment();
      return state;
    }
    int counted = (short) SHORT.get(state, slot(m));
    if (counted < Short.MAX_VALUE) SHORT.set(state, slot(m), (short) (counted + 1));
    if ((int) INT.get(state, 4) == 0) raise(state, m, newest);
    return state;
  }

  private void raise(byte[] state, int m, int newest) {
    int sum = sum(state, m, newest);
    for (int t = m; ; ) {
      if (sum >= TICKETS) {
        alertAt(state, t, sum);
        return;
      }
      if (++t > newest) return;
      sum += (short) SHORT.get(state, slot(t));
      if (t - HOUR > newest - RING) sum -= (short) SHORT.get(state, slot(t - HOUR));
    }
  }

  /** The first event of minute m: what is known by now of the minute before the newest, and of those between it and m? */
  private void end(byte[] state, int newest, int m) {
    if ((int) INT.get(state, 4) < newest && sum(state, newest - 1, newest) < TICKETS) {
      INT.set(state, 4, 0);
      int sum = sum(state, newest, newest);
      if (sum >= TICKETS) alertAt(state, newest, sum);
    }
    if (m - 2 >= newest && sum(state, m - 2, newest) < TICKETS) INT.set(state, 4, 0);
  }

  private void alertAt(byte[] state, int m, int sum) {
    alert = true;
    value = sum;
    minute = m;
    INT.set(state, 4, m);
  }

  private static int sum(byte[] state, int m, int newest) {
    int sum = 0;
    for (int k = Math.max(m - HOUR + 1, newest - RING + 1); k <= Math.min(m, newest); k++) sum += (short) SHORT.get(state, slot(k));
    return sum;
  }

  private static int slot(int m) {
    return 8 + 2 * (m & RING - 1);
  }

  /** An alert on the way up; only at the key's newest minute does it go down again, or what comes late would make it flap. */
  private void judge(byte[] state, int found, int m, boolean newest) {
    value = found;
    minute = m;
    alert = found >= CALLERS && state[0] == 0;
    if (found >= CALLERS) state[0] = 1;
    else if (newest) state[0] = 0;
  }

  String json(String rule, long key) {
    return "{\"rule\":\"" + rule + "\",\"key\":\"" + (key >> 5) + "|" + Parse.category(key) + "\",\"minute\":" + minute + ",\"value\":" + value + "}";
  }
}
