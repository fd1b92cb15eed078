/* What the configured bounds mean, for people who size a machine. */
#include "config/config.h"

#include <inttypes.h>

/* Bytes of one event in the ledger's memory: a fact is a cache line, its texts (id, order number, respondent) some 40
 * bytes, the rest is chains and their heads; a reading is twenty bytes and its share of its sensor's series and chain.  Measured
 * with a million events of the shapes of rules/district (113 and 22), and some more, since every span and worker has segments of
 * its own.  A reading whose id is a hash or a UUID costs 40 more, one that names a person, an organisation or a matter as much as a
 * ticket.  The index comes on top. */
enum { TICKET_BYTES = 130, READING_BYTES = 30, INDEX_BYTES = 12 };

static void explain(const char *what, int64_t bytes, int64_t each, int32_t keep_s, FILE *out)
{
    int64_t events = bytes / each;
    fprintf(out,
            "%-9s %6" PRId64 " MiB: %" PRId64 " in memory at %" PRId64 " bytes each (%" PRId64
            " a day over %.1f days)\n",
            what, bytes >> 20, events, each, events * 86400 / keep_s, (double)keep_s / 86400);
}

void config_explain_memory(const struct config *c, FILE *out)
{
    int64_t index = (c->ledger_bytes / TICKET_BYTES + c->readings_bytes / READING_BYTES) * INDEX_BYTES;
    explain("tickets", c->ledger_bytes, TICKET_BYTES, c->retention_s, out);
    explain("readings", c->readings_bytes, READING_BYTES, c->readings_retention_s, out);
    fprintf(out, "index     %6" PRId64 " MiB\n", index >> 20);
    fprintf(out, "counters  %6" PRId64 " MiB\n", c->counters_bytes >> 20);
    fprintf(out, "in flight %6" PRId64 " MiB\n", c->uncommitted_bytes >> 20);
    fprintf(out, "together  %6" PRId64 " MiB at most, and the records being read\n",
            (c->ledger_bytes + c->readings_bytes + index + c->counters_bytes + c->uncommitted_bytes) >> 20);
}
