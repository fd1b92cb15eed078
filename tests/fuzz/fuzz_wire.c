/* Records of the ledger topic: whoever can write to the topic, or a disk that rots, must not be able to make the engine
 * read outside of them.  What is read goes through a ledger and out again, and must then read the same. */
#include "ledger/wire.h"

#include "base/check.h"

#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wire_names names;
static struct wire_encoder *encoder;

static void file(char path[32], const char *text)
{
    strcpy(path, "/tmp/gridwarn-fuzz-XXXXXX");
    int number = mkstemp(path);
    CHECK(number >= 0 && write(number, text, strlen(text)) == (ssize_t)strlen(text) && close(number) == 0);
}

static void set_up(void)
{
    char path[32];
    struct problems problems = {0};
    file(path, "code,name,level,parent\nD,区,district,\nS,街,street,D\nG,格,grid,S\n");
    names.registry = registry_load(path, &problems);
    unlink(path);
    struct catalogue *catalogue = catalogue_create();
    file(path, "path,name\nlabour.wage_arrears,欠薪\nnoise,噪声\n");
    catalogue_load_categories(catalogue, path, &problems);
    unlink(path);
    catalogue_add_source(catalogue, "hotline");
    catalogue_add_source(catalogue, "sensor");
    catalogue_add_tag(catalogue, "threat");
    catalogue_add_tag(catalogue, "collective");
    CHECK(names.registry && problems.count == 0);
    names.catalogue = catalogue;
    encoder = wire_encoder_create(&names);
}

enum { ROWS_MAX = 64 };

struct taken {
    struct ledger *ledger;
    fact_ref refs[ROWS_MAX];
    size_t count;
    uint64_t sum; /* of what a second reading must give again */
};

static uint64_t text_sum(struct str text)
{
    uint64_t sum = text.len;
    for (size_t i = 0; i < text.len; i++)
        sum = sum * 31 + (unsigned char)text.at[i];
    return sum;
}

static uint64_t event_sum(const struct event *e)
{
    uint64_t sum = text_sum(e->id) + 3 * text_sum(e->matter) + 5 * text_sum(e->respondent) + 7 * text_sum(e->target);
    sum += (uint64_t)e->occurred_at + (uint64_t)e->value * 11 + (uint64_t)e->due_at * 13 + e->region + e->category * 17u;
    sum += e->tags * UINT64_C(19) + e->kind * UINT64_C(23) + e->source * UINT64_C(29) + (uint64_t)e->carried_at * 37;
    for (unsigned i = 0; i < e->actor_count; i++)
        sum += e->actors[i] * (i + 1);
    return sum;
}

static void enter(void *arg, const struct event *event)
{
    struct taken *t = arg;
    struct event e = *event;
    CHECK(e.kind < EVENT_KINDS && e.region <= registry_count(names.registry));
    CHECK(e.category <= catalogue_category_count(names.catalogue) && e.source < 2 && e.tags < 4);
    uint64_t actors = 1; /* a record that we wrote has no actor 0, and parties only where facts have them */
    for (unsigned i = 0; i < e.actor_count; i++)
        actors *= e.actors[i] != 0;
    if (e.kind == EVENT_MOVED || e.kind == EVENT_VOIDED || e.kind == EVENT_RESTORED || e.kind == EVENT_MERGED ||
        e.kind == EVENT_LINKED)
        actors = 0;
    if (!actors)
        e.actor_count = 0;
    if (!t->ledger) /* most records are refused before they need one */
        t->ledger = ledger_create(&(struct ledger_limits){{86400, 7200}, {1 << 16, 1 << 16}}, 1);
    struct entered entered;
    ledger_begin(ledger_writer(t->ledger, 0));
    if (t->count < ROWS_MAX && ledger_enter(ledger_writer(t->ledger, 0), &e, &entered) == ENTER_NEW) {
        t->refs[t->count++] = entered.ref;
        t->sum += event_sum(&e);
    }
    ledger_end(ledger_writer(t->ledger, 0));
}

static void add(void *arg, const struct event *e)
{
    uint64_t *sum = arg;
    *sum += event_sum(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!encoder)
        set_up();
    struct taken t = {0};
    struct wire_report report = {0};
    if (wire_decode(&names, (struct str){(const char *)data, size}, enter, &t, &report) && t.count) {
        struct buffer out = {0};
        uint64_t sum = 0;
        size_t done = wire_encode(encoder, t.ledger, t.refs, t.count, 1 << 20, &out);
        CHECK(done == t.count);
        CHECK(wire_decode(&names, buffer_str(&out), add, &sum, &report) && sum == t.sum);
        buffer_free(&out);
    }
    ledger_destroy(&t.ledger);
    return 0;
}
