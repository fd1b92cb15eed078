/* Any bytes through the three mappings.  Beyond not crashing: a refused record yields nothing and says why, an
 * accepted one yields events that keep what event.h promises, and both are the same with padding and without.
 * The first byte chooses the mapping. */
#include "../unit/decode_world.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAPPINGS = 3 };
static struct decoder *decoders[MAPPINGS]; /* libFuzzer offers no other place */
static struct world world;

static void set_up(void)
{
    world_create(&world);
    for (int i = 0; i < MAPPINGS; i++) {
        struct mapping *mapping = world_mapping(&world, world_mappings[i]);
        CHECK(mapping);
        decoders[i] = decoder_create(mapping);
    }
}

static void touch(struct str text, size_t least)
{
    CHECK(text.len >= least && text.len <= EVENT_TEXT_MAX);
    CHECK(text.len == 0 || !memchr(text.at, '\0', text.len));
}

static void check_event(const struct event *e)
{
    touch(e->id, 1);
    touch(e->matter, 0);
    touch(e->target, 0);
    touch(e->respondent, 0);
    CHECK(e->kind < EVENT_KINDS && e->kind != EVENT_PARTY && e->kind != EVENT_CARRIED);
    CHECK(e->region <= registry_count(world.registry));
    CHECK(e->category <= catalogue_category_count(world.catalogue));
    CHECK(e->actor_count <= EVENT_ACTORS_MAX);
    CHECK(e->occurred_at >= 946684800);
    for (uint32_t i = 0; i < e->actor_count; i++)
        CHECK(e->actors[i] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!world.registry)
        set_up();
    if (size == 0)
        return 0;
    struct decoder *decoder = decoders[data[0] % MAPPINGS];
    const struct event *events;
    struct refusal plain, padded;
    char *copy = malloc(size + DECODE_PADDING);
    memcpy(copy, data + 1, size - 1);
    memset(copy + size - 1, data[0], DECODE_PADDING + 1);
    size_t again = decoder_decode(decoder, copy, size - 1, true, INT64_C(1800000000000), &events, &padded);
    free(copy);
    size_t count = decoder_decode(decoder, data + 1, size - 1, false, INT64_C(1800000000000), &events, &plain);
    CHECK(count == again && plain.reason == padded.reason && strcmp(plain.place, padded.place) == 0);
    CHECK(plain.reason == DECODE_OK || (count == 0 && plain.expected[0] != '\0'));
    for (size_t i = 0; i < count; i++)
        check_event(&events[i]);
    return 0;
}
