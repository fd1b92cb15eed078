/* State larger than a record: whatever is stored over whatever was there, the same text comes back, in records that are not
 * too large, and nothing else stays behind. */
#include "sink/parts.h"

#include "core.h"

static void put(void *state, struct str key, struct str value)
{
    EXPECT(value.len <= STORE_RECORD_MAX, "a record of %zu bytes", value.len);
    store_state_take(state, key, value);
}

static json_t *text_of(size_t len, struct dice *dice)
{
    struct buffer text = {0};
    buffer_put(&text, "{", 1);
    while (text.len < len) {
        if (dice_below(dice, 3))
            buffer_put(&text, "群", 3);
        else
            buffer_put(&text, "a+1\\n", 5);
    }
    json_t *json = json_stringn(text.at, text.len);
    buffer_free(&text);
    return json;
}

static void expect_stored(const json_t *state, const char *key, const json_t *wanted)
{
    json_t *known = json_object();
    struct buffer text = {0};
    EXPECT(parts_join(state, key, known, &text), "%s lacks a part", key);
    EXPECT(str_eq(buffer_str(&text), (struct str){json_string_value(wanted), json_string_length(wanted)}), "%s is another text", key);
    buffer_free(&text);
    json_decref(known);
}

START_TEST(what_was_stored_comes_back)
{
    static const char *const keys[] = {"subject/a", "subject/b", "1/subject/a"};
    enum { KEYS = sizeof keys / sizeof *keys };
    struct dice dice = core_dice();
    json_t *state = json_object(), *known = json_object(), *wanted = json_object();
    for (int round = 0; round < 300; round++) {
        const char *key = keys[dice_below(&dice, KEYS)];
        if (dice_below(&dice, 4)) {
            static const size_t sizes[] = {10, PART_BYTES - 3, PART_BYTES + 3, 2 * PART_BYTES, 3 * PART_BYTES + 100};
            json_t *text = text_of(sizes[dice_below(&dice, 5)] + dice_below(&dice, 10), &dice);
            parts_put(known, key, (struct str){json_string_value(text), json_string_length(text)}, put, state);
            json_object_set_new(wanted, key, text);
        } else {
            parts_put(known, key, (struct str){0}, put, state);
            json_object_del(wanted, key);
        }
        if (dice_below(&dice, 10) == 0) { /* over a restart what is known comes from what is stored */
            json_object_clear(known);
            const char *name;
            json_t *value;
            json_object_foreach(wanted, name, value)
            {
                struct buffer text = {0};
                EXPECT(parts_join(state, name, known, &text), "%s lacks a part", name);
                buffer_free(&text);
            }
        }
        size_t whole = 0;
        const char *name;
        json_t *value;
        json_object_foreach(state, name, value) whole += !parts_further(name);
        EXPECT(whole == json_object_size(wanted), "%zu texts, not %zu", whole, json_object_size(wanted));
        json_object_foreach(wanted, name, value) expect_stored(state, name, value);
    }
    for (int i = 0; i < KEYS; i++)
        parts_put(known, keys[i], (struct str){0}, put, state);
    EXPECT(json_object_size(state) == 0, "%zu records stay behind", json_object_size(state));
    json_decref(state);
    json_decref(known);
    json_decref(wanted);
}
END_TEST

START_TEST(a_missing_part_is_seen)
{
    struct dice dice = core_dice();
    json_t *state = json_object(), *known = json_object(), *text = text_of(3 * PART_BYTES, &dice);
    parts_put(known, "k", (struct str){json_string_value(text), json_string_length(text)}, put, state);
    json_object_del(state, "+1/k");
    struct buffer out = {0};
    ck_assert(!parts_join(state, "k", known, &out));
    buffer_free(&out);
    json_decref(state);
    json_decref(known);
    json_decref(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parts");
    TCase *tests = tcase_create("parts");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, what_was_stored_comes_back);
    tcase_add_test(tests, a_missing_part_is_seen);
    suite_add_tcase(suite, tests);
    return core_run(suite);
}
