import java.io.IOException;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The job on Flink: FlinkJob BROKERS GROUP IN OUT EVENTS (hashmap|rocksdb) PARALLELISM CHECKPOINT_MS [key=value ...]
 *
 *  In one JVM; four longs an event between operators, objects reused, a keyBy and a byte array of state for each rule.  Tried and no
 *  cheaper: one keyBy with map state, G1, RocksDB's other profiles, Bloom filters. */
public final class FlinkJob {
  private static final TypeInformation<long[]> EVENT = PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO;
  private static final TypeInformation<byte[]> STATE = PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
  private static final int GRID_KEY = 0, STREET_KEY = 1, ACTOR = 2, MINUTE = 3;

  static final class In implements KafkaRecordDeserializationSchema<long[]> {
    private transient Parse ticket;
    private transient Meter.Counter read;

    @Override public void open(DeserializationSchema.InitializationContext c) {
      ticket = new Parse();
      read = Meter.read();
    }

    @Override public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<long[]> out) {
      read.tick();
      try {
        ticket.read(record.value());
      } catch (IOException e) {
        return;
      }
      out.collect(new long[] {ticket.gridKey(), ticket.streetKey(), ticket.actor, ticket.minute});
    }

    @Override public TypeInformation<long[]> getProducedType() {
      return EVENT;
    }
  }

  abstract static class Rule extends KeyedProcessFunction<Long, long[], String> {
    protected transient ValueState<byte[]> state;
    protected transient Rules rules;

    @Override public void open(OpenContext c) {
      rules = new Rules();
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("state", STATE));
    }
  }

  static final class Callers extends Rule {
    @Override public void processElement(long[] e, Context c, Collector<String> out) throws Exception {
      state.update(rules.callers(state.value(), e[ACTOR], (int) e[MINUTE]));
      if (rules.alert) out.collect(rules.json("callers", e[GRID_KEY]));
    }
  }

  static final class Tickets extends Rule {
    @Override public void processElement(long[] e, Context c, Collector<String> out) throws Exception {
      state.update(rules.tickets(state.value(), (int) e[MINUTE]));
      if (rules.alert) out.collect(rules.json("tickets", e[STREET_KEY]));
    }
  }

  private static Configuration configuration(String[] a) {
    Configuration f = new Configuration();
    f.setString("state.backend.type", a[5]);
    f.setString("execution.checkpointing.incremental", "true"); // of RocksDB
    f.setString("execution.checkpointing.dir", "file://" + System.getProperty("state.dir") + "/checkpoints");
    f.setString("taskmanager.memory.managed.size", "256m");
    f.setString("taskmanager.numberOfTaskSlots", a[6]);
    f.setString("pipeline.object-reuse", "true");
    f.setString("pipeline.generic-types", "false");
    for (String option : List.of(a).subList(8, a.length)) {
      String[] pair = option.split("=", 2);
      f.setString(pair[0], pair[1]);
    }
    return f;
  }

  private static KafkaSource<long[]> source(String[] a) {
    return KafkaSource.<long[]>builder().setBootstrapServers(a[0]).setTopics(a[2]).setGroupId(a[1])
        .setStartingOffsets(OffsetsInitializer.earliest()).setBounded(OffsetsInitializer.latest()).setDeserializer(new In())
        .setProperty("max.poll.records", "5000").setProperty("isolation.level", "read_committed").build();
  }

  private static KafkaSink<String> sink(String[] a) {
    return KafkaSink.<String>builder().setBootstrapServers(a[0]).setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(a[1]).setProperty("transaction.timeout.ms", "600000")
        .setRecordSerializer(KafkaRecordSerializationSchema.builder().setTopic(a[3]).setValueSerializationSchema(new SimpleStringSchema()).build())
        .build();
  }

  public static void main(String[] a) throws Exception {
    long events = Long.parseLong(a[4]);
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration(a));
    env.setParallelism(Integer.parseInt(a[6]));
    env.enableCheckpointing(Long.parseLong(a[7]), CheckpointingMode.EXACTLY_ONCE);
    DataStream<long[]> in = env.fromSource(source(a), WatermarkStrategy.noWatermarks(), "in");
    DataStream<String> callers = in.keyBy(e -> e[GRID_KEY], Types.LONG).process(new Callers(), Types.STRING);
    callers.union(in.keyBy(e -> e[STREET_KEY], Types.LONG).process(new Tickets(), Types.STRING)).sinkTo(sink(a));
    Meter.watch(events);
    env.execute(a[1]);
    Meter.end(events);
    System.exit(0);
  }
}
