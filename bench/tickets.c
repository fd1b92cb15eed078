/* The tickets of the comparison (ticket.h): hotline tickets of 566 bytes, in the order in which they arrive, to a topic or
 * a file.  The same seed gives the same tickets, only shifted to --begin, so that a live engine may be given a past that
 * ends now.
 *
 *     tickets --count N --days D --begin SECONDS --grids FILE --categories FILE [--seed S] [--facts FILE]
 *             (--out FILE | --brokers LIST --topic NAME [--rate N])
 *
 * --grids and --categories name lists, a line each.  --facts writes what the oracle needs to know of each ticket: four
 * 32-bit numbers.
 *
 * With --rate so many a second are sent, as happening now: a live load, of which no oracle knows. */
#include "ticket.h"

#include <librdkafka/rdkafka.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fact { /* as --facts has it: seconds since --begin, places in the lists */
    int32_t second;
    uint32_t grid, category, actor;
};

struct options {
    long count, days, begin, rate;
    uint64_t seed;
    struct city city;
    const char *facts, *out, *brokers, *topic;
};

static _Noreturn void fail(const char *what, const char *which)
{
    fprintf(stderr, "tickets: %s%s\n", what, which);
    exit(1);
}

static void to_file(const struct ticket *tickets, const struct options *o)
{
    FILE *file = fopen(o->out, "w");
    if (!file)
        fail("cannot write ", o->out);
    char text[TICKET_LENGTH + 1];
    for (long i = 0; i < o->count; i++) {
        ticket_render(&tickets[i], &o->city, o->begin, i, text);
        fprintf(file, "%s\n", text);
    }
    if (fclose(file))
        fail("cannot write ", o->out);
}

static void set(rd_kafka_conf_t *configuration, const char *key, const char *value)
{
    char problem[256];
    if (rd_kafka_conf_set(configuration, key, value, problem, sizeof problem) != RD_KAFKA_CONF_OK)
        fail(problem, "");
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000;
}

/* waits until its turn has come; what happened is then a little ago */
static void take_turn(rd_kafka_t *producer, const struct options *o, long number, int64_t started_ms, struct ticket *t)
{
    int64_t turn_ms = started_ms + number * INT64_C(1000) / o->rate, left_ms;
    while ((left_ms = turn_ms - clock_ms(CLOCK_MONOTONIC)) > 0)
        rd_kafka_poll(producer, (int)left_ms);
    t->time = clock_ms(CLOCK_REALTIME) - o->begin * 1000 - ticket_delay_ms();
}

static void to_topic(const struct ticket *tickets, const struct options *o)
{
    char text[TICKET_LENGTH + 1];
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    set(configuration, "bootstrap.servers", o->brokers);
    set(configuration, "log_level", "3"); /* a coordinator that is still loading is no news */
    set(configuration, "enable.idempotence", "true");
    set(configuration, "partitioner", "murmur2_random"); /* as the Java clients part by key */
    set(configuration, "linger.ms", o->rate ? "5" : "50");
    set(configuration, "batch.size", "500000");
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, text, sizeof text);
    if (!producer)
        fail(text, "");
    int64_t started_ms = clock_ms(CLOCK_MONOTONIC);
    for (long i = 0; i < o->count; i++) {
        struct ticket t = tickets[i];
        const char *grid = o->city.grids.texts[t.grid];
        if (o->rate)
            take_turn(producer, o, i, started_ms, &t);
        ticket_render(&t, &o->city, o->begin, i, text);
        while (rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(o->topic), RD_KAFKA_V_KEY(grid, strlen(grid)),
                                 RD_KAFKA_V_VALUE(text, strlen(text)),
                                 RD_KAFKA_V_TIMESTAMP(o->begin * 1000 + t.time),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END) ==
               RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(producer, 10);
        if (i % 1024 == 0)
            rd_kafka_poll(producer, 0);
    }
    rd_kafka_resp_err_t error = rd_kafka_flush(producer, 300000);
    rd_kafka_destroy(producer);
    if (error)
        fail("not all was acknowledged: ", rd_kafka_err2str(error));
}

static void write_facts(const struct ticket *tickets, const struct options *o)
{
    FILE *file = fopen(o->facts, "wb");
    if (!file)
        fail("cannot write ", o->facts);
    for (long i = 0; i < o->count; i++) {
        const struct ticket *t = &tickets[i];
        struct fact fact = {(int32_t)(t->time / 1000), t->grid, t->category, t->actor};
        fwrite(&fact, sizeof fact, 1, file);
    }
    if (fclose(file))
        fail("cannot write ", o->facts);
}

static struct list read_list(const char *path)
{
    struct list list = {0};
    char line[256];
    FILE *file = fopen(path, "r");
    if (!file)
        fail("cannot read ", path);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        list.texts = realloc(list.texts, (list.count + 1) * sizeof *list.texts);
        if (!list.texts || !(list.texts[list.count++] = strdup(line)))
            fail("out of memory", "");
    }
    fclose(file);
    return list;
}

static struct options read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"count", 1, NULL, 'n'}, {"days", 1, NULL, 'd'},       {"begin", 1, NULL, 't'}, {"seed", 1, NULL, 's'},
        {"grids", 1, NULL, 'g'}, {"categories", 1, NULL, 'c'}, {"facts", 1, NULL, 'f'}, {"out", 1, NULL, 'o'},
        {"topic", 1, NULL, 'T'}, {"brokers", 1, NULL, 'b'},    {"rate", 1, NULL, 'r'},  {0},
    };
    struct options o = {.days = 1, .seed = 7};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'n': o.count = atol(optarg); break;
        case 'd': o.days = atol(optarg); break;
        case 't': o.begin = atol(optarg); break;
        case 's': o.seed = strtoull(optarg, NULL, 10); break;
        case 'g': o.city.grids = read_list(optarg); break;
        case 'c': o.city.categories = read_list(optarg); break;
        case 'f': o.facts = optarg; break;
        case 'o': o.out = optarg; break;
        case 'T': o.topic = optarg; break;
        case 'b': o.brokers = optarg; break;
        case 'r': o.rate = atol(optarg); break;
        default: exit(2);
        }
    }
    if (o.count < TICKETS_LEAST || o.days < 1 || o.city.grids.count < GRIDS_OF_STREET || !o.city.categories.count ||
        !(o.out || (o.brokers && o.topic)))
        fail("see the head of tickets.c for what it wants: at least 4,800 tickets, and 100 grids", "");
    return o;
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    ticket_seed(o.seed);
    struct ticket *tickets = tickets_plan(&o.city, (size_t)o.count, o.days * INT64_C(86400000));
    if (!tickets)
        fail("out of memory", "");
    if (o.facts)
        write_facts(tickets, &o);
    if (o.out)
        to_file(tickets, &o);
    else
        to_topic(tickets, &o);
    free(tickets);
    return 0;
}
