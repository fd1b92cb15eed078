// The one C++ file: simdjson's parser, its errors sorted, and proof at compile time that the tape is the one that
// tape.h reads.  Nothing here may throw: the callers are C.
#include "decode/json.h"

#include <new>
#include <simdjson.h>

using simdjson::internal::tape_type;

static_assert(char(tape_type::START_OBJECT) == '{' && char(tape_type::START_ARRAY) == '[' &&
                  char(tape_type::STRING) == '"' && char(tape_type::INT64) == 'l' && char(tape_type::UINT64) == 'u' &&
                  char(tape_type::DOUBLE) == 'd' && char(tape_type::TRUE_VALUE) == 't' &&
                  char(tape_type::FALSE_VALUE) == 'f' && char(tape_type::NULL_VALUE) == 'n',
              "tape.h reads simdjson's tape");
static_assert(simdjson::internal::JSON_VALUE_MASK == 0x00FFFFFFFFFFFFFF, "tape.h reads simdjson's tape");
static_assert(unsigned(JSON_PADDING) >= unsigned(simdjson::SIMDJSON_PADDING), "records need simdjson's padding");
static_assert(unsigned(JSON_DEPTH_MAX) == unsigned(simdjson::DEFAULT_MAX_DEPTH), "the parser's own limit");

struct json {
    simdjson::dom::parser parser;
};

static json_result result_of(simdjson::error_code error) noexcept
{
    switch (error) { // NOLINT: what is not named here is broken JSON
    case simdjson::SUCCESS:
        return JSON_OK;
    case simdjson::EMPTY:
        return JSON_EMPTY;
    case simdjson::UTF8_ERROR:
        return JSON_NOT_UTF8;
    case simdjson::NUMBER_ERROR:
        return JSON_BAD_NUMBER;
    case simdjson::DEPTH_ERROR:
        return JSON_TOO_DEEP;
    case simdjson::MEMALLOC:
        return JSON_NO_MEMORY;
    default:
        return JSON_BROKEN;
    }
}

extern "C" json *json_create(void)
{
    return new (std::nothrow) json;
}

extern "C" void json_destroy(json **j)
{
    delete *j;
    *j = nullptr;
}

extern "C" json_result json_parse(json *j, const char *text, size_t len, json_tape *tape)
{
    const simdjson::error_code error = j->parser.parse(text, len, false).error();
    if (error == simdjson::SUCCESS)
        *tape = {j->parser.doc.tape.get(), reinterpret_cast<const char *>(j->parser.doc.string_buf.get())};
    return result_of(error);
}
