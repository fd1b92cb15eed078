import java.io.IOException;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The job on Kafka Streams: StreamsJob BROKERS GROUP IN OUT EVENTS (mem|rocks) THREADS [key=value ...]
 *
 *  The Processor API, a plain key-value store for each rule with its changelog, 12 bytes an event through the repartition topic
 *  GROUP-street.  Tried and dearer: caches on the stores, no compression, Bloom filters, larger memtables, G1. */
public final class StreamsJob {
  private static final int POLL = 5000, BATCH = 128 << 10, BUFFER = 64 << 20, COMMIT_MS = 100;

  static final class Callers implements Processor<byte[], byte[], Object, Object> {
    private final Parse ticket = new Parse();
    private final Rules rules = new Rules();
    private final Meter.Counter read = Meter.read();
    private ProcessorContext<Object, Object> context;
    private KeyValueStore<Long, byte[]> store;

    @Override public void init(ProcessorContext<Object, Object> c) {
      context = c;
      store = c.getStateStore("callers");
    }

    @Override public void process(Record<byte[], byte[]> record) {
      read.tick();
      try {
        ticket.read(record.value());
      } catch (IOException e) {
        return;
      }
      Long key = ticket.gridKey();
      store.put(key, rules.callers(store.get(key), ticket.actor, ticket.minute));
      if (rules.alert) context.forward(record.withKey((Object) null).withValue(rules.json("callers", key)), "alerts-callers");
      context.forward(record.withKey((Object) ticket.streetKey()).withValue(ticket.minute), "street");
    }
  }

  static final class Tickets implements Processor<Long, Integer, Object, Object> {
    private final Rules rules = new Rules();
    private final Meter.Counter done = Meter.done();
    private ProcessorContext<Object, Object> context;
    private KeyValueStore<Long, byte[]> store;

    @Override public void init(ProcessorContext<Object, Object> c) {
      context = c;
      store = c.getStateStore("tickets");
    }

    @Override public void process(Record<Long, Integer> record) {
      store.put(record.key(), rules.tickets(store.get(record.key()), record.value()));
      if (rules.alert) context.forward(record.withKey((Object) null).withValue(rules.json("tickets", record.key())), "alerts-tickets");
      done.tick();
    }
  }

  private static StoreBuilder<KeyValueStore<Long, byte[]>> store(String name, String kind) {
    var supplier = kind.equals("mem") ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name);
    return Stores.keyValueStoreBuilder(supplier, Serdes.Long(), Serdes.ByteArray());
  }

  private static Properties properties(String[] a) {
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, a[1]);
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, a[0]);
    p.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("state.dir"));
    p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_MS);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(a[6]));
    p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    p.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, POLL);
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), POLL);
    p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), BATCH);
    p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), BUFFER);
    for (String option : List.of(a).subList(7, a.length)) {
      String[] pair = option.split("=", 2);
      p.put(pair[0], pair[1]);
    }
    return p;
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // a sink's serializers are of its records' types, which differ
  private static Topology topology(String in, String out, String street, String kind) {
    Topology t = new Topology();
    t.addSource("in", new ByteArrayDeserializer(), new ByteArrayDeserializer(), in);
    t.addProcessor("callers-of-grid", (ProcessorSupplier) Callers::new, "in");
    t.addStateStore(store("callers", kind), "callers-of-grid");
    t.addSink("alerts-callers", out, new ByteArraySerializer(), (Serializer) new StringSerializer(), "callers-of-grid");
    t.addSink("street", street, (Serializer) new LongSerializer(),
        (Serializer) new IntegerSerializer(), "callers-of-grid");
    t.addSource("street-in", new LongDeserializer(), new IntegerDeserializer(), street);
    t.addProcessor("tickets-of-street", (ProcessorSupplier) Tickets::new, "street-in");
    t.addStateStore(store("tickets", kind), "tickets-of-street");
    t.addSink("alerts-tickets", out, new ByteArraySerializer(), (Serializer) new StringSerializer(), "tickets-of-street");
    return t;
  }

  public static void main(String[] a) throws InterruptedException {
    long events = Long.parseLong(a[4]);
    KafkaStreams streams = new KafkaStreams(topology(a[2], a[3], a[1] + "-street", a[5]), properties(a));
    streams.setUncaughtExceptionHandler(e -> {
      e.printStackTrace();
      System.exit(1);
      return null;
    });
    Meter.watch(events);
    streams.start();
    Meter.waitUntilDone(events);
    streams.close(); // commits what is open
    Meter.end(events);
  }
}
