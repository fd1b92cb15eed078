/* JSON by simdjson's DOM, behind a C interface: json.cc is the only C++ of the engine.  The DOM and not On-Demand,
 * because that accepts broken JSON in what is skipped.
 * What a parse leaves is a tape, which tape.h reads. */
#ifndef GW_DECODE_JSON_H
#define GW_DECODE_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum json_result {
    JSON_OK,
    JSON_EMPTY,
    JSON_NOT_UTF8,
    JSON_BAD_NUMBER, /* not a number, or beyond 64 bits or a double; simdjson does not tell them apart */
    JSON_TOO_DEEP,
    JSON_BROKEN,
    JSON_NO_MEMORY
};

enum { JSON_DEPTH_MAX = 1024, JSON_PADDING = 64 };

struct json; /* one thread's parser; its buffers grow with the largest record and are kept */

struct json_tape {
    const uint64_t *words;
    const char *strings;
};

struct json *json_create(void);
void json_destroy(struct json **);
/* JSON_PADDING bytes after the text must be readable.  The tape lives until the next parse. */
enum json_result json_parse(struct json *, const char *text, size_t len, struct json_tape *);

#ifdef __cplusplus
}
#endif

#endif
