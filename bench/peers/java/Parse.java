import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The four fields of a ticket that the rules need, by Jackson's streaming parser, which stops when it has them: the rest of
 *  the ticket is not even looked at. */
final class Parse {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final int FIELDS = 4, TABLE = 256;
  private static final List<String> CATEGORIES = categories();
  private static final char[][] NAME = new char[TABLE][];
  private static final int[] NUMBER = new int[TABLE];

  static {
    for (int i = 0; i < CATEGORIES.size(); i++) {
      char[] name = CATEGORIES.get(i).toCharArray();
      int h = hash(name, 0, name.length);
      while (NAME[h] != null) h = h + 1 & TABLE - 1;
      NAME[h] = name;
      NUMBER[h] = i;
    }
  }

  long grid, actor; // the grid's code; 39 bits of a hash
  int category, minute; // the minute, since 1970, at whose end the event is over: ceil(second / 60)

  private static List<String> categories() {
    try {
      return Files.readAllLines(Path.of(System.getProperty("categories")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String category(long key) {
    return CATEGORIES.get((int) (key & 31));
  }

  long gridKey() {
    return grid << 5 | category;
  }

  long streetKey() {
    return grid / 1000000 << 5 | category;
  }

  void read(byte[] ticket) throws IOException {
    int seen = 0;
    try (JsonParser p = FACTORY.createParser(ticket)) {
      p.nextToken();
      String field;
      while (seen < FIELDS && (field = p.nextFieldName()) != null) {
        JsonToken token = p.nextToken();
        switch (field) {
          case "time": minute = minute(p.getTextCharacters(), p.getTextOffset()); seen++; break;
          case "category": category = category(p.getTextCharacters(), p.getTextOffset(), p.getTextLength()); seen++; break;
          case "grid": grid = number(p.getTextCharacters(), p.getTextOffset(), p.getTextLength()); seen++; break;
          case "complainant": actor = hashed(p.getTextCharacters(), p.getTextOffset(), p.getTextLength()); seen++; break;
          case "data": break; // into it
          default: if (token.isStructStart()) p.skipChildren();
        }
      }
    }
    if (seen < FIELDS) throw new IOException("a field is missing");
  }

  private static int hash(char[] c, int from, int length) {
    int h = length;
    for (int i = 0; i < length; i++) h = h * 31 + c[from + i];
    return (h ^ h >>> 8 ^ h >>> 16) & TABLE - 1;
  }

  private static int category(char[] c, int from, int length) throws IOException {
    for (int h = hash(c, from, length); NAME[h] != null; h = h + 1 & TABLE - 1)
      if (NAME[h].length == length && Arrays.equals(NAME[h], 0, length, c, from, from + length)) return NUMBER[h];
    throw new IOException("unknown category");
  }

  private static long number(char[] c, int from, int length) {
    long v = 0;
    for (int i = 0; i < length; i++) v = v * 10 + c[from + i] - '0';
    return v;
  }

  private static long hashed(char[] c, int from, int length) {
    long v = 0;
    for (int i = 0; i < length; i++) {
      char x = c[from + i];
      v = v << 4 | (x <= '9' ? x - '0' : x - 'a' + 10);
    }
    return v * 0x9e3779b97f4a7c15L >>> 25;
  }

  private static int two(char[] c, int at) {
    return c[at] * 10 + c[at + 1] - 11 * '0';
  }

  /** of 2026-01-12T09:41:22+08:00; days from civil after Hinnant */
  private static int minute(char[] c, int at) {
    int y = two(c, at) * 100 + two(c, at + 2), m = two(c, at + 5), d = two(c, at + 8);
    y -= m <= 2 ? 1 : 0;
    int era = y / 400, yearOfEra = y - era * 400, dayOfYear = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int days = era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
    int zone = two(c, at + 20) * 60 + two(c, at + 23);
    int begun = two(c, at + 17) > 0 ? 1 : 0;
    return days * 1440 + two(c, at + 11) * 60 + two(c, at + 14) + begun - (c[at + 19] == '-' ? -zone : zone);
  }
}
